"""`--where` against a real Postgres: names, refusals, and attempts to break out."""

import os
import time
from dataclasses import replace

import psycopg2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg2 import sql

from bossnet.config import Config
from bossnet.database import embedded
from bossnet.database.connection import connect, connect_reader
from bossnet.database.initialise import initialise
from bossnet.errors import SelectionError
from bossnet.network.boss import BOSS
from bossnet.work import selection
from bossnet.work.expression import refuse_unless_alone

ALL = [1, 2, 3, 4, 5, 6]  #: the spectra of a table; the combined one stays empty
EVERYTHING = sql.SQL("true")


@pytest.fixture(scope="module")
def config(servers, tmp_path_factory):
    """Six BOSS and six LAMOST spectra of six sources; the i-th has snr 5 i, and ra 10 + i."""
    postgres = servers(int(os.environ.get("BOSSNET_POSTGRES_VERSION", embedded.VERSION)))
    before, after = postgres.split("?")
    url = f"{before.rsplit('/', 1)[0]}/selections?{after}"
    server = psycopg2.connect(postgres)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute('CREATE DATABASE selections TEMPLATE "template_bossnet"')
    config = Config(tmp_path_factory.mktemp("home"), database_url=url, selection_timeout=20)
    initialise(config)
    connection = connect(config)
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO source (pk, sdss_id, ra, dec, g_mag) "
                       "SELECT i, 100 + i, 10 + i, i, 15 FROM generate_series(1, 6) AS i")
        cursor.execute("INSERT INTO spectrum (pk) SELECT i FROM generate_series(1, 106) AS i")
        cursor.execute(
            "INSERT INTO boss_visit_spectrum (spectrum_pk, source_pk, release, filetype, run2d, "
            "plateid, mjd, fiberid, snr, path) SELECT i, i, 'dr17', 'spec', 'v5', 1, 59000 + i, i, "
            "5 * i, '/data/100%/' || i FROM generate_series(1, 6) AS i")
        cursor.execute(
            "INSERT INTO lamost_spectrum (spectrum_pk, source_pk, release, lmjd, planid, spid, "
            "fiberid, snr, snrg, ra, dec, class, path) SELECT 100 + i, i, 'DR7', 58000, 'P', 1, i, "
            "5 * i, i, 200 + i, 0, 'STAR', '/data/' || i FROM generate_series(1, 6) AS i")
    connection.close()
    yield config
    with server.cursor() as cursor:
        cursor.execute("DROP DATABASE selections WITH (FORCE)")
    server.close()


@pytest.fixture
def select(config):
    """What an expression selects: the numbers of the spectra, by table."""
    def select(where, *, asked=(), timeout=None, **chunks):
        reader = connect_reader(config, timeout=timeout)
        try:
            settled = selection.settle(reader, BOSS.spectrum_tables, where, asked)
            found = {}
            for table in settled.tables:
                keys = [key for chunk in selection.chunks(
                    reader, table, where, EVERYTHING, **({"size": 4, "limit": None} | chunks))
                    for key in chunk]
                counts = selection.count(reader, table, where, EVERYTHING)
                assert chunks or (counts.rows, counts.taken) == (len(ALL), len(keys))
                found[table] = [key % 100 for key in keys]
            return found, settled.left_out
        finally:
            reader.close()
    return select


def refusal(select, where, **options):
    with pytest.raises(SelectionError) as refused:
        select(where, **options)
    return str(refused.value)


def test_an_unqualified_name_is_the_spectrums_else_the_sources(select):
    found, left_out = select("snr > 20 AND g_mag = 15")
    assert found == {"boss_visit_spectrum": [5, 6], "lamost_spectrum": [5, 6]}
    assert left_out == {"boss_combined_spectrum": "has no rows"}
    assert select("sdss_id = 103")[0] == {"boss_visit_spectrum": [3], "lamost_spectrum": [3]}


def test_a_column_that_both_have_is_the_spectrums_unless_the_source_is_named(select):
    assert select("ra > 100")[0] == {"boss_visit_spectrum": [], "lamost_spectrum": ALL}
    assert select("source.ra > 14")[0] == {"boss_visit_spectrum": [5, 6],
                                           "lamost_spectrum": [5, 6]}
    assert select("lamost_spectrum.ra - source.ra = 190 AND fiberid < 3")[0] == {
        "lamost_spectrum": [1, 2]}


