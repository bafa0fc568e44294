"""One run, from its options to its summary: planned into chunks, done by its first worker."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from typing import Any

import torch
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extras import Json

from bossnet.config import Config
from bossnet.database import schema
from bossnet.database.connection import connect, connect_reader
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.installed import installed
from bossnet.network.noise_model import effective
from bossnet.task import Task
from bossnet.work import plan, provenance, selection
from bossnet.work.equipment import device_name, predictor_for, settle_device, weights_of
from bossnet.work.interruption import Interruption
from bossnet.work.profile import Profile
from bossnet.work.queries import query
from bossnet.work.selection import Selection
from bossnet.work.settings import Decisive, Settings
from bossnet.work.shift import Job, database_said, shift
from bossnet.work.summary import Summary
from bossnet.work.worker import Progress


def execute(task: type[Task], config: Config, settings: Settings, *, weights: str | None = None,
            dry_run: bool = False, plan_only: bool = False, workers: int = 1,
            progress: Callable[[Summary], Progress] | None = None) -> Summary:
    """Runs a task over the spectra that its settings select.

    Args:
        task: the task's class.
        config: database, weights, roots.
        settings: the options.
        weights: name or path of the network.
        dry_run: only count.
        plan_only: only plan; the run waits for workers.
        workers: how many it will have then.
        progress: given the planned run, makes who is told how it goes on.

    Raises:
        ConfigurationError: an option cannot be used; nothing was done.
        DeviceLostError: the device is of no more use to this process; a worker that joins the run
            in a new one may go on.
        BossNetError: the run failed; what was done is kept.
        KeyboardInterrupt: it was asked to stop; what was finished is written.
    """
    interruption, profile = Interruption(), Profile()
    with interruption.installed(), database_said():
        with closing(checked(config)) as writer, closing(connect_reader(config)) as reader:
            network = task.network
            selected = selection.settle(reader, network.spectrum_tables, settings.where,
                                        settings.tables)
            frozen = weights_of(task, weights, config)
            decisive = Decisive(frozen.card.name, frozen.card.sha256, settings.n_draws,
                                settings.seed, settings.uncertainty, settings.precision)
            laws = effective(frozen.card.noise_model, network.noise_model).as_card()["parameters"]
            with writer:
                if not settings.overwrite:
                    plan.refuse_mixture(writer, network.table, network.name, settings.tag,
                                        decisive)
                plan.refuse_beside_others(writer, network.name, settings.tag, decisive)
            todo = plan.todo(writer, network.table, network.name, settings, decisive, selected,
                             config.roots)
            summary = Summary(None, "planned", 0, weights=frozen.card.name,
                              weights_status=frozen.card.status,
                              continues=todo.chain[0] if todo.chain else None,
                              left_out=selected.left_out)
            if not plan_only:
                device = settle_device(settings.device)
                summary.device = device_name(device)
            if dry_run:
                return _counted(summary, reader, selected, todo)
            if not plan_only:
                predictor = predictor_for(frozen, network, settings, device, config.home)
            summary.run_pk, summary.n_selected = _plan(
                writer, reader, task, settings, decisive, selected, todo, summary,
                {"weights": _portable(weights or config.weights_for(network.kind), frozen, config),
                 "noise_model": laws or None}, workers if plan_only else None)
        if not plan_only:
            job = Job(task, summary.run_pk, settings, decisive, todo, predictor, profile,
                      is_own=True)
            shift(job, config, summary, interruption, progress)
    return summary


def _plan(writer: Connection, reader: Connection, task: type[Task], settings: Settings,
          decisive: Decisive, selected: Selection, todo: plan.Todo, summary: Summary,
          made_with: dict[str, Any], workers: int | None) -> tuple[int, int]:
    """Records the run and its chunks, together or not at all.

    ``made_with`` are the weights, as a worker finds them, and the noise model that they bring.
    """
    record = provenance.of_this_process() | asdict(decisive) | {
        "task": task.network.name, "command": settings.command, "tables": list(selected.tables),
        "selection": settings.where, "row_limit": settings.limit, "tag": settings.tag,
        "overwrite": settings.overwrite, "retry_failed": settings.retry_failed,
        "torch_version": torch.__version__, "device": summary.device or None,
        "weights_status": summary.weights_status,
        "continues_pk": summary.continues,
        "settings": Json({"options": {name: value for name, value in asdict(settings).items()
                                      if name != "command"},
                          "chain": todo.chain, "changed": todo.changed, "since": todo.since,
                          **made_with})}
    with writer, writer.cursor() as cursor:
        cursor.execute(query(
            "insert_run", columns=sql.SQL(", ").join(map(sql.Identifier, record)),
            values=sql.SQL(", ").join(map(sql.Literal, record.values()))))
        run_pk = int((cursor.fetchone() or [0])[0])
        n_selected = plan.add_chunks(writer, run_pk, reader, selected, todo)
        if workers is not None:
            plan.share_out(writer, run_pk, n_selected, workers)
        cursor.execute(query("plan_run"), {"run": run_pk, "n_selected": n_selected})
    return run_pk, n_selected


def _counted(summary: Summary, reader: Connection, selected: Selection, todo: plan.Todo
             ) -> Summary:
    for table in selected.tables:
        summary.tables[table] = selection.count(reader, table, selected.where, todo.plan)
    summary.n_selected = sum(counts.todo for counts in summary.tables.values())
    if todo.settings.limit is not None:
        summary.n_selected = min(summary.n_selected, todo.settings.limit)
    return summary


def checked(config: Config) -> Connection:
    """A connection to a schema of this version. Raises DatabaseError, ConfigurationError."""
    connection = connect(config)
    try:
        schema.check(connection, config.schema)
    except BaseException:
        connection.close()
        raise
    return connection


def _portable(name: str | None, frozen: FrozenNetwork, config: Config) -> str | None:
    """The weights as a worker elsewhere finds them: by name, or by their whole path."""
    if name is None or name in [item.name for item in installed(config.home)]:
        return name or frozen.path.stem
    return str(frozen.path)
