"""Threads that do independent pieces of work side by side, each on one core.

Small matrix products gain little from several threads in each; several of them at once gain all.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier, local
from typing import TypeVar

import torch

from bossnet.network.engine.scratch import Scratch

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Crew:
    """As many threads as torch may use; one is the caller itself.

    Args:
        threads: how many.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._own = local()
        self._executor = None
        if threads > 1:
            self._executor = ThreadPoolExecutor(threads, thread_name_prefix="bossnet-engine")
            barrier = Barrier(threads)  # so that each thread takes one of these
            wait([self._executor.submit(_alone, barrier) for _ in range(threads)])
            torch.set_num_threads(threads)  # what is set in any thread holds for all new ones

    def each(self, work: Callable[[Piece, Scratch], Result], pieces: Sequence[Piece]
             ) -> list[Result]:
        """Each piece with a scratch that no other piece uses meanwhile; raises what they raise."""
        if self._executor is None:
            return [work(piece, self._scratch()) for piece in pieces]
        futures = [self._executor.submit(lambda p: work(p, self._scratch()), piece)
                   for piece in pieces]
        wait(futures)  # none may still write to what is used again
        return [future.result() for future in futures]

    def _scratch(self) -> Scratch:
        if not hasattr(self._own, "scratch"):
            self._own.scratch = Scratch()
        scratch: Scratch = self._own.scratch
        return scratch


def _alone(barrier: Barrier) -> None:
    torch.get_num_threads()  # before it is asked for once, a thread takes what holds for new ones
    torch.set_num_threads(1)
    barrier.wait()
