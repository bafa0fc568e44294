"""The schema: repeatable, safe to upgrade, and telling what it holds."""

import threading
from dataclasses import replace

import psycopg2
import pytest

from bossnet.config import Config
from bossnet.database import schema
from bossnet.database.connection import connect
from bossnet.database.initialise import initialise, script
from bossnet.errors import DatabaseError

UNCOMMENTED = """
    SELECT c.relname || coalesce('.' || a.attname, '')
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = current_schema()
    LEFT JOIN (SELECT attrelid, attname, attnum FROM pg_attribute
               WHERE attnum > 0 AND NOT attisdropped
               UNION ALL SELECT oid, NULL, 0 FROM pg_class) AS a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'v')
      AND coalesce(col_description(c.oid, nullif(a.attnum, 0)),
                   CASE a.attnum WHEN 0 THEN obj_description(c.oid, 'pg_class') END) IS NULL
"""


def rows(connection, query, parameters=None):
    with connection, connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


@pytest.fixture
def empty(empty_database_url, tmp_path):
    return Config(tmp_path, database_url=empty_database_url)


def test_init_applies_every_migration_once(empty):
    assert initialise(empty).applied == [m.name for m in schema.migrations()]
    again = initialise(empty)
    assert (again.applied, again.remarks, again.administrator_sql) == ([], [], "")


def test_init_from_several_processes_at_once_makes_one_schema(empty):
    applied, failures = [], []

    def one():
        try:
            applied.extend(initialise(empty).applied)
        except DatabaseError as e:
            failures.append(e)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sorted(applied) == [m.name for m in schema.migrations()]


def test_every_table_view_and_column_explains_itself(connection):
    assert len(rows(connection, "SELECT FROM bossnet_migration")) > 0
    assert rows(connection, UNCOMMENTED) == []


def test_a_table_without_a_comment_would_be_found(connection):
    rows(connection, "CREATE TABLE dumb (a integer); SELECT 1")
    assert sorted(rows(connection, UNCOMMENTED)) == [("dumb",), ("dumb.a",)]


def test_an_altered_migration_is_refused(connection, config):
    known = schema.migrations()
    altered = (replace(known[0], text=known[0].text + "-- altered"), *known[1:])
    with pytest.raises(DatabaseError, match=r"0001_spectra.sql was applied in another form"):
        schema.upgrade(connection, config.schema, altered)


def test_a_schema_newer_than_the_software_is_refused(connection, config):
    rows(connection, "INSERT INTO bossnet_migration (number, name, sha256, relations) "
                     "VALUES (99, '0099_later.sql', '', '{}') RETURNING 1")
    for call in (schema.check, schema.upgrade):
        with pytest.raises(DatabaseError, match="newer than this package knows"):
            call(connection, config.schema)


def test_a_schema_that_is_older_or_absent_is_said(empty):
    connection = connect(empty)
    with pytest.raises(DatabaseError, match="`astra init` makes"):
        schema.check(connection, empty.schema)
    schema.upgrade(connection, empty.schema, schema.migrations()[:1])
    with pytest.raises(DatabaseError, match="`astra init` upgrades it"):
        schema.check(connection, empty.schema)
    schema.upgrade(connection, empty.schema)
    schema.check(connection, empty.schema)
    connection.close()


def test_a_failing_migration_leaves_nothing_behind(connection, config):
    known = schema.migrations()
    bad = schema.Migration(len(known) + 1, "bad.sql", "CREATE TABLE half (a integer); SELECT 1/0")
    with pytest.raises(DatabaseError, match="division by zero"):
        schema.upgrade(connection, config.schema, (*known, bad))
    assert rows(connection, "SELECT to_regclass('half')") == [(None,)]
    schema.check(connection, config.schema)


def test_a_schema_name_is_only_ever_a_name(empty):
    odd = replace(empty, schema='a "b"; DROP TABLE c; --')
    initialise(odd)
    assert initialise(odd).applied == []
    connection = connect(odd)
    assert rows(connection, "SELECT current_schema()") == [(odd.schema,)]
    connection.close()


def test_a_table_of_the_survey_is_left_as_it_is(empty):
    connection = psycopg2.connect(empty.database_url)
    rows(connection, """
        CREATE SCHEMA bossnet;
        CREATE TABLE bossnet.source (pk serial PRIMARY KEY, sdss_id bigint, ra float, dec float);
        CREATE TABLE bossnet.spectrum (pk serial PRIMARY KEY, spectrum_flags bigint);
        SELECT 1""")
    describe = """
        SELECT c.relname, c.relchecks, c.relhastriggers, c.relhasindex, c.relacl::text,
               array_agg(a.attname::text ORDER BY a.attnum), obj_description(c.oid, 'pg_class'),
               (SELECT count(*) FROM pg_index WHERE indrelid = c.oid)
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.oid IN ('bossnet.source'::regclass, 'bossnet.spectrum'::regclass)
        GROUP BY c.oid ORDER BY 1"""
    # The rights given to the reader are all that may differ.
    before = [row[:4] + row[5:] for row in rows(connection, describe)]
    initialise(empty)
    assert [row[:4] + row[5:] for row in rows(connection, describe)] == before
    made = rows(connection, "SELECT relations FROM bossnet.bossnet_migration WHERE number = 1")
    assert not {"source", "spectrum"} & set(made[0][0])
    connection.close()


def test_a_foreign_boss_net_is_refused(empty):
    connection = psycopg2.connect(empty.database_url)
    rows(connection, "CREATE SCHEMA bossnet; CREATE TABLE bossnet.boss_net (task_pk int);"
                     "SELECT 1")
    connection.close()
    with pytest.raises(DatabaseError, match="already has a boss_net"):
        initialise(empty)


def test_the_printed_sql_makes_the_same_database(empty):
    connection = psycopg2.connect(empty.database_url)
    connection.autocommit = True
    for statement in script(empty).split("COMMIT;"):
        connection.cursor().execute(statement.replace("BEGIN;", ""))
    connection.close()
    assert initialise(empty).applied == []


def test_noise_key_is_the_spectrum_by_default_and_can_be_given(connection):
    insert = "INSERT INTO spectrum (noise_key) VALUES (%s) RETURNING pk, noise_key"
    [(pk, noise_key)] = rows(connection, insert, (None,))
    assert noise_key == pk
    assert rows(connection, insert, (77,))[0][1] == 77


def test_nan_is_not_a_result(connection):
    with pytest.raises(psycopg2.errors.CheckViolation):
        rows(connection, "INSERT INTO boss_net (spectrum_pk, v_astra, teff) "
                         "VALUES (1, 1000, 'NaN')")


def test_null_identities_count_as_equal(connection):
    insert = """
        WITH s AS (INSERT INTO spectrum DEFAULT VALUES RETURNING pk)
        INSERT INTO boss_visit_spectrum (spectrum_pk, release, filetype, mjd, plateid, fiberid)
        SELECT pk, 'dr17', 'spec', 55000, 1, 2 FROM s RETURNING 1"""
    rows(connection, insert)
    with pytest.raises(psycopg2.errors.UniqueViolation):
        rows(connection, insert)
