"""Registering: each spectrum once, whatever is done twice, moved or mixed in."""

import json
import shutil
from dataclasses import replace

import psycopg2
import pytest
from click.testing import CliRunner

from bossnet.cli.ingest import ingest as command
from bossnet.database.initialise import initialise
from bossnet.errors import DatabaseError
from bossnet.registry import ingest as module
from bossnet.registry.ingest import ingest
from bossnet.spectra import SURVEYS, register
from spectra import layouts
from spectra.conftest import MAKERS

from .test_summary import sp_all

TABLES = sorted({survey.table for survey in SURVEYS.values()})
SPECTRA = len(MAKERS) + 3  # apStar has three visits


@pytest.fixture
def folder(tmp_path):
    """A file of each layout, each another spectrum."""
    folder = tmp_path / "spectra"
    folder.mkdir()
    for name, make in MAKERS.items():
        make(folder / f"{name.replace(' ', '')}.fits")
    (folder / "LAMOSTDR2.fits").unlink()
    layouts.lamost_image(folder / "LAMOSTDR2.fits", release=2, FIBERID="006")
    return folder


def contents(rows):
    return {table: rows(f"SELECT * FROM {table} ORDER BY pk")
            for table in (*TABLES, "spectrum", "source")}


def test_every_layout_is_registered_with_a_source_and_again_changes_nothing(config, folder, rows):
    first = ingest(config, [str(folder)])
    assert (first.new, first.refused, first.files) == (SPECTRA, 0, len(MAKERS))
    before = contents(rows)
    assert len(before["spectrum"]) == SPECTRA
    assert all(before[table] for table in TABLES)
    again = ingest(config, [str(folder)])
    assert (again.new, again.known, again.new_sources) == (0, SPECTRA, 0)
    assert contents(rows) == before
    for table in TABLES:
        assert rows(f"SELECT count(*) FROM {table} AS t JOIN source AS s ON s.pk = t.source_pk "
                    "JOIN spectrum AS p ON p.pk = t.spectrum_pk AND p.noise_key = p.pk"
                    ) == [(len(before[table]),)]


def test_the_key_of_every_table_is_its_surveys_identity(rows):
    for survey in SURVEYS.values():
        [(columns,)] = rows("""
            SELECT array_agg(attname::text) FROM pg_constraint
            JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
            WHERE conname = %s || '_identity'""", (survey.table,))
        assert set(columns) == set(survey.identity)


def test_every_column_that_a_reader_fills_is_in_its_table(folder, rows):
    for path in folder.iterdir():
        for survey, registrations in register(path).found:
            for table, names in ((survey.table, registrations[0].columns),
                                 ("source", registrations[0].source)):
                there = rows("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass",
                             (table,))
                assert set(names) <= {name for (name,) in there}


def test_a_batch_may_end_anywhere(config, folder, rows, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 1)
    assert ingest(config, [str(folder)]).new == SPECTRA
    monkeypatch.setattr(module, "BATCH", 2)
    assert ingest(config, [str(folder)]).known == SPECTRA


def test_paths_are_kept_relative_to_a_root(config, folder, rows):
    ingest(config, [str(folder / "spec.fits")])
    path = "SELECT path FROM boss_visit_spectrum"
    assert rows(path) == [(str(folder / "spec.fits"),)]
    rooted = replace(config, roots={"data": folder})
    assert ingest(rooted, [str(folder / "spec.fits")]).known == 1
    assert rows(path) == [("data/spec.fits",)]


def test_the_path_moves_when_the_old_file_is_gone_and_only_then(config, folder, rows):
    said = []
    old, new = folder / "spec.fits", folder.parent / "elsewhere.fits"
    ingest(config, [str(old)])
    shutil.copy(old, new)
    done = ingest(config, [str(new)], say=said.append)
    assert (done.elsewhere, done.moved, done.new) == (1, 0, 0)
    assert rows("SELECT path FROM boss_visit_spectrum") == [(str(old),)]
    old.unlink()
    done = ingest(config, [str(new)], say=said.append)
    assert (done.elsewhere, done.moved, done.new) == (0, 1, 0)
    assert rows("SELECT path FROM boss_visit_spectrum") == [(str(new),)]
    assert "which stays" in said[0]
    assert "which is gone: its path is updated" in said[1]
    assert all(str(old) in line and str(new) in line for line in said)


def test_of_a_moved_file_of_many_spectra_one_line_tells(config, tmp_path, rows):
    said = []
    old = layouts.mastar(tmp_path / "old.fits", rows=3, pixels=50)
    assert ingest(config, [str(old)], release="dr17").new == 3
    new = old.rename(tmp_path / "new.fits")
    done = ingest(config, [str(new)], release="dr17", say=said.append)
    assert (done.new, done.moved, len(said)) == (0, 3, 1)
    assert rows("SELECT row, path, filetype FROM boss_visit_spectrum ORDER BY row") == [
        (row, str(new), "mastar-goodspec") for row in range(3)]


