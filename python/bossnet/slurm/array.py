"""The tasks of a submitted job array, as somebody who follows a run sees them."""

import logging
import time

from bossnet.slurm import client
from bossnet.slurm.client import STUCK, SlurmError

PATIENCE = 600.0  #: seconds that Slurm may not answer
_log = logging.getLogger(__name__)


class Array:
    """The workers that a job array starts.

    Args:
        run: whose workers they are.
        job: number of the job.

    Attributes:
        stuck: tasks that will not start without somebody's help.
    """

    def __init__(self, run: int, job: str) -> None:
        self.run, self.job = run, job
        self.stuck = 0
        self._answered, self._number = time.monotonic(), 0

    def there(self) -> int:
        """Tasks that run, or will; the number of before where Slurm does not answer for a while.

        Raises:
            SlurmError: it has not answered for `PATIENCE`.
        """
        try:
            tasks = client.tasks(self.run, self.job)
        except SlurmError as e:
            if time.monotonic() - self._answered > PATIENCE:
                raise
            _log.info("%s", e)
            return max(1, self._number)
        self._answered, self.stuck = time.monotonic(), tasks[STUCK]
        self._number = tasks.total() - self.stuck
        return self._number
