"""Reader processes, ahead of the network: a bounded queue of spectra in the order asked for."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from bossnet.flags import Outcome
from bossnet.network import NETWORKS
from bossnet.network.declaration import Network
from bossnet.processes import AnswerFailed, ProcessDied, Processes, ProcessHung
from bossnet.spectra.fetch import Fetch
from bossnet.spectra.survey import Row
from bossnet.work.reading import Reading, failed_reading, name_of, read_row

PATIENCE = 60.0  #: seconds after which a reader is replaced and its file flagged
AHEAD = 128  #: spectra read ahead of the network by default, all readers together

_GLANCE = 0.2  #: seconds between two calls of who waits for a reading

Key = TypeVar("Key")


class Readers(AbstractContextManager["Readers"]):
    """Some reader processes; a context manager, at whose end they are gone.

    Args:
        network: whose grid spectra are assessed for.
        roots: named folders of the configuration.
        processes: how many.
        patience: seconds that a reader may take for one file.
        ahead: how many spectra are read in advance, by all together.
        fetch: leave to fetch files that are not there.
    """

    def __init__(self, network: Network, roots: Mapping[str, Path], *, processes: int = 2,
                 patience: float = PATIENCE, ahead: int = AHEAD,
                 fetch: Fetch | None = None) -> None:
        self.patience, self.ahead = patience, ahead
        self._processes = Processes(_read, network.kind, dict(roots), fetch, number=processes,
                                    patience=patience)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self._processes.__exit__(kind, value, traceback)

    def stream(self, rows: Iterable[tuple[Key, str, Row]], *,
               waiting: Callable[[], None] = lambda: None
               ) -> Generator[tuple[Key, str, Row, Reading], None, None]:
        """What came of reading each row, in their order; at most `ahead` are taken in advance.

        Args:
            rows: a key of the caller's, the spectrum table, the row.
            waiting: called now and then while a reading lets itself be waited for; what it raises
                ends the stream.
        """
        queue: deque[tuple[Key, str, Row, Future[Reading]]] = deque()
        try:
            for key, table, row in rows:
                queue.append((key, table, row, self._processes.submit(table, row)))
                if len(queue) >= self.ahead:
                    yield self._next(queue, waiting)
            while queue:
                yield self._next(queue, waiting)
        finally:
            for *_, future in queue:
                future.cancel()

    def _next(self, queue: deque[tuple[Key, str, Row, Future[Reading]]],
              waiting: Callable[[], None]) -> tuple[Key, str, Row, Reading]:
        key, table, row, future = queue.popleft()
        while True:
            try:
                return key, table, row, future.result(_GLANCE)
            except NotYet:
                waiting()
            except ProcessHung:
                return key, table, row, failed_reading(
                    table, row, Outcome.STORAGE_FAILED, f"{name_of(row)}: the storage did not "
                    f"answer for {self.patience:.0f} s; check the file system, and try again with "
                    "--retry-failed")
            except ProcessDied as e:
                return key, table, row, failed_reading(
                    table, row, Outcome.STORAGE_FAILED, f"{name_of(row)}: its reader process died "
                    f"({e}); try again with --retry-failed")
            except AnswerFailed as e:
                return key, table, row, failed_reading(
                    table, row, Outcome.FAILED, f"{name_of(row)}: {e} while reading")


def _read(kind: str, roots: Mapping[str, Path], fetch: Fetch | None, table: str, row: Row
          ) -> Reading:
    # By its kind: a declaration is not sent, its grid would be with it.
    return read_row(table, row, roots, NETWORKS[kind], fetch)
