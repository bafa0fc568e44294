"""How the parameters and S/N are distributed, by spectrum table."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from psycopg2 import sql

from bossnet.report import style
from bossnet.report.counts import UNKNOWN
from bossnet.report.elements import Figure, Section, Table
from bossnet.report.quantities import axis, count, shown
from bossnet.report.scope import Scope, values

Bins = dict[tuple[str, str], dict[int, int]]  #: by quantity and table: numbers by bin

ORDER = ("log_teff", "logg", "fe_h", "v_rad")  #: of the panels; others follow, S/N is the last


def ask(scope: Scope) -> Bins:
    """Histograms of a scope."""
    rows: list[tuple[str, sql.Composable, sql.Composable]] = [
        (name, sql.Identifier("result", name), _step(name))
        for name in scope.parameters]
    rows.append(("snr", sql.SQL("CASE WHEN snr > 0 AND snr < 'Infinity' THEN log(snr::float8) END"),
                 _step("snr")))
    found: Bins = defaultdict(dict)
    for table, name, place, number in scope.ask("distributions", quantities=values(rows)):
        found[name, table or UNKNOWN][place] = number
    return dict(found)


def _step(name: str) -> sql.Composed:
    return sql.SQL("{}::float8").format(sql.Literal(shown(name).step))


def section(bins: Bins) -> Section:
    """The section."""
    if not bins:
        return Section("distributions", "Distributions",
                       why_empty="No spectrum has a reliable parameter.")
    quantities = list(dict.fromkeys(name for name, _ in bins))
    order = sorted(quantities, key=lambda name: (
        ORDER.index(name) if name in ORDER else len(ORDER), name == "snr", name))
    tables = sorted({table for _, table in bins})
    panels: list[style.Panel] = []
    data: list[dict[str, Any]] = []
    for i, name in enumerate(order):
        own = {table: bins[name, table] for table in tables if (name, table) in bins}
        several = merged(sum(sum(found.values()) for found in own.values()))
        step = several * shown(name).step
        places = [place // several for found in own.values() for place in found]
        low, high = (min(places) - 1) * step, (max(places) + 2) * step
        x = (style.logarithmic("S/N per pixel", low, high) if name == "snr"
             else axis(name, low, high))
        panels.append((x, {"title": {"text": "% of a table"}, "rangemode": "tozero"},
                       shown(name).title))
        data += [_histogram(found, several, step, name=name, table=table, panel=i,
                            colour=style.COLOURS[tables.index(table) % len(style.COLOURS)])
                 | {"showlegend": table not in {d["name"] for d in data}}
                 for table, found in own.items()]
    figure = Figure("distributions", "Distributions of parameters and S/N, by spectrum table",
                    "Reliable parameters alone. Click a name in the legend to hide a table.", data,
                    style.grid(panels, high=230, legend=len(tables) > 1))
    numbers = {table: {name: sum(bins[name, table].values()) for name in order
                       if (name, table) in bins} for table in tables}
    known = Table("In how many spectra each is known", ("table", *(shown(n).title for n in order)),
                  [(t, *(count(numbers[t].get(name, 0)) for name in order)) for t in tables])
    return Section("distributions", "Distributions", figures=[figure], tables=[known],
                   numbers={"number": numbers, "medians": _medians(bins)})


def _histogram(bins: Mapping[int, int], several: int, step: float, *, name: str, table: str,
               panel: int, colour: str) -> dict[str, Any]:
    """One quantity of one table, so many bins made one."""
    whole = sum(bins.values())
    coarse: Counter[int] = Counter()
    for place, number in bins.items():
        coarse[place // several] += number
    return style.histogram(
        {place: 100 * number / whole for place, number in coarse.items()}, step, panel=panel,
        name=table, colour=colour, legendgroup=table,
        hover=f"{shown(name).title} %{{x:.4g}}: %{{y:.3g}} % of the spectra")


def merged(number: int) -> int:
    """How many bins are drawn as one, for so many spectra."""
    return next((several for least, several in ((5000, 1), (500, 2)) if number >= least), 5)


def _medians(bins: Mapping[tuple[str, str], dict[int, int]]) -> dict[str, dict[str, float]]:
    """The median of each, from its histogram: to a part of a bin."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for (name, table), numbers in bins.items():
        middle = median(numbers, shown(name).step)
        found[table][name] = round(10 ** middle, 1) if name == "snr" else round(middle, 4)
    return dict(found)


def median(numbers: Mapping[int, int], step: float) -> float:
    """The median of a histogram, linear within its bin."""
    half, below = sum(numbers.values()) / 2, 0
    for place in sorted(numbers):
        if below + numbers[place] >= half:
            return (place + (half - below) / numbers[place]) * step
        below += numbers[place]
    raise ValueError("an empty histogram has no median")
