"""Where a worker's time goes: its main thread's, and that of the thread that predicts."""

import time

from bossnet.clock import Clock

Times = dict[str, float]  #: seconds by stage


class Profile:
    """Begins as the worker does.

    Attributes:
        main: clock of the main thread.
    """

    def __init__(self) -> None:
        self.main = Clock()
        self._began = time.perf_counter()

    def report(self, device: Clock) -> dict[str, Times]:
        """Each thread's stages, which add up to the wall time.

        Args:
            device: clock of the thread that predicts.

        Returns:
            ``main`` and ``device``, the latter idle until there is something to predict.
        """
        wall = time.perf_counter() - self._began
        return {"main": _with_rest(self.main, wall, "start, planning, end"),
                "device": _with_rest(device, wall, "idle")}


def _with_rest(clock: Clock, wall: float, rest: str) -> Times:
    return clock.seconds | {rest: wall - sum(clock.seconds.values())}
