"""Several workers of a run on this machine, a GPU each: started, kept going, ended together."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from glob import glob
from types import TracebackType

RESTARTS = 20  #: times that a worker's place is filled again; a chunk is split in three steps
HUNG = 75  #: status by which a worker of ours says that it hung: the device never answered
SUPERVISED = "BOSSNET_SUPERVISED"  #: variable of their environment, so that they say it
GRACE = 60.0  #: seconds that workers have to end when they are asked to

_GLANCE = 0.1  #: seconds between two looks at whether they have ended
_VISIBLE, _THREADS = "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"
_log = logging.getLogger(__name__)


def command(*arguments: str) -> list[str]:
    """The program `bossnet` with these arguments, such as ``worker 12``, as a child of this one."""
    # -P: a file in the working directory must not stand in for a module of its name.
    return [sys.executable, "-P", "-m", "bossnet.work.child", str(os.getpid()), *arguments]


class Workers(AbstractContextManager["Workers"]):
    """Some workers of one run; a context manager, at whose end they are gone.

    One that is killed, dies of a fault, or hangs is replaced; one that ends by itself is not.

    Args:
        command: of each; see `command`.
        environments: of each, beside that of this process.
        restarts: times that each is replaced.

    Attributes:
        statuses: how those that have ended for good did so; negative for a signal.
    """

    def __init__(self, command: Sequence[str], environments: Sequence[Mapping[str, str]], *,
                 restarts: int = RESTARTS) -> None:
        self._command = list(command)
        self._places = [_Place(dict(environment), restarts) for environment in environments]
        self._asked: float | None = None  # when they were asked to end
        self.statuses: list[int] = []

    def __enter__(self) -> "Workers":
        for place in self._places:
            self._start(place)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 traceback: TracebackType | None) -> None:
        if kind is None or not issubclass(kind, KeyboardInterrupt):  # which insists
            self.end()
            while self.alive():
                time.sleep(_GLANCE)
        self._send(signal.SIGKILL)
        for place in self._places:
            if place.process is not None:
                place.process.wait()

    def alive(self) -> int:
        """How many there are, after those that died were replaced."""
        for number, place in enumerate(self._places, 1):
            if place.process is None or (status := place.process.poll()) is None:
                continue
            is_dead = status < 0 or status == HUNG
            if is_dead and self._asked is None and place.restarts:
                how = "it hung" if status == HUNG else signal.Signals(-status).name
                _log.warning("worker %d of %d died (%s) and is started again", number,
                             len(self._places), how)
                place.restarts -= 1
                self._start(place)
            else:
                place.process = None
                self.statuses.append(status)
        alive = sum(place.process is not None for place in self._places)
        if alive and self._asked is not None and time.monotonic() - self._asked > GRACE:
            _log.warning("%d workers do not end within %.0f s: they are killed", alive, GRACE)
            self._send(signal.SIGKILL)
        return alive

    def end(self) -> None:
        """Asks them to end; what they have finished is written, and none is replaced."""
        if self._asked is None:
            self._asked = time.monotonic()
            self._send(signal.SIGUSR1)  # beside what Slurm may send to every process of a job

    def _send(self, number: int) -> None:
        for place in self._places:
            if place.process is not None:
                place.process.send_signal(number)

    def _start(self, place: "_Place") -> None:
        # In a group of its own: Ctrl-C on the terminal is for this process, which passes it on.
        place.process = subprocess.Popen(
            self._command, env=os.environ | place.environment | {SUPERVISED: "1"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, process_group=0)


class _Place:
    """One worker after the other."""

    def __init__(self, environment: dict[str, str], restarts: int) -> None:
        self.environment, self.restarts = environment, restarts
        self.process: subprocess.Popen[bytes] | None = None


def shares(number: int, device: str, environment: Mapping[str, str] = os.environ
           ) -> list[dict[str, str]]:
    """What each of some workers has of this machine, as variables of its environment.

    Its part of the CPU cores, and a GPU, in turn.

    Args:
        number: of workers.
        device: the option; where it names a device all get that one, and ``cpu`` needs none.
        environment: in which Slurm, or the operator, may have said what is ours.
    """
    cores = max(1, len(os.sched_getaffinity(0)) // number)
    common = {} if _THREADS in environment else {_THREADS: str(cores)}
    if device not in ("auto", "cuda"):
        return [common] * number
    if _VISIBLE in environment:
        gpus = [name.strip() for name in environment[_VISIBLE].split(",") if name.strip()]
    else:
        gpus = [str(index) for index in range(len(glob("/dev/nvidia[0-9]*")))]
    return [common | ({_VISIBLE: gpus[i % len(gpus)]} if gpus else {}) for i in range(number)]