def test_a_table_that_lacks_a_name_is_left_out_and_said(select):
    found, left_out = select("snrg > 4")
    assert found == {"lamost_spectrum": [5, 6]}
    assert 'column "snrg" does not exist' in left_out["boss_visit_spectrum"]
    assert "_row" not in left_out["boss_visit_spectrum"]
    assert select("run2d = 'v5'", asked=("boss_visit_spectrum", "lamost_spectrum"))[1].keys() == {
        "lamost_spectrum"}


def test_a_name_that_no_table_has_is_an_error_with_a_caret(select):
    assert refusal(select, "snr > 5 AND nosuch = 3") == (
        '--where: column "nosuch" does not exist\n'
        "    snr > 5 AND nosuch = 3\n"
        "                ^")
    # One table lacks the one, the others lack the other: each is told.
    message = refusal(select, "plateid = 1 AND snrg > 3")
    for piece in ('boss_visit_spectrum: column "snrg"', 'lamost_spectrum: column "plateid"'):
        assert piece in message


def test_a_name_of_an_empty_table_selects_nothing_and_is_no_error(select):
    found, left_out = select("min_mjd > 5")
    assert found == {}
    assert left_out["boss_combined_spectrum"] == "has no rows"
    assert "min_mjd" in left_out["lamost_spectrum"]


def test_a_typo_is_noticed_without_any_rows(config):
    reader = connect_reader(config)
    with pytest.raises(SelectionError, match="nosuch"):
        selection.settle(reader, ("boss_combined_spectrum",), "nosuch > 3")
    reader.close()


@pytest.mark.parametrize("where", ["a", "x", "k", "snr", "pk", "true + 1", "1"])
def test_a_short_expression_has_its_caret_too(select, where):
    # Its text stands elsewhere in our own statement, too.
    assert refusal(select, where).splitlines()[1] == f"    {where}"


def test_the_caret_of_several_lines_is_under_its_own(select):
    message = refusal(select, "snr > 5\n  AND fiberid < 3\r\n\tAND 'é' = nosuch\nAND true")
    assert message.splitlines()[1:] == ["     AND 'é' = nosuch", "               ^"]
    start = "snr > 5 AND " * 500
    message = refusal(select, f"{start}nosuch = 3 AND {start} true")
    line, caret = message.splitlines()[1:]
    assert len(line) < 250
    assert line[caret.index("^"):].startswith("nosuch = 3")


@pytest.mark.parametrize(("where", "said"), [
    ("snr >", "syntax error"), ("snr > 10 ORDER BY snr", 'syntax error at or near "ORDER"'),
    ("true, true", "must be type boolean"), ("snr", "must be type boolean, not type real"),
    ("count(*) > 0", "aggregate functions are not allowed"),
    ("snr > avg(snr)", "aggregate functions are not allowed"),
    ("generate_series(1, 2) = 1", "set-returning functions are not allowed"),
    ("rank() OVER (ORDER BY snr) = 1", "window functions are not allowed"),
    ("snr = (SELECT max(snr) FROM nosuch)", 'relation "nosuch" does not exist'),
    ("nosuch(snr)", "function nosuch(real) does not exist"),
    ("true AS x", "syntax error"), ("*", "syntax error"),
    ("TABLE source", "query"), ("SELECT true", "query"), (" \n select true", "query"),
    ("WITH x AS (SELECT 1) SELECT true", "query"), ("VALUES (true)", "query"),
    ("SELECT 1) > 0 OR (SELECT 1", "query")])
def test_what_is_no_expression_is_refused_with_postgres_words_and_a_caret(select, where, said):
    message = refusal(select, where)
    assert said in message
    assert message.splitlines()[-1].strip() == "^"


