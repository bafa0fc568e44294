"""The schema's version: numbered migrations, each applied once, in order, in its transaction."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bossnet.errors import DatabaseError

PACKAGE = files("bossnet.database")
SILENCE = 120.0  #: seconds without a sign of life after which a run is not going on any more
PATIENCE = 30.0  #: seconds that a migration waits for a table; whoever needs it waits behind it

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('bossnet schema ' || %s, 0))"
_BUSY = """
    SELECT pk, hostname FROM bossnet_run
    WHERE state = 'running' AND heartbeat > now() - %s * interval '1 s' ORDER BY pk LIMIT 1"""
_APPLIED = "SELECT number, name, sha256 FROM bossnet_migration ORDER BY number"
_BEFORE = """
CREATE TEMPORARY TABLE bossnet_relations_before ON COMMIT DROP AS
SELECT relname::text AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"""
_RECORD = """
INSERT INTO bossnet_migration (number, name, sha256, relations)
SELECT {number}, {name}, {sha256}, coalesce(array_agg(relname::text ORDER BY relname), '{{}}')
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v')
  AND relname NOT IN (SELECT name FROM bossnet_relations_before)"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered ``.sql`` file of the package.

    Attributes:
        number: from 1, without gaps.
        name: the file's name.
        text: its statements.
    """

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """Every migration this version knows, in order."""
    found = sorted((file.name, file.read_text()) for file in (PACKAGE / "migrations").iterdir()
                   if file.name.endswith(".sql"))
    known = tuple(Migration(int(name.split("_")[0]), name, text) for name, text in found)
    if [m.number for m in known] != list(range(1, len(known) + 1)):
        raise DatabaseError("the migrations of this installation are not numbered 1, 2, ...: "
                            "install the package again")
    return known


def upgrade(connection: Connection, schema: str, known: tuple[Migration, ...] | None = None, *,
            patience: float = PATIENCE) -> list[str]:
    """Bring the schema to this version, made first if need be; the names of what was applied.

    Safe to repeat, and to do from several processes at once.

    Args:
        connection: with the schema as its search path.
        schema: its name.
        known: the migrations, by default all of this version.
        patience: seconds to wait for a table that somebody uses.

    Raises:
        DatabaseError: a right is missing, the schema is newer than this version, an applied
            migration was altered, a table of that name is not this package's, or a table is in
            use, be it by a run; what was applied before is kept.
    """
    known = migrations() if known is None else known
    applied = []
    make(connection, schema)
    with readable_errors(schema):
        for migration in known:
            with connection, connection.cursor() as cursor:
                cursor.execute(LOCK, (schema,))
                if migration.number > (number := _judge(cursor, schema, known)):
                    _refuse_beside_a_run(cursor, schema, number)
                    wait_for_tables(cursor, patience)
                    for statement in _statements(migration):
                        cursor.execute(statement)
                    applied.append(migration.name)
        with connection, connection.cursor() as cursor:
            _judge(cursor, schema, known)
    return applied


def make(connection: Connection, schema: str) -> None:
    """The schema, without a table yet but for its version's, if it is not there.

    Raises:
        DatabaseError: a right is missing.
    """
    with readable_errors(schema), connection, connection.cursor() as cursor:
        cursor.execute(LOCK, (schema,))
        _make(cursor, schema)


def wait_for_tables(cursor: Cursor, patience: float = PATIENCE) -> None:
    """In this transaction, waits so many seconds for a table that somebody uses, and no longer."""
    cursor.execute("SELECT set_config('lock_timeout', %s, true)", (str(round(1000 * patience)),))


def check(connection: Connection, schema: str) -> None:
    """Whether the schema is at this version.

    Raises:
        DatabaseError: it is not there, older or newer, or was made by altered migrations.
    """
    known = migrations()
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('bossnet_migration') IS NOT NULL")
        there = cursor.fetchone()
        number = _judge(cursor, schema, known) if there and there[0] else 0
    if number == 0:
        raise DatabaseError(f"schema {schema!r} has no tables of this package: `astra init` makes "
                            "them")
    if number < len(known):
        raise DatabaseError(f"schema {schema!r} is at version {number}, this package needs "
                            f"{len(known)}: `astra init` upgrades it")


def script(schema: str) -> str:
    """All that ``upgrade`` would do to an empty schema, as SQL for ``psql``."""
    quoted = sql.Identifier(schema)
    parts = [f"CREATE SCHEMA IF NOT EXISTS {_text(quoted)};\nSET search_path = {_text(quoted)};",
             (PACKAGE / "migration.sql").read_text()]
    for migration in migrations():
        body = "\n".join(_text(part).strip() + ("" if part is migration.text else ";")
                         for part in _statements(migration))
        parts.append(f"-- {migration.name}\nBEGIN;\n{body}\nCOMMIT;")
    return "\n\n".join(part.strip() for part in parts) + "\n"


@contextmanager
def readable_errors(schema: str) -> Iterator[None]:
    """Turn what Postgres refuses into a DatabaseError that says what to do."""
    try:
        yield
    except errors.InsufficientPrivilege as e:
        raise DatabaseError(f"schema {schema!r}: {_first_line(e)}: an administrator can do it with "
                            "the output of `astra init --print-sql`") from e
    except errors.LockNotAvailable as e:
        raise DatabaseError(f"schema {schema!r}: a table to be altered is in use: close sessions "
                            "that hold a transaction open, and repeat") from e
    except psycopg2.Error as e:
        raise DatabaseError(f"schema {schema!r}: {_first_line(e)}") from e


def _make(cursor: Cursor, schema: str) -> None:
    cursor.execute("SELECT to_regnamespace(quote_ident(%s)) IS NOT NULL, "
                   "to_regclass('bossnet_migration') IS NOT NULL", (schema,))
    has_schema, has_migrations = cursor.fetchone() or (False, False)
    if not has_schema:
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    if not has_migrations:
        cursor.execute((PACKAGE / "migration.sql").read_text())


def _refuse_beside_a_run(cursor: Cursor, schema: str, number: int) -> None:
    """A run of the software before would fail in a schema that changes under it."""
    if number == 0:
        return
    cursor.execute("SELECT to_regclass('bossnet_run') IS NOT NULL")
    if (cursor.fetchone() or (False,))[0]:
        cursor.execute(_BUSY, (SILENCE,))
        for pk, hostname in cursor.fetchall():
            raise DatabaseError(f"schema {schema!r} is not upgraded while run {pk} is going on "
                                f"({hostname}): let it end or stop it, and repeat (one that died "
                                f"counts for {SILENCE:.0f} s more)")


def _judge(cursor: Cursor, schema: str, known: tuple[Migration, ...]) -> int:
    """The number of the last applied migration; raises if they are not those of this version."""
    cursor.execute(_APPLIED)
    rows = cursor.fetchall()
    if len(rows) > len(known):
        raise DatabaseError(f"schema {schema!r} is at version {rows[-1][0]}, newer than this "
                            f"package knows ({len(known)}): install a newer astra-bossnet")
    for (number, name, sha256), migration in zip(rows, known, strict=False):
        if (number, sha256) != (migration.number, migration.sha256):
            raise DatabaseError(f"schema {schema!r}: migration {name} was applied in another form "
                                "than this package has it: a released one is never altered; "
                                "install the version that made the schema, or use another schema")
    return len(rows)


def _statements(migration: Migration) -> list[str | sql.Composable]:
    return [sql.SQL(_BEFORE), migration.text,
            sql.SQL(_RECORD).format(number=sql.Literal(migration.number),
                                    name=sql.Literal(migration.name),
                                    sha256=sql.Literal(migration.sha256))]


def _text(part: str | sql.Composable) -> str:
    if isinstance(part, sql.Composed):
        return "".join(map(_text, part))
    if isinstance(part, sql.Identifier):
        return ".".join('"' + name.replace('"', '""') + '"' for name in part.strings)
    if isinstance(part, sql.Literal):
        return "'" + str(part.wrapped).replace("'", "''") + "'"
    return part.string if isinstance(part, sql.SQL) else str(part)


def _first_line(error: psycopg2.Error) -> str:
    diag = error.diag
    hint = f" ({diag.message_hint})" if diag.message_hint else ""
    return f"{diag.message_primary or str(error).strip()}{hint}"
