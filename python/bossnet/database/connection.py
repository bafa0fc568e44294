"""Connections to the database, with errors that say what to do and never hold a password."""

import re
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import make_dsn, parse_dsn

from bossnet.config import Config
from bossnet.database import embedded
from bossnet.errors import ConfigurationError, DatabaseError

READER = "bossnet_reader"
WRITER = "bossnet_writer"
OLDEST = 15  #: UNIQUE NULLS NOT DISTINCT came with it
FORM = "postgresql://USER@HOST:PORT/DATABASE"

_CONNECT_TIMEOUT = 10  # seconds
#: A server that vanishes without a word, with its machine or the network, is noticed in a minute.
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
              "tcp_user_timeout": 60_000}
_OF_TLS = re.compile("certificate|SSL error|not support SSL|no encryption")  # what libpq then says
_RIGHTS_A_READER_LACKS = """
    SELECT CASE
        WHEN rolsuper THEN 'is a superuser'
        WHEN rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
            THEN 'may make roles or databases, replicate or pass row security'
        WHEN EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid
                     AND pg_get_userbyid(roleid) <> %(reader)s)
            THEN 'is a member of another role, whose rights it could take'
        WHEN EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                     WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'p')
                       AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
            THEN 'may write tables of schema ' || %(schema)s
        WHEN has_schema_privilege(quote_ident(%(schema)s), 'CREATE')
            THEN 'may make tables or functions in schema ' || %(schema)s
    END
    FROM pg_roles WHERE rolname = session_user
"""


def connect(config: Config, *, application: str = "bossnet") -> Connection:
    """A connection of the operator's own role, with the configured schema as search path.

    Raises:
        DatabaseError: no connection, or a Postgres older than 15.
        ConfigurationError: the URL cannot be used.
    """
    return _open(_parameters(config), config.schema, application)


def connect_reader(config: Config, *, timeout: float | None = None,
                   application: str = "bossnet selection") -> Connection:
    """A read-only connection that logs in as the reader role (contract, section 8).

    ``reader_url`` of the configuration, else the database's URL with user ``bossnet_reader``
    and no password of ours (trust or a password file). A role with more rights than reading
    is refused.

    Args:
        config: the configuration.
        timeout: seconds after which Postgres stops a statement; by default the configuration's.
        application: the name Postgres shows for the session.

    Raises:
        DatabaseError: as for ``connect``; or the role could do more than read.
        ConfigurationError: the URL cannot be used.
    """
    if config.reader_url:
        parameters = _parsed(config.reader_url, "the reader's URL")
    else:
        # An empty password keeps PGPASSWORD, the operator's, out; a password file still speaks.
        parameters = _parameters(config) | {"user": READER, "password": ""}
    seconds = config.selection_timeout if timeout is None else timeout
    connection = _open(parameters, config.schema, application)
    with connection, connection.cursor() as cursor:
        cursor.execute(_RIGHTS_A_READER_LACKS, {"schema": config.schema, "reader": READER})
        found = cursor.fetchone()
        cursor.execute("SELECT set_config('statement_timeout', %s, false)",
                       (str(max(1, round(1000 * seconds))),))
    if found is not None and found[0] is not None:
        user = connection.info.user
        connection.close()
        raise DatabaseError(f"role {user!r} {found[0]}: selections are only evaluated by a role "
                            f"that can do nothing but read, such as {READER} (`astra init`)")
    connection.set_session(readonly=True)
    return connection


def describe(config: Config) -> str:
    """The database in words, without a password: ``database 'd' on host 'h' as user 'u'``."""
    return _describe(_parameters(config))


def _parameters(config: Config) -> dict[str, Any]:
    if config.database_url:
        return _parsed(config.database_url, "the database's URL")
    return parse_dsn(embedded.start(config.home))


def _parsed(url: str, what: str) -> dict[str, Any]:
    # A password with an @, / or # in it makes libpq find its pieces in the host or the port,
    # and name them in its errors: such a URL is refused without being shown.
    try:
        parameters = parse_dsn(url)
    except psycopg2.ProgrammingError:
        parameters = {"host": "@"}
    shown = [str(parameters.get(name, "")) for name in ("host", "dbname", "user")]
    port = str(parameters.get("port", ""))
    if any("@" in text or "://" in text for text in shown) or not re.fullmatch(r"[\d,]*", port):
        raise ConfigurationError(f"{what} cannot be understood (it is not shown, as it may hold a "
                                 f"password): write {FORM}, with @ / : and % in a password "
                                 "written as %40 %2F %3A %25")
    return parameters


def _open(parameters: dict[str, Any], schema: str, application: str) -> Connection:
    settled = {"connect_timeout": _CONNECT_TIMEOUT} | _KEEPALIVE | parameters
    settled["application_name"] = application
    try:
        connection = psycopg2.connect(make_dsn(**settled))
    except (psycopg2.Error, UnicodeError) as e:
        # Without its cause: a traceback would show libpq's own message.
        raise DatabaseError(f"{_describe(parameters)}: no connection: "
                            f"{_scrubbed(str(e), parameters)}") from None
    version = connection.server_version // 10_000
    if version < OLDEST:
        connection.close()
        raise DatabaseError(f"{_describe(parameters)}: Postgres {version} is too old: "
                            f"{OLDEST} or newer is needed")
    with connection, connection.cursor() as cursor:
        path = sql.Identifier(schema).as_string(connection)
        cursor.execute("SELECT set_config('search_path', %s, false)", (path,))
    return connection


def _describe(parameters: dict[str, Any]) -> str:
    user = parameters.get("user")
    return (f"database {parameters.get('dbname') or user or 'of the user'!r} on host "
            f"{parameters.get('host') or 'local socket'!r}"
            + (f" as user {user!r}" if user else ""))


def _scrubbed(message: str, parameters: dict[str, Any]) -> str:
    password = parameters.get("password")
    if password:
        message = message.replace(str(password), "***")
    lines = [line.strip() for line in message.splitlines() if line.strip()
             and not line.strip().startswith("Is the server running")]
    advice = "is it running, and are host and port right?"
    if _OF_TLS.search(message):
        advice = "check sslmode, sslrootcert and the host's name in the URL"
    elif "authentication" in message or "password" in message or "pg_hba" in message:
        advice = ("check user and password (in the URL, PGPASSWORD or ~/.pgpass), and that "
                  "pg_hba.conf lets this user in")
    elif "does not exist" in message:
        advice = "make it, or `astra init` if it is a role of this package"
    return f"{'; '.join(lines)} ({advice})"
