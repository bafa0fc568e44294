"""The look of the figures: colours that the colour-blind tell apart, maps, points, layouts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bossnet.flags import names
from bossnet.report.quantities import Shown

#: Okabe and Ito (2008): told apart with any colour vision.
BLUE, ORANGE, GREEN, PURPLE, BLACK = "#0072b2", "#d55e00", "#009e73", "#aa4499", "#222222"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, "#e69f00", "#56b4e9")
GREY = "#767676"
MARGIN = {"l": 70, "r": 20, "t": 30, "b": 60}  #: around the panels, pixels
BETWEEN = 90  #: rows of panels, pixels
#: viridis from light to dark, without its lightest end: dense is dark on white.
SCALE = [[i / 8, colour] for i, colour in enumerate((
    "#cae11f", "#7fd34e", "#3fbc73", "#1fa287", "#24868e", "#2f6b8e", "#3e4c8a", "#482979",
    "#440154"))]
PANEL = {"showline": True, "linecolor": BLACK, "mirror": True, "ticks": "outside",
         "gridcolor": "#ececec", "zeroline": False, "automargin": True}


Panel = tuple[dict[str, Any], dict[str, Any], str]  #: x axis, y axis, title


@dataclass(frozen=True, slots=True)
class Point:
    """What a point says of its star, as the database has it."""

    spectrum_pk: int
    source_pk: int | None
    snr: float | None
    result_flags: int


def layout(height: int, **more: Any) -> dict[str, Any]:
    """A layout in the page's look, so many pixels high; axes that are given get it, too."""
    axes = {name: PANEL | of for name, of in more.items()
            if name.startswith(("xaxis", "yaxis"))}
    return {"height": height, "font": {"family": "system-ui, sans-serif", "size": 13,
                                       "color": BLACK},
            "paper_bgcolor": "white", "plot_bgcolor": "white", "hovermode": "closest",
            "margin": MARGIN, "showlegend": False} | more | axes


