"""One run, from its options to its summary: planned into chunks, done by a worker."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg2
import torch
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from bossnet.config import Config
from bossnet.database import schema
from bossnet.database.connection import connect, connect_reader
from bossnet.errors import ConfigurationError, DatabaseError
from bossnet.network.declaration import Network
from bossnet.network.fast import fastest
from bossnet.network.frozen import FrozenNetwork, load
from bossnet.network.installed import DEFAULTS, find, listing
from bossnet.network.linear import LinearPredictor
from bossnet.network.prediction import DirectPredictor, check
from bossnet.task import Task
from bossnet.work import plan, provenance, selection
from bossnet.work.claims import Claims
from bossnet.work.interruption import Interruption
from bossnet.work.outage import OutageWatch
from bossnet.work.queries import query
from bossnet.work.readers import AHEAD, Readers
from bossnet.work.selection import Counts, Selection
from bossnet.work.settings import LINEAR, Decisive, Settings
from bossnet.work.worker import Progress, Worker, together


@dataclass(slots=True)
class Summary:
    """What came of a run, or would come of it.

    Attributes:
        run_pk: None of a dry run.
        continues: the first run of an interrupted overwriting that this one goes on with.
        state: ``done``, or ``planned`` of a dry run.
        n_selected: spectra that it took on.
        n_done: of these, spectra that have their row.
        n_failed: of these, failures.
        flags: how many rows carry each flag, by name.
        weights: the network's weights.
        weights_status: ``demonstration`` or ``science``.
        device: that it ran on.
        left_out: tables left out, with the reason.
        tables: counts of each table, of a dry run.
    """

    run_pk: int | None
    state: str
    n_selected: int
    n_done: int = 0
    n_failed: int = 0
    flags: dict[str, int] = field(default_factory=dict)
    weights: str = ""
    weights_status: str = ""
    device: str = ""
    continues: int | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    tables: dict[str, Counts] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def weights_of(task: type[Task], name: str | None, config: Config) -> FrozenNetwork:
    """The frozen network of a run: named, configured, or the embedded database's default.

    Raises:
        ConfigurationError: none is named, or there is none of that name.
        WeightsError: it cannot be used.
    """
    name = name or config.weights
    if name is None and config.database_url is None:
        name = DEFAULTS.get(task.network.kind)
    if name is None:
        raise ConfigurationError("no weights are named: only the embedded database has a default; "
                                 "use --weights NAME, or weights in the configuration; "
                                 + listing(config.home))
    frozen = load(find(name, config.home))
    check(frozen.card, task.network, origin=name)
    return frozen


def settle_device(name: str) -> str:
    """``auto`` becomes the first CUDA device, or the CPU. Raises ConfigurationError."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as e:
        raise ConfigurationError(f"--device {name}: use auto, cpu, cuda or cuda:N") from e
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigurationError(f"--device {name}: this machine has {torch.cuda.device_count()} "
                                 "CUDA devices that torch can use")
    if device.type not in ("cpu", "cuda"):
        raise ConfigurationError(f"--device {name}: use auto, cpu, cuda or cuda:N")
    return name


def execute(task: type[Task], config: Config, settings: Settings, *, weights: str | None = None,
            dry_run: bool = False,
            progress: Callable[[Summary], Progress] | None = None) -> Summary:
    """Runs a task over the spectra that its settings select.

    Args:
        task: the task's class.
        config: database, weights, roots.
        settings: the options.
        weights: name or path of the network.
        dry_run: only count.
        progress: given the planned run, makes who is told how it goes on.

    Raises:
        ConfigurationError: an option cannot be used; nothing was done.
        BossNetError: the run failed; what was done is kept.
        KeyboardInterrupt: it was asked to stop; what was finished is written.
    """
    interruption = Interruption()
    with interruption.installed(), _database_said(), _closing(_checked(config)) as writer, \
            _closing(connect_reader(config)) as reader:
        network = task.network
        selected = selection.settle(reader, network.spectrum_tables, settings.where,
                                    settings.tables)
        device = settle_device(settings.device)
        frozen = weights_of(task, weights, config)
        decisive = Decisive(frozen.card.name, frozen.card.sha256, settings.n_draws, settings.seed,
                            settings.uncertainty)
        if not settings.overwrite:
            plan.refuse_mixture(writer, network.table, network.name, settings.tag, decisive)
        plan.refuse_beside_others(writer, network.name, settings.tag, decisive)
        todo = plan.todo(writer, network.table, network.name, settings, decisive, selected,
                         config.roots)
        summary = Summary(None, "planned", 0, weights=frozen.card.name,
                          weights_status=frozen.card.status, device=_device_name(device),
                          continues=todo.chain[0] if todo.chain else None,
                          left_out=selected.left_out)
        if dry_run:
            return _counted(summary, reader, selected, todo)
        predictor = _predictor(frozen, network, settings, device)
        summary.run_pk, summary.n_selected = _plan(
            writer, reader, task, settings, decisive, selected, todo, summary)
        at_once = together(predictor.batch_size, settings.n_draws)
        with _recorded(writer, summary, interruption), \
                Readers(network, config.roots, processes=settings.readers,
                        ahead=max(AHEAD, 2 * at_once)) as readers:
            if not settings.overwrite:  # once more: rows may have come while this was planned
                plan.refuse_mixture(writer, network.table, network.name, settings.tag, decisive)
            plan.refuse_beside_others(writer, network.name, settings.tag, decisive,
                                      own=summary.run_pk)
            worker = Worker(
                task(predictor, n_draws=settings.n_draws, seed=settings.seed),
                Claims(writer, summary.run_pk, todo), decisive, tag=settings.tag,
                at_once=at_once, watch=OutageWatch(settings.max_failures),
                progress=progress(summary) if progress else _Silent())
            worker.work(readers, interruption)
    return summary


