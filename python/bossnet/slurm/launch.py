"""A planned run, handed to Slurm and followed there."""

import logging
import sys
from collections.abc import Sequence

from bossnet.config import Config
from bossnet.errors import BossNetError
from bossnet.slurm.array import Array
from bossnet.slurm.client import submit
from bossnet.slurm.profile import Profile
from bossnet.slurm.script import logs_of
from bossnet.work.following import Progress, RunNotDone, Standing, end_unstarted, follow, judge
from bossnet.work.here import environment_of

PAUSE = 5.0  #: seconds between two looks at database and queue
_log = logging.getLogger(__name__)


def task_command(profile: Profile, run: str, options: Sequence[str]) -> list[str]:
    """What a task of the array does: its share of the workers of a run.

    Args:
        profile: says how many share a task.
        run: number of the run.
        options: of `astra worker`.
    """
    return [sys.executable, "-P", "-m", "bossnet", "worker", run, "--local",
            str(profile.workers_per_task), *options]


def launch(config: Config, profile: Profile, run_pk: int, options: Sequence[str], *,
           database: str | None) -> str:
    """Submits the workers of a planned run; the number of the job.

    Args:
        config: of the database.
        profile: what Slurm is asked for.
        run_pk: the run.
        options: of `astra worker`.
        database: the value of the option, if it was given.

    Raises:
        SlurmError: it was refused, with Slurm's own words; the run is on record as failed.
        ConfigurationError: the script cannot be made; likewise.
    """
    try:
        return submit(profile, task_command(profile, str(run_pk), options), run_pk,
                      environment_of(database))
    except BossNetError as e:
        end_unstarted(config, run_pk, str(e))
        raise


def wait(config: Config, profile: Profile, run_pk: int, job: str, *, progress: Progress
         ) -> Standing:
    """Follows the workers of a run until it has ended or they are gone; how it stands then.

    Raises:
        RunNotDone: they are gone, and the run is not done.
        SlurmError: Slurm does not answer any more.
        KeyboardInterrupt: it is no longer to be followed; the workers go on.
    """
    array = Array(run_pk, job)
    try:
        standing = follow(config, run_pk, there=array.there, progress=progress, pause=PAUSE,
                          to_their_end=False)
    except KeyboardInterrupt:
        _log.warning("job %s goes on without being followed: `scancel %s` ends it", job, job)
        raise
    try:
        judge(run_pk, standing)
    except RunNotDone as e:
        held = f"; {array.stuck} tasks are held in Slurm's queue" if array.stuck else ""
        raise RunNotDone(f"{e}{held}; what the workers of job {job} said is in "
                         f"{logs_of(profile)}") from e
    return standing
