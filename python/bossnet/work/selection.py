"""Which spectra a run takes: `--where` over the spectrum tables (contract, section 8).

The expression runs on a connection that logs in as the reader role: read-only, with a
statement timeout, in one single statement a table.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bossnet.errors import SelectionError
from bossnet.work.expression import caret, refuse_unless_alone
from bossnet.work.interruption import cancellable
from bossnet.work.queries import query

_EVERYTHING = "true"
_NO_ROWS = "has no rows"
_NO_CONNECTION = "08"
#: Classes of errors that speak of the server, not of the expression: the connection, a disk that
#: is full, too many connections, a shutdown.
_OF_THE_SERVER = (_NO_CONNECTION, "53100", "53300", "57P")

#: What a hint may offer beside the table's own name.
_OWN_ALIAS = re.compile(r' or the column "_row\..*?"')


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one table: its rows, those that the expression takes, those of them still to do."""

    rows: int
    taken: int
    todo: int


@dataclass(frozen=True, slots=True)
class Selection:
    """A checked selection.

    Attributes:
        where: the expression, or None for every spectrum.
        tables: the tables it applies to.
        left_out: of the tables asked for, those left out, each with its reason.
    """

    where: str | None
    tables: tuple[str, ...]
    left_out: dict[str, str]


def settle(reader: Connection, tables: tuple[str, ...], where: str | None,
           asked: tuple[str, ...] = ()) -> Selection:
    """Checks the expression against every table, without evaluating it on a row.

    Args:
        reader: a connection of the reader role.
        tables: the task's spectrum tables.
        where: the expression.
        asked: the tables that were named; by default all of those that have rows.

    Raises:
        SelectionError: the expression is refused, or no table has the names in it.
    """
    unknown = [t for t in asked if t not in tables]
    if unknown:
        raise SelectionError(f"--from {unknown[0]}: no spectrum table of this task; it has "
                             f"{', '.join(tables)}")
    if where is not None:
        refuse_unless_alone(where)
    kept: list[str] = []
    left_out: dict[str, str] = {}
    complaints: dict[str, SelectionError] = {}
    for table in asked or tables:
        try:
            _check(reader, table, where)
            lacks = ""
        except _LacksName as e:
            complaints[table] = e
            lacks = str(e).splitlines()[0].removeprefix("--where: ")
        if not asked and not _has_rows(reader, table):
            left_out[table] = _NO_ROWS
        elif lacks:
            left_out[table] = lacks
        else:
            kept.append(table)
    if complaints and len(complaints) == len(asked or tables):
        # Of tables without rows, only where there is no other.
        raise _in_all({table: e for table, e in complaints.items()
                       if left_out[table] != _NO_ROWS} or complaints)
    return Selection(where, tuple(kept), left_out)


def count(reader: Connection, table: str, where: str | None, todo: sql.Composable) -> Counts:
    """How many rows of a table are taken and to do. Raises SelectionError."""
    statement = query("count_selection", table=sql.Identifier(table), where=_text(where), todo=todo)
    with asking(reader, statement, where) as cursor:
        cancellable(reader, lambda: cursor.execute(statement))
        rows, taken, left = cursor.fetchone() or (0, 0, 0)
    return Counts(rows, taken, left)


def chunks(reader: Connection, table: str, where: str | None, todo: sql.Composable, *,
           size: int, limit: int | None) -> Iterator[list[int]]:
    """The keys to be done, ascending, as lists of at most ``size``. Raises SelectionError.

    One COPY, so that the statement timeout holds for the whole of it.
    """
    statement = query("plan_chunks", table=sql.Identifier(table), where=_text(where), todo=todo,
                      chunk=sql.Literal(size), limit=sql.Literal(limit))
    copy = sql.Composed([sql.SQL("COPY ("), statement, sql.SQL(") TO STDOUT")])
    with tempfile.TemporaryFile("w+") as lines:
        with asking(reader, copy, where) as cursor:
            cancellable(reader, lambda: cursor.copy_expert(copy, lines))
        lines.seek(0)
        for line in lines:
            yield [int(key) for key in line.strip().strip("{}").split(",")]


class _LacksName(SelectionError):
    """The table has no column of a name in the expression; another may."""


def _in_all(complaints: dict[str, SelectionError]) -> SelectionError:
    """One complaint of all tables, or each table's own where they differ."""
    texts = list(complaints.values())
    if len({str(e).splitlines()[0] for e in texts}) == 1:
        return SelectionError(str(texts[0]))
    return SelectionError("--where fits no table:\n" + "\n".join(
        f"{table}: {str(e).removeprefix('--where: ')}" for table, e in complaints.items()))


def _check(reader: Connection, table: str, where: str | None) -> None:
    statement = query("check_selection", table=sql.Identifier(table), where=_text(where))
    with asking(reader, statement, where) as cursor:
        cursor.execute(statement)


def _has_rows(reader: Connection, table: str) -> bool:
    with reader, reader.cursor() as cursor:
        cursor.execute(query("has_rows", table=sql.Identifier(table)))
        return bool((cursor.fetchone() or [False])[0])


def _text(where: str | None) -> sql.SQL:
    return sql.SQL(where or _EVERYTHING)


@contextmanager
def asking(reader: Connection, statement: sql.Composable, where: str | None) -> Iterator[Cursor]:
    """A cursor in a transaction that is undone at its end, errors said as `_said` does.

    Undone, so that an expression which sets something in its session (the timeout, or how texts
    are read) has set it for itself alone.
    """
    try:
        with _said(reader, statement, where), reader.cursor() as cursor:
            cursor.execute("SET LOCAL standard_conforming_strings = on")  # as `expression` reads
            yield cursor
    finally:
        if not reader.closed:
            reader.rollback()


@contextmanager
def _said(reader: Connection, statement: sql.Composable, where: str | None) -> Iterator[None]:
    """Postgres's complaint about the expression, in its own words and with a caret."""
    try:
        yield
    except errors.QueryCanceled as e:
        raise SelectionError("--where was stopped: it took longer than the selection's timeout "
                             "(selection_timeout of the configuration)") from e
    except psycopg2.Error as e:
        if where is None or (e.pgcode or _NO_CONNECTION).startswith(_OF_THE_SERVER):
            raise
        lacking = isinstance(e, errors.UndefinedColumn | errors.UndefinedTable)
        kind = _LacksName if lacking else SelectionError
        message = f"--where: {e.diag.message_primary or e}"
        if e.diag.message_hint:
            message += f" ({_OWN_ALIAS.sub('', e.diag.message_hint)})"
        if e.diag.statement_position:
            place = int(e.diag.statement_position) - 2 \
                - statement.as_string(reader).find(f"({where}\n)")
            # Of what is wrong as a whole, or not complete, it is at the brackets that we add.
            message += "\n" + caret(where, min(max(0, place), len(where.rstrip())))
        raise kind(message) from e
