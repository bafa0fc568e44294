"""Which results a report is of, and how the database is asked about them.

Everything is asked as the reader role, in one snapshot, and counted by the database: what comes
back does not grow with the number of rows.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bossnet.catalog.choice import Choice, choose
from bossnet.catalog.rows import columns_of
from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.work.interruption import cancellable
from bossnet.work.queries import query
from bossnet.work.selection import settle

PACKAGE = "bossnet.report"


@dataclass(frozen=True, slots=True)
class Scope:
    """The results of one version and tag, or run, within a transaction of the reader.

    Attributes:
        cursor: in that transaction.
        network: whose results.
        choice: which of them.
        columns: of each spectrum table that has rows.
    """

    cursor: Cursor
    network: Network
    choice: Choice
    columns: dict[str, set[str]]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The columns of the catalogue's parameters; velocities are barycentric there."""
        return tuple("v_rad" if p.column == "v_rel" else p.column for p in self.network.parameters)

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def ask(self, name: str, **parts: sql.Composable) -> list[tuple[Any, ...]]:
        """The rows of a named statement of this package."""
        statement = query(name, package=PACKAGE, **self._parts(), **parts)
        cancellable(self.cursor.connection, lambda: self.cursor.execute(statement))
        return self.cursor.fetchall()

    def spectra_of(self, table: str, keys: list[int]) -> list[dict[str, Any]]:
        """Rows of a spectrum table as `work.reading.read_row` takes them, in the keys' order."""
        self.cursor.execute(query("chunk_rows", table=sql.Identifier(table),
                                  keys=sql.Literal(keys), todo=sql.SQL("true")))
        names = [column.name for column in self.cursor.description or ()]
        found = {row["spectrum_pk"]: row for row in (
            dict(zip(names, values, strict=True)) for values in self.cursor.fetchall())}
        return [found[key] for key in keys if key in found]

    def of_star(self) -> str:
        """A statement for people that shows a row, when a spectrum's key is put behind it."""
        parts = {"results": sql.Identifier(self.network.table),
                 "version": sql.Literal(self.choice.version), "tag": sql.Literal(self.choice.tag)}
        text = sql.SQL("SELECT * FROM {results} WHERE v_astra_major_minor = {version} "
                       "AND tag = {tag} AND spectrum_pk = ").format(**parts)
        return text.as_string(self.cursor)

    def _parts(self) -> dict[str, sql.Composable]:
        return {"results": sql.Identifier(self.network.table),
                "catalog": sql.Identifier(f"{self.network.table}_catalog"),
                "chosen": self.choice.condition(), "spectra": self._spectra()}

    def _spectra(self) -> sql.Composed:
        """What each spectrum is: table, object, night (NULL of a co-add, and where its table knows
        none)."""
        return sql.SQL("({})").format(sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT spectrum_pk, source_pk, {name} AS table_name, {mjd} AS mjd FROM {table}"
                    ).format(
                name=sql.Literal(table), table=sql.Identifier(table),
                mjd=self._night(there))
            for table, there in self.columns.items()))

    def _night(self, there: set[str]) -> sql.Composable:
        if "mjd" not in there:
            return sql.SQL("NULL::integer")
        if "filetype" not in there or not self.network.coadded:
            return sql.SQL("mjd::integer")
        return sql.SQL("CASE WHEN filetype = ANY ({}) THEN NULL ELSE mjd::integer END").format(
            sql.Literal(list(self.network.coadded)))


@contextmanager
def opened(reader: Connection, network: Network, *, run: int | None = None,
           version: str | None = None, tag: str | None = None) -> Iterator[Scope]:
    """The results to report on, in one snapshot.

    Args:
        reader: a connection of the reader role, without a transaction.
        network: whose results.
        run: only the rows that this run made.
        version: of the results, such as "0.1".
        tag: of the results.

    Raises:
        ConfigurationError: there are no such results, or of several versions or tags.
    """
    with reader, reader.cursor() as cursor:
        if not columns_of(cursor, network.table):
            raise ConfigurationError(f"there is no table {network.table}: `astra init` makes it")
    choice = choose(reader, network, run=run, version=version, tag=tag)
    tables = settle(reader, network.spectrum_tables, None).tables
    if not tables:
        raise ConfigurationError("no spectra are registered: `astra ingest` does that")
    reader.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ)
    try:
        with reader.cursor() as cursor:
            columns = {table: columns_of(cursor, table) for table in tables}
            yield Scope(cursor, network, choice, columns)
    finally:
        if not reader.closed:
            reader.rollback()


def values(rows: Sequence[tuple[str, *tuple[sql.Composable, ...]]]) -> sql.Composed:
    """Rows for VALUES: names, and expressions of one type in each place."""
    return sql.SQL(", ").join(
        sql.SQL("({})").format(sql.SQL(", ").join([sql.Literal(row[0]), *row[1:]])) for row in rows)
