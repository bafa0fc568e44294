"""`bossnet predict` and `bossnet.predict` as a scientist uses them: no database anywhere."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from astropy.table import Table
from click.testing import CliRunner

import bossnet
from anywhere.made import csv, in_air, ivar_of, star
from bossnet.cli.bossnet import COMMANDS, program
from bossnet.simulation.survey import TRUTH, simulate
from bossnet.spectra import read
from spectra import layouts

PARAMETERS = ("log_teff", "logg", "fe_h", "v_rel")
DRAWS = 20
SAME = 0.1  #: of a parameter's uncertainty (issue 7, "must show" 5)


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """A configuration whose database is not there: it must not be asked for."""
    (tmp_path / "bossnet.yml").write_text("database: postgresql://nobody@127.0.0.1:1/nothing\n")
    monkeypatch.setenv("BOSSNET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOSSNET_CONFIG", str(tmp_path / "bossnet.yml"))


@pytest.fixture
def predict(tiny):
    """`bossnet predict`, within this process, with few draws of a tiny network."""
    def run(*arguments, status=0):
        done = CliRunner().invoke(
            program("bossnet", tuple(COMMANDS), ""),
            ["predict", "--device", "cpu", "--weights", str(tiny.path), "--draws", "4",
             *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done
    return run


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Simulated files in every survey's format."""
    folder = tmp_path_factory.mktemp("survey")
    simulate(folder, 8, 5, snr=(20.0, 60.0))
    return sorted(path for path in folder.iterdir() if path.name != TRUTH)


def as_text(spectrum, path):
    """The same spectrum as a table in text, its wavelengths in air."""
    return csv(path, spectrum, header="wave_air,flux,ivar", wavelength=in_air(spectrum.wavelength),
               third=ivar_of(spectrum))


def differences(files, texts):
    """Of parameters between two ways to read the same spectra, in their uncertainties."""
    return np.array([[abs(a[p] - b[p]) / a[f"e_{p}"] for p in PARAMETERS]
                     for a, b in zip(files, texts, strict=True)], float)


def test_a_file_and_its_text_in_air_give_the_same_parameters(predict, survey, tmp_path):
    texts = [as_text(read(path), tmp_path / f"{path.name}.csv") for path in survey]
    files, again = (json.loads(predict(*paths, "--weights", "bossnet-1", "--json").stdout)
                    for paths in (survey, texts))
    assert files["n_failed"] == again["n_failed"] == 0
    assert differences(files["spectra"], again["spectra"]).max() < SAME


@pytest.mark.slow
def test_every_shared_file_and_its_text_in_air_give_the_same_parameters(shared, tmp_path):
    files, texts = [], []
    for path in sorted(p for s in ("sdss", "lamost") for p in (shared / "data" / s).rglob("*.fits*")
                       if not p.name.startswith("med-")):
        files.append(path)
        texts.append(as_text(read(path), tmp_path / f"{len(texts)}.csv"))
    assert len(files) == 112
    options = {"device": "cpu", "weights": "bossnet-1"}
    ones = bossnet.predict(files, draws=DRAWS, **options)
    others = bossnet.predict(texts, draws=0, **options)
    assert not ones["error_message"].astype(bool).any()
    found = differences(ones, others)
    assert found.max() < SAME, (found.max(), files[int(found.max(axis=1).argmax())])


def test_what_is_missing_and_what_cannot_be_read_is_said_and_the_rest_goes_on(predict, tmp_path):
    spectrum = star()
    whole = csv(tmp_path / "whole.csv", spectrum)
    bare = Table({"wavelength": spectrum.wavelength[:2000], "flux": spectrum.flux[:2000]})
    bare.write(tmp_path / "bare.ecsv")
    (tmp_path / "bad.txt").write_text("no spectrum\n")
    done = predict(whole, tmp_path / "bad.txt", tmp_path / "gone.fits", tmp_path / "bare.ecsv")
    table, notes = done.stdout.split("\n", 5)[:5], done.stdout
    assert [line.split()[0] for line in table[1:]] == [
        str(tmp_path / name) for name in ("whole.csv", "bad.txt", "gone.fits", "bare.ecsv")]
    assert " ± " in table[1]
    assert "runtime_exception, bad_file" in table[2]
    assert "runtime_exception, missing_file" in table[3]
    assert "no_uncertainty" in table[4]
    assert f"{tmp_path}/bad.txt: no spectrum" in notes
    assert f"{tmp_path}/bare.ecsv: no errors: 10 %" in notes
    assert "% of 3800 to 8900 A is not covered" in notes
    assert "4 spectra, 2 without parameters" in done.stderr


