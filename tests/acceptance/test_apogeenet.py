"""APOGEE Net beside BOSS Net: files to a catalogue, through the same commands."""

import json
import math

import numpy as np
import pytest
import torch
from astropy.io import fits
from astropy.table import Table
from click.testing import CliRunner

from acceptance.conftest import Commands
from bossnet.cli.bossnet import COMMANDS, OPERATOR, program
from bossnet.flags import FLAGS, names
from bossnet.network import APOGEE
from network.made import TINY, random_network
from spectra import layouts

COADDS, VISITS, COMBINED = APOGEE.spectrum_tables
SHARED = "apStar-dr17-2M17335483-2753043.fits"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A frozen APOGEE Net of a few thousand random weights."""
    path = tmp_path_factory.mktemp("weights") / "tiny-apogee.safetensors"
    return random_network(path, network=APOGEE, **TINY).path


@pytest.fixture
def astra(database_url, tmp_path, weights):
    """`astra` on a fresh database, within this process: exit status 0, and what it printed."""
    commands = Commands(database_url, tmp_path, weights)
    torch.set_num_threads(1)

    def astra(*arguments, program_=("astra", OPERATOR), status=0):
        done = CliRunner().invoke(program(program_[0], tuple(program_[1]), ""),
                                  [*map(str, arguments)], env=commands.environment,
                                  catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done

    def run(*options, **others):
        done = astra("run", "apogeenet", "--weights", weights, "--draws", 3, "--device", "cpu",
                     "--json", *options, **others)
        return json.loads(done.stdout) if done.exit_code == 0 else done

    astra.run, astra.sql = run, commands.sql
    return astra


@pytest.fixture
def night(astra, tmp_path):
    """A co-add with two visits, a star of mwmStar with both instruments, and three bad files."""
    folder = tmp_path / "spectra"
    folder.mkdir()
    layouts.ap_star(folder / "apStar-good.fits", shape=(4, 8575), NVISITS=2)
    layouts.mwm(folder / "mwmStar.fits", apogee=1)
    one = {"shape": (8575,), "NVISITS": 1}
    layouts.ap_star(folder / "apStar-cut.fits", OBJID="2MCUT", **one)
    layouts.ap_star(folder / "apStar-gone.fits", OBJID="2MGONE", **one)
    nothing = layouts.ap_star(folder / "apStar-nan.fits", OBJID="2MNAN", **one)
    with fits.open(nothing, mode="update") as hdus:
        hdus[1].data[:] = hdus[2].data[:] = np.nan
    layouts.write(folder / "apVisit.fits", [
        fits.PrimaryHDU(), *(fits.ImageHDU(np.ones((3, 4096), "f4")) for _ in range(2))])
    said = astra("ingest", folder).stderr
    assert "apVisit.fits: refused: an APOGEE apVisit of three chips" in said
    cut = folder / "apStar-cut.fits"
    cut.write_bytes(cut.read_bytes()[:40_000])
    (folder / "apStar-gone.fits").unlink()
    return folder


def rows(astra, tag=""):
    """Results with the name of their object, by that and the spectrum."""
    return astra.sql(f"""
        SELECT n.*, coalesce(c.obj, v.obj, m.sdss_id::text) AS name FROM apogee_net AS n
        LEFT JOIN {COADDS} AS c USING (spectrum_pk) LEFT JOIN {VISITS} AS v USING (spectrum_pk)
        LEFT JOIN {COMBINED} AS m USING (spectrum_pk) WHERE tag = %s ORDER BY name, spectrum_pk
        """, tag)


def test_every_spectrum_of_apogee_has_its_row_and_failures_their_reason(astra, night):
    counts = {table: astra.sql(f"SELECT count(*) AS n FROM {table}")[0]["n"]
              for table in (*APOGEE.spectrum_tables, "boss_combined_spectrum")}
    assert list(counts.values()) == [4, 2, 1, 1]
    done = astra.run("--max-failures", 1)
    assert (done["n_selected"], done["n_done"], done["n_failed"]) == (7, 7, 3)
    assert astra.sql("SELECT * FROM boss_net") == []
    found = rows(astra)
    assert [r["name"] for r in found] == [
        *["2M17335483-2753043"] * 3, "2MCUT", "2MGONE", "2MNAN", "54459273"]
    failed = {r["name"]: r for r in found if r["teff"] is None}
    assert names(failed["2MCUT"]["result_flags"])[:2] == ["flag_runtime_exception",
                                                          "flag_bad_file"]
    assert "flag_missing_file" in names(failed["2MGONE"]["result_flags"])
    assert "flag_no_data" in names(failed["2MNAN"]["result_flags"])
    assert failed["2MNAN"]["error_message"].endswith("are equal, or none is finite")
    for row in found:
        assert row["flag_bad"] == any(f.bad and row["result_flags"] & f.mask for f in FLAGS)
        assert "flag_rest_frame" in names(row["result_flags"])
        assert not any(isinstance(v, float) and math.isnan(v) for v in row.values())
    for row in (r for r in found if r["teff"] is not None):
        # the survey's noise model, where the weights have none
        teff = row["teff"]
        for name, expected in (
                ("teff", 1.25 * row["raw_e_log_teff"] * teff * math.log(10) + 10),
                ("logg", 1.25 * row["raw_e_logg"] + 0.01), ("fe_h", row["raw_e_fe_h"] + 0.01)):
            assert row[f"e_{name}"] == pytest.approx(expected, rel=1e-4)
        assert row["e_teff"] == pytest.approx(teff * math.log(10) * row["e_log_teff"], rel=1e-5)
        assert not {"flag_partial_coverage", "flag_little_coverage"} & set(
            names(row["result_flags"]))


def test_a_selection_a_repetition_and_what_is_asked_for_again(astra, night, tmp_path):
    assert astra.run("--where", "mjd >= 56398 AND source.dec < 0", "--dry-run")["n_selected"] == 1
    assert astra.run("--where", "snr > 60.5", "--from", VISITS, "--from", COADDS,
                     "--max-failures", 1)["n_done"] == 6
    assert astra.run("--max-failures", 1)["n_done"] == 1
    assert astra.run()["n_selected"] == 0
    assert "were made with n_draws 3, now 4" in astra.run("--draws", 4, status=2).stderr
    before = {r["spectrum_pk"]: r for r in rows(astra)}
    layouts.ap_star(night / "apStar-gone.fits", OBJID="2MGONE", shape=(8575,), NVISITS=1)
    assert astra.run("--retry-failed")["n_failed"] == 0
    assert [r["teff"] is None for r in rows(astra)].count(True) == 2
    assert astra.run("--overwrite", "--from", VISITS)["n_done"] == 2
    for row in rows(astra):
        old = before[row["spectrum_pk"]]
        assert (row["task_pk"], row["created"]) == (old["task_pk"], old["created"])
        if old["teff"] is not None:
            assert [row[p] for p in ("teff", "logg", "fe_h", "e_teff")] == pytest.approx(
                [old[p] for p in ("teff", "logg", "fe_h", "e_teff")], rel=1e-4)


def test_runs_are_shown_compared_and_exported(astra, night, tmp_path):
    good = "telescope = 'apo25m' AND snr < 100"  # without the co-adds, of which some are bad
    first = astra.run("--where", good)["run_pk"]
    second = astra.run("--where", good, "--tag", "other", "--seed", 1)["run_pk"]
    status = json.loads(astra("status", "--json").stdout)
    assert json.dumps(status).count('"apogeenet"') >= 2
    assert "flag_rest_frame" in astra("status", first).stdout
    assert "apogeenet" in astra("runs", "show", first).stdout
    difference = json.loads(astra("runs", "diff", first, second, "--json").stdout)
    assert {p["parameter"] for p in difference["parameters"]} == {"log_teff", "logg", "fe_h"}
    assert difference["rows"]["both"] == 3
    for layout, per in (("survey", "spectrum"), ("paper", "spectrum"), ("survey", "star"),
                        ("paper", "star")):
        out = tmp_path / f"{layout}-{per}.fits"
        astra("export", "apogeenet", out, "--layout", layout, "--per", per, "--tag", "other")
        table = Table.read(out)
        assert len(table) == (3 if per == "spectrum" else 1)
        assert not [name for name in table.colnames if "V_REL" in name or name.endswith("RV")]
    assert set(Table.read(tmp_path / "paper-spectrum.fits")["ID"]) == {
        "2M17335483-2753043-5815-56397-211", "2M17335483-2753043-5815-56398-212",
        "54459273-apo25m"}
    table = Table.read(tmp_path / "survey-spectrum.fits")
    assert sorted(table["V_RAD"]) == pytest.approx([-12.5, 16.0, 17.0])  # of the frames
    refused = astra("export", "bossnet", tmp_path / "b.fits", "--run", first, status=2)
    assert f"run {first} is of the task 'apogeenet'" in refused.stderr


def test_workers_of_srun_share_a_run(astra, night, weights):
    done = astra("srun", "apogeenet", "--local", 1, "--weights", weights, "--draws",
                 2, "--from", VISITS, "--json")
    assert json.loads(done.stdout)["n_done"] == 2


def test_weights_of_the_other_network_and_none_at_all_are_refused(astra, tiny):
    assert "kind 'boss', but APOGEE Net III needs 'apogee'" in astra.run(
        "--weights", tiny.path, status=1).stderr
    assert "no weights are named" in astra("run", "apogeenet", status=2).stderr


def test_bossnet_predict_takes_an_apstar_with_weights_for_it(astra, weights, tmp_path):
    bossnet = ("bossnet", tuple(COMMANDS))
    path = layouts.ap_star(tmp_path / "apStar.fits")
    star = layouts.mwm(tmp_path / "mwmStar.fits", apogee=1)
    spec = layouts.spec(tmp_path / "spec.fits")
    out = tmp_path / "out.ecsv"
    done = astra("predict", path, star, spec, "--weights", weights, "--draws", 2, "--device",
                 "cpu", "--out", out, program_=bossnet)
    assert "v_rad" not in done.stdout
    assert "finer" not in done.stdout
    table = Table.read(out)
    assert [name for name in table.colnames[1:10]] == [
        "teff", "e_teff", "log_teff", "e_log_teff", "logg", "e_logg", "fe_h", "e_fe_h", "snr"]
    assert list(table["snr"][:2]) == [154.0, 20.0]
    assert list(table["teff"].mask) == [False, False, True]
    assert ("a spectrum of BOSS spec, specLite and specFull, which APOGEE Net III does not read; "
            "BOSS Net does (--weights of kind boss)") in table["error_message"][2]
    astra.run()  # nothing is registered, and nothing was
    assert astra.sql("SELECT * FROM apogee_net") == []


def test_an_apogee_spectrum_in_a_table_needs_the_pixels_of_apstar(astra, weights, tmp_path):
    bossnet = ("bossnet", tuple(COMMANDS))
    loglam = 4.179 + 6e-6 * np.arange(8575)
    rng = np.random.default_rng(1)
    flux, error = 100 + rng.normal(size=8575), np.ones(8575)
    Table({"wavelength": 10**loglam, "flux": flux, "error": error}).write(tmp_path / "a.csv")
    Table({"wavelength": 10**loglam[:-1], "flux": flux[:-1]}).write(tmp_path / "b.csv")
    done = astra("predict", tmp_path / "a.csv", tmp_path / "b.csv", "--weights", weights,
                 "--draws", 2, "--device", "cpu", "--json", program_=bossnet)
    whole, cut = json.loads(done.stdout)["spectra"]
    assert whole["teff"] > 0
    assert any("frame taken as the star's" in note for note in whole["notes"])
    assert "8574 pixels that are not those of APOGEE Net III" in cut["error_message"]


def test_the_shared_apstar_has_the_published_numbers(astra, shared, tmp_path):
    bossnet = ("bossnet", tuple(COMMANDS))
    astra("weights", "import", shared / "parity/apogee", "--kind", "apogee", "--name", "parity",
          program_=bossnet)
    astra("ingest", shared / "data/apogee", "--release", "dr17")
    run = ("run", "apogeenet", "--weights", "parity", "--device", "cpu", "--draws", 60)
    astra(*run)
    astra(*run, "--uncertainty", "linear", "--tag", "linear", "--from", COADDS)
    expected = json.loads((shared / "parity/apogee/expected.json").read_text())["spectra"][SHARED]
    coadd, *visits = rows(astra)
    linear, = rows(astra, "linear")
    assert len(visits) == 3
    assert linear["uncertainty_method"] == "linear"
    assert "flag_legacy_velocity" in names(coadd["result_flags"])
    for parameter in APOGEE.parameters:
        name = parameter.column
        assert coadd[name] == pytest.approx(expected["prediction"][parameter.label],
                                            abs=1e-4 * parameter.std)
        spread = expected["std_of_draws"][parameter.label]
        assert coadd[f"raw_e_{name}"] == pytest.approx(spread, rel=0.3)
        assert linear[f"raw_e_{name}"] == pytest.approx(spread, rel=0.06)
        assert all(abs(v[name] - coadd[name]) < 0.1 * parameter.std for v in visits)
