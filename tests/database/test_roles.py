"""The roles: a reader that Postgres itself lets do nothing but read, a writer that writes."""

from dataclasses import replace

import psycopg2
import pytest

from bossnet.config import Config
from bossnet.database.connection import connect, connect_reader
from bossnet.database.initialise import initialise
from bossnet.errors import DatabaseError

REFUSED = [
    "INSERT INTO spectrum DEFAULT VALUES",
    "UPDATE source SET ra = 0",
    "DELETE FROM boss_net",
    "TRUNCATE boss_net",
    "CREATE TABLE mine (a integer)",
    "CREATE TABLE public.mine (a integer)",
    "CREATE TEMPORARY TABLE mine (a integer)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "SET ROLE postgres",
    "SET ROLE bossnet_writer",
    "SET SESSION AUTHORIZATION postgres",
    "ALTER ROLE bossnet_reader SUPERUSER",
    "SELECT set_config('role', 'bossnet_writer', false)",
    "SELECT nextval('spectrum_pk_seq')",
    "SELECT setval('spectrum_pk_seq', 1)",
    "SELECT * FROM source FOR UPDATE",
    "SELECT query_to_xml('SELECT lo_get(1)', true, true, '')",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "COPY source TO '/tmp/x'",
    "COPY source TO PROGRAM 'cat'",
    "COPY source FROM PROGRAM 'echo'",
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_get(1)",
    "SELECT lo_open(1, 262144)",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT pg_cancel_backend(pg_backend_pid())",
    "SELECT pg_terminate_backend(pg_backend_pid())",
    "SELECT * FROM pg_stat_activity",
    "SELECT * FROM pg_locks",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock(1)",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_switch_wal()",
    "LOCK TABLE boss_net IN ACCESS EXCLUSIVE MODE",
]


@pytest.fixture
def reader(config):
    connection = connect_reader(config)
    yield connection
    connection.close()


@pytest.fixture
def undressed(config):
    """The reader's session without its read-only transactions: rights alone protect."""
    connection = connect_reader(config)
    connection.set_session(readonly=False)
    with connection, connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)
    yield connection
    connection.close()


def test_a_reader_is_refused_by_its_rights_alone(undressed):
    allowed = []
    for statement in REFUSED:
        with undressed.cursor() as cursor:
            try:
                cursor.execute(statement)
                allowed.append(statement)
            except psycopg2.errors.InsufficientPrivilege:
                pass
        undressed.rollback()
    assert allowed == []


def test_a_reader_reads_every_table_and_view(reader, connection):
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later (a integer)")
        cursor.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') "
                       "AND relnamespace = 'bossnet'::regnamespace")
        names = [name for (name,) in cursor.fetchall()]
    assert {"later", "boss_net", "boss_net_catalog", "bossnet_run"} <= set(names)
    with reader.cursor() as cursor:
        for name in names:
            cursor.execute(f"SELECT * FROM {name}")


def test_a_readers_session_is_read_only_and_stops_by_itself(config):
    connection = connect_reader(config, timeout=0.2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text, current_setting('transaction_read_only')")
        assert cursor.fetchone() == ("bossnet_reader", "on")
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.execute("SELECT pg_sleep(30)")
    connection.close()


def test_a_reader_that_could_do_more_is_refused(config, connection):
    for right, words in (("SUPERUSER", "is a superuser"), ("CREATEDB", "may make roles")):
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE ROLE strong LOGIN {right}")
        try:
            url = config.database_url.replace("postgres@", "strong@")
            with pytest.raises(DatabaseError, match=words):
                connect_reader(replace(config, reader_url=url))
        finally:
            with connection, connection.cursor() as cursor:
                cursor.execute("DROP ROLE strong")
    url = config.database_url.replace("postgres@", "bossnet_writer@")
    with pytest.raises(DatabaseError, match="may write tables"):
        connect_reader(replace(config, reader_url=url))


def test_a_writer_fills_tables_and_changes_no_schema(config):
    url = config.database_url.replace("postgres@", "bossnet_writer@")
    connection = connect(replace(config, database_url=url))
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE t (a integer)")
        cursor.execute("INSERT INTO spectrum DEFAULT VALUES")
        cursor.execute("UPDATE boss_net SET teff = NULL")
        cursor.execute("DELETE FROM boss_net")
    for statement in ("DROP TABLE boss_net", "CREATE TABLE bossnet.a (b integer)",
                      "DELETE FROM bossnet_migration", "SELECT pg_read_file('PG_VERSION')"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege), connection, \
                connection.cursor() as cursor:
            cursor.execute(statement)
    connection.close()


def test_without_the_right_to_make_roles_the_rest_is_made_and_the_sql_is_told(
        empty_database_url, tmp_path):
    admin = psycopg2.connect(empty_database_url)
    admin.autocommit = True
    name = admin.info.dbname
    with admin.cursor() as cursor:
        cursor.execute("CREATE ROLE plain LOGIN")
        cursor.execute(f"ALTER DATABASE {name} OWNER TO plain")
    try:
        plain = Config(tmp_path, database_url=empty_database_url.replace("postgres@", "plain@"))
        done = initialise(plain)
        assert done.applied
        assert done.remarks
        for piece in ("CREATE ROLE", "REVOKE EXECUTE ON FUNCTION", 'SET search_path = "bossnet"'):
            assert piece in done.administrator_sql
        with admin.cursor() as cursor:
            cursor.execute(done.administrator_sql)
        again = initialise(plain)
        assert (again.applied, again.remarks, again.administrator_sql) == ([], [], "")
        connect_reader(plain).close()
    finally:
        with admin.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} OWNER TO postgres")
            cursor.execute("REASSIGN OWNED BY plain TO postgres; DROP OWNED BY plain;"
                           "DROP ROLE plain")
        admin.close()


def test_in_a_shared_database_public_keeps_its_rights(empty_database_url, tmp_path):
    neighbour = psycopg2.connect(empty_database_url)
    with neighbour, neighbour.cursor() as cursor:
        cursor.execute("CREATE SCHEMA other; CREATE TABLE other.things (a integer)")
    done = initialise(Config(tmp_path, database_url=empty_database_url))
    assert "shared with other" in done.remarks[0]
    assert "REVOKE EXECUTE" in done.administrator_sql
    with neighbour.cursor() as cursor:
        cursor.execute("SELECT has_function_privilege('bossnet_reader', 'lo_create(oid)',"
                       " 'EXECUTE')")
        assert cursor.fetchone() == (True,)
    neighbour.close()
