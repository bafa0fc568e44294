"""Draws the figures of an evaluation from the arrays of `figures`; needs matplotlib."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.evaluation import figures
from bossnet.evaluation.noise_pulls import Realisations, width
from bossnet.evaluation.quantities import LOG_TEFF, LOGG, QUANTITIES, Quantity
from bossnet.evaluation.sample import Outcomes

VERSUS, UNCERTAINTIES = "versus_labels.png", "uncertainties.png"
PULLS, NOISE_PULLS, FOREIGN = "pulls.png", "noise_pulls.png", "foreign.png"
DPI = 130
MANY = 3000  #: points, beyond which they are drawn fainter
_GREY, _INK = "0.55", "0.15"
_SNR_COLOURS = ("#1b9e77", "#d95f02", "#7570b3", "#e7298a", "#66a61e", "#a6761d")

Array = NDArray[np.float64]


def check() -> None:
    """Raises ConfigurationError if figures cannot be drawn."""
    if find_spec("matplotlib") is None:
        raise ConfigurationError("figures need matplotlib, which is not installed: install the "
                                 "extra `report` (pip install 'astra-bossnet[report]'), or give "
                                 "--no-figures")


def versus_labels(path: Path, names: Sequence[str], labels: Array, snr: Array,
                  outcomes: Sequence[Outcomes]) -> None:
    """Predicted against label, and the differences below (paper, Figure 6); a row a network."""
    shown = _given(outcomes)
    figure, axes = _panels(2 * len(names), len(shown), heights=(3, 1.2) * len(names),
                           size=(3.6, 4.3 * len(names)))
    scale = _snr_scale(snr)
    points: Any = None
    for column, (j, q) in enumerate(shown):
        data = [figures.versus(labels[:, j], o.predicted[:, j], o.error[:, j], snr)
                for o in outcomes]
        frame = _frame(data)
        for i, one in enumerate(data):
            panels = axes[2 * i][column], axes[2 * i + 1][column]
            points = _versus(*panels, q, one, frame, scale) or points
    for i, name in enumerate(names):
        _title(axes[2 * i][0], name)
    if points is not None and scale["norm"] is not None:
        bar = figure.colorbar(points, ax=axes, shrink=0.5, pad=0.01, aspect=40)
        bar.set_label("S/N per pixel")
        bar.solids.set_alpha(1)
        _plain(bar)
    _save(figure, path)


def uncertainties(path: Path, names: Sequence[str], labels: Array,
                  outcomes: Sequence[Outcomes]) -> None:
    """Median reported uncertainties over the Kiel diagram of the labels (paper, Figure 9)."""
    from matplotlib.colors import LogNorm

    shown = _given(outcomes)
    figure, axes = _panels(len(names), len(shown), size=(3.7, 3.3 * len(names)))
    for column, (j, q) in enumerate(shown):
        maps = [figures.kiel_map(labels[:, LOG_TEFF], labels[:, LOGG], o.error[:, j])
                for o in outcomes]
        every = np.concatenate([m.median.ravel() for m in maps])
        every = every[every > 0]
        norm = LogNorm(*np.percentile(every, [2, 98])) if every.size else None
        for i, m in enumerate(maps):
            axis = axes[i][column]
            mesh = axis.pcolormesh(m.log_teff, m.logg, np.ma.masked_invalid(m.median), norm=norm,
                                   cmap="viridis", rasterized=True)
            axis.set(xlabel=f"label {QUANTITIES[LOG_TEFF].axis}",
                     ylabel=f"label {QUANTITIES[LOGG].axis}")
            axis.invert_xaxis()
            axis.invert_yaxis()
            if norm is not None:
                bar = figure.colorbar(mesh, ax=axis, extend="both")
                _plain(bar)
                bar.set_label(rf"median $\sigma$({q.symbol}) [{_unit(q)}]")
    for row, name in zip(axes, names, strict=True):
        _title(row[0], name)
    _save(figure, path)


def pulls(path: Path, names: Sequence[str], labels: Array, outcomes: Sequence[Outcomes]) -> None:
    """(Predicted minus label) / reported uncertainty, beside a normal distribution."""
    shown = _given(outcomes)
    figure, axes = _panels(len(names), len(shown), size=(3.2, 2.8 * len(names)))
    for i, (name, o) in enumerate(zip(names, outcomes, strict=True)):
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(o.error > 0, (o.predicted - labels) / o.error, np.nan)
        for axis, (j, q) in zip(axes[i], shown, strict=True):
            _pulls(axis, [("", values[:, j], _INK)])
            axis.set(xlabel=f"(predicted - label) / uncertainty, {q.symbol}")
        _title(axes[i][0], name)
    _save(figure, path)


def noise_pulls(path: Path, names: Sequence[str], realisations: Sequence[Realisations]) -> None:
    """(Prediction minus its mean over the realisations) / reported uncertainty, by S/N."""
    shown = _given(realisations)
    figure, axes = _panels(len(names), len(shown), size=(3.2, 3.0 * len(names)))
    for i, (name, r) in enumerate(zip(names, realisations, strict=True)):
        for axis, (j, q) in zip(axes[i], shown, strict=True):
            parts = [(f"S/N {snr:g}: ", r.pulls[r.snr == snr][:, :, j], colour)
                     for snr, colour in zip(np.unique(r.snr), _SNR_COLOURS, strict=False)]
            _pulls(axis, parts)
            axis.set(xlabel=f"(prediction - mean) / uncertainty, {q.symbol}")
        _title(axes[i][0], name)
    _save(figure, path)


def calibration(path: Path, checks: Sequence[tuple[str, Array, Array, Array]]) -> None:
    """Pulls before and after a noise model, and their widths by S/N; two rows a kind.

    Args:
        path: of the figure.
        checks: kind, S/N (n,), pulls by raw and by modelled errors (n, 4), each.
    """
    rows = 2 * len(checks)
    figure, axes = _panels(rows, len(QUANTITIES), size=(3.2, 2.7 * rows))
    for i, (kind, snr, *both) in enumerate(checks):
        for j, q in enumerate(QUANTITIES):
            upper, lower = axes[2 * i][j], axes[2 * i + 1][j]
            parts = [(f"{name}: ", values[:, j], colour) for name, values, colour
                     in zip(("raw", "modelled"), both, _SNR_COLOURS[1::-1], strict=True)]
            _pulls(upper, parts)
            upper.set(xlabel=f"difference / error, {q.symbol}")
            _widths(lower, snr, parts)
            lower.set(xlabel="S/N per pixel", ylabel=f"width of pulls, {q.symbol}")
        _title(axes[2 * i][0], kind)
    _save(figure, path)


def foreign(path: Path, names: Sequence[str], tables: Sequence[figures.ByKind]) -> None:
    """How often each kind of spectrum is flagged, by S/N; a panel a network."""
    kinds, snrs = tables[0].kinds, tables[0].snr
    figure, (axes,) = _panels(1, len(names), size=(3.6, 1.4 + 0.36 * len(kinds)), left=2.2)
    places = np.arange(len(kinds))
    for axis, name, table in zip(axes, names, tables, strict=True):
        axis.axvline(1.0, color=_GREY, lw=1, ls="--", zorder=0)
        for j, (snr, colour) in enumerate(zip(snrs, _SNR_COLOURS, strict=False)):
            # One below the other, as many are at the same rate.
            axis.plot(100 * table.flagged[:, j], places + 0.16 * (j - (len(snrs) - 1) / 2), "o",
                      ms=5, color=colour, clip_on=False, zorder=3, label=f"S/N {snr:g}")
        axis.set_xscale("symlog", linthresh=1.0)
        axis.set(xlim=(0, 100), ylim=(len(kinds) - 0.5, -0.5), xlabel="flagged [%]",
                 yticks=places, yticklabels=kinds if axis is axes[0] else [])
        axis.set_xticks([0, 1, 3, 10, 30, 100], ["0", "1", "3", "10", "30", "100"], minor=False)
        axis.minorticks_off()
        axis.grid(axis="y", color="0.92")
        axis.set_axisbelow(True)
        _title(axis, name)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center",
                  ncols=len(snrs), frameon=False)
    _save(figure, path)


def _given(networks: Sequence[Outcomes] | Sequence[Realisations]) -> list[tuple[int, Quantity]]:
    """The quantities that a network gives, with their places: APOGEE Net gives no velocity."""
    return [(j, q) for j, q in enumerate(QUANTITIES)
            if any(np.isfinite(n.predicted[..., j]).any() for n in networks)]


def _frame(data: Sequence[figures.Versus]) -> tuple[tuple[float, float], float]:
    """The range of values, and how far differences go: the same for all networks."""
    values = figures.limits(*(v for d in data for v in (d.label, d.predicted)))
    far = figures.limits(*(d.predicted - d.label for d in data), kept=98)
    return values, 1.2 * max(abs(v) for v in far)


def _versus(upper: Any, lower: Any, q: Quantity, data: figures.Versus,
            frame: tuple[tuple[float, float], float], scale: dict[str, Any]) -> Any:
    """One parameter of one network; the drawn points, or None where there are none."""
    (low, high), reach = frame
    upper.set(ylabel=f"predicted {q.axis}", xlim=(low, high), ylim=(low, high))
    upper.tick_params(labelbottom=False)
    upper.plot([low, high], [low, high], color=_GREY, lw=1, ls="--", zorder=0)
    lower.set(xlabel=f"label {q.axis}", ylabel="difference", xlim=(low, high),
              ylim=(-reach, reach))
    lower.axhline(0, color=_GREY, lw=1, ls="--", zorder=0)
    difference = data.predicted - data.label
    beyond = np.abs(difference) > reach
    for values in (data.label, data.predicted):
        beyond |= (values < low) | (values > high)
    upper.annotate(_numbers(q, data, int(beyond.sum())), (0.04, 0.96), xycoords="axes fraction",
                   va="top", fontsize=9, bbox={"fc": "white", "ec": "none", "alpha": 0.7, "pad": 1})
    if not data.label.size:
        return None
    many = data.label.size > MANY
    style = scale | ({"c": data.snr} if scale["norm"] is not None else {"color": _INK})
    style |= {"alpha": 0.35 if many else 0.75, "s": 5 if many else 12, "linewidths": 0,
              "rasterized": True}
    lower.scatter(data.label, difference, **style)
    return upper.scatter(data.label, data.predicted, **style)


def _numbers(q: Quantity, data: figures.Versus, beyond: int) -> str:
    s, lines = data.statistics, []
    if s.sigma is not None and s.offset is not None:
        lines = [f"$\\sigma$ = {s.sigma:.{q.digits}f}", f"$\\Delta$ = {s.offset:+.{q.digits}f}"]
    return "\n".join([*lines, f"N = {s.number}", *([f"{beyond} outside"] if beyond else [])])


def _pulls(axis: Any, parts: Sequence[tuple[str, Array, str]]) -> None:
    """Histograms of pulls on one panel, each with its width, and the normal distribution."""
    x = np.linspace(-5, 5, 201)
    axis.plot(x, np.exp(-x**2 / 2) / np.sqrt(2 * np.pi), color=_GREY, ls="--", lw=1,
              label="normal")
    for name, values, colour in parts:
        h, w = figures.histogram(values), width(values)
        said = f"{name}N = {w.number}" if w.width is None else f"{name}width {w.width:.2f}"
        if h.outside:
            said += f", {100 * h.outside:.1f} % outside"
        axis.stairs(h.density, h.edges, color=colour, lw=1.3, label=said)
    axis.set(xlim=(-5, 5), ylabel="density")
    axis.set_ylim(0, (1.2 + 0.12 * len(parts)) * axis.get_ylim()[1])
    axis.legend(frameon=False, fontsize=8, loc="upper center")


def _widths(axis: Any, snr: Array, parts: Sequence[tuple[str, Array, str]]) -> None:
    """Widths of pulls over S/N, each with its own uncertainty."""
    axis.axhline(1.0, color=_GREY, ls="--", lw=1)
    for _, values, colour in parts:
        w = figures.widths(snr, values)
        axis.errorbar(w.snr, w.width, yerr=w.error, fmt="o-", ms=4, lw=1, color=colour)
    axis.set(xscale="log", ylim=(0, None))
    _plain_ticks(axis.xaxis, (1.0, 2.0, 5.0))


def _plain(bar: Any) -> None:
    """Ticks of a logarithmic colour bar as plain numbers."""
    narrow = bar.norm.vmax < 10 * bar.norm.vmin
    subs = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0) if narrow else (1.0, 2.0, 5.0)
    _plain_ticks(bar.ax.yaxis, subs)


def _plain_ticks(axis: Any, subs: tuple[float, ...]) -> None:
    """Ticks of a logarithmic axis as plain numbers, at these multiples of powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def _snr_scale(snr: Array) -> dict[str, Any]:
    """How S/N is coloured, if it is known and varies."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm

    known = snr[np.isfinite(snr) & (snr > 0)]
    low, high = np.percentile(known, [1, 99]) if known.size else (0.0, 0.0)
    if not low < high:
        return {"norm": None}
    colours = colormaps["viridis_r"](np.linspace(0.12, 1.0, 256))  # its first is nearly white
    return {"norm": LogNorm(low, high), "cmap": ListedColormap(colours)}


def _unit(q: Quantity) -> str:
    return r"km s$^{-1}$" if q.column == "v_rel" else q.scatter_unit


def _panels(rows: int, columns: int, *, size: tuple[float, float],
            heights: Sequence[float] | None = None, left: float = 0.0) -> tuple[Any, Any]:
    """A figure of panels; the size is a column's width and the whole height, inches.

    ``left`` are inches more for what stands left of the panels.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(left + size[0] * columns, size[1]), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, height_ratios=heights)


def _title(axis: Any, name: str) -> None:
    """A network's name above the first of its panels."""
    axis.annotate(name, (0.0, 1.03), xycoords="axes fraction", weight="bold", color=_INK)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=DPI)
