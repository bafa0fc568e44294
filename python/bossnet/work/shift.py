"""A worker's shift: from joining a run to leaving it, however that comes about."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial

import psycopg2
from psycopg2.extensions import connection as Connection

from bossnet.config import Config
from bossnet.database.connection import connect
from bossnet.database.reconnecting import Reconnecting, first_line
from bossnet.errors import (
    BossNetError,
    DatabaseError,
    DeviceLostError,
    OutageError,
    RunEndedError,
)
from bossnet.network.linear import LinearPredictor
from bossnet.network.prediction import DirectPredictor
from bossnet.network.tuning import tune
from bossnet.spectra.fetch import Fetch
from bossnet.task import Task
from bossnet.work import plan
from bossnet.work.claims import Claims
from bossnet.work.heartbeat import Heart
from bossnet.work.interruption import Interruption
from bossnet.work.member import Member
from bossnet.work.outage import OutageWatch
from bossnet.work.profile import Profile
from bossnet.work.readers import AHEAD, Readers
from bossnet.work.reaper import Reaper
from bossnet.work.settings import Decisive, Settings
from bossnet.work.states import DONE, FAILED, INTERRUPTED, STOPPED
from bossnet.work.summary import Summary
from bossnet.work.worker import Progress, Worker, together

MANY = 2000  #: spectra, for which it is worthwhile to measure how the device is fastest
RESTARTS = 20  #: times that a process may begin anew, as its device has failed

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A planned run, and what this worker does it with.

    Attributes:
        task: the task's class.
        run_pk: the run.
        settings: its options; device, batch size and readers are this worker's own.
        decisive: what rows of it share.
        todo: what of a chunk is to be done.
        predictor: predicts.
        profile: where the time goes, from the beginning on.
        is_own: whether this process planned the run; then its failure is the run's.
    """

    task: type[Task]
    run_pk: int
    settings: Settings
    decisive: Decisive
    todo: plan.Todo
    predictor: DirectPredictor | LinearPredictor
    profile: Profile
    is_own: bool


def shift(job: Job, config: Config, summary: Summary, interruption: Interruption,
          progress: Callable[[Summary], Progress] | None = None) -> None:
    """Works on a run until it is done; the summary says how it stands at the end.

    Args:
        job: what is to be done.
        config: database, roots.
        summary: completed as the work ends.
        interruption: whether the worker is asked to stop.
        progress: given the run, makes who is told how it goes on.

    Raises:
        ConfigurationError: rows that are there, or are being made, are made otherwise.
        DeviceLostError: the device is of no more use to this process; a new one may go on.
        BossNetError: this worker, or the run, failed; what was done is kept.
        KeyboardInterrupt: it was asked to stop; what was finished is written.
    """
    def waiting() -> None:
        heart.moved()
        if interruption.asked:
            raise KeyboardInterrupt

    opened: Callable[[], Connection] = partial(connect, config)
    member = Member(job.run_pk, device=summary.device, arithmetic=job.predictor.arithmetic)
    with closing(Reconnecting(opened, waiting=waiting)) as database:
        heart = Heart(opened, member, OutageWatch(job.settings.max_failures), interruption,
                      database)
        with ExitStack() as stack:
            with interruption.deferred():
                member.join(database)
                stack.enter_context(_left(job, member, database, heart, summary))
            summary.worker_pk = member.pk
            stack.enter_context(heart)
            at_once = _tuned(job, config, summary.n_selected)
            readers = stack.enter_context(Readers(
                job.task.network, config.roots, processes=job.settings.readers,
                ahead=max(AHEAD, 2 * at_once), fetch=_leave(job.settings, config)))
            # Once more: rows, or another run, may have come while this one was planned.
            database.transaction(lambda connection, _: refuse_mixture(connection, job))
            claims = Claims(database, member, job.todo)
            worker = Worker(
                job.task(job.predictor, n_draws=job.settings.n_draws, seed=job.settings.seed),
                claims, heart, Reaper(database, member), job.decisive, tag=job.settings.tag,
                at_once=at_once, progress=progress(summary) if progress else _Silent(),
                clock=job.profile.main, device_clock=job.predictor.clock)
            worker.work(readers)
    if job.settings.profile:
        summary.profile = job.profile.report(job.predictor.clock)


def _leave(settings: Settings, config: Config) -> Fetch | None:
    """Leave to fetch files, by the run's option, else by the configuration of this machine."""
    allowed = config.fetch if settings.fetch is None else settings.fetch
    return Fetch(config.fetch_from) if allowed else None


def _tuned(job: Job, config: Config, number: int) -> int:
    """How many spectra are handed to the task together; for many, as is fastest on the device."""
    predictor = job.predictor
    if job.settings.batch_size is None and number >= MANY:
        tune(predictor if isinstance(predictor, DirectPredictor) else predictor.draws, config.home)
    return together(predictor.batch_size, job.settings.n_draws,
                    on_gpu=predictor.device.type == "cuda")


def refuse_mixture(connection: Connection, job: Job) -> None:
    """Refuses to make rows otherwise than those that are there, or are being made, are.

    Raises:
        ConfigurationError: the message says how they differ.
    """
    network, tag = job.task.network, job.settings.tag
    if not job.settings.overwrite:
        plan.refuse_mixture(connection, network.table, network.name, tag, job.decisive)
    plan.refuse_beside_others(connection, network.name, tag, job.decisive, own=job.run_pk)


@contextmanager
def database_said() -> Iterator[None]:
    """What the database refuses or how it fails, as an error of this package."""
    try:
        yield
    except psycopg2.Error as e:
        raise DatabaseError(f"the database failed: {first_line(e)}; what was written is kept, and "
                            "running again goes on") from e


@contextmanager
def _left(job: Job, member: Member, database: Reconnecting, heart: Heart, summary: Summary
          ) -> Iterator[None]:
    """Leaves the run as the work ends, and completes the summary."""
    def leave(state: str, message: str | None = None, *, run_state: str | None = None,
              run_fails: bool = False) -> None:
        if state != DONE and database.lost:
            return  # it cannot be said, and others will find out
        try:
            with heart.interruption.deferred():
                summary.take(member.leave(database, state, message, run_state=run_state,
                                          run_fails=run_fails, seconds=heart.seconds))
        except (psycopg2.Error, DatabaseError, KeyboardInterrupt) as e:
            if state == DONE:
                raise
            _log.info("worker %d could not leave its run: %s", member.pk, e)

    def fail(message: str, *, run_fails: bool = False) -> None:
        leave(FAILED, message, run_state=FAILED if job.is_own else INTERRUPTED,
              run_fails=run_fails)

    try:
        with database_said():
            yield
        leave(DONE)
    except KeyboardInterrupt:
        leave(STOPPED, "stopped by a signal; running again goes on", run_state=INTERRUPTED)
        raise
    except RunEndedError as e:
        if e.state != DONE:
            leave(STOPPED, str(e))
            raise
        leave(DONE)
    except OutageError as e:
        fail(str(e), run_fails=not e.is_alone)
        raise
    except DeviceLostError as e:
        if member.starts(database) > RESTARTS:
            fail(str(e))
            raise BossNetError(f"{e}; so it was each of the {RESTARTS + 1} times that this "
                               "process began anew") from e
        leave(FAILED, f"{e}; its process begins anew")
        raise DeviceLostError(str(e), run_pk=job.run_pk) from e
    except Exception as e:
        fail(str(e))
        raise


class _Silent:
    def advance(self, done: int, failed: int) -> None:
        pass
