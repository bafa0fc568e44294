"""A worker's hold on the chunks of a run: claimed, kept alive, ended behind a fence.

Results and the end of their chunk are one transaction, whose first statement is the fence: a
worker that lost its chunk writes nothing.
"""

import json
import os
import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import RealDictCursor

from bossnet.database.writer import upsert
from bossnet.errors import DatabaseError
from bossnet.flags import FAILED, names
from bossnet.work.plan import Todo
from bossnet.work.queries import query

BEAT = 10.0  #: seconds between two signs of life


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some spectra of one table, held by this worker.

    Attributes:
        pk: of ``bossnet_chunk``.
        table: spectrum table.
        keys: spectra of the chunk.
        rows: those still to be done, by column name.
    """

    pk: int
    table: str
    keys: list[int]
    rows: list[dict[str, Any]]


class Claims:
    """The chunks of one run, as one worker takes and ends them.

    Args:
        connection: of the writer, used by nobody else meanwhile.
        run_pk: the run.
        todo: which of a chunk's spectra are still to be done.
    """

    def __init__(self, connection: Connection, run_pk: int, todo: Todo) -> None:
        self.connection, self.run_pk, self.todo = connection, run_pk, todo
        self.worker = f"{socket.gethostname()}:{os.getpid()}"
        self._beaten = time.monotonic()

    @property
    def lost(self) -> bool:
        """Whether the connection to the database is gone."""
        return bool(self.connection.closed)

    def claim(self) -> Chunk | None:
        """The next chunk of the run, or None where all are taken."""
        with self.connection, self.connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(query("claim"), {"worker": self.worker, "run": self.run_pk})
            claimed = cursor.fetchone()
            if claimed is None:
                return None
            cursor.execute(query(
                "chunk_rows", table=sql.Identifier(claimed["table_name"]),
                keys=sql.Literal(claimed["spectrum_pks"]), todo=self.todo.chunk(self.run_pk)))
            rows = [dict(row) for row in cursor.fetchall()]
        return Chunk(claimed["pk"], claimed["table_name"], claimed["spectrum_pks"], rows)

    def beat(self) -> None:
        """A sign of life, at most every `BEAT` seconds."""
        if time.monotonic() - self._beaten < BEAT:
            return
        self._beaten = time.monotonic()
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(query("beat"), {"worker": self.worker, "run": self.run_pk})

    def end(self, chunk: Chunk, rows: Sequence[Mapping[str, Any]], *, done: bool) -> None:
        """Writes what there is of a chunk and ends it, or gives the rest of it back.

        Raises:
            DatabaseError: another worker has the chunk; nothing was written.
        """
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(query("end_chunk"), {
                "state": "done" if done else "ready", "chunk": chunk.pk, "worker": self.worker})
            if cursor.rowcount != 1:
                self.connection.rollback()
                raise DatabaseError(f"chunk {chunk.pk} is no longer held by {self.worker}: its "
                                    "results are left to the worker that has it")
            written = upsert(self.connection, self.todo.results, rows,
                             overwrite=self.todo.replaces)
            flags = [row["result_flags"] for row in rows]
            if written < len(rows):  # another run was quicker with some
                cursor.execute(query("flags_of", results=sql.Identifier(self.todo.results)),
                               {"run": self.run_pk, "keys": [row["spectrum_pk"] for row in rows]})
                flags = [result_flags for (result_flags,) in cursor.fetchall()]
            self._count(cursor, flags)

    def _count(self, cursor: Cursor, flags: Sequence[int]) -> None:
        """Adds rows with these flags to the run's counts, within the caller's transaction."""
        cursor.execute(query("lock_counts"), {"run": self.run_pk})
        counts = Counter((cursor.fetchone() or [{}])[0])
        counts.update(name for result_flags in flags for name in names(result_flags))
        cursor.execute(query("add_counts"), {
            "run": self.run_pk, "n_done": len(flags),
            "n_failed": sum(result_flags & FAILED != 0 for result_flags in flags),
            "counts": json.dumps(counts)})
