"""A worker: claims chunks of a run, reads, predicts, flags, writes, until none is left.

Three things go on at once: readers read ahead, a thread predicts, and the main thread keeps and
writes what was predicted before.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeVar

from bossnet import v_astra
from bossnet.errors import OutageError
from bossnet.flags import Outcome
from bossnet.spectra.survey import Row
from bossnet.task import Result, Task
from bossnet.work.claims import Chunk, Claims
from bossnet.work.interruption import Interruption
from bossnet.work.outage import OutageWatch, Trouble
from bossnet.work.readers import Readers
from bossnet.work.reading import Reading
from bossnet.work.settings import DRAWS, LINEAR, Decisive

AT_ONCE = 32  #: spectra handed to the task together, as long as no larger batch is asked for
PASSES = 700  #: of the network at most for that; after them a signal is looked for


Item = TypeVar("Item")
Answer = TypeVar("Answer")


def together(batch_size: int, n_draws: int) -> int:
    """How many spectra are handed to the task together: never less than the device's batch."""
    return max(batch_size, min(AT_ONCE, PASSES // (n_draws + 1)))


def one_ahead(executor: Executor, work: Callable[[Item], Answer], items: Iterable[Item]
              ) -> Iterator[tuple[Item, Answer]]:
    """Each item with the answer to it, in their order, while the next one is worked on."""
    before = None
    for item in items:
        after = item, executor.submit(work, item)
        if before is not None:
            yield before[0], before[1].result()
        before = after
    if before is not None:
        yield before[0], before[1].result()


class Progress(Protocol):
    """Whoever wants to know how a run goes on."""

    def advance(self, done: int, failed: int) -> None:
        """So many more spectra are done, so many of them failed."""
        ...


@dataclass(slots=True)
class _Open:
    """A claimed chunk that is not ended.

    Attributes:
        chunk: as claimed.
        rows: results that are there.
        troubled: at which spectrum of the run it last had one that failed for an outward reason.
    """

    chunk: Chunk
    rows: list[dict[str, Any]] = field(default_factory=list)
    troubled: int | None = None

    @property
    def complete(self) -> bool:
        return len(self.rows) == len(self.chunk.rows)


_Batch = Sequence[tuple[_Open, str, Row, Reading]]


class Worker:
    """Does the work of one run.

    Args:
        task: predicts and flags.
        claims: its hold on the run's chunks.
        decisive: the settings that rows carry.
        tag: of the rows.
        at_once: spectra handed to the task together.
        watch: for outages.
        progress: who is told.
    """

    def __init__(self, task: Task, claims: Claims, decisive: Decisive, *, tag: str,
                 at_once: int, watch: OutageWatch, progress: Progress) -> None:
        self.task, self.claims, self.watch, self.progress = task, claims, watch, progress
        self.at_once = at_once
        self._fixed = {
            "run_pk": claims.run_pk, "v_astra": v_astra(), "tag": tag,
            "weights": decisive.weights}
        self._decisive = decisive
        self._open: list[_Open] = []

    def work(self, readers: Readers, interruption: Interruption) -> None:
        """Until no chunk is left, or a signal comes.

        Whatever ends it, what was finished is written and the rest is given back.

        Raises:
            KeyboardInterrupt: a signal came.
            OutageError: too many of the last spectra failed for an outward reason.
        """
        def glance() -> None:
            if interruption.asked:
                raise KeyboardInterrupt
            self.claims.beat()

        stream = readers.stream(self._rows(), waiting=glance)
        batches = iter(lambda: list(islice(stream, self.at_once)), [])
        with interruption.deferred(), ThreadPoolExecutor(1, "bossnet-device") as device:
            try:
                for some, (results, seconds) in one_ahead(device, self._predict, batches):
                    self._take(some, results, seconds / len(some))
                    glance()
            finally:
                stream.close()
                self._give_back()

    def _rows(self) -> Iterator[tuple[_Open, str, Row]]:
        while (chunk := self.claims.claim()) is not None:
            opened = _Open(chunk)
            self._open.append(opened)
            if not chunk.rows:  # all of it was done meanwhile
                self._end(opened)
            for row in chunk.rows:
                yield opened, chunk.table, row

    def _predict(self, some: _Batch) -> tuple[list[Result], float]:
        """What comes of some spectra, and the seconds that it took; in the device's thread."""
        start = time.perf_counter()
        results = list(self.task.run((reading.observation for *_, reading in some),
                                     at_once=len(some)))
        return results, time.perf_counter() - start

    def _take(self, some: _Batch, results: Sequence[Result], seconds: float) -> None:
        """Keeps results, and writes the chunks that are complete with them."""
        for (opened, _, row, reading), result in zip(some, results, strict=True):
            self._keep(opened, row, reading, result, seconds)
        if self.watch.is_outage:
            self._stop_for_outage()
        for opened in [o for o in self._open if o.complete]:
            # Failures that may yet turn out to be an outage's are not written before that is
            # settled: they might take the place of good rows.
            if not self.watch.may_judge(opened.troubled):
                self._end(opened)
        self.progress.advance(len(results),
                              sum(r.outcome is not Outcome.DONE for r in results))

    def _keep(self, opened: _Open, row: Row, reading: Reading, result: Result,
              seconds: float) -> None:
        observation = reading.observation
        message = result.error_message
        if message and reading.path and reading.path not in message:
            message = f"{reading.path}: {message}"
        opened.rows.append(self._fixed | result.values | self._how(result) | {
            "spectrum_pk": row["spectrum_pk"], "source_pk": row["source_pk"],
            "t_elapsed": seconds, "t_overhead": reading.seconds,
            "file_size": observation.file_size, "file_mtime": observation.file_mtime,
            "result_flags": result.result_flags, "error_message": message or None})
        if result.outcome.is_outage:
            opened.troubled = self.watch.seen
            self.watch.add(Trouble(row["spectrum_pk"], reading.path, result.error_message))
        else:
            self.watch.add(None)

    def _how(self, result: Result) -> dict[str, Any]:
        """How a row's uncertainties were made, where there are any."""
        method = None
        if result.values.get("e_log_teff") is not None:
            method = LINEAR if result.linear else DRAWS
        # In a run by linear propagation only what fell back has seen draws.
        drawn = DRAWS in (method, self._decisive.uncertainty_method)
        return {"uncertainty_method": method, "n_draws": self._decisive.n_draws if drawn else 0}

    def _end(self, opened: _Open) -> None:
        self.claims.end(opened.chunk, opened.rows, done=opened.complete)
        self._open.remove(opened)

    def _give_back(self) -> None:
        if self.claims.lost:  # nothing can be written; the next run does it again
            return
        for opened in list(self._open):
            self._end(opened)

    def _stop_for_outage(self) -> None:
        """Drops the failures of the outage, of which none is written yet, and stops."""
        keys = {t.spectrum_pk for t in self.watch.troubles}
        for opened in self._open:
            opened.rows = [row for row in opened.rows if row["spectrum_pk"] not in keys]
        raise OutageError(self.watch.describe())