def test_two_files_of_one_spectrum_in_one_call_make_one_row(config, folder, rows):
    shutil.copy(folder / "spec.fits", folder / "twin.fits")
    done = ingest(config, [str(folder / "spec.fits"), str(folder / "twin.fits")])
    assert (done.new, done.elsewhere) == (1, 1)
    assert rows("SELECT count(*) FROM spectrum") == [(1,)]


def test_foreign_and_broken_files_are_said_with_the_reason_and_the_rest_goes_on(config, folder,
                                                                                 rows):
    (folder / "empty.fits").touch()
    (folder / "text.fits").write_text("no FITS")
    (folder / "cut.fits").write_bytes((folder / "spec.fits").read_bytes()[:-3000])
    said = []
    done = ingest(config, [str(folder), str(folder / "gone.fits")], say=said.append)
    assert (done.new, done.refused, len(said)) == (SPECTRA, 4, 4)
    reasons = {refusal.path.rsplit("/", 1)[1]: refusal.reason for refusal in done.refusals}
    assert set(reasons) == {"empty.fits", "text.fits", "cut.fits", "gone.fits"}
    assert all(reasons.values())
    assert "truncated" in reasons["cut.fits"]


def test_release_is_the_files_else_the_operators_else_unknown(config, folder, rows):
    files = [str(folder / "spec.fits"), str(folder / "LAMOSTDR7.fits")]
    ingest(config, files[:1])
    ingest(config, files, release="dr17")
    releases = "SELECT release FROM {} ORDER BY pk"
    assert rows(releases.format("boss_visit_spectrum")) == [("unknown",), ("dr17",)]
    assert rows(releases.format("lamost_spectrum")) == [("LAMOST DR7",)]


def test_a_summary_and_the_files_that_it_lists_are_one_row_each(config, folder, rows):
    layouts.spec_full(folder / "a.fits")
    summary = sp_all(folder.parent / "spAll.fits", 1500, field=("J", [112360] * 1500))
    done = ingest(config, [], summaries=[summary], release="dr20")
    assert (done.new, done.new_sources) == (1500, 1500)
    assert ingest(config, [], summaries=[summary], release="dr20").known == 1500
    layouts.spec_full(folder / "b.fits", CATALOGID=("K", [27021598150000003]),
                      SDSS_ID=("K", [4]), GAIA_ID=("K", [99]))
    done = ingest(config, [str(folder / "b.fits")], release="dr20")
    assert (done.new, done.known, done.new_sources) == (0, 1, 0)
    assert rows("SELECT path, snr, exptime FROM boss_visit_spectrum "
                "WHERE catalogid = 27021598150000003") == [
        (str(folder / "b.fits"), 12.5, pytest.approx(7200.6))]
    assert rows("SELECT gaia_dr2_source_id FROM source WHERE sdss_id = 4") == [(99,)]


def test_a_survey_table_without_the_columns_is_not_written_to(empty_database_url, config, folder):
    survey = psycopg2.connect(empty_database_url)
    with survey, survey.cursor() as cursor:
        cursor.execute("CREATE SCHEMA bossnet; CREATE TABLE bossnet.boss_visit_spectrum "
                       "(pk serial PRIMARY KEY, spectrum_pk int, source_pk int, release text)")
    survey.close()
    theirs = replace(config, database_url=empty_database_url)
    initialise(theirs)
    with pytest.raises(DatabaseError, match=r"lacks catalogid, fiberid, .* path"):
        ingest(theirs, [str(folder / "spec.fits")])


def test_the_writer_role_may_register(config, folder):
    url = config.database_url.replace("postgres@", "bossnet_writer@")
    assert ingest(replace(config, database_url=url), [str(folder)]).new == SPECTRA


def test_a_schema_that_is_not_there_is_said(empty_database_url, config, folder):
    with pytest.raises(DatabaseError, match="astra init"):
        ingest(replace(config, database_url=empty_database_url), [str(folder)])


def test_the_command_says_what_it_did(database_url, folder, monkeypatch, tmp_path):
    monkeypatch.setenv("BOSSNET_HOME", str(tmp_path))
    (folder / "text.fits").write_text("no FITS")
    call = ["--database", database_url, str(folder)]
    done = CliRunner().invoke(command, [*call, "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["new"] == SPECTRA
    assert "text.fits: refused: " in done.stderr
    strict = CliRunner().invoke(command, [*call, "--strict"])
    assert strict.exit_code == 1
    assert f"{SPECTRA} registered before" in strict.stdout
    assert CliRunner().invoke(command, ["--database", database_url]).exit_code == 2
