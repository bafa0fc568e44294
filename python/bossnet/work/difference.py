"""How the results of two runs differ: rows, flags, parameters by region, the largest changes.

All of it is counted by the database, in one snapshot: nothing here grows with the runs.
"""

from collections import Counter
from typing import Any

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from bossnet.errors import ConfigurationError
from bossnet.evaluation.groups import COOL, GIANT_LOGG, HOT, WHITE_DWARF_LOGG, regions
from bossnet.evaluation.statistics import LEAST
from bossnet.flags import FAILED, FLAGS, names
from bossnet.network import NETWORKS
from bossnet.network.declaration import Network
from bossnet.work.changes import Change, Difference, FlagChange, Rows, Worst
from bossnet.work.interruption import cancellable
from bossnet.work.queries import query
from bossnet.work.status import Example, record

UNKNOWN = "unknown"  #: the region of a star whose parameters do not tell
#: What of a run's record decides its numbers, or which spectra have them.
SETTINGS = ("weights", "weights_sha256", "weights_status", "software_version", "software_commit",
            "v_astra_major_minor", "tag", "n_draws", "seed", "uncertainty_method", "precision",
            "masking", "device", "torch_version", "tables", "selection", "row_limit", "overwrite",
            "retry_failed")

_REGIONS = tuple(regions(np.empty((0, 4))))  # the order of their names
_MASKS = {flag.name: flag.mask for flag in FLAGS}
#: Bits with which a parameter is NULL in the catalogue's view (contract, section 6).
_UNUSABLE = {"log_teff": FAILED | _MASKS["flag_unreliable_teff"],
             "logg": FAILED | _MASKS["flag_unreliable_logg"],
             "fe_h": FAILED | _MASKS["flag_unreliable_fe_h"],
             "v_rel": FAILED | _MASKS["flag_unreliable_v_rad"]}


def compare(connection: Connection, a: int, b: int, *, whole: bool = False, worst: int = 5
            ) -> Difference:
    """How the results of run b differ from those of run a.

    Args:
        connection: without a transaction; read-only afterwards.
        a: the first run.
        b: the second.
        whole: compare all rows of the runs' versions and tags, whichever run made them.
        worst: how many of the largest changes of each parameter, and of other cases, are named.

    Raises:
        ConfigurationError: a run is not there, or the two cannot be compared.
    """
    first, second = record(connection, a), record(connection, b)
    network = _network(first, second, whole)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with connection, connection.cursor() as cursor:
        found = _Comparison(cursor, network, _rows_of(cursor, first, whole),
                            _rows_of(cursor, second, whole))
        rows, flags = found.flags()
        for run, number in ((first, rows.a), (second, rows.b)):
            if not number:
                raise ConfigurationError(_why_none(run))
        return Difference(
            first, second, _settings(first, second), rows,
            found.newly_failed(worst) if rows.failed else [],
            found.lost(worst) if rows.lost else [], flags, found.parameters(),
            [w for p in network.parameters for w in found.worst(p.column, worst)])


def _network(a: dict[str, Any], b: dict[str, Any], whole: bool) -> Network:
    """The network of both. Raises ConfigurationError if they cannot be compared."""
    network = next((n for n in NETWORKS.values() if n.name == a["task"]), None)
    if a["task"] != b["task"] or network is None:
        raise ConfigurationError(f"run {a['pk']} is of task {a['task']}, run {b['pk']} of "
                                 f"{b['task']}: only runs of one task can be compared")
    if a["pk"] == b["pk"]:
        raise ConfigurationError(f"run {a['pk']} and itself are the same: name two runs")
    if whole and all(a[name] == b[name] for name in ("v_astra_major_minor", "tag")):
        raise ConfigurationError(f"runs {a['pk']} and {b['pk']} are of one version and tag, whose "
                                 "rows are the same ones: compare them without --whole")
    return network


def _rows_of(cursor: Cursor, run: dict[str, Any], whole: bool) -> sql.Composed:
    """Which rows of the results table are those of a run, as an SQL condition."""
    if whole:
        return sql.SQL("v_astra_major_minor = {} AND tag = {}").format(
            sql.Literal(run["v_astra_major_minor"]), sql.Literal(run["tag"]))
    cursor.execute(query("runs_of_overwriting"), {"run": run["pk"]})
    return sql.SQL("run_pk = ANY ({}::bigint[])").format(
        sql.Literal([pk for (pk,) in cursor.fetchall()]))


def _why_none(run: dict[str, Any]) -> str:
    if run["n_done"]:
        return (f"run {run['pk']} has no rows any more: other runs made them again (--overwrite, "
                "--retry-failed); to compare two runs, give the later one a --tag")
    return f"run {run['pk']} made no rows: there is nothing to compare"


