"""The Kiel diagram: how many, by S/N (paper, Figure 8), by uncertainty (Figure 9).

A few thousand spectra are points; more are medians in cells, and only those of rare cells are
points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from bossnet.report import style
from bossnet.report.elements import Figure, Section
from bossnet.report.quantities import axis, plural, shown
from bossnet.report.scope import Scope
from bossnet.report.style import Point

POINTS = 2500  #: spectra that are all drawn as points
RARE = 2  #: spectra of a cell, whose stars are drawn as points
LONERS = 1500  #: of these at most
FINE = 50_000  #: spectra, from which on cells are small
GAP = 0.2  #: between columns, for the colour bars
STEPS = {False: (0.02, 0.2), True: (0.01, 0.1)}  #: of log Teff and log g


@dataclass(frozen=True, slots=True)
class Kiel:
    """What the section is drawn from.

    Attributes:
        number: of spectra with log Teff and log g.
        errors: columns of the uncertainties.
        steps: of the cells.
        cells: x, y, number, and medians of S/N and the uncertainties.
        stars: as points.
        places: their log Teff, log g and uncertainties.
    """

    number: int
    errors: tuple[str, ...]
    steps: tuple[float, float]
    cells: list[tuple[Any, ...]]
    stars: list[Point]
    places: list[tuple[float | None, ...]]

    @property
    def is_points(self) -> bool:
        """Whether the stars are all there are."""
        return self.number <= POINTS


def ask(scope: Scope) -> Kiel:
    """The diagram of a scope."""
    errors = tuple(f"e_{p}" for p in scope.parameters)
    columns = ("log_teff", "logg", *errors)
    (number,), = scope.ask("number_in_kiel_diagram")
    steps, cells, keys = STEPS[number >= FINE], [], None
    if number > POINTS:
        medians = sql.SQL(", ").join(
            sql.SQL("percentile_cont(0.5) WITHIN GROUP (ORDER BY {})").format(sql.Identifier(name))
            for name in ("snr", *errors))
        found = scope.ask("kiel_cells", step_x=sql.Literal(steps[0]), step_y=sql.Literal(steps[1]),
                          medians=medians)
        cells = [(x, y, n, *values) for x, y, n, _, _, *values in found]
        rare = [row for row in found if row[2] <= RARE]
        thinned = rare[::-(-len(rare) // (LONERS // RARE)) or 1]
        keys = sorted({key for row in thinned for key in row[3:5]})
    stars = scope.ask("stars", keys=sql.Literal(keys), values=sql.SQL(", ").join(
        map(sql.Identifier, columns)))
    return Kiel(number, errors, steps, cells, [Point(*row[:4]) for row in stars],
                [row[4:] for row in stars])


def section(kiel: Kiel) -> Section:
    """The section."""
    if not kiel.number:
        return Section("kiel", "Kiel diagram", why_empty="No spectrum has both a temperature and a "
                       "gravity that are reliable.", numbers={"number": 0})
    figures = [_by_snr(kiel)] if kiel.is_points else [_density(kiel), _by_snr(kiel)]
    return Section("kiel", "Kiel diagram", [
        f"{plural(kiel.number, 'spectrum', 'spectra')} with a reliable temperature and gravity. "
        + ("Each is a point: hover it, or click it for the commands that show it."
           if kiel.is_points else "Colours are of cells; points are spectra of cells with one or "
           "two: hover them, or click them for the commands that show them.")],
        [*figures, _by_uncertainty(kiel)], numbers={"number": kiel.number})


def _density(kiel: Kiel) -> Figure:
    data = [style.density([(x, y, n) for x, y, n, *_ in kiel.cells], kiel.steps,
                          hover=style.hover(shown("log_teff"), shown("logg"))),
            _points(kiel, 0, range(len(kiel.stars)), size=3.5, color=style.GREY)]
    return Figure("kiel-density", "Kiel diagram: number of spectra",
                  "The number of spectra in each cell; grey points are single stars.",
                  data, style.layout(620, **_axes(kiel, narrow=False)))


def _by_snr(kiel: Kiel) -> Figure:
    limits = style.span([p.snr for p in kiel.stars] if kiel.is_points
                        else [cell[3] for cell in kiel.cells])
    trace = _coloured(kiel, 0, [p.snr for p in kiel.stars], 3, limits, "S/N")
    return Figure("kiel-snr", "Kiel diagram by S/N (paper, Figure 8)",
                  "Colour: S/N" + ("" if kiel.is_points else ", the median in each cell") + ".",
                  [trace], style.layout(620, **_axes(kiel, narrow=False)))


def _by_uncertainty(kiel: Kiel) -> Figure:
    x, y = _axes(kiel).values()
    panels, data = [], []
    n = len(kiel.errors)
    for i, column in enumerate(kiel.errors):
        of = shown(column.removeprefix("e_"))
        values = [place[2 + i] for place in kiel.places]
        limits = style.span(values if kiel.is_points else [cell[4 + i] for cell in kiel.cells])
        title = f"σ({of.title})" + (f" [{of.unit}]" if of.unit else "")
        at = style.place(i, n, high=330, gap=GAP)
        place = {"x": at[0][1] + 0.01, "y": sum(at[1]) / 2, "length": at[1][1] - at[1][0]}
        data.append(_coloured(kiel, i, values, 4 + i, limits, title, **place))
        panels.append((x, y, title))
    return Figure("kiel-uncertainty", "Kiel diagram by uncertainty (paper, Figure 9)",
                  "Colour: the uncertainty of each parameter, where it has one"
                  + ("" if kiel.is_points else ", the median in each cell") + ".", data,
                  style.grid(panels, high=330, gap=GAP, right=80))


def _coloured(kiel: Kiel, panel: int, values: list[float | None], column: int,
              limits: tuple[float, float], title: str, **place: float) -> dict[str, Any]:
    """A panel in the colours of one quantity: points, or a map."""
    x, y = shown("log_teff"), shown("logg")
    bar = style.bar("" if place else title, limits, **place)
    if not kiel.is_points:
        return style.medians([(cell[0], cell[1], cell[column]) for cell in kiel.cells], kiel.steps,
                             limits, panel=panel, hover=style.hover(x, y), title=title
                             ) | {"colorbar": bar}
    known = [i for i, value in enumerate(values) if value is not None and value > 0]
    return _points(kiel, panel, known, color=[style.log10(values[i]) for i in known],
                   colorscale=style.SCALE, showscale=True, colorbar=bar,
                   cmin=style.log10(limits[0]), cmax=style.log10(limits[1]))


def _points(kiel: Kiel, panel: int, rows: Sequence[int], **marker: Any) -> dict[str, Any]:
    x, y = ([round(float(kiel.places[row][i] or 0), 4) for row in rows] for i in (0, 1))
    return style.points([kiel.stars[row] for row in rows], x, y, panel=panel,
                        hover="log Teff %{x:.3f}, log g %{y:.2f}<br>", **marker)


def _axes(kiel: Kiel, *, narrow: bool = True) -> dict[str, dict[str, Any]]:
    found = {}
    for name, i in (("log_teff", 0), ("logg", 1)):
        places = [float(place[i] or 0) for place in kiel.places] + [
            (cell[i] + side) * kiel.steps[i] for cell in kiel.cells for side in (0, 1)]
        room = 0.03 * (max(places) - min(places)) or 0.05
        found["xaxis" if i == 0 else "yaxis"] = axis(
            name, min(places) - room, max(places) + room, narrow=narrow)
    return found
