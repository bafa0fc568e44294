"""Upgrading what a released version left: the newest schema and rights, and every row as it was."""

import re

import pytest

from bossnet.config import Config
from bossnet.database import schema
from bossnet.database.connection import connect
from bossnet.database.initialise import initialise
from bossnet.errors import DatabaseError
from database.released import FIRST, restore

#: What later migrations alter of released rows, on purpose, by table.
ALTERED = {"bossnet_chunk": {
    "heartbeat",  # is the worker's since 0004
    "state"}}  # a chunk of a worker that could not be found dead is given back by 0004

ROWS = "SELECT to_jsonb(t) FROM {} AS t ORDER BY to_jsonb(t)::text"
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'bossnet'::regnamespace " \
         "AND relkind IN ('r', 'p') ORDER BY 1"

#: Everything that there is in the schema, as pairs of what it is and how it is.
DEFINITIONS = """
    WITH relation AS (SELECT * FROM pg_class WHERE relnamespace = 'bossnet'::regnamespace)
    SELECT format('%s %s', relkind, relname), obj_description(oid, 'pg_class')
    FROM relation
    UNION ALL SELECT format('column %s.%s', relname, attname),
           concat_ws(' | ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                     pg_get_expr(adbin, adrelid), col_description(relation.oid, attnum))
    FROM relation JOIN pg_attribute ON attrelid = relation.oid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('constraint %s.%s', relname, conname), pg_get_constraintdef(c.oid)
    FROM relation JOIN pg_constraint AS c ON conrelid = relation.oid
    UNION ALL SELECT format('index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM relation JOIN pg_index ON indrelid = relation.oid
    UNION ALL SELECT format('trigger %s', tgname), pg_get_triggerdef(t.oid)
    FROM relation JOIN pg_trigger AS t ON tgrelid = relation.oid WHERE NOT tgisinternal
    UNION ALL SELECT format('statistics %s', stxname), pg_get_statisticsobjdef(oid)
    FROM pg_statistic_ext WHERE stxnamespace = 'bossnet'::regnamespace
    UNION ALL SELECT format('view %s', relname), pg_get_viewdef(oid)
    FROM relation WHERE relkind IN ('v', 'm')
    UNION ALL SELECT format('function %s', proname), pg_get_functiondef(oid)
    FROM pg_proc WHERE pronamespace = 'bossnet'::regnamespace
    UNION ALL SELECT format('right of %s to %s', grantee::regrole, relname), privilege_type
    FROM relation, aclexplode(coalesce(relacl, acldefault(
        CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)))
    WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL SELECT format('right of %s to %s.%s', grantee::regrole, relname, attname),
           privilege_type
    FROM relation JOIN pg_attribute ON attrelid = relation.oid, aclexplode(attacl)
    ORDER BY 1, 2"""


def rows(connection, query):
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def contents(connection):
    """All rows, by table."""
    return {table: [row for (row,) in rows(connection, ROWS.format(table))]
            for (table,) in rows(connection, TABLES)}


@pytest.fixture
def released(empty_database_url, tmp_path):
    """A connection to what the first released version left."""
    restore(empty_database_url)
    connection = connect(Config(tmp_path, database_url=empty_database_url))
    yield connection
    connection.close()


@pytest.fixture
def left(released, empty_database_url, tmp_path):
    """The configuration of that database."""
    return Config(tmp_path, database_url=empty_database_url)


def test_a_released_migration_was_never_altered(released, left):
    known = schema.migrations()[:FIRST]
    assert rows(released, "SELECT number, name, sha256 FROM bossnet_migration ORDER BY 1") == [
        (m.number, m.name, m.sha256) for m in known]


def test_there_are_rows_in_every_table_of_what_was_released(released):
    assert all(contents(released).values())


def test_what_was_released_is_older_than_this_version_and_says_so(released, left):
    with pytest.raises(DatabaseError, match="`astra init` upgrades it"):
        schema.check(released, left.schema)


def test_upgrading_keeps_every_row_as_it_was(released, left):
    before = contents(released)
    done = initialise(left)
    assert done.applied == [m.name for m in schema.migrations()[FIRST:]]
    assert (done.remarks, done.administrator_sql) == ([], "")
    after = contents(released)
    assert before.keys() <= after.keys()
    for table, were in before.items():
        are = after[table] if table != "bossnet_migration" else after[table][:FIRST]
        intact = were[0].keys() - ALTERED.get(table, set())
        assert [{name: row[name] for name in intact} for row in are] == [
            {name: row[name] for name in intact} for row in were], table
    assert rows(released, "SELECT count(*) FROM bossnet_chunk WHERE state = 'claimed'") == [(0,)]


def test_upgrading_gives_the_same_schema_and_rights_as_a_new_one(released, left, connection):
    initialise(left)
    # Brackets are Postgres's own, and not those that were typed.
    upgraded, new = ([(what, re.sub(r"[()\s]", "", how or "")) for what, how
                      in rows(c, DEFINITIONS)] for c in (released, connection))
    assert upgraded == new


def test_nothing_is_upgraded_under_a_run_that_is_going_on(released, left):
    rows(released, "UPDATE bossnet_run SET heartbeat = now() WHERE pk = 5 RETURNING pk")
    with pytest.raises(DatabaseError, match="while run 5 is going on"):
        initialise(left)
    assert rows(released, "SELECT max(number) FROM bossnet_migration") == [(FIRST,)]
    rows(released, "UPDATE bossnet_run SET state = 'interrupted' WHERE pk = 5 RETURNING pk")
    assert initialise(left).applied


def test_a_table_that_somebody_uses_is_not_waited_for_without_end(released, left):
    idle = connect(left)
    idle.cursor().execute("SELECT * FROM bossnet_run")  # and the transaction stays open
    with pytest.raises(DatabaseError, match="is in use: close sessions"):
        schema.upgrade(released, left.schema, patience=0.2)
    assert rows(released, "SELECT max(number) FROM bossnet_migration") == [(FIRST,)]
    idle.close()
    assert initialise(left).applied


def test_upgrading_again_does_nothing(left):
    initialise(left)
    assert initialise(left).applied == []
