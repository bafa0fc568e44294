"""`bossnet plot` as a scientist gives it: of a file, and of a row of the database."""

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from click.testing import CliRunner

from acceptance.conftest import Commands
from bossnet.anywhere.predicting import task_of
from bossnet.cli.bossnet import COMMANDS, program
from bossnet.config import Config
from bossnet.database import embedded
from bossnet.database.connection import connect_reader
from bossnet.network.frozen import load
from bossnet.plot.ellipse import ellipse
from bossnet.plot.star import star
from bossnet.plot.subject import of_database
from bossnet.simulation.survey import TRUTH, simulate
from network.made import TINY, random_network

PARAMETERS = ("log_teff", "logg", "fe_h", "v_rel")
DRAWS = 6


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """A few simulated files."""
    folder = tmp_path_factory.mktemp("survey")
    simulate(folder, 4, 5, snr=(20.0, 60.0), formats=("spec", "specFull"))
    return sorted(path for path in folder.iterdir() if path.name != TRUTH)


@pytest.fixture(scope="module")
def astra(database_of, tiny, tmp_path_factory):
    """The commands on a database of this module's own."""
    with database_of(embedded.VERSION) as url:
        yield Commands(url, tmp_path_factory.mktemp("home"), tiny.path)


@pytest.fixture(scope="module")
def night(astra, survey):
    """Those files and one that is none, with their rows; the keys of the good ones of BOSS."""
    astra("ingest", *survey)
    bad = survey[0].parent / "bad.fits"
    bad.write_bytes(b"not a FITS file")
    astra.register([bad])
    astra("run", "bossnet", "--weights", astra.weights, "--draws", DRAWS, "--seed", 11)
    return [r["spectrum_pk"] for r in astra.sql(
        "SELECT spectrum_pk FROM boss_net JOIN boss_visit_spectrum USING (spectrum_pk) "
        "WHERE teff IS NOT NULL ORDER BY 1")]


