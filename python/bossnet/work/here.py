"""A run by several workers on this machine, from their start to their end."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bossnet.config import Config
from bossnet.errors import BossNetError
from bossnet.work.following import Progress, Standing, follow, judge
from bossnet.work.interruption import Interruption
from bossnet.work.local import Workers, command, shares

PAUSE = 1.0  #: seconds between two looks


def work_here(config: Config, run_pk: int, number: int, options: Sequence[str], *, device: str,
              database: str | None, progress: Progress) -> Standing:
    """Works on a planned run by some processes of this machine; how it stands at their end.

    Args:
        config: of the database.
        run_pk: the run.
        number: of workers.
        options: of `astra worker`.
        device: among them; where it is not a certain one, each worker has a GPU of its own, if
            there are enough.
        database: the value of the option, if it was given.
        progress: who is told how it goes on.

    Raises:
        RunNotDone: the workers have ended, and the run is not done.
        KeyboardInterrupt: it was asked to stop; what was finished is written.
    """
    def waiting() -> None:
        if interruption.asked and not there():
            raise KeyboardInterrupt

    interruption = Interruption()
    with _working(interruption, run_pk, number, options, device, database) as (_, there):
        standing = follow(config, run_pk, there=there, progress=progress, pause=PAUSE,
                          to_their_end=True, waiting=waiting)
    if interruption.asked and standing.state != "done":
        raise KeyboardInterrupt
    judge(run_pk, standing)
    return standing


def supervise(run_pk: int, number: int, options: Sequence[str], *, device: str,
              database: str | None) -> None:
    """The same without a look at the run: for some of its workers among others elsewhere.

    Raises:
        BossNetError: workers failed.
        KeyboardInterrupt: it was asked to stop; what was finished is written.
    """
    interruption = Interruption()
    with _working(interruption, run_pk, number, options, device, database) as (workers, there):
        while there():
            time.sleep(PAUSE)
    failed = sum(status != 0 for status in workers.statuses)
    if failed and interruption.asked:
        raise KeyboardInterrupt
    if failed:
        raise BossNetError(f"{failed} of {number} workers of run {run_pk} failed; what each had "
                           "to say is above")


def environment_of(database: str | None) -> dict[str, str]:
    """How a worker learns which database was named: not on its command line, nor in a script."""
    return {} if database is None else {"BOSSNET_DATABASE_URL": database}


@contextmanager
def _working(interruption: Interruption, run_pk: int, number: int, options: Sequence[str],
             device: str, database: str | None) -> Iterator[tuple[Workers, Callable[[], int]]]:
    """The workers, and how many there are; a signal ends them."""
    def there() -> int:
        if interruption.asked:
            workers.end()
        return workers.alive()

    environments = [environment_of(database) | share for share in shares(number, device)]
    arguments = command("worker", str(run_pk), "--json", *options)
    with interruption.installed(), interruption.deferred(), \
            Workers(arguments, environments) as workers:
        yield workers, there
