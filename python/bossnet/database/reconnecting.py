"""A connection that comes back after a restart of the database, or after it was dropped."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from bossnet.errors import DatabaseError

PATIENCE = 600.0  #: seconds that a database may be away
FIRST, LONGEST = 0.5, 30.0  #: seconds between two tries to connect; each time twice as long
_GLANCE = 0.1  #: seconds between two looks at whether the wait is still wanted
_IDLE = 60  #: seconds after which Postgres ends a transaction whose client says nothing more

_GOING_DOWN = ("08", "57P01", "57P02", "57P03")  # a connection's error; shut down, starting up
_REPEATABLE = (errors.DeadlockDetected, errors.SerializationFailure)

Answer = TypeVar("Answer")
_log = logging.getLogger(__name__)


class Reconnecting:
    """Transactions on a connection that is opened again when it is lost. For one thread.

    Args:
        opened: opens a connection.
        waiting: called now and then while the database is waited for; what it raises ends that.

    Attributes:
        seconds: spent in transactions, with what they waited for.
        busy: whether there is one just now.
    """

    def __init__(self, opened: Callable[[], Connection], *,
                 waiting: Callable[[], None] = lambda: None) -> None:
        self.waiting = waiting
        self.seconds = 0.0
        self.busy = False
        self._opened = opened
        self._connection: Connection | None = None
        self._since = time.monotonic()

    @property
    def steady(self) -> float:
        """Seconds since the connection was opened, for the first time or again; 0 without one."""
        return time.monotonic() - self._since if self._connection is not None else 0.0

    @property
    def lost(self) -> bool:
        """Whether there is no connection."""
        return self._connection is None

    def transaction(self, work: Callable[[Connection, bool], Answer]) -> Answer:
        """What the work gives, in a transaction, which is tried again on a new connection.

        Args:
            work: given the connection, and whether an earlier try may have been committed without
                an answer: then it has to look first.

        Raises:
            psycopg2.Error: what the database refused.
            DatabaseError: it was away for longer than `PATIENCE`.
        """
        start, again = time.perf_counter(), False
        self.busy = True
        try:
            while True:
                connection = self._connected()
                try:
                    with connection:
                        return work(connection, again)
                except _REPEATABLE as e:
                    _log.info("a transaction is tried again: %s", first_line(e))
                except (psycopg2.OperationalError, psycopg2.InterfaceError) as e:
                    if not is_lost(connection, e):
                        raise
                    _log.warning("the connection to the database is lost (%s): connecting again",
                                 first_line(e))
                    self.close()
                    again = True
        finally:
            self.busy = False
            self.seconds += time.perf_counter() - start

    def close(self) -> None:
        """Closes the connection; the next transaction opens one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = patiently(self._settled, patience=PATIENCE, waiting=self.waiting)
            self._since = time.monotonic()
        return self._connection

    def _settled(self) -> Connection:
        connection = self._opened()
        try:
            with connection, connection.cursor() as cursor:
                # One that hangs with locks, as its machine is gone, would hold up all others.
                cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, "
                               "false)", (f"{_IDLE}s",))
        except BaseException:
            connection.close()
            raise
        return connection


def patiently(opened: Callable[[], Connection], *, patience: float,
              waiting: Callable[[], None] = lambda: None) -> Connection:
    """A connection, tried for again and again until the patience (seconds) is at its end.

    Raises:
        DatabaseError: of the last try.
    """
    end, pause = time.monotonic() + patience, FIRST
    while True:
        try:
            return opened()
        except (DatabaseError, psycopg2.OperationalError) as e:
            if time.monotonic() + pause > end:
                raise
            _log.info("no connection yet: %s", e)
        # Many workers lose their connections together, and must not all come back together.
        until = time.monotonic() + pause * random.uniform(0.5, 1.0)
        while time.monotonic() < until:
            waiting()
            time.sleep(_GLANCE)
        pause = min(2 * pause, LONGEST)


def is_lost(connection: Connection, error: psycopg2.Error) -> bool:
    """Whether an error says that the connection is gone, and not that a statement was refused."""
    return bool(connection.closed) or (error.pgcode or "").startswith(_GOING_DOWN)


def first_line(error: psycopg2.Error) -> str:
    """What the database said, of an error and of the rollback that failed of the same reason."""
    while isinstance(error.__context__, psycopg2.Error):
        error = error.__context__
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
