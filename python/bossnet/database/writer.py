"""Results into their table in bulk: COPY, then one upsert on the table's key."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bossnet.database.copying import copy_into_temporary
from bossnet.errors import DatabaseError

KEY = ("spectrum_pk", "v_astra_major_minor", "tag")  #: of every results table (contract, 7)
KEPT = ("task_pk", "created", "modified")  #: the database's own, never written from outside

_COLUMNS = """
    SELECT attname, atttypid = 'real'::regtype FROM pg_attribute
    WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped
      AND attgenerated = '' AND attname <> ALL (%s) ORDER BY attnum"""
_INSERT = sql.SQL("INSERT INTO {table} ({columns}) SELECT {columns} FROM {incoming} "
                  "ON CONFLICT ({key}) DO {action}")


def columns_of(cursor: Cursor, table: str) -> dict[str, bool]:
    """The columns that a writer fills, in the table's order, and whether each is of type real."""
    cursor.execute(_COLUMNS, (table, list(KEPT)))
    columns = dict(cursor.fetchall())
    if not columns:
        raise DatabaseError(f"there is no table {table!r} in the schema: `astra init` makes it")
    return columns


def upsert(connection: Connection, table: str, rows: Iterable[Mapping[str, Any]],
           *, overwrite: bool = False) -> int:
    """Write results; the transaction stays open, its end is the caller's.

    Args:
        connection: with the schema as its search path.
        table: a results table, such as ``boss_net``.
        rows: values by column name. The columns written are the table's own, whatever the first
            row has: one that a row lacks, or that is NaN or infinite, is NULL.
        overwrite: whether a row that is there under the same key is made again (keeping its
            ``task_pk`` and ``created``), or stays as it is.

    Returns:
        How many rows were written.

    Raises:
        DatabaseError: the table is not there, or a row has a column that it lacks.
    """
    with connection.cursor() as cursor:
        columns = columns_of(cursor, table)
        incoming = copy_into_temporary(
            cursor, f"incoming_{table}", table, list(columns), _values(table, columns, rows),
            reals={name for name, is_real in columns.items() if is_real})
        action = sql.SQL("NOTHING")
        if overwrite:
            changed = [sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name))
                       for name in columns if name not in KEY]
            changed.append(sql.SQL("modified = timezone('utc', now())"))
            action = sql.SQL("UPDATE SET {}").format(sql.SQL(", ").join(changed))
        cursor.execute(_INSERT.format(
            table=sql.Identifier(table), incoming=incoming, action=action,
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            key=sql.SQL(", ").join(map(sql.Identifier, KEY))))
        return cursor.rowcount


def _values(table: str, columns: Collection[str],
            rows: Iterable[Mapping[str, Any]]) -> Iterable[list[Any]]:
    known = set(columns)
    for row in rows:
        if not known.issuperset(row):
            raise DatabaseError(f"table {table!r} has no column to write "
                                f"{', '.join(sorted(set(row) - known))} to")
        yield [row.get(name) for name in columns]
