"""What a run has to do: which spectra are still missing, to overwrite, or to try again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor, execute_values

from bossnet import v_astra
from bossnet.errors import ConfigurationError, SpectrumError
from bossnet.flags import FAILED, FLAGS
from bossnet.work import selection
from bossnet.work.queries import query
from bossnet.work.reading import find_file
from bossnet.work.selection import Selection
from bossnet.work.settings import SILENCE, Decisive, Settings

CHUNK = 1000  #: keys a chunk
LEAST = 50  #: keys a chunk at least where a run is shared out among several workers
SHARES = 8  #: chunks for each of them at least, if the run is large enough
VERSION = v_astra() // 1000  #: major.minor, as in the key of a result

_BITS = {flag.name: flag.mask for flag in FLAGS}
_MISSING = _BITS["flag_missing_file"]
_BAD = _BITS["flag_bad_file"] | _BITS["flag_no_data"]


@dataclass(frozen=True, slots=True)
class Todo:
    """What of a selection is to be done, as SQL conditions on a spectrum's ``_row``.

    Attributes:
        results: the results table.
        settings: the options of the run.
        chain: runs of an interrupted overwriting that this one continues; its first leads.
        changed: spectra whose bad file has changed since.
        since: when it was asked for to replace rows, by the database's clock; what other runs
            have made alike since then is not made again.
    """

    results: str
    settings: Settings
    chain: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    since: str | None = None

    @property
    def plan(self) -> sql.Composable:
        """When the run is planned."""
        if self.settings.retry_failed:
            return self._query("todo_retry", missing_file=_MISSING, exception=FAILED,
                               explained=_MISSING | _BAD, changed=list(self.changed))
        if self.settings.overwrite:
            return self._query("todo_overwrite", chain=list(self.chain))
        return self._query("todo_missing")

    def chunk(self, run_pk: int) -> sql.Composable:
        """When a chunk is claimed: what was done meanwhile is left out."""
        if self.replaces:
            not_yet = self._query("todo_again", chain=[*self.chain, run_pk], run=run_pk,
                                  since=self.since)
            # What another run has mended meanwhile is not tried again.
            return sql.SQL("{} AND {}").format(not_yet, self.plan) \
                if self.settings.retry_failed else not_yet
        return self._query("todo_missing")

    @property
    def replaces(self) -> bool:
        """Whether rows that are there are made again."""
        return self.settings.overwrite or self.settings.retry_failed

    def _query(self, name: str, **values: Any) -> sql.Composable:
        literals = {key: sql.Literal(value) for key, value in values.items()}
        return query(name, results=sql.Identifier(self.results), version=sql.Literal(VERSION),
                     tag=sql.Literal(self.settings.tag), **literals)


def refuse_mixture(connection: Connection, results: str, task: str, tag: str,
                   decisive: Decisive) -> None:
    """Rows of one version and tag are made alike; within the caller's transaction.

    Raises:
        ConfigurationError: rows that are there were made otherwise; the message says how.
    """
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query("other_settings", results=sql.Identifier(results)),
                       {"task": task, "version": VERSION, "tag": tag})
        others = cursor.fetchall()
    for other in others:
        if said := decisive.differences(dict(other)):
            raise ConfigurationError(
                f"rows of {results} under tag {tag!r} were made with {said}: give this run its "
                "own --tag, or --overwrite them")


def refuse_beside_others(connection: Connection, task: str, tag: str, decisive: Decisive,
                         own: int | None = None) -> None:
    """Runs that add to one version and tag at the same time do it alike, too; likewise.

    Asked before a run is planned, and again once it is on record (``own``): of two that start
    at the same moment, at least one then sees the other.

    Raises:
        ConfigurationError: another run is going on that makes its rows otherwise.
    """
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query("runs_beside"), {"task": task, "version": VERSION, "tag": tag,
                                              "silence": SILENCE, "run": own})
        others = cursor.fetchall()
    for other in others:
        if said := decisive.differences(dict(other)):
            raise ConfigurationError(
                f"run {other['pk']} under tag {tag!r} is going on with {said}: give this run its "
                f"own --tag, or wait for that one (a run that died counts for {SILENCE:.0f} s "
                "more)")


def todo(connection: Connection, results: str, task: str, settings: Settings,
         decisive: Decisive, selected: Selection, roots: Mapping[str, Path]) -> Todo:
    """What is to be done, by the options of the run and what is there."""
    with connection, connection.cursor() as cursor:
        cursor.execute(query("time_now"))
        now, = cursor.fetchone() or (None,)
    if settings.retry_failed:
        changed = [key for table in selected.tables
                   for key in _changed(connection, results, table, settings.tag, roots)]
        return Todo(results, settings, changed=tuple(changed), since=now)
    if settings.overwrite:
        with connection, connection.cursor() as cursor:
            cursor.execute(query("overwrite_to_continue"), {
                **asdict(decisive), "task": task, "version": VERSION, "tag": settings.tag,
                "selection": settings.where, "tables": list(selected.tables),
                "row_limit": settings.limit})
            first, chain, since = cursor.fetchone() or (None, [], None)
        return Todo(results, settings, chain=tuple(sorted(chain)) if first else (),
                    since=since or now)
    return Todo(results, settings)


def add_chunks(connection: Connection, run_pk: int, reader: Connection, selected: Selection,
               todo: Todo) -> int:
    """Lists the work of a run in the caller's transaction; how many spectra it has.

    Raises:
        SelectionError: the selection failed on a row, or took too long.
    """
    planned = 0
    with connection.cursor() as cursor:
        left = limit = todo.settings.limit
        if limit is not None and todo.chain:
            cursor.execute(query("count_of_runs", results=sql.Identifier(todo.results)),
                           {"chain": list(todo.chain)})
            left = limit = max(0, limit - int((cursor.fetchone() or [0])[0]))
        for table in selected.tables:
            keys = selection.chunks(reader, table, selected.where, todo.plan, size=CHUNK,
                                    limit=left)
            rows = ((run_pk, table, chunk, len(chunk)) for chunk in keys)
            while some := list(islice(rows, 100)):
                execute_values(cursor, query("insert_chunk"), some)
                planned += sum(row[3] for row in some)
            if limit is not None:
                left = limit - planned
    return planned


def share_out(connection: Connection, run_pk: int, planned: int, workers: int) -> None:
    """Makes the chunks of a small run smaller, in the caller's transaction, so that all have some.

    Args:
        connection: of the writer.
        run_pk: a run that nobody works on yet.
        planned: spectra that it has.
        workers: how many there will be.
    """
    size = max(LEAST, -(-planned // (SHARES * workers)))
    if size < CHUNK:
        with connection.cursor() as cursor:
            cursor.execute(query("share_out"), {"run": run_pk, "size": size})


def _changed(connection: Connection, results: str, table: str, tag: str,
             roots: Mapping[str, Path]) -> list[int]:
    """Spectra of a table whose bad file has another size or time than when it was judged."""
    statement = query("bad_files", results=sql.Identifier(results), table=sql.Identifier(table),
                      version=sql.Literal(VERSION), tag=sql.Literal(tag),
                      bad_file=sql.Literal(_BAD))
    changed = []
    with connection, connection.cursor("bad_files", cursor_factory=RealDictCursor) as cursor:
        cursor.execute(statement)
        for row in cursor:
            try:
                state = find_file(row, table, roots).stat()
            except (OSError, SpectrumError):
                continue  # gone: nothing to try again
            if (state.st_size, state.st_mtime) != (row["_file_size"], row["_file_mtime"]):
                changed.append(row["spectrum_pk"])
    return changed
