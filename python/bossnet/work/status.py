"""What runs there are, how far they are, who works on them, and what failed in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from bossnet.errors import ConfigurationError
from bossnet.flags import FLAGS, names
from bossnet.network import NETWORKS
from bossnet.work.queries import query
from bossnet.work.settings import SILENCE

EXAMPLES = 3  #: of failures of one kind

#: Bits that say why a spectrum has no parameters.
REASONS = sum(f.mask for f in FLAGS if f.name in (
    "flag_runtime_exception", "flag_missing_file", "flag_bad_file", "flag_no_data"))


@dataclass(frozen=True, slots=True)
class Example:
    """A failed spectrum."""

    spectrum_pk: int
    error_message: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Failed spectra of one kind.

    Attributes:
        reasons: names of the flags that say why.
        number: how many.
        examples: some of them.
    """

    reasons: list[str]
    number: int
    examples: list[Example]


def recent(connection: Connection, *, run: int | None = None, limit: int = 10
           ) -> list[dict[str, Any]]:
    """Runs, the newest first, as columns of ``bossnet_run``, and more.

    ``state`` is ``died`` for one that says it is going on but of which there is no sign of life;
    ``seconds`` is how long it took so far; ``rate`` is spectra/s, of the workers that are at work,
    else from its begin to its end; ``seconds_left`` is by that rate; both None where not known.
    ``workers`` are columns of ``bossnet_worker`` each, in their order, with ``silent``, the
    seconds since the last sign of life of one that has not ended; the ``state`` ``died`` for one
    that is silent for longer than its lease; and the spectra/s of each, ``rate``.

    Raises:
        ConfigurationError: there is no such run.
    """
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query("recent_runs"), {"run": run, "limit": limit})
        runs = [dict(row) for row in cursor.fetchall()]
        cursor.execute(query("workers_of_runs"), {"runs": [row["pk"] for row in runs]})
        workers = [_worker(dict(row)) for row in cursor.fetchall()]
    if run is not None and not runs:
        raise ConfigurationError(f"there is no run {run}: `astra status` lists the last ones")
    return [_run(row, [w for w in workers if w["run_pk"] == row["pk"]]) for row in runs]


def record(connection: Connection, run: int) -> dict[str, Any]:
    """One run, as `recent` has it. Raises ConfigurationError if there is none."""
    return recent(connection, run=run)[0]


def failures(connection: Connection, run: dict[str, Any]) -> list[Failure]:
    """The failures of a run by reason, the most frequent first."""
    table = _table(run)
    if table is None or not run["n_failed"]:
        return []
    with connection, connection.cursor() as cursor:
        cursor.execute(query("failures", results=table, reasons=sql.Literal(REASONS),
                             run=sql.Literal(run["pk"]), examples=sql.Literal(EXAMPLES)))
        return [Failure(names(reason), number, [
                    Example(key, message or "")
                    for key, message in zip(keys, messages, strict=True)])
                for reason, number, keys, messages in cursor.fetchall()]


def chunks(connection: Connection, run: dict[str, Any]) -> dict[str, dict[str, int]]:
    """By the state of a run's chunks: how many, of how many spectra, how often a worker died."""
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query("chunks_of_run"), {"run": run["pk"]})
        return {row.pop("state"): dict(row) for row in map(dict, cursor.fetchall())}


def rows(connection: Connection, run: dict[str, Any]) -> int | None:
    """How many rows are the run's still; None for a task that is not known here."""
    table = _table(run)
    if table is None:
        return None
    with connection, connection.cursor() as cursor:
        cursor.execute(query("rows_of_run", results=table, run=sql.Literal(run["pk"])))
        return int((cursor.fetchone() or [0])[0])


def _table(run: dict[str, Any]) -> sql.Identifier | None:
    network = next((n for n in NETWORKS.values() if n.name == run["task"]), None)
    return sql.Identifier(network.table) if network is not None else None


def _worker(row: dict[str, Any]) -> dict[str, Any]:
    silent, seconds = row.pop("silent"), row.pop("seconds")
    if row["state"] == "running" and silent > row["lease"]:
        row["state"] = "died"
        seconds -= silent
    at_work = row["finished"] is None
    return _plain(row) | {"silent": round(silent, 1) if at_work else None,
                          "seconds": round(seconds, 1), "rate": _rate(row["n_done"], seconds)}


def _run(row: dict[str, Any], workers: list[dict[str, Any]]) -> dict[str, Any]:
    silent, seconds = row.pop("silent"), row.pop("seconds")
    at_work = [w for w in workers if w["state"] == "running"]
    if row["state"] in ("running", "planning") and not at_work and (
            silent > SILENCE or any(w["state"] == "died" for w in workers)):
        row["state"] = "died"
        seconds -= silent
    rate = _rate(row["n_done"], seconds)
    if at_work and any(w["rate"] for w in at_work):
        rate = round(sum(w["rate"] or 0 for w in at_work), 3)
    left = (row["n_selected"] or 0) - row["n_done"]
    running = row["state"] == "running" and rate
    return _plain(row) | {"seconds": round(seconds, 3), "rate": rate, "workers": workers,
                          "seconds_left": round(left / rate, 1) if running and rate else None}


def _rate(number: int, seconds: float) -> float | None:
    return round(number / seconds, 3) if seconds > 0 and number else None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """With times as text."""
    return {k: v.isoformat(" ", "seconds") if isinstance(v, datetime) else v
            for k, v in row.items()}