def grid(panels: Sequence[Panel], *, columns: int = 2, high: int = 270, gap: float = 0.14,
         right: int = 20, legend: bool = False) -> dict[str, Any]:
    """The layout of several panels, row by row.

    Args:
        panels: their axes and titles.
        columns: of panels.
        high: pixels of a panel.
        gap: between columns, a part of the width.
        right: pixels right of the panels.
        legend: whether there is one, above.
    """
    rows = -(-len(panels) // columns)
    inner = rows * high + (rows - 1) * BETWEEN
    margin = MARGIN | {"r": right, "t": MARGIN["t"] + (30 if legend else 0)}
    found: dict[str, Any] = {"margin": margin}
    if legend:
        found |= {"showlegend": True, "legend": {
            "orientation": "h", "x": 0, "y": 1 + 28 / inner, "yanchor": "bottom"}}
    titles = []
    for i, (x, y, title) in enumerate(panels):
        n, at = suffix(i), place(i, len(panels), columns=columns, high=high, gap=gap)
        found |= {f"xaxis{n}": x | {"domain": at[0], "anchor": f"y{n}"},
                  f"yaxis{n}": y | {"domain": at[1], "anchor": f"x{n}"}}
        titles.append({"text": f"<b>{title}</b>", "x": at[0][0], "y": at[1][1], "xref": "paper",
                       "yref": "paper", "xanchor": "left", "yanchor": "bottom",
                       "showarrow": False, "font": {"size": 13}})
    return layout(inner + margin["t"] + margin["b"], **found, annotations=titles)


def place(panel: int, number: int, *, columns: int = 2, high: int = 270, gap: float = 0.14
          ) -> tuple[list[float], list[float]]:
    """Where a panel of so many is, of the whole: from left to right, from below to above."""
    rows = -(-number // columns)
    inner = rows * high + (rows - 1) * BETWEEN
    row, column = divmod(panel, columns)
    wide = (1 - gap * (columns - 1)) / columns
    left, top = column * (wide + gap), 1 - row * (high + BETWEEN) / inner
    return [left, left + wide], [max(top - high / inner, 0), top]


def suffix(panel: int) -> str:
    """What plotly adds to the names of a panel's axes, panels counted from 0."""
    return "" if panel == 0 else str(panel + 1)


def on(panel: int) -> dict[str, str]:
    """The axes of a panel, for a trace."""
    return {"xaxis": f"x{suffix(panel)}", "yaxis": f"y{suffix(panel)}"}


def bar(title: str, colours: Sequence[float] = (), *, x: float = 1.02, y: float = 0.5,
        length: float = 1.0) -> dict[str, Any]:
    """A colour bar; of logarithms where ``colours`` are the values at their ends."""
    found: dict[str, Any] = {"title": {"text": title, "side": "right"}, "thickness": 14, "x": x,
                             "y": y, "len": length, "outlinewidth": 0}
    if len(colours):
        ticks = decades(colours[0], colours[-1])
        found |= {"tickvals": [round(float(np.log10(t)), 4) for t in ticks],
                  "ticktext": [f"{t:,.0f}".replace(",", " ") if t >= 1000 else f"{t:g}"
                               for t in ticks]}
    return found


def decades(low: float, high: float) -> list[float]:
    """Round numbers from low to high for a logarithmic axis: a handful."""
    many = np.log10(high / low) if low > 0 and high > low else 0
    steps = (1, 2, 3, 5, 7) if many < 0.7 else (1, 2, 5) if many < 2.5 else (1,)
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    found = [float(f"{s}e{e}") for e in range(first, last + 1) for s in steps]
    return [t for t in found if low * 0.999 <= t <= high * 1.001] or [low]


def logarithmic(title: str, low: float, high: float) -> dict[str, Any]:
    """An axis of decimal logarithms, its ticks plain numbers; low and high are logarithms."""
    ticks = decades(10 ** low, 10 ** high)
    return {"title": {"text": title}, "range": [low, high],
            "tickvals": [round(float(np.log10(t)), 4) for t in ticks],
            "ticktext": [f"{t:g}" for t in ticks]}


def matrix(cells: Iterable[tuple[int, int, float | None]]
           ) -> tuple[range, range, list[list[float | None]]]:
    """Cells (x, y, value) as rows of y: the ranges of x and y, and the values between."""
    known = {(x, y): value for x, y, value in cells}
    xs, ys = ([place[i] for place in known] for i in (0, 1))
    wide, high = range(min(xs), max(xs) + 1), range(min(ys), max(ys) + 1)
    return wide, high, [[known.get((x, y)) for x in wide] for y in high]


def density(cells: Sequence[tuple[int, int, int]], steps: tuple[float, float], *, panel: int = 0,
            hover: str = "", what: str = "spectra", scale: bool = True) -> dict[str, Any]:
    """Numbers in cells, as a map whose colour is their logarithm."""
    x, y, numbers = matrix(cells)
    largest = max(n for *_, n in cells)
    return {"type": "heatmap", "x": _centres(x, steps[0]), "y": _centres(y, steps[1]),
            "customdata": numbers, "z": "log10(customdata)", "colorscale": SCALE,
            "zmin": 0, "zmax": round(max(float(np.log10(largest)), 0.5), 3),
            "showscale": scale, "hovertemplate": f"{hover}{what}: %{{customdata}}<extra></extra>",
            **({"colorbar": bar(f"{what} per cell", (1, max(largest, 3)))} if scale else {}),
            **on(panel)}


def medians(cells: Sequence[tuple[int, int, float | None]], steps: tuple[float, float],
            limits: tuple[float, float], *, panel: int = 0, hover: str = "", title: str = "",
            **more: Any) -> dict[str, Any]:
    """Medians in cells, as a map whose colour is their logarithm, cut at the limits."""
    x, y, found = matrix([(x, y, None if v is None else float(f"{v:.3g}")) for x, y, v in cells])
    return {"type": "heatmap", "x": _centres(x, steps[0]), "y": _centres(y, steps[1]),
            "customdata": found, "z": "log10(customdata)", "colorscale": SCALE,
            "zmin": round(float(np.log10(limits[0])), 4),
            "zmax": round(float(np.log10(limits[1])), 4), "colorbar": bar(title, limits),
            "hovertemplate": f"{hover}{title}: %{{customdata}}<extra></extra>", **on(panel), **more}


def points(stars: Sequence[Point], x: Sequence[float], y: Sequence[float], *, panel: int = 0,
           hover: str = "", **marker: Any) -> dict[str, Any]:
    """Stars one by one: each tells what it is, and a click leads to it."""
    return {"type": "scatter", "mode": "markers", "x": list(x), "y": list(y), "meta": "stars",
            "customdata": [[p.spectrum_pk, "unknown" if p.source_pk is None else p.source_pk,
                            "unknown" if p.snr is None else f"{p.snr:.0f}",
                            " ".join(names(p.result_flags)) or "none"] for p in stars],
            "hovertemplate": hover + "spectrum %{customdata[0]} of star %{customdata[1]}<br>S/N "
                             "%{customdata[2]}<br>flags: %{customdata[3]}<extra></extra>",
            "marker": {"size": 6, "opacity": 0.85} | marker, **on(panel)}


def span(found: Iterable[float | None], *, kept: float = 98.0) -> tuple[float, float]:
    """The range of the positive values, without the outermost, for a logarithmic colour."""
    positive = [v for v in found if v is not None and v > 0 and np.isfinite(v)]
    if not positive:
        return 1.0, 10.0
    low, high = np.percentile(positive, [(100 - kept) / 2, (100 + kept) / 2])
    return (float(low), float(high)) if high > 1.02 * low else (float(low) / 1.5, float(high) * 1.5)


def histogram(bins: Mapping[int, float], step: float, *, panel: int, name: str, colour: str,
              hover: str = "", **more: Any) -> dict[str, Any]:
    """A histogram as steps; bins that are not there are empty."""
    places = range(min(bins) - 1, max(bins) + 2)
    return {"type": "scatter", "mode": "lines", "name": name,
            "line": {"shape": "hvh", "color": colour, "width": 1.8},
            "x": _centres(places, step),
            "y": [float(f"{bins.get(place, 0):.4g}") for place in places],
            "hovertemplate": f"{hover or '%{y:.3g}'}<extra>{name}</extra>", **on(panel), **more}


def line(x: Sequence[float], y: Sequence[float], *, panel: int = 0, colour: str = GREY,
         dash: str = "dash", width: float = 1.5, name: str = "", **more: Any) -> dict[str, Any]:
    """A line."""
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "name": name,
            "line": {"color": colour, "dash": dash, "width": width}, "hoverinfo": "skip",
            **on(panel), **more}


def hover(x: Shown, y: Shown) -> str:
    """The first lines of what a cell of two quantities says."""
    return f"{x.title} %{{x:.2f}}, {y.title} %{{y:.2f}}<br>"


def _centres(places: range, step: float) -> list[float]:
    return [float(f"{(place + 0.5) * step:.6g}") for place in places]


def log10(value: float | None) -> float | None:
    """A decimal logarithm for a colour; None where there is none."""
    return round(float(np.log10(value)), 4) if value is not None and value > 0 else None
