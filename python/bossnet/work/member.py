"""A worker's place in a run: its row of ``bossnet_worker``, from joining to leaving."""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import connection as Connection

from bossnet import log
from bossnet.database.reconnecting import Reconnecting
from bossnet.errors import RunEndedError
from bossnet.work import alive, settings
from bossnet.work.queries import query
from bossnet.work.states import FAILED


@dataclass(slots=True)
class Outcome:
    """How a run stands when a worker leaves it.

    Attributes:
        state: of the run.
        n_done: spectra that have their row from it.
        n_failed: of these, failures.
        counts: how many rows carry each flag, by name.
        message: why it failed or was stopped, if it did.
        worker_done: spectra whose row the worker wrote.
        worker_failed: of these, failures.
    """

    state: str
    n_done: int
    n_failed: int
    counts: dict[str, int]
    message: str | None
    worker_done: int
    worker_failed: int


class Member:
    """This process as a worker of a run.

    Args:
        run_pk: the run.
        device: in words.
        arithmetic: what computes the network, in words.
        lease: seconds of silence after which it is taken for dead; `settings.SILENCE` by default.

    Attributes:
        pk: of its row, once it has joined; another one after joining again.
        name: its host and process.
    """

    def __init__(self, run_pk: int, *, device: str = "", arithmetic: str = "",
                 lease: float | None = None) -> None:
        self.run_pk, self.device, self.arithmetic = run_pk, device, arithmetic
        self.lease = settings.SILENCE if lease is None else lease
        self.pk = 0
        self._host, self._pid, self._process = socket.gethostname(), os.getpid(), alive.identity()
        self.name = f"{self._host}:{self._pid}"
        self._joined = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it joined."""
        return time.monotonic() - self._joined

    def join(self, database: Reconnecting) -> None:
        """Takes its place; once more where it was taken for dead.

        Raises:
            RunEndedError: the run has ended.
        """
        self.pk = database.transaction(self._join)
        self._joined = time.monotonic()
        log.belongs_to(run=self.run_pk, worker=self.pk)

    def fail_to_join(self, database: Reconnecting, message: str) -> None:
        """Says why it could not take its place, where nobody may see it otherwise: under Slurm."""
        slurm = _slurm(os.environ)
        if slurm["slurm_job"] is None:
            return
        database.transaction(lambda connection, _: _do(
            connection, "insert_failed_worker", run=self.run_pk, message=message,
            hostname=self._host, pid=self._pid, process=self._process, device=self.device,
            lease=self.lease, **slurm))

    def starts(self, database: Reconnecting) -> int:
        """How often this process has joined the run."""
        return database.transaction(lambda connection, _: int(_rows(
            connection, "starts_of", run=self.run_pk, hostname=self._host, pid=self._pid,
            process=self._process)[0][0]))

    def leave(self, database: Reconnecting, state: str, message: str | None = None, *,
              run_state: str | None = None, run_fails: bool = False,
              seconds: float = 0.0) -> Outcome:
        """Leaves, without chunks; the run ends with it where nothing or nobody is left.

        Args:
            database: of the worker.
            state: of the worker.
            message: why, if it is neither done nor asked to.
            run_state: what becomes of the run if this was its last worker and it is not done;
                None: nothing.
            run_fails: end it as failed, whoever is left.
            seconds: spent on the database.
        """
        def leaving(connection: Connection, _: bool) -> Outcome:
            _do(connection, "leave_worker", worker=self.pk, state=state, message=message,
                t_database=seconds, t_work=self.seconds)
            _do(connection, "release_chunks", worker=self.pk)
            _do(connection, "lock_run", run=self.run_pk)
            _do(connection, "end_run_done", run=self.run_pk)
            if run_fails:
                _do(connection, "end_run_failed", run=self.run_pk, message=message)
            elif run_state is not None:
                _do(connection, "end_run_alone", run=self.run_pk, state=run_state,
                    message=message)
            return Outcome(*_rows(connection, "outcome_of", run=self.run_pk)[0],
                           *_rows(connection, "outcome_of_worker", worker=self.pk)[0])

        return database.transaction(leaving)

    def _join(self, connection: Connection, again: bool) -> int:
        if again:  # a first try may have been committed, without an answer
            _do(connection, "forget_unknown", run=self.run_pk, known=self.pk, pid=self._pid,
                hostname=self._host, process=self._process)
        if self.pk:  # of what it was before nothing is left
            _do(connection, "leave_worker", worker=self.pk, state=FAILED, t_database=0.0,
                message="it lost its chunks, and went on as another worker", t_work=self.seconds)
            _do(connection, "release_chunks", worker=self.pk)
        if not _rows(connection, "begin_run", run=self.run_pk, device=self.device):
            ended = _rows(connection, "outcome_of", run=self.run_pk)[0]
            state, message = ended[0], ended[-1]
            raise RunEndedError(f"run {self.run_pk} is {state}" + (f": {message}" if message
                                                                   else ""), state=state)
        return int(_rows(
            connection, "insert_worker", run=self.run_pk, hostname=self._host, pid=self._pid,
            process=self._process, device=self.device, arithmetic=self.arithmetic,
            lease=self.lease, **_slurm(os.environ))[0][0])


def _slurm(environment: Mapping[str, str]) -> dict[str, Any]:
    """Slurm's name of this job, ``JOB`` or ``JOB_TASK``, and its number within an array."""
    task = environment.get("SLURM_ARRAY_TASK_ID")
    if task is not None and task.isdigit():
        return {"slurm_job": f"{environment.get('SLURM_ARRAY_JOB_ID')}_{task}",
                "slurm_task": int(task)}
    return {"slurm_job": environment.get("SLURM_JOB_ID"), "slurm_task": None}


def _do(connection: Connection, name: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query(name), values)


def _rows(connection: Connection, name: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query(name), values)
        return cursor.fetchall()