@pytest.mark.parametrize(("where", "taken"), [
    ("path LIKE '%100\\%%'", ALL), ("mod(fiberid, 2) = 0", [2, 4, 6]),
    ("fiberid % 2 = 0", [2, 4, 6]), ("path = '{0}'", []), ("path ~ '/[34]$'", [3, 4]),
    ("path = $$/data/100%/2$$", [2]), ("path = $q$/data/100%/2$q$", [2]),
    ("path = E'/data/100\\x25/2'", [2]), ("path = U&'/data/100\\0025/2'", [2]),
    ("path = U&'/data/100!0025/2' UESCAPE '!'", [2]), ("path = '/data/'\n'100%/2'", [2]),
    ("'ü–€\u3000' <> path", ALL), ("'); DROP TABLE source --' <> path", ALL),
    ("NULL", []), ("snr > 10 OR NULL", [3, 4, 5, 6]), ("'t'", ALL),
    ("snr BETWEEN 10 AND\n 20", [2, 3, 4]), ("(snr) > (10)\n", [3, 4, 5, 6]),
    ("fiberid = ANY (ARRAY[1, 6])", [1, 6]),
    ("fiberid IN (SELECT pk FROM source WHERE dec > 4)", [5, 6]),
    ("EXISTS (SELECT FROM lamost_spectrum AS l WHERE l.source_pk = source.pk AND l.snrg = 2)", [2]),
    ("(SELECT snrg FROM lamost_spectrum AS l WHERE l.source_pk = source.pk) < 2", [1]),
    ("NOT EXISTS (SELECT FROM boss_net AS b WHERE b.spectrum_pk = boss_visit_spectrum.spectrum_pk)",
     ALL)])
def test_what_an_expression_may_hold(select, where, taken):
    assert select(where, asked=("boss_visit_spectrum",))[0] == {"boss_visit_spectrum": taken}


def test_a_random_sample_is_drawn_row_by_row(select):
    found = [select("random() < 0.5", asked=("boss_visit_spectrum",), size=4)[0] for _ in range(20)]
    assert any(0 < len(keys["boss_visit_spectrum"]) < len(ALL) for keys in found)


def test_an_index_serves_a_selection(config):
    reader = connect_reader(config)
    with reader, reader.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(selection.query("check_selection",
                                       table=sql.Identifier("boss_visit_spectrum"),
                                       where=sql.SQL("spectrum_pk = 3")))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    reader.close()
    assert "Index Cond: (spectrum_pk = 3)" in plan


def test_the_limit_takes_the_first(select):
    assert select("snr > 10", limit=2, size=4)[0] == {"boss_visit_spectrum": [3, 4],
                                                      "lamost_spectrum": [3, 4]}


@pytest.mark.parametrize(("where", "said"), [
    ("1 / (fiberid - 3) > 0", "division by zero"),
    ("path::integer = 3", "invalid input syntax for type integer"),
    ("(SELECT snr FROM lamost_spectrum) > 3", "more than one row returned by a subquery"),
    ("repeat('x', 2000000000) = path", "requested length too large"),
    ("repeat('[', 100000)::json IS NULL", "stack depth"),
    ("(" * 20_000 + "true" + ")" * 20_000, "memory")])
def test_what_fails_on_a_row_or_is_too_much_is_a_refusal(select, where, said):
    assert said in refusal(select, where)


SLEEP = "pg_sleep(60) IS NOT NULL"


@pytest.mark.parametrize("where", [
    SLEEP, f"snr > 10 AND (SELECT {SLEEP})", f"EXISTS (SELECT FROM source WHERE {SLEEP})",
    "(SELECT count(*) FROM generate_series(1, 2000000000)) > 0",
    "query_to_xml('SELECT pg_sleep(60)', true, true, '') IS NOT NULL",
    f"set_config('statement_timeout', '0', false) = '0' AND {SLEEP}",
    f"set_config('statement_timeout', '0', true) = '0' AND {SLEEP}"])
def test_what_sleeps_or_loops_is_stopped(select, where):
    start = time.monotonic()
    assert "selection_timeout" in refusal(select, where, timeout=0.5)
    assert time.monotonic() - start < 15


