"""What runs there were, how far they are, and what failed in them."""

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

_REASONS = sum(f.mask for f in FLAGS if f.name in (
    "flag_runtime_exception", "flag_missing_file", "flag_bad_file", "flag_no_data"))


@dataclass(frozen=True, slots=True)
class Failure:
    """Failed spectra of one kind, with an example.

    Attributes:
        reasons: names of the flags that say why.
        number: how many.
        spectrum_pk: of the example.
        error_message: of the example.
    """

    reasons: list[str]
    number: int
    spectrum_pk: int
    error_message: str


def recent(connection: Connection, *, run: int | None = None, limit: int = 10
           ) -> list[dict[str, Any]]:
    """Runs, the newest first, as columns of ``bossnet_run``.

    ``state`` is ``died`` for one that says it is running but has given no sign of life;
    ``rate`` is spectra/s, ``seconds_left`` by that rate, None where not known.

    Raises:
        ConfigurationError: there is no such run.
    """
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(query("recent_runs"), {"run": run, "limit": limit})
        rows = [dict(row) for row in cursor.fetchall()]
    if run is not None and not rows:
        raise ConfigurationError(f"there is no run {run}: `astra status` lists the last ones")
    return [_described(row) for row in rows]


def failures(connection: Connection, run: dict[str, Any]) -> list[Failure]:
    """The failures of a run by reason, the most frequent first."""
    network = next((n for n in NETWORKS.values() if n.name == run["task"]), None)
    if network is None or not run["n_failed"]:
        return []
    with connection, connection.cursor() as cursor:
        cursor.execute(query("failures", results=sql.Identifier(network.table),
                             reasons=sql.Literal(_REASONS), run=sql.Literal(run["pk"])))
        return [Failure(names(reason), number, spectrum_pk, message or "")
                for reason, number, spectrum_pk, message in cursor.fetchall()]


def _described(row: dict[str, Any]) -> dict[str, Any]:
    silent, seconds = float(row.pop("silent")), float(row.pop("seconds"))
    if row["state"] in ("running", "planning") and silent > SILENCE:
        row["state"] = "died"
        seconds -= silent
    row["seconds"] = round(seconds, 3)
    row["rate"] = round(row["n_done"] / seconds, 3) if seconds > 0 and row["n_done"] else None
    left = (row["n_selected"] or 0) - row["n_done"]
    running = row["state"] == "running" and row["rate"]
    row["seconds_left"] = round(left / row["rate"], 1) if running else None
    return {k: v.isoformat(" ", "seconds") if isinstance(v, datetime) else v
            for k, v in row.items()}