@pytest.mark.parametrize("ending", ["ecsv", "csv", "fits"])
def test_results_are_written_with_flags_notes_and_how_they_were_made(predict, tmp_path, ending):
    out = tmp_path / f"results.{ending}"
    out.write_text("old")
    (tmp_path / "bäd.txt").write_text("no spectrum\n")
    predict(csv(tmp_path / "star.csv", star()), tmp_path / "bäd.txt", "--out", out)
    table = Table.read(out)
    assert len(table) == 2
    good, bad = table
    assert 0 < good["e_teff"] < np.inf
    assert np.ma.is_masked(bad["teff"]) or np.isnan(bad["teff"])
    assert "flag_bad_file" in bad["flags"]
    assert "no spectrum" in bad["error_message"]
    assert bad["result_flags"] == (1 << 0) + (1 << 9)
    assert "frame taken as barycentric" in good["notes"]
    if ending != "csv":
        assert str(table["teff"].unit) == "K"
        meta = {key.lower(): value for key, value in table.meta.items()}
        assert (meta["weights"], meta["draws"]) == ("random", 4)
    assert sorted(p.name for p in tmp_path.glob(f"*.{ending}") if p.name != "star.csv") \
        == [out.name]


def test_frames_decide_the_velocity(predict, tmp_path):
    path = csv(tmp_path / "star.csv", star())
    rows = {frame: json.loads(predict(path, "--frame", frame, "--json").stdout)["spectra"][0]
            for frame in ("barycentric", "rest", "topocentric")}
    assert rows["barycentric"]["v_rad"] == rows["barycentric"]["v_rel"] == rows["rest"]["v_rel"]
    assert rows["rest"]["v_rad"] is rows["topocentric"]["v_rad"] is None
    assert "flag_rest_frame" in rows["rest"]["flags"]
    assert "flag_rest_frame" not in rows["topocentric"]["flags"]


def test_numbers_do_not_depend_on_the_others(predict, survey):
    alone = [json.loads(predict(path, "--json").stdout)["spectra"][0] for path in survey[:2]]
    together = json.loads(predict(*survey, "--json").stdout)["spectra"][:2]
    for one, other in zip(alone, together, strict=True):
        assert one["e_logg"] == pytest.approx(other["e_logg"], rel=1e-3)
        assert one["logg"] == pytest.approx(other["logg"], abs=1e-4)


def test_the_call_in_python_gives_a_table(tiny, tmp_path):
    spectrum = star()
    arrays = {"wavelength": spectrum.wavelength, "flux": spectrum.flux, "error": spectrum.error}
    options = {"weights": str(tiny.path), "draws": 2, "device": "cpu"}
    one = bossnet.predict(arrays, **options)
    many = bossnet.predict([arrays, csv(tmp_path / "star.csv", spectrum), {}], **options)
    assert list(many["spectrum"]) == ["spectrum 1", str(tmp_path / "star.csv"), "spectrum 3"]
    assert one["logg"][0] == many["logg"][0] == pytest.approx(many["logg"][1], abs=1e-4)
    assert many["teff"].mask.tolist() == [False, False, True]
    assert "arrays are named" in many["error_message"][2]


@pytest.mark.parametrize(("arguments", "message"), [
    (["--draws", "1"], "1 draws: use 0 for none"), (["--out", "x.png"], "a file of .ecsv"),
    (["--out", "nowhere/x.csv"], "its folder is not there"),
    (["--weights", "nonesuch"], "no weights named 'nonesuch'"),
    (["--column", "mask=x"], "columns and units are those of"),
    (["--unit", "flux=furlong"], "'furlong' is no unit of flux"),
    (["--unit", "flux"], "write KEY=VALUE"), (["--device", "nonesuch"], "--device nonesuch")])
def test_an_option_that_cannot_be_used_ends_it_before_any_work(predict, arguments, message):
    assert message in predict("gone.csv", *arguments, status=2).stderr


def test_a_spectrum_is_not_replaced_by_its_results(predict, tmp_path):
    path = csv(tmp_path / "star.csv", star())
    before = path.read_bytes()
    assert "that is one of the spectra" in predict(path, "--out", path, status=2).stderr
    assert path.read_bytes() == before


def test_what_was_finished_before_an_interruption_is_written(tmp_path, tiny):
    csv(tmp_path / "star.csv", star())
    many = ["star.csv"] * 3000
    running = subprocess.Popen(
        [sys.executable, "-m", "bossnet", "predict", *many, "--weights", str(tiny.path),
         "--draws", "20", "--device", "cpu", "--out", "out.csv"], cwd=tmp_path,
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=os.environ.copy())
    assert "a demonstration" in running.stderr.readline()  # from here on spectra are read
    time.sleep(3.0)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 130, said
    assert "stopped; what was finished is written" in said
    assert len(Table.read(tmp_path / "out.csv")) < len(many)


def test_the_network_is_the_one_that_reads_the_first_file(tmp_path, survey):
    """Where no weights are named; a file of the other network is a row that says so."""
    infrared = layouts.ap_star(tmp_path / "star.fits")
    optical = survey[0]
    table = bossnet.predict([infrared, optical], draws=0, device="cpu")
    assert "v_rad" not in table.colnames
    assert np.isfinite(table["teff"][0])
    assert "BOSS Net does" in table["error_message"][1]
    table = bossnet.predict([optical, infrared], draws=0, device="cpu")
    assert np.isfinite(table["v_rad"][0])
    assert "APOGEE Net III does" in table["error_message"][1]
