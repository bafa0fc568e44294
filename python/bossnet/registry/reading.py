"""What files say of their spectra, read by processes beside each other, in order."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from bossnet.errors import SpectrumError
from bossnet.processes import ProcessError, Processes
from bossnet.registry.finding import Refusal
from bossnet.spectra import Registration, register

FEW = 64  #: files that are read at once here; processes would take longer to start
AHEAD = 32  #: files a process that are read ahead of the database
HUNG = 60.0  #: seconds after which a file that is not read is given up


@dataclass(frozen=True, slots=True)
class Found:
    """A file that was understood.

    Attributes:
        path: the file.
        table: the spectrum table its spectra belong to.
        identity: columns that tell one spectrum of that table from another.
        registrations: its spectra.
        is_more: of the same file as what came before it.
    """

    path: Path
    table: str
    identity: tuple[str, ...]
    registrations: list[Registration]
    is_more: bool = False


def read_all(files: Iterable[Path | Refusal], *, readers: int | None = None
             ) -> Iterator[Found | Refusal]:
    """What every file holds, or why it is refused, in the files' order.

    Memory does not grow with the number of files. A file that hangs or kills its process is
    refused after ``HUNG`` seconds; the rest goes on.

    Args:
        files: what ``find`` gives.
        readers: processes; by default up to four, none for few files.
    """
    pending = iter(files)
    first = list(islice(pending, FEW + 1))
    if readers is None:
        readers = min(4, os.cpu_count() or 1) if len(first) > FEW else 0
    pending = chain(first, pending)
    if not readers:
        for file in pending:
            yield from [file] if isinstance(file, Refusal) else read_one(file)
        return
    with Processes(read_one, number=readers, patience=HUNG) as processes:
        yield from _in_order(processes, pending, AHEAD * readers)


def read_one(path: Path) -> list[Found | Refusal]:
    """What one file holds, by spectrum table, or why it is refused, whole or in part."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return [Refusal(os.fsencode(path).decode("utf-8", "replace"),
                        "its name is not UTF-8, and no database could hold it")]
    try:
        registered = register(path)
    except SpectrumError as e:
        return [Refusal(str(path), str(e).removeprefix(f"{path}: "))]
    found: list[Found | Refusal] = [
        Found(path, survey.table, survey.identity, registrations, is_more=number > 0)
        for number, (survey, registrations) in enumerate(registered.found)]
    return found + [Refusal(str(path), f"in part: {reason}") for reason in registered.refusals]


def _in_order(processes: Processes, files: Iterator[Path | Refusal], ahead: int
              ) -> Iterator[Found | Refusal]:
    queue: deque[Refusal | tuple[Path, Future[list[Found | Refusal]]]] = deque()
    for file in files:
        queue.append(file if isinstance(file, Refusal)
                     else (file, processes.submit(file)))
        if len(queue) >= ahead:
            yield from _results(queue.popleft())
    while queue:
        yield from _results(queue.popleft())


def _results(item: Refusal | tuple[Path, Future[list[Found | Refusal]]]) -> list[Found | Refusal]:
    if isinstance(item, Refusal):
        return [item]
    path, future = item
    try:
        return future.result()
    except ProcessError as e:
        return [Refusal(str(path), f"its reader process failed: {e}")]
