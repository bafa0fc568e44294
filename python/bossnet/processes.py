"""Helper processes that answer questions, each replaced when it hangs or dies.

Each has a connection of its own and no lock in common with the others, so that its end, at any
moment, harms nobody else; and each ends by itself when the process that started it is gone,
even in the middle of a file that hangs.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection, Pipe
from queue import SimpleQueue
from types import TracebackType
from typing import Any

from bossnet.errors import BossNetError

_TRIES = 2  #: a process may die of something else than its question, such as lack of memory
_START = 60.0  #: seconds that a process may take until it is ready for questions
_GLANCE = 0.5  #: seconds between two looks at whether an answer is still wanted


class ProcessError(BossNetError):
    """No answer came of a process."""


class ProcessDied(ProcessError):
    """It ended before it had answered, each time it was asked."""


class ProcessHung(ProcessError):
    """It did not answer in time."""


class AnswerFailed(ProcessError):
    """The function raised an error."""


class Processes(AbstractContextManager["Processes"]):
    """Some processes that call a function; a context manager, at whose end they are gone.

    Args:
        function: called in the processes; found there by its module and name.
        fixed: its first arguments.
        number: of the processes.
        patience: seconds that one may take for an answer.
    """

    def __init__(self, function: Callable[..., Any], *fixed: Any, number: int,
                 patience: float) -> None:
        self._all = [_Process((function, fixed), patience) for _ in range(number)]
        self._free: SimpleQueue[_Process] = SimpleQueue()
        for process in self._all:
            self._free.put(process)
        # A thread a process: it asks that one, and waits for it alone.
        self._threads = ThreadPoolExecutor(number, "asking", initializer=_hold_signals)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 traceback: TracebackType | None) -> None:
        for process in self._all:
            process.stop()
        self._threads.shutdown(cancel_futures=True)
        for process in self._all:
            process.end()

    def submit(self, *question: Any) -> Future[Any]:
        """The answer to come of these further arguments, or a `ProcessError`."""
        return self._threads.submit(self._ask, question)

    def _ask(self, question: tuple[Any, ...]) -> Any:
        process = self._free.get()
        try:
            for tried in range(1, _TRIES + 1):
                try:
                    return process.ask(question)
                except ProcessDied:
                    if tried == _TRIES:
                        raise
        finally:
            self._free.put(process)


class _Process:
    """One of them, started when it is first asked. Used by one thread at a time."""

    def __init__(self, task: tuple[Callable[..., Any], tuple[Any, ...]], patience: float) -> None:
        self.task, self.patience = task, patience
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._stopped = False

    def ask(self, question: tuple[Any, ...]) -> Any:
        try:
            connection = self._connection or self._start()
            connection.send(question)
            answer = self._received(connection, self.patience)
        except (OSError, EOFError) as e:
            raise ProcessDied(self.end() or str(e)) from e
        if isinstance(answer, AnswerFailed):
            raise answer
        return answer

    def _received(self, connection: Connection, patience: float) -> Any:
        end = time.monotonic() + patience
        while not connection.poll(_GLANCE):
            if self._stopped:
                raise ProcessDied("stopped")
            if time.monotonic() > end:
                self.end()
                raise ProcessHung(f"no answer for {patience:.0f} s")
        return connection.recv()

    def stop(self) -> None:
        """Kills the process, from any thread; it is not started again."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    def end(self) -> str:
        """Kills the process and lets go of it; how it ended. The next question gets a new one."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is None:
            return ""
        try:
            status = process.wait(_GLANCE)  # of itself: its connection is closed
        except subprocess.TimeoutExpired:
            process.kill()
            try:
                status = process.wait(_GLANCE)
            except subprocess.TimeoutExpired:  # storage can hold a process that is killed
                return "it cannot be killed"
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"

    def _start(self) -> Connection:
        if self._stopped:
            raise ProcessDied("stopped")
        ours, theirs = Pipe()
        with theirs:
            # -P: a file in the working directory must not stand in for a module of its name.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bossnet.processes", str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self._connection = ours
        if self._stopped:  # meanwhile
            self._process.kill()
        ours.send(self.task)
        self._received(ours, max(self.patience, _START))
        return ours


def _hold_signals() -> None:
    """Keeps Ctrl-C, SIGTERM and SIGUSR1 from this thread and the processes that it starts.

    They are for the main thread, which ends the processes when it has done with them.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1))


def _answer(connection: Connection) -> None:
    """The process itself: an answer to every question, until nobody asks any more."""
    threading.Thread(target=_end_when_alone, args=[connection], daemon=True).start()
    try:
        function, fixed = connection.recv()
        connection.send(None)
        while True:
            question = connection.recv()
            try:
                answer = function(*fixed, *question)
            except Exception as e:  # noqa: BLE001 -- it is the answer
                answer = AnswerFailed(f"{type(e).__name__}: {e}")
            connection.send(answer)
    except (EOFError, OSError):
        return


def _end_when_alone(connection: Connection) -> None:
    other_end = select.poll()
    other_end.register(connection, 0)  # for nothing but its being closed
    other_end.poll()
    os._exit(0)


if __name__ == "__main__":
    # Under its own name, by which what is sent is known at the other end.
    from bossnet import log
    from bossnet.processes import _answer as answer

    with log.shown():
        answer(Connection(int(sys.argv[1])))
