"""Joining a run that was planned before, here or elsewhere: `astra worker`."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from bossnet.config import Config
from bossnet.database.connection import connect
from bossnet.database.reconnecting import Reconnecting, patiently
from bossnet.errors import ConfigurationError, RunEndedError
from bossnet.task import Task
from bossnet.work import plan
from bossnet.work.equipment import device_name, predictor_for, settle_device, weights_of
from bossnet.work.interruption import Interruption
from bossnet.work.member import Member
from bossnet.work.profile import Profile
from bossnet.work.queries import query
from bossnet.work.run import checked
from bossnet.work.settings import Decisive, Settings
from bossnet.work.shift import Job, database_said, shift
from bossnet.work.states import DONE, OPEN
from bossnet.work.summary import Summary
from bossnet.work.worker import Progress

PATIENCE = 30.0  #: seconds that the database may be away as a worker starts


def join(config: Config, run_pk: int, *, task: Callable[[str], type[Task]], device: str = "auto",
         batch_size: int | None = None, readers: int = 2, profile: bool = False,
         progress: Callable[[Summary], Progress] | None = None) -> Summary:
    """Works on a planned run, beside whoever works on it already, until it is done.

    Args:
        config: database, weights, roots.
        run_pk: the run.
        task: gives a task's class by its name.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: spectra at once, or None for the device's default.
        readers: reader processes.
        profile: whether to say where the time went.
        progress: given the run, makes who is told how it goes on.

    Raises:
        ConfigurationError: there is no such run, or this installation would make its rows
            otherwise; nothing was done.
        RunEndedError: the run has failed, or was ended by another worker.
        DeviceLostError: the device is of no more use to this process; a new one may go on.
        BossNetError: this worker failed; what was done is kept.
        KeyboardInterrupt: it was asked to stop; what was finished is written.
    """
    interruption, times = Interruption(), Profile()
    with interruption.installed(), database_said():
        record = _record(config, run_pk)
        summary = _summary(record)
        if record["state"] == DONE:
            return summary
        if record["state"] not in OPEN:
            raise RunEndedError(f"run {run_pk} is {record['state']}"
                                + (f": {record['error_message']}" if record["error_message"]
                                   else "") + "; run its command again, which goes on",
                                state=record["state"])
        try:
            job = _job(record, task(record["task"]), config, summary, times, device=device,
                       batch_size=batch_size, readers=readers, profile=profile)
        except Exception as e:  # also what a device's driver says
            with closing(Reconnecting(partial(connect, config))) as database:
                Member(run_pk, device=device).fail_to_join(
                    database, str(e) or type(e).__name__)
            raise
        try:
            shift(job, config, summary, interruption, progress)
        except RunEndedError as e:
            if e.state != DONE:
                raise
            return _summary(_record(config, run_pk))  # others did the last of it meanwhile
    return summary


def _record(config: Config, run_pk: int) -> dict[str, Any]:
    with closing(patiently(lambda: checked(config), patience=PATIENCE)) as connection:
        return record_of(connection, run_pk)


def record_of(connection: Connection, run_pk: int) -> dict[str, Any]:
    """What is known of a run. Raises ConfigurationError if it cannot be joined by this version."""
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query("run_to_join"), {"run": run_pk})
        row = cursor.fetchone()
    if row is None:
        raise ConfigurationError(f"there is no run {run_pk}: `astra status` lists the last ones")
    record = dict(row)
    if record["state"] == DONE:
        return record
    if record["v_astra_major_minor"] != plan.VERSION or record["settings"] is None:
        raise ConfigurationError(
            f"run {run_pk} was planned by version {_version(record['v_astra_major_minor'])} of "
            f"this software, this is {_version(plan.VERSION)}: results may differ; run its "
            "command again, which makes the rows of this version")
    return record


def _job(record: dict[str, Any], task: type[Task], config: Config, summary: Summary,
         times: Profile, *, device: str, **own: Any) -> Job:
    planned = record["settings"]
    options = planned["options"] | {"tables": tuple(planned["options"]["tables"])}
    settings = replace(Settings(**options), device=device, **own)
    frozen = weights_of(task, planned["weights"], config)
    if frozen.card.sha256 != record["weights_sha256"]:
        raise ConfigurationError(
            f"run {record['pk']} was planned with weights {record['weights']} of SHA-256 "
            f"{record['weights_sha256']}, but {frozen.path} is of {frozen.card.sha256}: put the "
            "same file here")
    settled = settle_device(device)
    summary.device = device_name(settled)
    decisive = Decisive(*(record[name] for name in Decisive.__slots__))
    todo = plan.Todo(task.network.table, settings, tuple(planned["chain"]),
                     tuple(planned["changed"]), planned["since"])
    return Job(task, record["pk"], settings, decisive, todo,
               predictor_for(frozen, task.network, settings, settled, config.home), times,
               is_own=False)


def _summary(record: dict[str, Any]) -> Summary:
    return Summary(
        record["pk"], record["state"], record["n_selected"] or 0, n_done=record["n_done"],
        n_failed=record["n_failed"], flags=record["counts"], weights=record["weights"],
        weights_status=record["weights_status"], continues=record["continues_pk"])


def _version(major_minor: int) -> str:
    return f"{major_minor // 1000}.{major_minor % 1000}"