def _predictor(frozen: FrozenNetwork, network: Network, settings: Settings, device: str
               ) -> DirectPredictor | LinearPredictor:
    """What predicts, and estimates uncertainties, as the settings say."""
    draws = fastest(frozen, network, device=device, batch_size=settings.batch_size)
    if settings.uncertainty == LINEAR:
        return LinearPredictor(frozen, network, draws=draws, device=device,
                               batch_size=settings.batch_size)
    return draws


def _plan(writer: Connection, reader: Connection, task: type[Task], settings: Settings,
          decisive: Decisive, selected: Selection, todo: plan.Todo, summary: Summary
          ) -> tuple[int, int]:
    """Records the run and its chunks, together or not at all."""
    record = provenance.of_this_process() | asdict(decisive) | {
        "task": task.network.name, "command": settings.command, "tables": list(selected.tables),
        "selection": settings.where, "row_limit": settings.limit, "tag": settings.tag,
        "overwrite": settings.overwrite, "retry_failed": settings.retry_failed,
        "torch_version": torch.__version__, "device": summary.device,
        "weights_status": summary.weights_status,
        "continues_pk": summary.continues}
    with writer, writer.cursor() as cursor:
        cursor.execute(query(
            "insert_run", columns=sql.SQL(", ").join(map(sql.Identifier, record)),
            values=sql.SQL(", ").join(map(sql.Literal, record.values()))))
        run_pk = int((cursor.fetchone() or [0])[0])
        n_selected = plan.add_chunks(writer, run_pk, reader, selected, todo)
        cursor.execute(query("start_run"), {"run": run_pk, "n_selected": n_selected})
    return run_pk, n_selected


def _counted(summary: Summary, reader: Connection, selected: Selection, todo: plan.Todo
             ) -> Summary:
    for table in selected.tables:
        summary.tables[table] = selection.count(reader, table, selected.where, todo.plan)
    summary.n_selected = sum(counts.todo for counts in summary.tables.values())
    if todo.settings.limit is not None:
        summary.n_selected = min(summary.n_selected, todo.settings.limit)
    return summary


@contextmanager
def _recorded(writer: Connection, summary: Summary, interruption: Interruption
              ) -> Iterator[None]:
    """Ends the run's record as the run ends, and completes the summary from it."""
    state: str = "failed"
    message: str | None = "an unforeseen error"
    try:
        yield
        state, message = "done", None
    except KeyboardInterrupt:
        state, message = "interrupted", "stopped by a signal; running again goes on"
        raise
    except Exception as e:
        message = str(e)
        raise
    finally:
        if not writer.closed:
            writer.rollback()
            with interruption.deferred(), writer, writer.cursor() as cursor:
                cursor.execute(query("end_run"), {"state": state, "message": message,
                                                  "run": summary.run_pk})
                cursor.execute("SELECT n_done, n_failed, counts FROM bossnet_run WHERE pk = %s",
                               (summary.run_pk,))
                summary.n_done, summary.n_failed, summary.flags = cursor.fetchone() or (0, 0, {})
            summary.state = state


def _checked(config: Config) -> Connection:
    """The writer's connection, to a schema of this version."""
    connection = connect(config)
    try:
        schema.check(connection, config.schema)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _closing(connection: Connection) -> Iterator[Connection]:
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _database_said() -> Iterator[None]:
    """What the database refuses or how it fails, as an error of this package."""
    try:
        yield
    except psycopg2.Error as e:
        while isinstance(e.__context__, psycopg2.Error):  # a rollback fails of the same reason
            e = e.__context__
        first = str(e).strip().splitlines()[0] if str(e).strip() else type(e).__name__
        raise DatabaseError(f"the database failed: {first}; what was written is kept, and running "
                            "again goes on") from e


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return device


class _Silent:
    def advance(self, done: int, failed: int) -> None:
        pass


