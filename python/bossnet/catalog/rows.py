"""The rows of a catalogue, streamed from the database through a cursor on its side.

Everything is asked on the reader's connection, in one snapshot: nothing that is written meanwhile
comes in, and an expression can do no more than in a run's selection.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bossnet.catalog.choice import Choice
from bossnet.catalog.columns import DTYPES, MISSING, SQL_TYPES, Batch, Column
from bossnet.work.interruption import cancellable
from bossnet.work.queries import query
from bossnet.work.selection import Selection, asking

BATCH = 20_000  #: rows that are held at once
_SOURCE_AND_RUN = (Column("source_pk", "spectrum", "int64", "", "", "", "source_pk"),
                   Column("run_pk", "result", "int64", "", "", "", "run_pk"))
#: What identifies a spectrum for people, the first that there is; parts joined by a hyphen.
_IDENTIFIERS = (("obsid",), ("fieldid", "mjd", "catalogid"), ("plateid", "mjd", "fiberid"),
                ("obj", "plate", "mjd", "fiber"), ("obj", "telescope"), ("sdss_id", "telescope"))


@dataclass(frozen=True, slots=True)
class Extent:
    """How much an export holds.

    Attributes:
        runs: rows of each run that made any, by its key.
        without_source: rows whose spectrum belongs to no object.
        widths: length of the longest text of each column of texts, byte in UTF-8.
    """

    runs: dict[int, int]
    without_source: int
    widths: dict[str, int]

    @property
    def rows(self) -> int:
        return sum(self.runs.values())


class Rows:
    """Results of selected spectra; made by `opened`, valid while that is.

    Args:
        cursor: in a transaction of the reader.
        columns: to be asked for.
        selection: which spectra.
        choice: which of their results.
        results: the table or view of results.
        per_star: in the order of the object, those without one left out.
        but: file types that are left out.
    """

    def __init__(self, cursor: Cursor, columns: Sequence[Column], selection: Selection,
                 choice: Choice, results: str, *, per_star: bool, but: Sequence[str] = ()) -> None:
        self._cursor, self._columns, self._per_star = cursor, tuple(columns), per_star
        self._selection, self._choice, self._results = selection, choice, results
        self._but = list(but)

    def extent(self) -> Extent:
        """Counts all that will be fetched."""
        texts = [c.key for c in self._columns if c.kind == "text"]
        keys = {c.key for c in self._columns}
        more = [c for c in _SOURCE_AND_RUN if c.key not in keys]
        widths = sql.Composed([sql.SQL(", max(octet_length({}))").format(sql.Identifier(key))
                               for key in texts])
        self._ask(query("export_extent", widths=widths,
                        rows=self._rows((*self._columns, *more), with_sourceless=True)))
        found = self._cursor.fetchall()
        return Extent({row[0]: row[1] for row in found}, sum(row[2] for row in found),
                      {key: max((row[3 + i] for row in found), default=0)
                       for i, key in enumerate(texts)})

    def batches(self) -> Iterator[Batch]:
        """All rows, in the order of the spectrum's key, or the object's and then the spectrum's."""
        order = ["source_pk", "spectrum_pk"] if self._per_star else ["spectrum_pk"]
        keys = {c.key for c in self._columns}
        more = tuple(Column(key, "spectrum", "int64", "", "", "", key)
                     for key in order if key not in keys)
        self._ask(sql.SQL("SET LOCAL cursor_tuple_fraction = 1"))
        self._ask(query("export_declare", rows=self._rows((*self._columns, *more)),
                        order=sql.SQL(", ").join(map(sql.Identifier, order))))
        fetch = query("export_fetch", number=sql.Literal(BATCH))
        while True:
            self._ask(fetch)
            rows = self._cursor.fetchall()
            if not rows:
                return
            yield {c.key: _array(c, values) for c, values
                   in zip((*self._columns, *more), zip(*rows, strict=True), strict=True)}

    def _ask(self, statement: sql.Composable) -> None:
        cancellable(self._cursor.connection, lambda: self._cursor.execute(statement))

    def _rows(self, columns: Sequence[Column], *, with_sourceless: bool = False) -> sql.Composed:
        where = sql.SQL(self._selection.where or "true")
        chosen = self._choice.condition()
        if self._per_star and not with_sourceless:
            chosen = sql.SQL("{} AND spectrum.source_pk IS NOT NULL").format(chosen)
        return sql.SQL("\nUNION ALL\n").join(query(
            "export_of_table", columns=self._expressions(table, columns), where=where,
            table=sql.Identifier(table), results=sql.Identifier(self._results),
            chosen=sql.SQL(" AND ").join([chosen, *self._without(table)]))
            for table in self._selection.tables)

    def _without(self, table: str) -> Iterator[sql.Composable]:
        """The condition by which file types are left out, where a table has any."""
        if self._but and "filetype" in columns_of(self._cursor, table):
            yield sql.SQL("coalesce(spectrum.filetype, '') <> ALL ({})").format(
                sql.Literal(self._but))

    def _expressions(self, table: str, columns: Sequence[Column]) -> sql.Composed:
        """The columns as SQL; one that the table lacks, as the survey's own may, is NULL."""
        there = {name: columns_of(self._cursor, name) for name in (table, "source")}
        return sql.SQL(", ").join(
            _complete(c, self._expression(c, table, there)) for c in columns)

    def _expression(self, column: Column, table: str, there: dict[str, set[str]]
                    ) -> sql.Composable:
        if column.origin == "table":
            return sql.Literal(table)
        if column.origin == "identifier":
            return _of_star(there["source"]) if self._per_star else _of_spectrum(there[table])
        if column.origin == "result" or column.key in there[
                "source" if column.origin == "source" else table]:
            return sql.Identifier(column.origin, column.key)
        return sql.SQL("NULL")


