"""Runs over several spectrum tables, and what of a row depends on the options alone."""

import pytest

from acceptance.inside import run_inside
from acceptance.rows import rows_of
from spectra import layouts


@pytest.fixture
def both(astra, files, tmp_path):
    """Five spectra of BOSS, and then five of LAMOST."""
    boss = astra.register(files)
    path = layouts.lamost_table(tmp_path / "lamost.fits")
    lamost = [row["spectrum_pk"] for row in astra.sql(
        "WITH new AS (INSERT INTO spectrum (spectrum_flags) SELECT 0 FROM generate_series(1, 5) "
        "             RETURNING pk) "
        "INSERT INTO lamost_spectrum (spectrum_pk, release, lmjd, planid, spid, fiberid, path) "
        "SELECT pk, 'dr9', 55859, 'F5902', 1, pk, %s FROM new RETURNING spectrum_pk", str(path))]
    return boss, lamost


def test_a_limit_is_of_all_tables_together(astra, both):
    boss, lamost = both
    assert run_inside(astra, "--limit", 7, "--dry-run")["n_selected"] == 7
    assert run_inside(astra, "--limit", 3)["n_done"] == 3
    assert run_inside(astra, "--limit", 4)["n_done"] == 4
    assert [r["spectrum_pk"] for r in rows_of(astra)] == boss + lamost[:2]
    assert run_inside(astra, "--limit", 4)["n_done"] == 3
    assert [r["spectrum_pk"] for r in rows_of(astra)] == boss + lamost
    assert run_inside(astra, "--limit", 4, "--overwrite")["n_done"] == 4


def test_tables_are_taken_as_named(astra, both):
    _, lamost = both
    assert run_inside(astra, "--from", "lamost_spectrum")["n_done"] == 5
    assert [r["spectrum_pk"] for r in rows_of(astra)] == lamost
    named = ["--from", "lamost_spectrum", "--from", "boss_visit_spectrum"]
    assert run_inside(astra, *named, "--dry-run")["tables"] == {
        "lamost_spectrum": {"rows": 5, "taken": 5, "todo": 0},
        "boss_visit_spectrum": {"rows": 5, "taken": 5, "todo": 5}}
    assert run_inside(astra, *named)["n_done"] == 5


def test_without_draws_there_is_no_uncertainty_nor_its_method(astra, both, tmp_path):
    astra.register([tmp_path / "gone.fits"])
    run_inside(astra, "--draws", 0)
    run_inside(astra, "--tag", "drawn")
    for row in rows_of(astra):
        assert row["n_draws"] == 0
        assert row["uncertainty_method"] is None
        assert {row[name] for name in row if name.startswith(("e_", "raw_e_", "med_", "rho_"))} == {
            None}
    for row in rows_of(astra, "drawn"):
        assert row["uncertainty_method"] == (None if row["teff"] is None else "draws")
