"""Repeated visits of a star: do they differ by their errors (paper, Figure 10)?"""

from collections import defaultdict
from dataclasses import dataclass

from psycopg2 import sql

from bossnet.evaluation.statistics import FAR
from bossnet.report import style
from bossnet.report.elements import Figure, Section, Star, Table
from bossnet.report.pairs import REACH, STEP, Width, as_numbers, difference, normal, width
from bossnet.report.quantities import count, shown
from bossnet.report.scope import Scope, values

WORST = 10  #: pairs of each parameter that are named
#: The paper's colours: log g blue, Teff yellow, [Fe/H] red.
COLOURS = {"logg": style.BLUE, "log_teff": "#e69f00", "fe_h": style.ORANGE, "v_rad": style.BLACK}


@dataclass(frozen=True, slots=True)
class Pulls:
    """Of one parameter among the visits of one table.

    Attributes:
        width: of the pulls; 1 if the errors are right.
        beyond: the part further than 3 from zero; 0.003 if the errors are right.
        bins: numbers by bin.
    """

    width: Width
    beyond: float
    bins: dict[int, int]


@dataclass(frozen=True, slots=True)
class Worst:
    """Two visits that differ much."""

    parameter: str
    source_pk: int
    before: int
    after: int
    difference: float
    pull: float


@dataclass(frozen=True, slots=True)
class Repeats:
    """What the section is drawn from: pulls by table and parameter, and the largest."""

    parameters: tuple[str, ...]
    pulls: dict[tuple[str, str], Pulls]
    worst: list[Worst]


def ask(scope: Scope) -> Repeats:
    """The repeats of a scope."""
    columns = [name for p in scope.parameters for name in (p, f"e_{p}")]
    parts = {
        "values": sql.SQL(", ").join(map(sql.Identifier, columns)),
        "values_before": sql.SQL(", ").join(
            sql.SQL("lag({}) OVER visits AS {}").format(sql.Identifier(name),
                                                        sql.Identifier(f"{name}_before"))
            for name in columns),
        "differences": values([difference(p, "{}", "{}_before") for p in scope.parameters])}
    bins: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    of: dict[tuple[str, str], tuple[Width, float]] = {}
    worst: dict[str, list[Worst]] = defaultdict(list)
    for kind, table, name, number, place, percentiles, beyond, *star in scope.ask(
            "repeats", step=sql.Literal(STEP), reach=sql.Literal(REACH), far=sql.Literal(FAR),
            limit=sql.Literal(WORST), **parts):
        if kind == "statistics":
            of[table, name] = width(number, percentiles), beyond / number
        elif kind == "histogram":
            bins[table, name][place] = number
        else:
            worst[name].append(Worst(name, *star))
    return Repeats(scope.parameters, {key: Pulls(*of[key], bins[key]) for key in of},
                   [w for name in scope.parameters for w in worst[name]])


def section(repeats: Repeats) -> Section:
    """The section."""
    title = "Repeated visits"
    if not repeats.pulls:
        return Section("repeats", title, why_empty="No star has reliable parameters, with "
                       "uncertainties, from visits of two nights in one spectrum table.",
                       numbers={"pulls": {}})
    tables = sorted({table for table, _ in repeats.pulls})
    panels, data = [], []
    for i, table in enumerate(tables):
        panels.append(({"title": {"text": "difference / its error"}, "range": [-REACH, REACH]},
                       {"title": {"text": "part of the pairs per unit"}, "rangemode": "tozero"},
                       table))
        data.append(style.line(*normal(1, 1.0), panel=i, name="if errors are right",
                               legendgroup="normal", showlegend=i == 0))
        for name in _in_order(repeats, table):
            pulls = repeats.pulls[table, name]
            colour = COLOURS.get(name, style.PURPLE)
            data.append(style.histogram(
                {place: n / STEP / pulls.width.number for place, n in pulls.bins.items()} or {0: 0},
                STEP, panel=i, name=shown(name).title, colour=colour, legendgroup=name,
                showlegend=not any(d.get("legendgroup") == name for d in data)))
    figure = Figure("repeats", "Differences of repeated visits over their errors (paper, Fig. 10)",
                    "Each visit with the one before it, of another night. Dashed: a normal "
                    "distribution of width 1, as it would be if the errors were right and stars "
                    "constant. A binary varies in velocity.", data,
                    style.grid(panels, columns=min(len(tables), 2), high=340, legend=True))
    rows = [(table, shown(name).title, count(p.width.number), _plain(p.width.sigma),
             _plain(p.width.offset), f"{100 * p.beyond:.2f}")
            for table in tables for name in _in_order(repeats, table)
            for p in [repeats.pulls[table, name]]]
    widths = Table("Width of the pulls: 1 if the errors are right", (
        "table", "parameter", "pairs", "width (16th to 84th, half)", "median",
        "% beyond 3 (0.27 if normal)"), rows)
    worst = Table("Visits that differ most", ("parameter", "star", "a visit", "the one before",
                                              "difference", "in its error"), [
        (shown(w.parameter).title, str(w.source_pk), Star(w.after), Star(w.before),
         shown(w.parameter).written(w.difference, sign=True) + f" {shown(w.parameter).unit}",
         f"{w.pull:+.1f}") for w in repeats.worst], folded=True)
    return Section("repeats", title, figures=[figure],
                   tables=[widths, worst] if repeats.worst else [widths], numbers={"pulls": {
        table: {name: as_numbers(repeats.pulls[table, name].width)
                | {"beyond_3": repeats.pulls[table, name].beyond}
                for name in _in_order(repeats, table)} for table in tables}})


def _in_order(repeats: Repeats, table: str) -> list[str]:
    return [name for name in repeats.parameters if (table, name) in repeats.pulls]


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
