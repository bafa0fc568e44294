"""Rows into a temporary table by COPY, the fastest way into Postgres."""

import io
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": None})


def copy_into_temporary(cursor: Cursor, name: str, like: str, columns: Sequence[str],
                        rows: Iterable[Sequence[Any]], *, reals: Collection[str] = ()
                        ) -> sql.Identifier:
    """A temporary table with columns of the types of another's, filled; it ends with the session.

    Args:
        cursor: of a transaction that the caller ends; ending it empties the table.
        name: name of the temporary table; one that is there is emptied and used again.
        like: the table whose columns it takes.
        columns: their names.
        rows: values in the order of the columns; NaN and infinity become NULL.
        reals: columns of type real; their values are sent with the nine digits that it holds.

    Returns:
        The temporary table's name, for use in SQL.
    """
    temporary = sql.Identifier("pg_temp", name)
    cursor.execute("SELECT to_regclass('pg_temp.' || quote_ident(%s)) IS NOT NULL", (name,))
    found = cursor.fetchone()
    if found and found[0]:
        cursor.execute(sql.SQL("TRUNCATE {}").format(temporary))
    else:
        cursor.execute(sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DELETE ROWS AS "
                               "SELECT {} FROM {} WITH NO DATA").format(
                                   sql.Identifier(name),
                                   sql.SQL(", ").join(map(sql.Identifier, columns)),
                                   sql.Identifier(like)))
    copy(cursor, temporary, columns, rows, reals=reals)
    return temporary


def copy(cursor: Cursor, table: sql.Composable, columns: Sequence[str],
         rows: Iterable[Sequence[Any]], *, reals: Collection[str] = ()) -> None:
    """Rows into a table by COPY; NaN and infinity become NULL."""
    forms = [_real if name in reals else field for name in columns]
    text = "".join(["\t".join([form(value) for form, value in zip(forms, row, strict=True)]) + "\n"
                    for row in rows])
    cursor.copy_expert(sql.SQL("COPY {} ({}) FROM STDIN").format(
        table, sql.SQL(", ").join(map(sql.Identifier, columns))),
        io.BytesIO(text.encode("utf-8", "replace")))


def field(value: Any) -> str:
    """A value as COPY's text format has it; what is not finite is NULL, NUL bytes are dropped."""
    return _FORMS.get(type(value), _other)(value)


def _real(value: Any) -> str:
    """A value of a real column: 17 digits of a float32 would take longer, and say no more."""
    return f"{value:.9g}" if type(value) is float and math.isfinite(value) else field(value)


def _double(value: float) -> str:
    return repr(value) if math.isfinite(value) else _NULL


def _text(value: object) -> str:
    return str(value).translate(_ESCAPES)


def _other(value: Any) -> str:
    """What numpy gives, as the number that it is; anything else as its text."""
    return field(value.item()) if isinstance(value, np.generic) else _text(value)


# By exact type: a release has some 40 values a row, and this is asked for each of them.
_FORMS: dict[type, Callable[[Any], str]] = {
    float: _double, int: str, str: _text, type(None): lambda value: _NULL,
    bool: lambda value: "t" if value else "f"}
