"""Times that may be compared: warm, taken in turn, and of several the median."""

import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """What one call took.

    Attributes:
        wall: seconds by the clock.
        processor: seconds of processors, of this process and of those that it has waited for.
    """

    wall: float
    processor: float


class Stopwatch:
    """Measures from its making, or from its last `start`."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self._wall, self._processor = time.perf_counter(), _processor()

    def read(self) -> Taken:
        return Taken(time.perf_counter() - self._wall, _processor() - self._processor)


def timed(call: Callable[[], object]) -> Taken:
    """What a call takes; or what it says of itself, where it gives a `Taken`."""
    watch = Stopwatch()
    said = call()
    return said if isinstance(said, Taken) else watch.read()


def in_turn(calls: Mapping[str, Callable[[], object]], *, rounds: int,
            say: Callable[[str], None] = lambda line: None) -> dict[str, list[Taken]]:
    """Every call once a round, so that other work on the machine harms all of them alike.

    Args:
        calls: by name; each was called before, so that it is warm.
        rounds: how many.
        say: told what comes next.
    """
    found: dict[str, list[Taken]] = {name: [] for name in calls}
    for turn in range(1, rounds + 1):
        for name, call in calls.items():
            say(f"{name}: round {turn} of {rounds}")
            found[name].append(timed(call))
    return found


def warm_up(calls: Mapping[str, Callable[[], object]],
            say: Callable[[str], None] = lambda line: None) -> None:
    """Every call once: the first one measures, allocates and fills caches."""
    for name, call in calls.items():
        say(f"{name}: warm-up")
        call()


def median(times: list[Taken]) -> float:
    """Seconds by the clock."""
    return statistics.median(t.wall for t in times)


def ratio(slow: list[Taken], fast: list[Taken]) -> float:
    """How many times longer one took than the other: the median over the rounds."""
    return statistics.median(a.wall / b.wall for a, b in zip(slow, fast, strict=True))


def cores(times: list[Taken]) -> float:
    """How many processors were busy with it on average."""
    return statistics.median(t.processor / t.wall for t in times)


def _processor() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in
               map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
