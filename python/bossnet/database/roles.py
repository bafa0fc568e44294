"""The reader and the writer role: made where that is allowed, else told to the administrator."""

from dataclasses import dataclass, field

from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from bossnet.database.connection import READER, WRITER
from bossnet.database.schema import PACKAGE, readable_errors

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('bossnet roles', 0))"
_MISSING_ROLES = """
    SELECT name FROM unnest(ARRAY['bossnet_reader', 'bossnet_writer']) AS name
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)"""
_UNREADABLE = """
    SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm')
      AND NOT has_table_privilege('bossnet_reader', c.oid, 'SELECT') ORDER BY 1"""
# Functions that a selection could do more by than the reader may.
_WITH_OWNERS_RIGHTS = """
    SELECT f.oid::regprocedure::text FROM pg_proc AS f JOIN pg_namespace AS n
        ON n.oid = f.pronamespace
    WHERE f.prosecdef AND n.nspname !~ '^(pg_|information_schema$)'
      AND has_schema_privilege('bossnet_reader', n.oid, 'USAGE')
      AND has_function_privilege('bossnet_reader', f.oid, 'EXECUTE') ORDER BY 1"""
# Another application's tables, in a schema that none of ours is in.
_NEIGHBOURS = """
    SELECT DISTINCT n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema$)'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
      AND NOT EXISTS (SELECT FROM pg_class AS own
                      WHERE own.relnamespace = n.oid AND own.relname = 'bossnet_migration')
    ORDER BY 1"""


@dataclass(frozen=True, slots=True)
class Roles:
    """What became of the roles.

    Attributes:
        remarks: what could not be done, and why; a line each.
        sql: the statements for an administrator that are still to be done; empty if none.
    """

    remarks: list[str] = field(default_factory=list)
    sql: str = ""


def settle(connection: Connection, schema: str) -> Roles:
    """Make the roles, give them their rights, and take from PUBLIC what a reader must not do.

    The last only in a database that holds nothing else, where nobody's habits depend on it.

    Raises:
        DatabaseError: Postgres refused something for another reason than a missing right.
    """
    remarks: list[str] = []
    undone: list[str] = []

    def attempt(file: str, what: str) -> bool:
        connection.notices = []
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(_LOCK)
                cursor.execute((PACKAGE / file).read_text())
            # Of a right that is not one's own to give or take, Postgres only warns.
            refusals = [notice.removeprefix("WARNING:").strip() for notice in connection.notices
                        if notice.startswith("WARNING:")]
        except errors.InsufficientPrivilege as e:
            refusals = [str(e.diag.message_primary)]
        if refusals:
            more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
            remarks.append(f"{what}: {refusals[0]}{more}")
            undone.append(file)
        return not refusals

    with readable_errors(schema):
        made = attempt("roles.sql", "the roles could not be made or altered")
        if not made and _column(connection, _MISSING_ROLES):
            return Roles(remarks, script(schema))
        attempt("grants.sql", f"the rights of {READER} and {WRITER} could not be given")
        unreadable = _column(connection, _UNREADABLE)
        if unreadable:
            remarks.append(f"{READER} may not read {', '.join(unreadable)}: its owner has to grant "
                           "SELECT on it")
        definers = _column(connection, _WITH_OWNERS_RIGHTS)
        if definers:
            remarks.append(f"a selection may call functions that run with their owner's rights: "
                           f"{', '.join(definers)}; if they do more than read, revoke EXECUTE on "
                           "them from PUBLIC")
        neighbours = _column(connection, _NEIGHBOURS)
        if neighbours:
            remarks.append("the database is shared with " + ", ".join(neighbours) + ": PUBLIC "
                           "keeps its default rights here (temporary tables, cancelling one's own "
                           "sessions, large objects); the SQL that takes them is for its "
                           "administrator to decide on")
            undone.append("restrictions.sql")
        else:
            attempt("restrictions.sql", "PUBLIC keeps rights that a reader should not have")
    return Roles(remarks, script(schema, undone) if undone else "")


def script(schema: str, names: list[str] | None = None) -> str:
    """The statements that ``settle`` executes, for ``psql``, all or those of some files."""
    quoted = '"' + schema.replace('"', '""') + '"'
    texts = [(PACKAGE / name).read_text().strip()
             for name in names or ["roles.sql", "grants.sql", "restrictions.sql"]]
    return "\n\n".join([f"SET search_path = {quoted};", *texts]) + "\n"


def _column(connection: Connection, query: str) -> list[str]:
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]