@pytest.fixture
def plot(astra, tmp_path, monkeypatch):
    """`bossnet plot` within this process: exit status, standard output and error."""
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)

    def plot(*arguments, weights=None, url=astra.url):
        done = CliRunner().invoke(
            program("bossnet", tuple(COMMANDS), ""),
            ["plot", *map(str, arguments), *(["--weights", str(weights)] if weights else [])],
            env=astra.environment | {"BOSSNET_DATABASE_URL": url}, catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr

    return plot


def test_a_row_is_shown_with_its_very_draws(astra, night, tmp_path):
    key = night[0]
    row, = astra.sql("SELECT * FROM boss_net WHERE spectrum_pk = %s", key)
    reader = connect_reader(Config(tmp_path, database_url=astra.url))
    frozen = load(Path(astra.weights))
    try:
        shown = star(of_database(reader, key, {}), frozen, task_of(frozen))
    finally:
        reader.close()
    assert shown.row is None
    assert shown.n_draws == DRAWS
    for i, name in enumerate(p.column for p in shown.network.parameters):
        std = frozen.card.label_std[i]
        draws = shown.passes.draws[:, i]
        assert shown.passes.outputs[i] == pytest.approx(row[name], abs=1e-4 * std)
        assert draws.std(ddof=1) == pytest.approx(row[f"raw_e_{name}"], abs=1e-3 * std)
        assert np.median(draws) == pytest.approx(row[f"med_{name}"], abs=1e-4 * std)
        assert shown.values[name] == row[name]
    place = [p.column for p in shown.network.parameters]
    pair = shown.passes.draws[:, [place.index("log_teff"), place.index("logg")]]
    reported = ellipse(shown.values, "log_teff", "logg", error="raw_e_") - \
        [row["log_teff"], row["logg"]]
    chi2 = np.einsum("ni,ij,nj->n", reported, np.linalg.inv(np.cov(pair.T)), reported)
    np.testing.assert_allclose(chi2, 1.0, rtol=0.05)
    assert not [note for note in shown.notes if "row" in note]


def test_a_figure_and_its_numbers(astra, night, plot, tmp_path):
    out = tmp_path / "star.png"
    status, text, said = plot(night[0], "--out", out, "--json")
    assert (status, said) == (0, "")
    shown = json.loads(text)
    row, = astra.sql("SELECT * FROM boss_net WHERE spectrum_pk = %s", night[0])
    assert shown["path"] == str(out)
    assert out.read_bytes().startswith(b"\x89PNG")
    assert {name: shown[name] for name in PARAMETERS} == {name: row[name] for name in PARAMETERS}
    assert shown["result_flags"] == row["result_flags"]
    assert list(shown["drivers"]) == ["teff", "logg", "fe_h", "v_rel"]
    first, *_ = shown["drivers"]["teff"]
    assert {"name", "wavelength", "response", "strength", "line", "atmosphere"} == set(first)


def test_rows_of_other_weights_are_shown_beside_and_said(astra, night, plot, tmp_path):
    other = random_network(tmp_path / "other.safetensors", seed=9, **TINY)
    status, _, said = plot(night[0], "--out", tmp_path / "star.svg", weights=other.path)
    assert status == 0
    assert "was made by weights random with seed 11" in said
    assert "row in the database" in (tmp_path / "star.svg").read_text()


def test_a_changed_file_is_said(astra, night, plot, tmp_path):
    paths = [r["path"] for r in astra.sql(
        "SELECT path FROM boss_visit_spectrum WHERE spectrum_pk = ANY (%s) ORDER BY spectrum_pk",
        night[:2])]
    renamed = "UPDATE boss_visit_spectrum SET path = %s WHERE spectrum_pk = %s"
    astra.sql(renamed, paths[0], night[1])
    status, _, said = plot(night[1], "--out", tmp_path / "star.png")
    astra.sql(renamed, paths[1], night[1])
    assert status == 0
    assert "the file has changed since" in said


def test_a_spectrum_that_cannot_be_read_says_why(astra, night, plot, tmp_path):
    bad, = astra.sql("SELECT spectrum_pk FROM boss_net WHERE teff IS NULL")
    status, out, said = plot(bad["spectrum_pk"], "--out", tmp_path / "star.png")
    assert (status, out) == (1, "")
    assert "not a FITS file" in said
    assert "flag_bad_file" in said
    assert not (tmp_path / "star.png").exists()


def test_a_spectrum_without_a_row_is_predicted_now(astra, night, plot, survey, tmp_path):
    key, = astra.register([next(path for path in survey if path.name.startswith("spec-9000"))])
    status, _, said = plot(key, "--out", tmp_path / "star.png", weights=astra.weights)
    assert status == 0
    assert "no row in boss_net yet" in said


def test_results_of_several_tags_are_to_be_chosen_from(astra, night, plot, tmp_path):
    astra("run", "bossnet", "--weights", astra.weights, "--draws", 0, "--tag", "bare",
          "--where", f"spectrum_pk = {night[1]}")
    status, _, said = plot(night[1], "--out", tmp_path / "star.png")
    assert status == 2
    assert "tag 'bare'" in said
    assert plot(night[1], "--tag", "bare", "--out", tmp_path / "star.png")[0] == 0
    assert plot(night[1], "--tag", "none", "--out", tmp_path / "star.png")[0] == 2


def test_a_file_needs_no_database(astra, plot, survey, tmp_path):
    status, _, said = plot(survey[0], "--draws", 2, weights=astra.weights,
                           url="postgresql://nobody@127.0.0.1:1/nothing")
    assert status == 0
    assert (tmp_path / f"{survey[0].name.split('.')[0]}.png").is_file()
    assert "teff is driven by" in said


def test_one_of_several_spectra_is_to_be_chosen(plot, astra, tmp_path):
    wavelength = np.linspace(3700, 9000, 4000)
    two = tmp_path / "two.fits"
    Table({"wavelength": [wavelength] * 2, "flux": [5 + np.sin(wavelength), 5 + np.cos(wavelength)]}
          ).write(two)
    for number, status in ((2, 0), (3, 2)):
        assert plot(two, "--draws", 0, "--number", number, weights=astra.weights)[0] == status
    status, _, said = plot(two, weights=astra.weights)
    assert status == 2
    assert "holds 2 spectra: choose one with --number 1 to 2" in said


@pytest.mark.parametrize(("arguments", "reason"), [
    (("star.fits", "--out", "star.jpg"), ".png, .pdf, .svg"),
    (("star.fits", "--out", "nowhere/star.png"), "its folder is not there"),
    (("star.fits", "--draws", "1"), "one draw has no scatter"),
    (("star.fits", "--tag", ""), "--tag is for the database"),
    (("12", "--air"), "--air is for files"),
    (("12",), "there is no spectrum 12"),
    (("star.png",), "that is the spectrum")])
def test_what_cannot_be_used_is_refused(plot, arguments, reason):
    status, out, said = plot(*arguments)
    assert (status, out) == (2, "")
    assert reason in said