#: What the reader role is not allowed, by its rights alone or by its transaction.
DENIED = [
    "(SELECT count(*) FROM pg_ls_dir('.')) > 0", "pg_read_file('PG_VERSION') IS NOT NULL",
    "pg_read_binary_file('/etc/passwd') IS NOT NULL", "(pg_stat_file('base')).size > 0",
    "lo_import('/etc/passwd') > 0", "lo_export(1, '/tmp/stolen') = 1", "lo_create(0) > 0",
    "lo_creat(-1) > 0", "lo_put(1, 0, 'x') IS NULL", "lo_unlink(1) = 1",
    "lo_from_bytea(0, 'x') > 0", "loread(lo_open(1, 262144), 9) IS NULL",
    "set_config('role', 'postgres', false) IS NOT NULL",
    "set_config('role', 'bossnet_writer', true) IS NOT NULL",
    "set_config('session_authorization', 'postgres', false) IS NOT NULL",
    "set_config('transaction_read_only', 'off', true) IS NOT NULL",
    "set_config('session_replication_role', 'replica', false) IS NOT NULL",
    "set_config('log_statement', 'none', false) IS NOT NULL",
    "pg_terminate_backend(pg_backend_pid())", "pg_cancel_backend(pg_backend_pid())",
    "pg_advisory_lock(1) IS NULL", "pg_reload_conf()", "pg_switch_wal() IS NULL",
    "pg_logical_emit_message(false, 'a', 'b') IS NULL", "pg_export_snapshot() IS NULL",
    "nextval('spectrum_pk_seq') > 0", "setval('spectrum_pk_seq', 9) > 0",
    "nextval('boss_net_task_pk_seq') > 0",
    "(SELECT count(*) FROM pg_authid) > 0", "(SELECT count(*) FROM pg_largeobject) > 0",
    "(SELECT rolpassword FROM pg_authid LIMIT 1) IS NULL",
    "(SELECT count(*) FROM pg_hba_file_rules) > 0",
    "query_to_xml('INSERT INTO source (ra) VALUES (1)', true, true, '') IS NOT NULL",
    "query_to_xml('INSERT INTO source (ra) VALUES (1) RETURNING ra', true, true, '') IS NOT NULL",
    "query_to_xml('COPY source TO ''/tmp/stolen''', true, true, '') IS NOT NULL",
    "query_to_xml('COPY source TO PROGRAM ''cat''', true, true, '') IS NOT NULL",
    "query_to_xml('SELECT pg_read_file(''PG_VERSION'')', true, true, '') IS NOT NULL",
    "query_to_xml('SET ROLE postgres', true, true, '') IS NOT NULL",
    "(SELECT count(*) FROM ts_stat('DELETE FROM source')) > 0",
    "EXISTS (WITH x AS (INSERT INTO source (ra) VALUES (1) RETURNING pk) SELECT FROM x)",
    "pk IN (DELETE FROM source RETURNING pk)", "EXISTS (SELECT FROM source FOR UPDATE)",
    "(SELECT pk FROM source LIMIT 1 FOR SHARE) > 0", "dblink('dbname=postgres', 'SELECT 1') > 0",
]


@pytest.mark.parametrize("where", DENIED)
def test_what_writes_reads_files_or_raises_its_rights_is_refused(select, where):
    message = refusal(select, where)
    assert message.startswith("--where: ")
    assert "stopped" not in message


def test_nothing_was_changed_by_all_that(config, select):
    for where in DENIED:
        refusal(select, where)
    connection = connect(config)
    with connection, connection.cursor() as cursor:
        for table, number in (("source", len(ALL)), ("spectrum", 106),
                              ("boss_visit_spectrum", len(ALL)), ("pg_largeobject_metadata", 0)):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (number,)
        cursor.execute("SELECT last_value, is_called FROM spectrum_pk_seq")
        assert cursor.fetchone() == (1, False)
    connection.close()


@pytest.mark.parametrize(("name", "value"), [
    ("statement_timeout", "0"), ("standard_conforming_strings", "off"),
    ("search_path", "pg_catalog"), ("default_transaction_read_only", "off")])
