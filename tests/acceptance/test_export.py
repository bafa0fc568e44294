"""`astra export` as a user gives it."""

import json

import pytest
from astropy.table import Table
from click.testing import CliRunner

from bossnet.cli.bossnet import OPERATOR, program


@pytest.fixture
def export(astra, tmp_path):
    """`astra export bossnet` within this process: exit status, standard output and error."""
    def export(name, *options):
        done = CliRunner().invoke(program("astra", OPERATOR, ""),
                                  ["export", "bossnet", str(tmp_path / name), *options],
                                  env=astra.environment, catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr

    return export


@pytest.fixture
def night(astra, files):
    """Five spectra, with an S/N of 0 to 4, and their results."""
    astra.register(files)
    return astra.run()


def test_a_run_becomes_a_catalogue_that_says_how_it_was_made(astra, night, export, tmp_path):
    status, out, said = export("night.fits", "--where", "snr > 1", "--json")
    assert (status, said) == (0, "")
    done = json.loads(out)
    assert done["rows"] == 3
    assert done["bytes"] == (tmp_path / "night.fits").stat().st_size
    assert done["provenance"]["weights_status"] == "demonstration"
    table = Table.read(tmp_path / "night.fits")
    stored = astra.sql("SELECT spectrum_pk, teff, v_rad, result_flags FROM boss_net WHERE "
                       "spectrum_pk IN (SELECT spectrum_pk FROM boss_visit_spectrum "
                       "WHERE snr > 1) ORDER BY spectrum_pk")
    for row, known in zip(table, stored, strict=True):
        assert row["SPECTRUM_PK"] == known["spectrum_pk"]
        assert row["RESULT_FLAGS"] == known["result_flags"]
        assert row["TEFF"] == pytest.approx(known["teff"], rel=1e-6)
        assert row["V_RAD"] == pytest.approx(known["v_rad"], rel=1e-6)


def test_people_are_told_what_was_written_and_left_out(night, export):
    status, out, said = export("stars.csv", "--per", "star", "--layout", "paper")
    assert (status, out) == (0, "")
    assert "left out 5 spectra that belong to no object" in said
    assert "weights random: a demonstration, not for science" in said
    assert "stars.csv: 0 stars of 0 spectra, version 0.1, tag ''" in said


def test_what_cannot_be_exported_is_exit_status_2_and_makes_no_file(night, export, tmp_path):
    (tmp_path / "there.fits").write_text("mine")
    before = sorted(tmp_path.iterdir())
    for name, options, words in (
            ("there.fits", (), "there.fits is there already: give another name, or --overwrite"),
            ("out.txt", (), "which format"), ("out.fits", ("--where", "snt > 1"), "snt"),
            ("out.fits", ("--tag", "nonesuch"), "there are: version 0.1, tag ''"),
            ("out.fits", ("--run", "99"), "99"), ("out.fits", ("--from", "x"), "--from x"),
            ("out.fits", ("--layout", "mine"), "mine")):
        status, _, said = export(name, *options)
        assert status == 2, words
        assert words in said
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "there.fits").read_text() == "mine"


def test_the_reader_role_is_all_that_an_export_needs(astra, night, export, tmp_path):
    astra.environment["BOSSNET_DATABASE_URL"] = astra.url.replace("postgres@", "bossnet_reader@")
    assert export("night.fits")[0] == 0
