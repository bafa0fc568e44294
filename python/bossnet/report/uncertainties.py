"""Uncertainties against S/N, and those of well-exposed spectra beside the paper's (Section 4)."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from psycopg2 import sql

from bossnet.evaluation.statistics import LEAST
from bossnet.report import style
from bossnet.report.distributions import median
from bossnet.report.elements import Figure, Section, Table
from bossnet.report.quantities import count, shown
from bossnet.report.scope import Scope, values

STEP = 0.05  #: dex, of S/N and of uncertainties
MANY = 5000  #: spectra, from which on cells are of one step
COOL, WELL = 6700.0, 15.0  #: K and S/N, of the paper's typical uncertainties
#: The paper's (Section 4), by the network's kind: cool and hot stars.
PAPER = {"boss": {"logg": (0.09, 0.13), "log_teff": (0.007, 0.02), "fe_h": (0.07, 0.16),
                  "v_rad": (7.0, 12.5)}}


@dataclass(frozen=True, slots=True)
class Typical:
    """Uncertainties of one parameter among well-exposed cool or hot stars.

    Attributes:
        parameter: its column.
        is_cool: which of the two.
        number: of spectra.
        percentiles: the 16th, 50th and 84th.
    """

    parameter: str
    is_cool: bool
    number: int
    percentiles: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Uncertainties:
    """What the section is drawn from.

    Attributes:
        kind: of the network.
        parameters: in its order.
        cells: for each, numbers by place in S/N and uncertainty.
        typical: of each, cool and hot.
    """

    kind: str
    parameters: tuple[str, ...]
    cells: dict[str, list[tuple[int, int, int]]]
    typical: list[Typical]


def ask(scope: Scope) -> Uncertainties:
    """The uncertainties of a scope."""
    errors = values([(name, sql.Identifier("result", f"e_{name}")) for name in scope.parameters])
    cells: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for name, x, y, number in scope.ask("uncertainties", errors=errors, step=sql.Literal(STEP)):
        cells[name].append((x, y, number))
    typical = [Typical(name, cool, number, tuple(percentiles)) for name, cool, number, percentiles
               in scope.ask("typical_uncertainties", errors=errors, cool=sql.Literal(COOL),
                            snr=sql.Literal(WELL))]
    order = {name: i for i, name in enumerate(scope.parameters)}
    typical.sort(key=lambda t: (order[t.parameter], not t.is_cool))
    return Uncertainties(scope.network.kind, scope.parameters, dict(cells), typical)


def section(of: Uncertainties) -> Section:
    """The section."""
    if not of.cells:
        return Section("uncertainties", "Uncertainties", why_empty="No spectrum has an uncertainty "
                       "and an S/N: the run made no draws, or nothing is reliable.",
                       numbers={"typical": []})
    told = [name for name in of.parameters if name in of.cells]
    panels, data = [], []
    for i, name in enumerate(told):
        cells, one = of.cells[name], shown(name)
        number = sum(n for *_, n in cells)
        cells, step = (cells, STEP) if number >= MANY else (_coarse(cells), 2 * STEP)
        ends = [[place for cell in cells for place in (cell[j], cell[j] + 1)] for j in (0, 1)]
        title = f"σ({one.title})" + (f" [{one.unit}]" if one.unit else "")
        panels.append((style.logarithmic("S/N per pixel", min(ends[0]) * step, max(ends[0]) * step),
                       style.logarithmic(title, min(ends[1]) * step, max(ends[1]) * step),
                       one.title))
        data.append(style.density(cells, (step, step), panel=i, scale=False,
                                  hover="log S/N %{x:.2f}, log σ %{y:.2f}<br>"))
        data.append(style.line(*_medians(cells, step), panel=i, colour=style.ORANGE, dash="solid",
                               width=2.5))
    figure = Figure("uncertainties", "Uncertainties against S/N",
                    "Darker: more spectra, logarithmic. Orange: the median at each S/N with "
                    f"{LEAST} spectra or more.", data,
                    style.grid(panels))
    table = Table(f"Uncertainties at S/N > {WELL:g}: cool (Teff < {COOL:g} K) and hot stars",
                  ("parameter", "stars", "spectra", "median", "16th to 84th percentile",
                   "the paper's"), [_row(of.kind, t) for t in of.typical])
    return Section("uncertainties", "Uncertainties", [
        "Uncertainties are 1 sigma as reported. They exclude systematic errors."], [figure],
        [table] if of.typical else [], numbers={"typical": [
            {"parameter": t.parameter, "cool": t.is_cool, "number": t.number,
             "percentiles": list(t.percentiles)} for t in of.typical]})


def _row(kind: str, t: Typical) -> tuple[str, ...]:
    one = shown(t.parameter)
    low, middle, high = map(one.written, t.percentiles)
    paper = PAPER.get(kind, {}).get(t.parameter)
    return (f"{one.title} [{one.unit}]", "cool" if t.is_cool else "hot", count(t.number), middle,
            f"{low} to {high}", f"{paper[0 if t.is_cool else 1]:g}" if paper else "-")


def _coarse(cells: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Four cells made one."""
    found: Counter[tuple[int, int]] = Counter()
    for x, y, number in cells:
        found[x // 2, y // 2] += number
    return [(x, y, number) for (x, y), number in found.items()]


def _medians(cells: list[tuple[int, int, int]], step: float) -> tuple[list[float], list[float]]:
    """The median uncertainty at each S/N that has enough spectra, as logarithms."""
    columns: dict[int, dict[int, int]] = defaultdict(dict)
    for x, y, number in cells:
        columns[x][y] = number
    places = sorted(x for x, of in columns.items() if sum(of.values()) >= LEAST)
    return ([round((x + 0.5) * step, 3) for x in places],
            [round(median(columns[x], step), 3) for x in places])
