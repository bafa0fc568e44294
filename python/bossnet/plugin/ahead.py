"""Work done ahead by threads, in order, of which nothing is left behind at the end."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@contextmanager
def ending(threads: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """So many threads; at the end, what they have not begun is dropped."""
    executor = ThreadPoolExecutor(threads, name)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def ahead(executor: Executor, work: Callable[[Item], Answer], items: Iterable[Item], number: int
          ) -> Iterator[Answer]:
    """The answers to items, in their order, at most so many of them worked on in advance.

    The items themselves are taken in the caller's thread.
    """
    waiting: deque[Future[Answer]] = deque()
    for item in items:
        waiting.append(executor.submit(work, item))
        if len(waiting) >= number:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
