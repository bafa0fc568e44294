"""A worker's heart: says that it is alive, also during a long batch, and hears what goes on.

It beats in a thread with a connection of its own, as long as the main thread makes progress. A
worker that hangs, in a device that never answers, is left by it: the worker's chunks are given
back, and its process ends.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType

from psycopg2.extensions import connection as Connection

from bossnet.database.reconnecting import Reconnecting
from bossnet.errors import LostChunkError, RunEndedError
from bossnet.work.interruption import Interruption
from bossnet.work.local import HUNG, SUPERVISED
from bossnet.work.member import Member
from bossnet.work.outage import OutageWatch
from bossnet.work.queries import query
from bossnet.work.reaper import inherit
from bossnet.work.states import FAILED, INTERRUPTED, OPEN, STOPPED

BEAT = 10.0  #: seconds between two signs of life
PATIENCE = 600.0  #: seconds without progress after which the worker hangs
LAST_MOMENT = 20.0  #: seconds after a signal until the worker ends, whatever it is at
_TICK = 0.5  #: seconds between two looks of the thread that watches
_FAREWELL = 6.0  #: seconds for giving chunks back on the way out

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a beat of a worker was answered: whether it is in its run still, and how that stands."""

    worker: int
    is_member: bool
    state: str
    message: str | None


class _Over(Exception):
    """The heart is to stop while it waits for the database."""


class Heart(AbstractContextManager["Heart"]):
    """Beats while in its context.

    Args:
        opened: opens a connection to the database.
        member: the worker, which has joined.
        watch: its window, published with each beat; gets to know those of the others.
        interruption: whether the worker was asked to stop.
        database: the worker's own, whose time is published.
    """

    def __init__(self, opened: Callable[[], Connection], member: Member, watch: OutageWatch,
                 interruption: Interruption, database: Reconnecting) -> None:
        self.member, self.watch, self.interruption = member, watch, interruption
        self._opened, self._database = opened, database
        self._own = Reconnecting(opened, waiting=self._raise_if_over)
        self._over = threading.Event()
        self._heard: _Heard | None = None
        self._moved = time.monotonic()
        self._threads = [threading.Thread(target=self._beat_on, name="bossnet-heart", daemon=True),
                         threading.Thread(target=self._stand_by, name="bossnet-watch", daemon=True)]

    def __enter__(self) -> "Heart":
        self.beat()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(2 * _TICK)
        if not self._threads[0].is_alive():  # else it waits for the database, and ends after that
            self._own.close()

    @property
    def seconds(self) -> float:
        """Spent on the database, by the worker and its heart."""
        return self._own.seconds + self._database.seconds

    def moved(self) -> None:
        """The main thread makes progress."""
        self._moved = time.monotonic()

    def glance(self) -> None:
        """The main thread makes progress, and hears what it must.

        Raises:
            KeyboardInterrupt: a signal came.
            LostChunkError: the worker was taken for dead; its chunks are others'.
            RunEndedError: the run has ended.
        """
        self.moved()
        if self.interruption.asked:
            raise KeyboardInterrupt
        heard = self._heard
        if heard is None or heard.worker != self.member.pk:
            return
        if not heard.is_member:
            raise LostChunkError(f"worker {self.member.pk} was taken for dead: its chunks are "
                                 "left to others")
        if heard.state not in OPEN:  # one called interrupted is taken back by the next beat
            raise RunEndedError(f"run {self.member.run_pk} was ended meanwhile ({heard.state})"
                                + (f": {heard.message}" if heard.message else ""),
                                state=heard.state)

    def beat(self) -> None:
        """A sign of life now, by the main thread; what it is answered is there afterwards."""
        self._heard = self._database.transaction(self._beat)

    def _beat(self, connection: Connection, _: bool) -> _Heard:
        worker, run = self.member.pk, self.member.run_pk
        recent, recent_failed = self.watch.window
        with connection.cursor() as cursor:
            cursor.execute(query("beat_worker"), {
                "worker": worker, "recent": recent, "recent_failed": recent_failed,
                "t_database": self.seconds, "t_work": self.member.seconds})
            is_member = cursor.fetchone() is not None
            if is_member:
                cursor.execute(query("take_run_back"), {"run": run})
            cursor.execute(query("beat_run"), {"run": run, "often": BEAT / 2})
            cursor.execute(query("look_around"), {"worker": worker, "run": run})
            state, message, others, others_failed = cursor.fetchone() or ("gone", None, 0, 0)
        self.watch.others = int(others), int(others_failed)
        return _Heard(worker, is_member, state, message)

    def _beat_on(self) -> None:
        while not self._over.wait(BEAT):
            try:
                self._heard = self._own.transaction(self._beat)
            except _Over:
                return
            except Exception as e:  # noqa: BLE001 -- whatever it is, the worker lives
                # Its own transactions meet the same, and end it where that must be.
                _log.info("no sign of life could be given: %s", e)

    def _stand_by(self) -> None:
        while not self._over.wait(_TICK):
            if self._database.busy:  # what the database is at is not the device's fault
                self.moved()
            asked = self.interruption.since
            if asked is not None and time.monotonic() - asked > LAST_MOMENT:
                self._abandon(130, STOPPED, "stopped by a signal in the middle of a batch; running "
                              "again goes on")
            elif asked is None and time.monotonic() - self._moved > PATIENCE:
                self._abandon(HUNG if SUPERVISED in os.environ else 1, FAILED,
                              f"no progress for {PATIENCE:.0f} s: the device, or another part of "
                              "the machine, does not answer")

    def _abandon(self, status: int, state: str, message: str) -> None:
        """Ends the process, whose main thread does not answer; its chunks are given back."""
        def farewell() -> None:
            try:
                database = Reconnecting(self._opened)
                if state == FAILED:
                    database.transaction(self._blame(message))
                self.member.leave(
                    database, state, message, seconds=self.seconds,
                    run_state=INTERRUPTED)
            except Exception as e:  # noqa: BLE001 -- others find its chunks by its silence
                _log.info("nothing was given back on the way out: %s", e)

        last = threading.Thread(target=farewell, daemon=True)
        last.start()
        last.join(_FAREWELL)
        sys.stderr.write(f"error: {message}\n")
        sys.stderr.flush()
        os._exit(status)

    def _blame(self, message: str) -> Callable[[Connection, bool], None]:
        def blame(connection: Connection, _: bool) -> None:
            with connection.cursor() as cursor:
                inherit(cursor, self.member.pk, message)
        return blame

    def _raise_if_over(self) -> None:
        if self._over.is_set():
            raise _Over
