"""Workers that died are found by those that live, and their chunks given back.

A worker is dead when it has been silent for longer than its lease; on the same host already when
its process is gone. A chunk at which workers keep dying is split until the spectrum that does it
stands alone.
"""

import logging
import socket
import time
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import RealDictCursor

from bossnet.database.reconnecting import Reconnecting
from bossnet.work import alive
from bossnet.work.member import Member
from bossnet.work.queries import query

EVERY = 1.0  #: seconds between two looks at the others at least
DEATHS, PARTS = 2, 10  #: deaths at a chunk after which it is split, and into how many parts

_log = logging.getLogger(__name__)


class Reaper:
    """One worker's look at all others, of its own run and of every other one.

    Args:
        database: of the worker.
        member: the worker.
    """

    def __init__(self, database: Reconnecting, member: Member) -> None:
        self.database, self.member = database, member
        self._host = socket.gethostname()
        self._looked = -EVERY

    def reap(self) -> int:
        """Gives back the chunks of workers that are found dead; how many were."""
        if time.monotonic() - self._looked < EVERY:
            return 0
        found = sum(map(self._judge, self._others()))
        self._looked = time.monotonic()
        return found

    def _others(self) -> list[dict[str, Any]]:
        def others(connection: Connection, _: bool) -> list[dict[str, Any]]:
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(query("running_workers"), {"worker": self.member.pk})
                return [dict(row) for row in cursor.fetchall()]

        return self.database.transaction(others)

    def _judge(self, worker: dict[str, Any]) -> bool:
        """Whether a worker was found dead, and its chunks given back."""
        if worker["hostname"] == self._host and alive.is_gone(worker["pid"], worker["process"]):
            return self._bury(worker, f"its process {worker['pid']} on {self._host} is gone",
                              gone=True)
        # After the database was away, the others get the time to find it again, too.
        if worker["silent"] and self.database.steady > worker["lease"] / 2:
            return self._bury(worker, f"no sign of life for {worker['lease']:.0f} s", gone=False)
        return False

    def _bury(self, worker: dict[str, Any], words: str, *, gone: bool) -> bool:
        def bury(connection: Connection, _: bool) -> int | None:
            with connection.cursor() as cursor:
                cursor.execute(query("bury"), {
                    "worker": worker["pk"], "message": words, "gone": gone})
                if cursor.fetchone() is None:
                    return None
                return inherit(cursor, worker["pk"], words)

        returned = self.database.transaction(bury)
        if returned is not None:
            _log.warning("worker %d died (%s): %d chunks of it are given back", worker["pk"],
                         words, returned)
        return returned is not None


def inherit(cursor: Cursor, worker_pk: int, words: str) -> int:
    """Gives back the chunks at which a worker came to its end; how many."""
    cursor.execute(query("inherit_chunks"), {"worker": worker_pk, "message": words})
    chunks = [pk for (pk,) in cursor.fetchall()]
    for pk in chunks:
        split(cursor, pk)
    return len(chunks)


def split(cursor: Cursor, chunk_pk: int) -> None:
    """Splits a chunk that was given back, if workers have died at it again."""
    cursor.execute(query("split_chunk"), {"chunk": chunk_pk, "deaths": DEATHS, "parts": PARTS})
