"""`--where` as a user gives it: what is refused does nothing, and says why."""

import pytest
from click.testing import CliRunner

from bossnet.cli.bossnet import OPERATOR, program

TABLES = ("bossnet_run", "bossnet_chunk", "boss_net")


@pytest.fixture
def night(astra, files):
    """Ten spectra, with an S/N of 0 to 9."""
    return astra.register(files * 2)


@pytest.fixture
def inside(astra):
    """`astra run bossnet` within this process, which has torch already: exit status, messages."""
    def run(*options):
        done = CliRunner().invoke(
            program("astra", OPERATOR, ""),
            ["run", "bossnet", "--weights", astra.weights, "--draws", "0", *options],
            env=astra.environment, catch_exceptions=False)
        return done.exit_code, done.stderr
    return run


def nothing_done(astra):
    return not any(astra.sql(f"SELECT count(*) FROM {table}")[0]["count"] for table in TABLES)


@pytest.mark.parametrize(("where", "said"), [
    ("snt > 3", 'column "snt" does not exist'),
    ("snr > 3 AND", "syntax error"),
    ("snr > 3; DELETE FROM source", "a second statement (;)"),
    ("true) OR (true", "a bracket closes what was not opened"),
    ("snr > 3 -- all", "a comment (--)"),
    ("E'a'\n'\\'' = '') OR (true --'", "a bracket closes"),
    ("EXISTS (WITH x AS (INSERT INTO source (ra) VALUES (1) RETURNING pk) SELECT FROM x)",
     "data-modifying statement must be at the top level")])
def test_a_refused_expression_has_a_caret_and_does_nothing(astra, night, inside, where, said):
    status, message = inside("--where", where)
    assert status == 2
    assert said in message
    assert message.startswith("error: --where")
    assert message.splitlines()[-1].strip() == "^"
    assert nothing_done(astra)


@pytest.mark.parametrize(("where", "said"), [
    ("1 / (fiberid - 7) > -9", "division by zero"),
    ("pg_read_file('PG_VERSION') IS NOT NULL", "permission denied for function pg_read_file"),
    ("query_to_xml('DELETE FROM source', true, true, '') IS NOT NULL", "DELETE is not allowed"),
    ("set_config('role', 'postgres', false) <> ''", "permission denied to set role"),
    ("nextval('spectrum_pk_seq') > 0", "permission denied for sequence"),
    ("lo_create(0) > 0", "permission denied for function lo_create"),
    ("pg_terminate_backend(pg_backend_pid())", "permission denied for function"),
    ("path = '\udcff'", "no UTF-8 text"), ("", "--where is empty")])
def test_an_expression_that_fails_or_goes_too_far_does_nothing(astra, night, inside, where, said):
    for options in ([], ["--dry-run"]):
        status, message = inside("--where", where, *options)
        assert status == 2
        assert said in message
        assert "Traceback" not in message
    assert nothing_done(astra)
    assert len(astra.sql("SELECT pk FROM spectrum")) == len(night)


def test_a_selection_that_takes_too_long_is_stopped(astra, night, inside, tmp_path):
    (tmp_path / "bossnet.yml").write_text("selection_timeout: 0.5\n")
    for where in ("pg_sleep(100) IS NULL",
                  "set_config('statement_timeout', '0', false) = '0' AND pg_sleep(100) IS NULL"):
        status, message = inside("--where", where)
        assert status == 2
        assert "longer than the selection's timeout" in message
    assert nothing_done(astra)


def test_an_error_in_the_last_table_undoes_the_chunks_of_the_first(astra, night, inside, files):
    astra.sql("INSERT INTO lamost_spectrum (spectrum_pk, release, lmjd, planid, spid, fiberid, "
              "path) SELECT pk, 'DR7', 1, 'P', 1, 7, %s FROM spectrum LIMIT 1", str(files[0]))
    status, message = inside("--where", "fiberid < 3 OR 1 / (mjd - coalesce(mjd, 0)) > 0"
                                        " OR mjd IS NULL AND 1 / (fiberid - 7) > 0")
    assert (status, "division by zero" in message) == (2, True)
    assert nothing_done(astra)


def test_what_a_dry_run_counts_a_run_takes(astra, night, inside):
    where = ["--where", "snr % 2 = 1 AND path LIKE '%.fits'"]
    refused = inside(*where)
    assert "operator does not exist: real % integer" in refused[1]
    where = ["--where", "mod(fiberid, 2) = 0\n  AND path LIKE '%.fits'\n"]
    planned = inside(*where, "--dry-run")
    assert planned[0] == 0
    assert "would take 5 spectra" in planned[1]
    assert astra.run(*where)["n_done"] == 5
    assert astra.sql("SELECT selection FROM bossnet_run")[0]["selection"] == where[1]
    assert [r["spectrum_pk"] for r in astra.sql("SELECT spectrum_pk FROM boss_net ORDER BY 1")
            ] == night[::2]


def test_a_table_without_the_column_is_left_out_and_said(astra, night):
    where = "plateid = ANY (ARRAY[plateid]) AND path <> '[/b]'"  # brackets are no markup
    done = astra.run("--where", where, "--from", "boss_visit_spectrum",
                     "--from", "lamost_spectrum", "--limit", 1)
    assert done["n_done"] == 1
    assert 'column "plateid" does not exist' in done["left_out"]["lamost_spectrum"]
    shown = astra("status", 1).stdout + astra("status").stdout
    assert f"where {where}" in shown
    assert shown.count(where) == 2
