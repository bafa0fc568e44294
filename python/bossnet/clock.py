"""Where a thread's time goes: stages, of which each moment belongs to one alone."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Clock:
    """Seconds of one thread, by stage; a stage within another interrupts it.

    Attributes:
        seconds: of the stages that have ended or were interrupted, by name.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._since = time.perf_counter()

    @contextmanager
    def stage(self, name: str, *, settle: Callable[[], object] | None = None) -> Iterator[None]:
        """What is done in here belongs to this stage.

        Args:
            name: of the stage.
            settle: waits for what was begun in here and goes on by itself, as on a GPU.
        """
        self._turn()
        self._open.append(name)
        try:
            yield
            if settle is not None:
                settle()
        finally:
            self._turn()
            self._open.pop()

    def _turn(self) -> None:
        """The time up to now belongs to the innermost open stage."""
        now = time.perf_counter()
        if self._open:
            name = self._open[-1]
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now
