"""Which spectra a run takes: `--where` over the spectrum tables (contract, section 8).

The expression runs on a connection that logs in as the reader role: read-only, with a
statement timeout, in one single statement a table.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection

from bossnet.errors import SelectionError
from bossnet.work.expression import caret, refuse_unless_alone
from bossnet.work.interruption import cancellable
from bossnet.work.queries import query

_EVERYTHING = "true"


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
        SelectionError: the expression is refused, or no table is left.
    """
    unknown = [t for t in asked if t not in tables]
    if unknown:
        raise SelectionError(f"--from {unknown[0]}: no spectrum table of this task; it has "
                             f"{', '.join(tables)}")
    if where is not None:
        refuse_unless_alone(where)
    kept: list[str] = []
    left_out: dict[str, str] = {}
    complaints: list[SelectionError] = []
    for table in asked or tables:
        if not asked and not _has_rows(reader, table):
            left_out[table] = "has no rows"
            continue
        try:
            _explain(reader, table, where)
            kept.append(table)
        except _LacksName as e:
            left_out[table] = str(e).splitlines()[0]
            complaints.append(e)
    if complaints and not kept:
        raise SelectionError(str(complaints[0]))
    return Selection(where, tuple(kept), left_out)


def count(reader: Connection, table: str, where: str | None, todo: sql.Composable) -> Counts:
    """How many rows of a table are taken and to do. Raises SelectionError."""
    statement = query("count_selection", table=sql.Identifier(table), where=_text(where), todo=todo)
    with _said(reader, statement, where), reader, reader.cursor() as cursor:
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
        with _said(reader, copy, where), reader, reader.cursor() as cursor:
            cancellable(reader, lambda: cursor.copy_expert(copy, lines))
        lines.seek(0)
        for line in lines:
            yield [int(key) for key in line.strip().strip("{}").split(",")]


class _LacksName(SelectionError):
    """The table has no column of a name in the expression; another may."""


def _explain(reader: Connection, table: str, where: str | None) -> None:
    statement = sql.Composed([sql.SQL("EXPLAIN "), query(
        "plan_chunks", table=sql.Identifier(table), where=_text(where), todo=sql.SQL("true"),
        chunk=sql.Literal(1), limit=sql.Literal(None))])
    with _said(reader, statement, where), reader, reader.cursor() as cursor:
        cursor.execute(statement)


def _has_rows(reader: Connection, table: str) -> bool:
    with reader, reader.cursor() as cursor:
        cursor.execute(query("has_rows", table=sql.Identifier(table)))
        return bool((cursor.fetchone() or [False])[0])


def _text(where: str | None) -> sql.SQL:
    return sql.SQL(where or _EVERYTHING)


@contextmanager
def _said(reader: Connection, statement: sql.Composable, where: str | None) -> Iterator[None]:
    """Postgres's complaint about the expression, in its own words and with a caret."""
    try:
        yield
    except errors.QueryCanceled as e:
        raise SelectionError("--where was stopped: it took longer than the selection's timeout "
                             "(selection_timeout of the configuration)") from e
    except psycopg2.OperationalError:
        raise
    except psycopg2.Error as e:
        if where is None:
            raise
        lacking = isinstance(e, errors.UndefinedColumn | errors.UndefinedTable)
        kind = _LacksName if lacking else SelectionError
        message = f"--where: {e.diag.message_primary or e}"
        if e.diag.message_hint:
            message += f" ({e.diag.message_hint})"
        place = int(e.diag.statement_position or 0) - 1 - statement.as_string(reader).find(where)
        if e.diag.statement_position and 0 <= place <= len(where):
            message += "\n" + caret(where, place)
        raise kind(message) from e
