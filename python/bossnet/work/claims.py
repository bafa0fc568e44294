"""A worker's hold on the chunks of a run: claimed, and ended behind a fence.

Results and the end of their chunk are one transaction, whose first statement is the fence: a
worker that lost its chunk, or is taken for dead, writes nothing.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import RealDictCursor

from bossnet.database.reconnecting import Reconnecting
from bossnet.database.writer import upsert
from bossnet.errors import LostChunkError
from bossnet.flags import FAILED, names
from bossnet.work.member import Member
from bossnet.work.plan import Todo
from bossnet.work.queries import query
from bossnet.work.reaper import split

LIVES = 3  #: workers that may die at a single spectrum before it is given up


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some spectra of one table, held by this worker.

    Attributes:
        pk: of ``bossnet_chunk``.
        table: spectrum table.
        keys: spectra of the chunk.
        rows: those still to be done, by column name.
        deaths: how many workers died while they had it, or a part of it.
        last_words: how the last of them ended.
    """

    pk: int
    table: str
    keys: list[int]
    rows: list[dict[str, Any]]
    deaths: int = 0
    last_words: str = ""

    @property
    def is_suspect(self) -> bool:
        """Whether it may be the end of its worker: then it must be its only one."""
        return self.deaths > 0

    @property
    def is_hopeless(self) -> bool:
        """Whether it is a single spectrum that has been the end of too many workers."""
        return len(self.keys) == 1 and self.deaths >= LIVES


class Claims:
    """The chunks of one run, as one worker takes and ends them.

    Args:
        database: of the worker.
        member: the worker.
        todo: which of a chunk's spectra are still to be done.
    """

    def __init__(self, database: Reconnecting, member: Member, todo: Todo) -> None:
        self.database, self.member, self.todo = database, member, todo
        self.run_pk = member.run_pk
        self._held: set[int] = set()

    def claim(self, *, suspects: bool = True) -> Chunk | None:
        """The next chunk of the run, or None where none can be had just now.

        Args:
            suspects: also one at which workers have died.
        """
        claimed = self.database.transaction(
            lambda connection, again: self._claim(connection, again, suspects))
        if claimed is None:
            return None
        # Outside of that transaction, which holds up the claims of others.
        rows = self.database.transaction(lambda connection, _: self._rows(connection, claimed))
        self._held.add(claimed["pk"])
        return Chunk(claimed["pk"], claimed["table_name"], claimed["spectrum_pks"], rows,
                     claimed["deaths"], claimed["error_message"] or "")

    def is_left(self) -> bool:
        """Whether the run has chunks that are not done, by whoever."""
        return self.database.transaction(lambda connection, _: bool(
            _one(connection, "is_left", run=self.run_pk)[0]))

    def end(self, chunk: Chunk, rows: Sequence[Mapping[str, Any]], *, done: bool,
            blame: str = "") -> None:
        """Writes what there is of a chunk and ends it, or gives the rest of it back.

        Args:
            chunk: as claimed.
            rows: of results.
            done: whether they are all of it.
            blame: why its worker cannot go on with a chunk that is not done, if it may be the
                chunk's fault.

        Raises:
            LostChunkError: it is no longer this worker's; nothing was written.
        """
        self.database.transaction(
            lambda connection, again: self._end(connection, again, chunk, rows, done, blame))
        self._held.discard(chunk.pk)

    def join_again(self) -> None:
        """As another worker, after this one was taken for dead and its chunks went to others.

        Raises:
            RunEndedError: the run has ended.
        """
        self._held.clear()
        self.member.join(self.database)

    def _claim(self, connection: Connection, again: bool, suspects: bool
               ) -> dict[str, Any] | None:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            if again:
                cursor.execute(query("give_back_unknown"), {
                    "worker": self.member.pk, "known": list(self._held)})
            cursor.execute(query("lock_claims"), {"run": self.run_pk})
            cursor.execute(query("claim"), {
                "run": self.run_pk, "worker": self.member.pk, "name": self.member.name,
                "suspects": suspects})
            row = cursor.fetchone()
            return dict(row) if row else None

    def _rows(self, connection: Connection, claimed: Mapping[str, Any]) -> list[dict[str, Any]]:
        # A cursor of dictionaries would take four times as long.
        with connection.cursor() as cursor:
            cursor.execute(query(
                "chunk_rows", table=sql.Identifier(claimed["table_name"]),
                keys=sql.Literal(claimed["spectrum_pks"]), todo=self.todo.chunk(self.run_pk)))
            columns = [column.name for column in cursor.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def _end(self, connection: Connection, again: bool, chunk: Chunk,
             rows: Sequence[Mapping[str, Any]], done: bool, blame: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(query("end_chunk"), {
                "state": "done" if done else "ready", "chunk": chunk.pk,
                "worker": self.member.pk, "deaths": int(bool(blame)), "message": blame or None})
            if cursor.rowcount != 1:
                if again and self._was_ended(connection, chunk, done):
                    return
                self._held.discard(chunk.pk)
                raise LostChunkError(f"chunk {chunk.pk} is no longer held by worker "
                                     f"{self.member.pk} ({self.member.name}): its results are "
                                     "left to the worker that has it")
            written = upsert(connection, self.todo.results, rows, overwrite=self.todo.replaces)
            flags = [row["result_flags"] for row in rows]
            if written < len(rows):  # another run was quicker with some
                cursor.execute(query("flags_of", results=sql.Identifier(self.todo.results)),
                               {"run": self.run_pk, "keys": [row["spectrum_pk"] for row in rows]})
                flags = [result_flags for (result_flags,) in cursor.fetchall()]
            if blame:
                split(cursor, chunk.pk)
            self._count(cursor, flags)

    def _was_ended(self, connection: Connection, chunk: Chunk, done: bool) -> bool:
        """Whether a try whose answer was lost had been committed, as far as it matters."""
        if not done:
            return True  # if it was not, others have it, and do all of it
        return tuple(_one(connection, "holder_of", chunk=chunk.pk)) == ("done", self.member.pk)

    def _count(self, cursor: Cursor, flags: Sequence[int]) -> None:
        """Adds rows with these flags to the counts, within the caller's transaction."""
        n_failed = sum(result_flags & FAILED != 0 for result_flags in flags)
        cursor.execute(query("lock_counts"), {"run": self.run_pk})
        counts = Counter((cursor.fetchone() or [{}])[0])
        for result_flags, number in Counter(flags).items():
            counts.update(dict.fromkeys(names(result_flags), number))
        cursor.execute(query("add_counts"), {
            "run": self.run_pk, "n_done": len(flags), "n_failed": n_failed,
            "counts": json.dumps(counts)})
        cursor.execute(query("add_worker_counts"), {
            "worker": self.member.pk, "n_done": len(flags), "n_failed": n_failed})


def _one(connection: Connection, name: str, **values: Any) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query(name), values)
        row: tuple[Any, ...] = cursor.fetchone() or (None, None)
        return row
