"""The roles: a reader that Postgres itself lets do nothing but read, a writer that writes."""

from contextlib import ExitStack
from dataclasses import replace
from functools import cache

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege, QueryCanceled

from bossnet.config import Config
from bossnet.database.connection import READER as READER_ROLE
from bossnet.database.connection import WRITER as WRITER_ROLE
from bossnet.database.connection import connect_reader
from bossnet.database.initialise import initialise
from bossnet.errors import DatabaseError
from database.rights import READER, WRITER

VERSIONS = pytest.mark.parametrize("version", [18, 16], ids=["postgres-18", "postgres-16"])


@pytest.fixture(scope="module")
def sessions(database_of):
    """Sessions of a role without its own settings, such as read-only: rights alone protect."""
    with ExitStack() as stack:
        @cache
        def url(version):
            return stack.enter_context(database_of(version))

        @cache
        def session(version, role):
            connection = connected(url(version), role)
            stack.callback(connection.close)
            with connection, connection.cursor() as cursor:
                cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
            return connection

        yield session


def connected(url, role):
    """A session of a role, as that of any program."""
    return psycopg2.connect(url.replace("postgres@", f"{role}@"))


def refusal(connection, statement):
    """How Postgres refuses a statement, which is not carried out; None if it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        return None
    except psycopg2.Error as e:
        return type(e)
    finally:
        connection.rollback()


@VERSIONS
@pytest.mark.parametrize("statement", READER.values(), ids=READER)
def test_a_reader_may_not(sessions, version, statement):
    assert refusal(sessions(version, READER_ROLE), statement) is InsufficientPrivilege


@VERSIONS
@pytest.mark.parametrize("statement", WRITER.values(), ids=WRITER)
def test_a_writer_may_not(sessions, version, statement):
    assert refusal(sessions(version, WRITER_ROLE), statement) is InsufficientPrivilege


def test_no_function_of_the_package_has_its_owners_rights(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'bossnet'::regnamespace "
                       "AND prosecdef")
        assert cursor.fetchall() == []


def test_a_function_that_lets_a_selection_do_more_is_said(config, connection):
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE FUNCTION public.peek(name text) RETURNS text LANGUAGE sql "
                       "SECURITY DEFINER AS 'SELECT pg_read_file(name)'")
    [remark] = initialise(config).remarks
    assert "with their owner's rights: public.peek(text)" in remark
    with connection, connection.cursor() as cursor:
        cursor.execute("REVOKE EXECUTE ON FUNCTION public.peek FROM PUBLIC")
    assert initialise(config).remarks == []


def test_what_a_role_sets_for_itself_does_not_loosen_a_selection(config):
    own = connected(config.database_url, READER_ROLE)
    own.autocommit = True
    settings = ("statement_timeout = 0", "default_transaction_read_only = off",
                "search_path = pg_catalog")
    with own.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        for place in ("", f" IN DATABASE {own.info.dbname}"):
            for setting in settings:
                cursor.execute(f"ALTER ROLE {READER_ROLE}{place} SET {setting}")
    try:
        connection = connect_reader(config, timeout=0.2)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('transaction_read_only'), current_schema()")
            assert cursor.fetchone() == ("on", "bossnet")
            with pytest.raises(QueryCanceled):
                cursor.execute("SELECT pg_sleep(30)")
        connection.close()
    finally:
        with own.cursor() as cursor:
            cursor.execute(f"ALTER ROLE {READER_ROLE} RESET ALL")
        own.close()


@pytest.fixture
def reader(config):
    connection = connect_reader(config)
    yield connection
    connection.close()


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
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE maker LOGIN; GRANT CREATE ON SCHEMA bossnet TO maker")
    try:
        url = config.database_url.replace("postgres@", "maker@")
        with pytest.raises(DatabaseError, match="may make tables or functions in schema bossnet"):
            connect_reader(replace(config, reader_url=url))
    finally:
        with connection, connection.cursor() as cursor:
            cursor.execute("DROP OWNED BY maker; DROP ROLE maker")


def test_a_writer_fills_tables_and_says_how_a_run_goes_on(config):
    connection = connected(config.database_url, WRITER_ROLE)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE t (a integer)")
        cursor.execute("SELECT pg_advisory_xact_lock(1)")
        cursor.execute("INSERT INTO source (ra) VALUES (1)")
        cursor.execute("INSERT INTO spectrum DEFAULT VALUES RETURNING pk")
        [spectrum] = cursor.fetchone()
        cursor.execute("INSERT INTO bossnet_run (task, v_astra, seed) VALUES ('bossnet', 1000, 3) "
                       "RETURNING pk")
        [run] = cursor.fetchone()
        cursor.execute("SELECT FROM bossnet_run FOR UPDATE")
        cursor.execute("UPDATE bossnet_run SET state = 'running', n_done = 1, counts = '{}', "
                       "heartbeat = now(), finished = now(), error_message = 'none'")
        cursor.execute("INSERT INTO boss_net (run_pk, spectrum_pk, v_astra) VALUES (%s, %s, 1000)",
                       (run, spectrum))
        cursor.execute("UPDATE boss_net SET teff = NULL")
        cursor.execute("INSERT INTO bossnet_chunk (run_pk, table_name, spectrum_pks, n) "
                       "VALUES (%s, 'lamost_spectrum', %s, 1)", (run, [spectrum]))
        cursor.execute("DELETE FROM bossnet_chunk")
    connection.close()


def test_rights_that_were_given_too_much_are_taken_back(config, connection):
    with connection, connection.cursor() as cursor:
        cursor.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA bossnet TO {WRITER_ROLE}, {READER_ROLE};"
                       f"GRANT ALL ON ALL SEQUENCES IN SCHEMA bossnet TO {WRITER_ROLE};"
                       f"GRANT EXECUTE ON FUNCTION lo_create(oid) TO {WRITER_ROLE}")
    initialise(config)
    for role in (WRITER_ROLE, READER_ROLE):
        own = connected(config.database_url, role)
        for statement in ("DELETE FROM boss_net", "SELECT nextval('boss_net_task_pk_seq')",
                          "UPDATE bossnet_run SET seed = 1", "SELECT lo_create(0)"):
            assert refusal(own, statement) is not None, (role, statement)
        own.close()


def test_a_table_that_is_not_of_this_package_may_only_be_read(config, connection):
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE theirs (a integer)")
    initialise(config)
    for role in (WRITER_ROLE, READER_ROLE):
        own = connected(config.database_url, role)
        assert refusal(own, "SELECT * FROM theirs") is None
        assert refusal(own, "UPDATE theirs SET a = 1") is not None
        own.close()


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
