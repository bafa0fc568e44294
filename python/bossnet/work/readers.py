"""Reader processes, ahead of the network: a bounded queue of spectra in the order asked for."""

import multiprocessing
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import TimeoutError as ReadTimeout
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from bossnet.flags import Outcome
from bossnet.network import NETWORKS
from bossnet.network.declaration import Network
from bossnet.spectra.survey import Row
from bossnet.work.reading import Reading, failed_reading, read_row

PATIENCE = 60.0  #: seconds after which a reader is replaced and its file flagged
AHEAD = 128  #: spectra read ahead of the network, all readers together

Key = TypeVar("Key")


class Readers(AbstractContextManager["Readers"]):
    """A pool of reader processes; a context manager, at whose end they are gone.

    Args:
        network: whose grid spectra are assessed for.
        roots: named folders of the configuration.
        processes: how many.
        patience: seconds that a reader may take for one file.
    """

    def __init__(self, network: Network, roots: Mapping[str, Path], *, processes: int = 2,
                 patience: float = PATIENCE) -> None:
        self.network, self.roots, self.patience = network, dict(roots), patience
        # Not by fork: this process has threads, of torch and of the pool.
        self._pool = ProcessPool(processes, context=multiprocessing.get_context("forkserver"))

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self._pool.stop()
        self._pool.join()

    def stream(self, rows: Iterable[tuple[Key, str, Row]]
               ) -> Generator[tuple[Key, str, Row, Reading], None, None]:
        """What came of reading each row, in their order; at most `AHEAD` are taken in advance.

        Args:
            rows: a key of the caller's, the spectrum table, the row.
        """
        waiting: deque[tuple[Key, str, Row, ProcessFuture]] = deque()
        for key, table, row in rows:
            waiting.append((key, table, row, self._pool.schedule(
                _read, args=[table, row, self.roots, self.network.kind], timeout=self.patience)))
            if len(waiting) >= AHEAD:
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def _next(self, waiting: deque[tuple[Key, str, Row, ProcessFuture]]
              ) -> tuple[Key, str, Row, Reading]:
        key, table, row, future = waiting.popleft()
        name = row.get("path") or f"spectrum {row['spectrum_pk']}"
        try:
            reading = future.result()
        except ReadTimeout:
            reading = failed_reading(table, row, Outcome.STORAGE_FAILED,
                                     f"{name}: the storage did not answer for "
                                     f"{self.patience:.0f} s; check the file system, and try again "
                                     "with --retry-failed")
        except ProcessExpired as e:
            reading = failed_reading(table, row, Outcome.STORAGE_FAILED,
                                     f"{name}: its reader process died (exit code {e.exitcode}); "
                                     "try again with --retry-failed")
        except Exception as e:  # noqa: BLE001 -- it becomes that spectrum's row
            reading = failed_reading(table, row, Outcome.FAILED,
                                     f"{name}: {type(e).__name__} while reading: {e}")
        return key, table, row, reading


def _read(table: str, row: Row, roots: Mapping[str, Path], kind: str) -> Reading:
    # By its kind: a declaration is not sent, its grid would be with every spectrum.
    return read_row(table, row, roots, NETWORKS[kind])