def _settings(a: dict[str, Any], b: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (a[name], b[name]) for name in SETTINGS if a[name] != b[name]}


class _Comparison:
    """Two sets of rows of a results table, within one transaction."""

    def __init__(self, cursor: Cursor, network: Network, a: sql.Composed, b: sql.Composed) -> None:
        self.cursor, self.network = cursor, network
        self._parts: dict[str, sql.Composable] = {
            "results": sql.Identifier(network.table), "a": a, "b": b}

    def flags(self) -> tuple[Rows, list[FlagChange]]:
        """Counts of spectra, and those of each flag that any of them has."""
        columns = ["result_flags", *(prefix + p.column for p in self.network.parameters
                                     for prefix in ("", "e_"))]
        pairs = self._asked(query("difference_of_flags", columns_of_a=_of("a", columns),
                                  columns_of_b=_of("b", columns), **self._parts))
        rows, of = Rows(), {side: Counter[str]() for side in ("a", "b", "set", "cleared")}
        for a, b, number, same in pairs:
            rows.add(a, b, number, same)
            if a is not None and b is not None:
                for side, flags in (("a", a), ("b", b), ("set", b & ~a), ("cleared", a & ~b)):
                    of[side].update(dict.fromkeys(names(flags), number))
        return rows, [FlagChange(name, *(of[side][name] for side in of)) for name in _MASKS
                      if of["a"][name] or of["b"][name]]

    def parameters(self) -> list[Change]:
        """The parameters, in total and then by region."""
        literals = {"white_dwarf_logg": WHITE_DWARF_LOGG, "cool": COOL, "hot": HOT,
                    "giant_logg": GIANT_LOGG, "unknown": UNKNOWN,
                    "unusable_teff": _UNUSABLE["log_teff"], "unusable_logg": _UNUSABLE["logg"],
                    **dict(zip(("cool_stars", "middle", "dwarfs", "giants", "hot_stars",
                                "white_dwarfs"), _REGIONS, strict=True))}
        values = sql.SQL(", ").join(map(_values, (p.column for p in self.network.parameters)))
        found = self._asked(query("difference_of_parameters", parameters=values, **self._parts,
                                  **{name: sql.Literal(v) for name, v in literals.items()}))
        order = [p.column for p in self.network.parameters]
        regions_in_order = [None, *_REGIONS, UNKNOWN]
        return sorted((_change(*row) for row in found), key=lambda c: (
            order.index(c.parameter), regions_in_order.index(c.region)))

    def newly_failed(self, limit: int) -> list[Example]:
        """Spectra that failed in the second run only."""
        return [Example(key, message or "") for key, message in self._asked(query(
            "newly_failed", limit=sql.Literal(limit), **self._parts))]

    def lost(self, limit: int) -> list[int]:
        """Spectra that have a row of the first run only."""
        return [key for key, in self._asked(query("lost_rows", limit=sql.Literal(limit),
                                                  **self._parts))]

    def worst(self, column: str, limit: int) -> list[Worst]:
        """The largest changes of a parameter."""
        found = self._asked(query(
            "worst_differences", parameter=sql.Identifier(column), limit=sql.Literal(limit),
            error=sql.Identifier(f"e_{column}"), unusable=sql.Literal(_UNUSABLE[column]),
            **self._parts))
        return [Worst(column, spectrum, source, a, b, difference, error,
                      set=names(flags_b & ~flags_a), cleared=names(flags_a & ~flags_b))
                for spectrum, source, a, b, difference, error, flags_a, flags_b in found]

    def _asked(self, statement: sql.Composed) -> list[tuple[Any, ...]]:
        cancellable(self.cursor.connection, lambda: self.cursor.execute(statement))
        return self.cursor.fetchall()


def _of(side: str, columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(side, name) for name in columns)


def _values(column: str) -> sql.Composed:
    """A parameter's name, mask, two values, larger uncertainty, and ratio of uncertainties."""
    return sql.SQL("({name}, {mask}, a.{x}, b.{x}, greatest(a.{e}, b.{e}), "
                   "b.{e} / nullif(a.{e}, 0))").format(
        name=sql.Literal(column), mask=sql.Literal(_UNUSABLE[column]), x=sql.Identifier(column),
        e=sql.Identifier(f"e_{column}"))


def _change(parameter: str, region: str | None, usable_a: int, usable_b: int, number: int,
            percentiles: list[float] | None, largest: float | None, beyond: int, told: int,
            errors: float | None) -> Change:
    offset = scatter = None
    if percentiles is not None and number >= LEAST:
        low, offset, high = percentiles
        scatter = (high - low) / 2
    return Change(parameter, region, usable_a, usable_b, number, offset, scatter, largest,
                  beyond / told if told else None, errors)
