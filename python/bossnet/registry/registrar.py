"""Spectra into their table, a batch a transaction: each identity once, its path kept alive."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from bossnet.database.copying import copy, copy_into_temporary
from bossnet.database.paths import resolve_path, stored_path
from bossnet.errors import DatabaseError, MissingFileError
from bossnet.registry import sources
from bossnet.spectra import Registration

UNKNOWN = "unknown"  #: release, where neither the file nor the operator says it (contract, 7)
OWN = ("pk", "created", "modified")  #: columns that the database fills itself

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('bossnet ingest ' || current_schema(), 0))"
# The tables grow faster than their statistics while this runs: plans made on those would read a
# whole table for a batch.
_BY_INDEX = """
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off"""
_COLUMNS = """
    SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(quote_ident(%s))
      AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"""
_EXISTING = sql.SQL("""
    SELECT i.pk, t.spectrum_pk, t.source_pk, t.path FROM {incoming} AS i JOIN {table} AS t
        ON {same} WHERE i.pk = ANY (%(rows)s)""")
_MOVE = sql.SQL("UPDATE {} AS t SET path = v.path FROM (VALUES %s) AS v (spectrum_pk, path) "
                "WHERE t.spectrum_pk = v.spectrum_pk")
_SOURCE_IS_OURS = "SELECT EXISTS (SELECT FROM bossnet_migration WHERE 'source' = ANY (relations))"
_NEW_SPECTRA = """
    SELECT nextval(pg_get_serial_sequence('spectrum', 'pk')) FROM generate_series(1, %s)"""


@dataclass(slots=True)
class Counts:
    """What became of the spectra that were found.

    Attributes:
        new: registered for the first time.
        known: there already, and nothing changed but what was not known of them.
        moved: there already; their old file is gone, and the path is now that of this one.
        elsewhere: there already with another file that still exists; that one stays.
        new_sources: objects that had no spectrum before.
    """

    new: int = 0
    known: int = 0
    moved: int = 0
    elsewhere: int = 0
    new_sources: int = 0


class Registrar:
    """Puts spectra of one table into the database, in batches that the caller makes."""

    def __init__(self, connection: Connection, table: str, identity: Sequence[str],
                 roots: Mapping[str, Path], say: Callable[[str], None]) -> None:
        """Looks at the table.

        Raises:
            DatabaseError: the table is a survey's own without the columns that are needed.
        """
        self._connection = connection
        self._table = table
        self._identity = tuple(identity)
        self._roots = roots
        self._say, self._told = say, ""
        with connection, connection.cursor() as cursor:
            self._columns = [name for name in _columns(cursor, table) if name not in OWN]
            self._source_columns = [name for name in _columns(cursor, "source")
                                    if name not in OWN]
            cursor.execute(_SOURCE_IS_OURS)
            self._source_is_ours = cursor.fetchone() == (True,)
        lacks = {*self._identity, "spectrum_pk", "source_pk", "path"} - set(self._columns)
        if lacks:
            raise DatabaseError(f"table {table!r} lacks {', '.join(sorted(lacks))}: it is not one "
                                "that `astra init` made, and nothing can be registered in it; "
                                "configure another schema for spectra of your own")

    def identify(self, registration: Registration, release: str | None) -> tuple[Any, ...]:
        """Settle a registration's release and path; its identity."""
        values = registration.columns
        values["release"] = values.get("release") or release or UNKNOWN
        if values.get("path") is not None:
            values["path"] = stored_path(values["path"], self._roots)
        return tuple(values.get(name) for name in self._identity)

    def register(self, registrations: Sequence[Registration], counts: Counts) -> None:
        """One transaction with some spectra, whose identities are settled and differ."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(_LOCK)
            cursor.execute(_BY_INDEX)
            existing = self._existing(cursor, registrations)
            known = [existing[i][1] if i in existing else None
                     for i in range(len(registrations))]
            keys, new_sources = sources.match(cursor, [r.source for r in registrations], known,
                                              columns=self._source_columns,
                                              fill=self._source_is_ours)
            new = [(r.columns, key) for i, (r, key) in enumerate(zip(registrations, keys,
                                                                     strict=True))
                   if i not in existing]
            self._insert(cursor, new)
            old = {existing[i][0]: (registrations[i].columns, keys[i]) for i in existing}
            moves = [(spectrum, path) for i, (spectrum, _, at) in existing.items()
                     if (path := self._move(at, registrations[i].columns.get("path"), counts))]
            self._fill(cursor, old)
            if moves:
                execute_values(cursor, _MOVE.format(sql.Identifier(self._table)), moves)
        counts.new += len(new)
        counts.new_sources += new_sources

    def _existing(self, cursor: Cursor, registrations: Sequence[Registration]
                  ) -> dict[int, tuple[int, int | None, str | None]]:
        """Position in the batch -> spectrum_pk, source_pk and path of those that are there."""
        rows = [[i, *map(r.columns.get, self._identity)] for i, r in enumerate(registrations)]
        incoming = copy_into_temporary(cursor, f"identity_{self._table}", self._table,
                                       ["pk", *self._identity], rows)
        cursor.execute(sql.SQL("ANALYZE {}").format(incoming))
        # IS NOT DISTINCT FROM uses no index; which columns are NULL is the same for many rows.
        patterns: dict[tuple[bool, ...], list[int]] = {}
        for i, (_, *values) in enumerate(rows):
            patterns.setdefault(tuple(value is None for value in values), []).append(i)
        found = {}
        for nulls, positions in patterns.items():
            same = sql.SQL(" AND ").join(
                sql.SQL("t.{0} IS NULL" if null else "t.{0} = i.{0}").format(sql.Identifier(name))
                for name, null in zip(self._identity, nulls, strict=True))
            cursor.execute(_EXISTING.format(incoming=incoming, table=sql.Identifier(self._table),
                                            same=same), {"rows": positions})
            found.update({i: tuple(rest) for i, *rest in cursor.fetchall()})
        return found

    def _insert(self, cursor: Cursor, new: Sequence[tuple[dict[str, Any], int]]) -> None:
        cursor.execute(_NEW_SPECTRA, (len(new),))
        spectra = [pk for (pk,) in cursor.fetchall()]
        copy(cursor, sql.Identifier("spectrum"), ["pk"], ([pk] for pk in spectra))
        copy(cursor, sql.Identifier(self._table), self._columns, (
            [(values | {"spectrum_pk": spectrum, "source_pk": source}).get(name)
             for name in self._columns]
            for spectrum, (values, source) in zip(spectra, new, strict=True)))

    def _move(self, old: str | None, new: str | None, counts: Counts) -> str | None:
        """The path to keep from now on, or None if it stays as it is; what is odd is said."""
        if new is None or old == new:
            counts.known += 1
            return None
        if old is None:
            counts.known += 1
            return new
        here = resolve_path(new, self._roots)
        there = self._file(old)
        if there is None:
            counts.moved += 1
            self._tell(f"{here}: the same spectrum as {old}, which is gone: its path is updated")
            return new
        if os.path.realpath(there) == os.path.realpath(here):
            counts.known += 1
            return new if old.startswith("/") and not new.startswith("/") else None
        counts.elsewhere += 1
        self._tell(f"{here}: the same spectrum as {old}, which stays")
        return None

    def _tell(self, line: str) -> None:
        """Says it once of a file of many spectra."""
        if line != self._told:
            self._told = line
            self._say(line)

    def _file(self, text: str) -> Path | None:
        """The file that a path means, or None if it is gone, or its root is."""
        try:
            file = resolve_path(text, self._roots)
            return file if file.exists() else None
        except (MissingFileError, OSError):
            return None

    def _fill(self, cursor: Cursor, old: Mapping[int, tuple[dict[str, Any], int]]) -> None:
        """What files say of spectra, and the table did not know; what it knows stays."""
        names = [n for n in self._columns if n not in (*self._identity, "spectrum_pk", "path")]
        incoming = copy_into_temporary(
            cursor, f"incoming_{self._table}", self._table, ["spectrum_pk", *names],
            ([spectrum, *map((values | {"source_pk": source}).get, names)]
             for spectrum, (values, source) in old.items()))
        fields = [sql.Identifier(name) for name in names]
        cursor.execute(sql.SQL("UPDATE {} AS t SET {} FROM {} AS i "
                               "WHERE t.spectrum_pk = i.spectrum_pk AND ({})").format(
            sql.Identifier(self._table),
            sql.SQL(", ").join(sql.SQL("{0} = coalesce(t.{0}, i.{0})").format(f) for f in fields),
            incoming,
            sql.SQL(" OR ").join(sql.SQL("t.{0} IS NULL AND i.{0} IS NOT NULL").format(f)
                                 for f in fields)))


def _columns(cursor: Cursor, table: str) -> list[str]:
    cursor.execute(_COLUMNS, (table,))
    columns = [name for (name,) in cursor.fetchall()]
    if not columns:
        raise DatabaseError(f"there is no table {table!r} in the schema: `astra init` makes it")
    return columns