def test_what_an_expression_sets_in_its_session_is_gone_with_it(config, name, value):
    where = f"set_config('{name}', '{value}', false) = '{value}'"
    reader = connect_reader(config)

    def setting():
        with reader, reader.cursor() as cursor:
            cursor.execute(f"SHOW {name}")
            return cursor.fetchone()

    before = setting()
    list(selection.chunks(reader, "boss_visit_spectrum", where, EVERYTHING, size=9, limit=None))
    assert setting() == before
    selection.count(reader, "boss_visit_spectrum", where, EVERYTHING)
    assert setting() == before
    reader.close()


def test_texts_are_read_the_standard_way_whatever_the_role_is_set_to(config):
    where = "'\\' = path) OR (true OR path = '\\'"  # one text of the old way, two of the standard
    owner = connect(config)
    with owner, owner.cursor() as cursor:
        cursor.execute("ALTER ROLE bossnet_reader SET standard_conforming_strings = off")
    reader = connect_reader(replace(config, selection_timeout=5))
    try:
        with pytest.raises(SelectionError, match="a bracket closes what was not opened"):
            selection.settle(reader, BOSS.spectrum_tables, where)
        quoted = "'\\' <> path AND path <> ') OR (true OR '"
        settled = selection.settle(reader, BOSS.spectrum_tables, quoted)
        assert settled.tables == ("boss_visit_spectrum", "lamost_spectrum")
    finally:
        reader.close()
        with owner, owner.cursor() as cursor:
            cursor.execute("ALTER ROLE bossnet_reader RESET standard_conforming_strings")
        owner.close()


def test_a_connection_that_breaks_is_no_fault_of_the_expression(config):
    reader, owner = connect_reader(config), connect(config)
    with owner, owner.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", (reader.info.backend_pid,))
    owner.close()
    with pytest.raises(psycopg2.OperationalError):
        selection.settle(reader, BOSS.spectrum_tables, "snr > 5")


# Literals as Postgres knows them, with contents that another way of cutting would let out.
OPENED_AND_CLOSED = [
    ("'", "'"), ("E'", "'"), ("e'", "'"), ("$$", "$$"), ("$é$", "$é$"), ("$a$", "$a$"),
    ("U&'", "'"), ("N'", "'"), ("E'a'\n'", "'"), ("'a'\n'", "'"), ('x = "', '"'), ("a$E'", "'"),
    ("€E'", "'"), ("E'", "\\'"), ("E'a' \n\t'", "'"), ("$aé1$", "$aé1$"), ("$$", "$é$"),
    ("1E'", "'"), ("1$$", "$$")]
CONTENTS = [
    "\\", "\\\\", "''", "\\'", "a", "$$", "$é$", "$a$", '"', "'\n'", "' || '",
    "' || '') OR (true OR '' = '", ") OR (true OR '' = ", ") OR (true--", "); SELECT (1",
    "$$ || '') OR (true OR '' = $$", "$é$ || '') OR (true OR '' = '"]
LITERALS = st.builds(
    lambda around, inside: around[0] + "".join(inside) + around[1],
    st.sampled_from(OPENED_AND_CLOSED), st.lists(st.sampled_from(CONTENTS), max_size=3))


@settings(max_examples=1500, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(literals=st.lists(LITERALS, min_size=1, max_size=4))
@example(literals=["E'a'\n'\\' || '') OR (true OR '' = '", "'"])
@example(literals=["$é$ ' $é$ || '') OR (true --'"])
@example(literals=["E'abc\\'"])
@example(literals=["E'abc\\' || ') OR (true --'"])
def test_no_text_that_is_let_through_reaches_beyond_its_brackets(reader, literals):
    text = "'' = " + " || ".join(literals)
    try:
        refuse_unless_alone(text)
    except SelectionError:
        return
    with reader.cursor() as cursor:
        try:
            # Whoever gets out of the brackets gets past the false.
            cursor.execute(f"SELECT 1 WHERE false AND ({text}\n)")
            assert cursor.fetchall() == []
        except psycopg2.Error as refused:
            # As a text that is not closed, it would reach into the statement around it.
            assert "unterminated" not in str(refused)  # noqa: PT017
    reader.rollback()


@pytest.fixture
def reader(config):
    """A connection of the reader role."""
    connection = connect_reader(config)
    yield connection
    connection.close()
