"""Ctrl-C, SIGTERM, SIGUSR1: what is finished is written, the rest is left for the next time."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from psycopg2.extensions import connection as Connection

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
_GLANCE = 0.1  #: seconds between two looks at whether a signal has come


class Interruption:
    """Whether the run is asked to stop.

    The first signal is noted while work is `deferred`, and raises KeyboardInterrupt at any
    other time; a second one always raises. SIGUSR1 asks, and never insists: under Slurm it comes
    from the job's script, beside the SIGTERM that Slurm sends to every process of a job.

    Attributes:
        since: when it was asked first, by the monotonic clock; None where it was not.
    """

    def __init__(self) -> None:
        self.since: float | None = None
        self._deferred = False
        self._insists = False  # the next signal but SIGUSR1

    @property
    def asked(self) -> bool:
        """Whether a signal has come."""
        return self.since is not None

    @contextmanager
    def installed(self) -> Iterator["Interruption"]:
        """Handles the signals for the time of the context (in the main thread alone)."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.signal(number, self._come) for number in SIGNALS}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """While in here, a signal is only noted, to be seen in `asked`."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    def _come(self, number: int, frame: FrameType | None) -> None:
        first = self.since is None
        if first:
            self.since = time.monotonic()
        if number == signal.SIGUSR1:
            insists = False
        else:
            insists, self._insists = self._insists, True
        if insists or (first and not self._deferred):
            raise KeyboardInterrupt


@contextmanager
def held() -> Iterator[None]:
    """Signals wait until its end: an extension module that is being imported may lose them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def cancellable(connection: Connection, statement: Callable[[], None]) -> None:
    """Executes a statement so that a signal cancels it, instead of waiting for its end.

    libpq waits in C, where Python sees no signal: the waiting is done in a thread.
    """
    problem: list[BaseException] = []
    go, over = threading.Event(), threading.Event()

    def wait() -> None:
        go.wait()  # a signal may come while this thread is being started
        try:
            statement()
        except BaseException as e:  # noqa: BLE001 -- raised again below
            problem.append(e)
        finally:
            over.set()

    threading.Thread(target=wait, daemon=True).start()
    try:
        go.set()
        while not over.wait(_GLANCE):
            pass
    except BaseException:
        while go.is_set() and not over.is_set():
            connection.cancel()  # again, as the statement may only be about to begin
            over.wait(_GLANCE)
        raise
    if problem:
        raise problem[0]