@contextmanager
def opened(reader: Connection, columns: Sequence[Column], selection: Selection, choice: Choice,
           results: str, *, per_star: bool, but: Sequence[str] = ()) -> Iterator[Rows]:
    """The rows of a catalogue, in one snapshot. Errors of the expression are SelectionErrors."""
    reader.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ)
    with asking(reader, sql.SQL(""), selection.where) as cursor:
        yield Rows(cursor, columns, selection, choice, results, per_star=per_star, but=but)


def columns_of(cursor: Cursor, table: str) -> set[str]:
    """Names of a table's columns."""
    cursor.execute(query("export_columns"), {"table": table})
    return {name for name, in cursor.fetchall()}


def _complete(column: Column, expression: sql.Composable) -> sql.Composed:
    """An expression with its type and name, and what stands for NULL where numpy has none."""
    text = sql.SQL("{}::{}").format(expression, sql.SQL(SQL_TYPES[column.kind]))
    if column.has_missing:
        text = sql.SQL("coalesce({}, {})").format(text, sql.Literal(MISSING))
    elif column.kind == "text":
        text = sql.SQL("coalesce({}, '')").format(text)
    elif column.kind == "bool":
        text = sql.SQL("coalesce({}, false)").format(text)
    return sql.SQL("{} AS {}").format(text, sql.Identifier(column.key))


def _of_spectrum(there: set[str]) -> sql.Composable:
    parts = [_joined([sql.Identifier("spectrum", name) for name in names])
             for names in _IDENTIFIERS if there.issuperset(names)]
    return sql.SQL("coalesce({})").format(sql.SQL(", ").join(
        [*parts, sql.SQL("spectrum.spectrum_pk::text")]))


def _joined(names: Sequence[sql.Composable]) -> sql.Composed:
    """Texts with hyphens between them; NULL where one of them is."""
    return sql.SQL(" || '-' || ").join(sql.SQL("{}::text").format(name) for name in names)


def _of_star(there: set[str]) -> sql.Composable:
    parts = [sql.SQL("{}::text").format(sql.Identifier("source", name))
             for name in ("sdss_id", "gaia_dr3_source_id", "sdss4_apogee_id")
             if name in there]
    return sql.SQL("coalesce({})").format(sql.SQL(", ").join(
        [*parts, sql.SQL("source.pk::text")]))


def _array(column: Column, values: tuple[object, ...]) -> NDArray:
    """A column's values as an array; None of a number with a point becomes NaN."""
    return np.array(values, dtype=DTYPES[column.kind])
