"""A run that others work on, watched until it is done or they are gone."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from psycopg2.extensions import connection as Connection

from bossnet.config import Config
from bossnet.database.connection import connect
from bossnet.database.reconnecting import Reconnecting
from bossnet.errors import BossNetError
from bossnet.work.queries import query
from bossnet.work.states import DONE, ENDED

_GLANCE = 0.2  #: seconds between two looks at whether a signal has come


class RunNotDone(BossNetError):
    """The workers are gone, and spectra are left without a row."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands.

    Attributes:
        state: of the run.
        n_selected: spectra that it took on.
        n_done: of these, spectra that have their row from it.
        n_failed: of these, failures.
        counts: how many rows carry each flag, by name.
        message: why it failed or was stopped, if it did.
        chunks_left: chunks of it that are not done.
        workers: how many there are and were, by state.
        reason: why the last of the failed workers failed.
    """

    state: str
    n_selected: int
    n_done: int
    n_failed: int
    counts: dict[str, int]
    message: str | None
    chunks_left: int
    workers: dict[str, int]
    reason: str | None


class Progress(Protocol):
    """Whoever wants to know how a run goes on."""

    def advance(self, done: int, failed: int) -> None:
        """So many more spectra are done, so many of them failed."""
        ...


def look(database: Reconnecting, run_pk: int) -> Standing:
    """How a run stands just now."""
    return Standing(*_one(database, "standing", run=run_pk))


def follow(config: Config, run_pk: int, *, there: Callable[[], int], progress: Progress,
           pause: float, to_their_end: bool, waiting: Callable[[], None] = lambda: None
           ) -> Standing:
    """Watches a run until nobody works on it any more.

    Args:
        config: of the database, which may be away for a while.
        run_pk: the run.
        there: how many workers there are, or will be.
        progress: who is told how it goes on.
        pause: seconds between two looks.
        to_their_end: wait for workers to be gone, also when the run has ended.
        waiting: called now and then while the database is away; what it raises ends that.
    """
    before: Standing | None = None
    opened = partial(connect, config, application="astra srun")
    with closing(Reconnecting(opened, waiting=waiting)) as database:
        while True:
            number = there()  # first: what they did before they went is seen then
            standing = look(database, run_pk)
            if before is not None:
                progress.advance(standing.n_done - before.n_done,
                                 standing.n_failed - before.n_failed)
            before = standing
            if not number and not standing.chunks_left:  # the last may have died on its way out
                _one(database, "end_run_done", run=run_pk)
                standing = look(database, run_pk)
            if not number or (standing.state in ENDED and not to_their_end):
                return standing
            end = time.monotonic() + pause
            while time.monotonic() < end:
                time.sleep(_GLANCE)  # a signal is noticed in between


def end_unstarted(config: Config, run_pk: int, problem: str | None = None) -> Standing:
    """Ends a planned run without workers; how it stands then.

    Args:
        config: of the database.
        run_pk: the run.
        problem: why it gets none; by default it has nothing to do, and is done.
    """
    with closing(Reconnecting(partial(connect, config, application="astra srun"))) as database:
        if problem is None:
            _one(database, "end_run_empty", run=run_pk)
        else:
            _one(database, "end_run_unstarted", run=run_pk, message=problem)
        return look(database, run_pk)


def judge(run_pk: int, standing: Standing) -> None:
    """Raises RunNotDone if a run is not done and nobody is there to go on with it."""
    if standing.state == DONE:
        return
    why = standing.message or standing.reason
    raise RunNotDone(
        f"run {run_pk} is not done: its workers are gone ({shown(standing)}) and "
        f"{standing.chunks_left} chunks are left" + (f"; {why}" if why else "")
        + "; what is done is written, and running again goes on")


def shown(standing: Standing) -> str:
    """The workers of a run in words, such as ``3 done, 1 failed``."""
    return ", ".join(f"{number} {state}" for state, number in sorted(standing.workers.items())) \
        or "none ever began"


def _one(database: Reconnecting, name: str, **values: Any) -> tuple[Any, ...]:
    """The row that a statement gives, if it gives one."""
    def ask(connection: Connection, _: bool) -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute(query(name), values)
            return (cursor.fetchone() or ()) if cursor.description else ()

    return database.transaction(ask)
