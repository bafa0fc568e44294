"""A worker: claims chunks of a run, reads, predicts, flags, writes, until none is left.

Three things go on at once: readers read ahead, a thread predicts, and the main thread keeps and
writes what was predicted before.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeVar

import psycopg2

from bossnet import v_astra
from bossnet.clock import Clock
from bossnet.errors import (
    DatabaseError,
    DeviceLostError,
    LostChunkError,
    OutageError,
    RunEndedError,
)
from bossnet.flags import Outcome
from bossnet.spectra.survey import Row
from bossnet.task import Result, Task
from bossnet.work.claims import Chunk, Claims
from bossnet.work.heartbeat import Heart
from bossnet.work.outage import Trouble
from bossnet.work.readers import Readers
from bossnet.work.reading import Reading, failed_reading, name_of
from bossnet.work.reaper import Reaper
from bossnet.work.settings import DRAWS, LINEAR, Decisive

AT_ONCE = 32  #: spectra handed to the task together at most, if no larger batch is asked for
PASSES = 700  #: of the network at most for that; after them a signal is looked for
BATCHES = 4  #: of a GPU handed over together
SHORTEST, LONGEST = 0.1, 2.0  #: seconds between two looks at whether there is a chunk to be had

_log = logging.getLogger(__name__)

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def together(batch_size: int, n_draws: int, *, on_gpu: bool = False) -> int:
    """How many spectra are handed to the task together: whole batches of the device, at least one.

    A GPU gets several batches, so that it is at the next one while Python prepares and reads out.
    """
    if on_gpu:
        return BATCHES * batch_size
    return batch_size * max(1, min(AT_ONCE, PASSES // (n_draws + 1)) // batch_size)


def one_ahead(executor: Executor, work: Callable[[Item], Answer], items: Iterable[Item]
              ) -> Iterator[tuple[Item, Answer]]:
    """Each item with the answer to it, in their order, while the next one is worked on.

    An error of the items comes after the answers to those that came before it.
    """
    queue, before = iter(items), None
    while True:
        try:
            item = next(queue)
        except StopIteration:
            break
        except BaseException:
            if before is not None:
                yield before[0], before[1].result()
            raise
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
        heart: by which it lives, and hears what happens to the run.
        reaper: finds dead workers.
        decisive: the settings that rows carry.
        tag: of the rows.
        at_once: spectra handed to the task together.
        progress: who is told.
        clock: where the main thread's time goes.
        device_clock: where that of the thread goes that predicts.
    """

    def __init__(self, task: Task, claims: Claims, heart: Heart, reaper: Reaper,
                 decisive: Decisive, *, tag: str, at_once: int, progress: Progress,
                 clock: Clock, device_clock: Clock) -> None:
        self.clock, self.device_clock = clock, device_clock
        self.task, self.claims, self.heart, self.reaper = task, claims, heart, reaper
        self.watch, self.progress, self.at_once = heart.watch, progress, at_once
        self._fixed = {
            "run_pk": claims.run_pk, "v_astra": v_astra(), "tag": tag,
            "weights": decisive.weights}
        self._decisive = decisive
        self._open: list[_Open] = []
        self._claimed = 0  # chunks so far

    def work(self, readers: Readers) -> None:
        """Until every chunk of the run is done, by whoever, or a signal comes.

        Whatever ends it, what was finished is written and the rest is given back.

        Raises:
            KeyboardInterrupt: a signal came.
            OutageError: too many of the last spectra failed for an outward reason.
            RunEndedError: the run was ended by another worker.
            DeviceLostError: the device is of no more use to this process.
        """
        with self.heart.interruption.deferred(), ThreadPoolExecutor(1, "bossnet-device") as device:
            try:
                self._until_all_is_done(readers, device)
            except DeviceLostError as e:
                self._drop_suspicions()
                self._give_back(blame=str(e))
                raise
            except KeyboardInterrupt:
                self._drop_suspicions()
                raise
            except RunEndedError:
                self._drop_troubles()
                raise
            except (psycopg2.Error, DatabaseError):
                self._open.clear()  # nothing more can be written; its chunks go back as it leaves
                raise
            finally:
                self._give_back()

    def _until_all_is_done(self, readers: Readers, device: Executor) -> None:
        pause = SHORTEST
        while True:
            try:
                if self._go_on(readers, device):
                    pause = SHORTEST
                elif not self.claims.is_left():
                    return
                else:  # what is left is with others, of whom one may die
                    with self.clock.stage("waiting for other workers"):
                        self._wait(pause)
                    pause = min(2 * pause, LONGEST)
            except LostChunkError as e:
                _log.warning("%s; it goes on as another worker", e)
                self._begin_anew()

    def _go_on(self, readers: Readers, device: Executor) -> bool:
        """Does what can be had just now; whether there was anything."""
        before = self._claimed
        stream = readers.stream(self._rows(), waiting=self._glance)
        batches = self._staged("waiting for spectra",
                               iter(lambda: list(islice(stream, self.at_once)), []))
        answers = self._staged("waiting for the network",
                               one_ahead(device, self._predict, batches))
        try:
            for some, (results, seconds) in answers:
                with self.clock.stage("results"):
                    self._take(some, results, seconds / len(some))
                self._glance()
        finally:
            stream.close()
        if self._open:  # complete, but not yet judged
            self.heart.beat()
            self._glance()
            self._give_back()
        return self._claimed > before

    def _staged(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; the time until each of them comes belongs to this stage."""
        queue = iter(items)
        while True:
            with self.clock.stage(name):
                try:
                    item = next(queue)
                except StopIteration:
                    return
            yield item

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._glance()
            time.sleep(min(left, SHORTEST))

    def _glance(self) -> None:
        """Whether the work is to go on; raises what ends it."""
        self.heart.glance()
        if self.watch.is_outage or self.watch.is_alone:
            self._stop_for_outage()

    def _begin_anew(self) -> None:
        """After it was taken for dead, and its chunks were given to others."""
        self._open.clear()
        self.claims.join_again()
        self.heart.beat()

    def _rows(self) -> Iterator[tuple[_Open, str, Row]]:
        """What is to be read, as long as there are chunks to be had."""
        while (chunk := self._claim()) is not None:
            self._claimed += 1
            _log.info("%d of %d spectra of %s are to be done", len(chunk.rows), len(chunk.keys),
                      chunk.table, extra={"chunk": chunk.pk})
            opened = _Open(chunk)
            self._open.append(opened)
            if chunk.is_hopeless:
                self._give_up(opened)
            else:
                for row in chunk.rows:
                    yield opened, chunk.table, row
            if not chunk.rows:  # all of it was done meanwhile
                self._end(opened)
            if chunk.is_suspect:
                return  # nothing beside it until it is ended
            self._glance()

    def _claim(self) -> Chunk | None:
        with self.clock.stage("database"):
            self.reaper.reap()
            return self.claims.claim(suspects=not self._open)

    def _give_up(self, opened: _Open) -> None:
        """The row of a spectrum at which worker after worker has died."""
        chunk = opened.chunk
        for row in chunk.rows:
            reading = failed_reading(
                chunk.table, row, Outcome.FAILED, f"{name_of(row)}: its worker died "
                f"{chunk.deaths} times while at it; the last time: {chunk.last_words}")
            result, = self.task.run([reading.observation])
            self._keep(opened, row, reading, result, 0.0)
            self.progress.advance(1, 1)
        if chunk.rows:
            self._end(opened)

    def _predict(self, some: _Batch) -> tuple[list[Result], float]:
        """What comes of some spectra, and the seconds that it took; in the device's thread."""
        start = time.perf_counter()
        with self.device_clock.stage("flags"):
            results = list(self.task.run((reading.observation for *_, reading in some),
                                         at_once=len(some)))
        return results, time.perf_counter() - start

    def _take(self, some: _Batch, results: Sequence[Result], seconds: float) -> None:
        """Keeps results, and writes the chunks that are complete with them."""
        for (opened, _, row, reading), result in zip(some, results, strict=True):
            self._keep(opened, row, reading, result, seconds)
        if self.watch.is_outage or self.watch.is_alone:
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
        if message:
            _log.info("failed: %s", message,
                      extra={"chunk": opened.chunk.pk, "spectrum": row["spectrum_pk"]})
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

    def _end(self, opened: _Open, *, blame: str = "") -> None:
        self._open.remove(opened)
        with self.clock.stage("database"):
            self.claims.end(opened.chunk, opened.rows, done=opened.complete,
                            blame="" if opened.complete else blame)
        _log.info("%s, with %d rows", "done" if opened.complete else "given back",
                  len(opened.rows), extra={"chunk": opened.chunk.pk})

    def _give_back(self, *, blame: str = "") -> None:
        """Writes what is there, and gives back what is not complete."""
        for opened in list(self._open):
            try:
                self._end(opened, blame=blame)
            except LostChunkError as e:
                _log.warning("%s", e, extra={"chunk": opened.chunk.pk})

    def _drop_troubles(self) -> None:
        """Drops the failures that may be an outage's, of which none is written yet."""
        keys = {t.spectrum_pk for t in self.watch.troubles}
        for opened in self._open:
            opened.rows = [row for row in opened.rows if row["spectrum_pk"] not in keys]

    def _drop_suspicions(self) -> None:
        """The same where it ends before they are judged, and many of the last spectra failed."""
        if self.watch.is_suspicious:
            self._drop_troubles()

    def _stop_for_outage(self) -> None:
        self._drop_troubles()
        raise OutageError(self.watch.describe(), is_alone=not self.watch.is_outage)
