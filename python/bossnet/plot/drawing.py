"""Draws a `Star`; needs matplotlib."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bossnet.network.preparation import FLOOR
from bossnet.plot.drivers import Driver
from bossnet.plot.ellipse import Values, ellipse
from bossnet.plot.placing import placed
from bossnet.plot.star import Drive, Star

SIZE, DPI = (16.0, 10.0), 100  #: inches; 1600 x 1000 pixels
LABELS = 9  #: names of a parameter, at most

#: Colours that are told apart by colour-blind readers (Okabe & Ito 2008).
_BLUE, _RED, _ORANGE, _GREEN, _SKY = "#0072B2", "#D55E00", "#E69F00", "#009E73", "#56B4E9"
_INK, _GREY = "0.15", "0.55"
_VEIL = {"fc": "white", "ec": "none", "alpha": 0.75, "pad": 1}  #: behind words on a curve
_GREEK = {"H alpha": "Hα", "H beta": "Hβ", "H gamma": "Hγ", "H delta": "Hδ", "H epsilon": "Hε"}
_EARTH = "⊕"
_TITLES = {"teff": ("Teff", "K", 0), "logg": ("log g", "dex", 2), "fe_h": ("[Fe/H]", "dex", 2),
           "v_rad": ("v_rad", "km/s", 1), "v_rel": ("v_rel", "km/s", 1)}
_LOUD = {True: ("bad", _RED), False: ("warn", "#9A6700")}

Array = NDArray[np.float64]


def draw(star: Star, path: Path) -> None:
    """The figure of a star in a file of its ending: PNG, PDF or SVG."""
    from matplotlib import rc_context

    with rc_context({"font.size": 9.0, "axes.linewidth": 0.7, "svg.fonttype": "none",
                     "pdf.fonttype": 42}):
        figure(star).savefig(path, dpi=DPI)


def figure(star: Star) -> Any:
    """The figure, of matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=SIZE, dpi=DPI)
    FigureCanvasAgg(made)
    pairs = _pairs(star)
    heights = [2.1, 1.15, *([1.2] * len(star.drives))] if star.passes else [1.0]
    left = made.add_gridspec(len(heights), 1, left=0.06, right=0.70, top=0.91, bottom=0.075,
                             height_ratios=heights, hspace=0.07)
    axes = [made.add_subplot(left[i]) for i in range(len(heights))]
    _title(made, star)
    _spectrum(axes[0], star)
    if star.passes is not None:
        _network_input(axes[1], star)
        for axis, drive in zip(axes[2:], star.drives, strict=True):
            _drive(axis, star, drive)
        _caption(made, star)
    for axis in axes:
        axis.set_xlim(star.grid[0], star.grid[-1])
        axis.tick_params(labelbottom=axis is axes[-1], direction="in")
    axes[-1].set_xlabel("wavelength in vacuum [Å]" + _frame(star), labelpad=2)
    made.align_ylabels(axes)
    bottom = 0.43 if len(pairs) == 3 else 0.5
    right = made.add_gridspec(max(1, len(pairs)), 1, left=0.765, right=0.985, top=0.91,
                              bottom=bottom, hspace=0.08)
    clouds = [made.add_subplot(right[i]) for i in range(len(pairs))]
    for axis, column in zip(clouds, pairs, strict=True):
        _cloud(axis, star, column, is_last=axis is clouds[-1])
    if clouds:
        clouds[0].legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, frameon=False,
                         fontsize=7.5, handletextpad=0.2, columnspacing=0.8, borderaxespad=0.1)
    _words(made, star, top=bottom - 0.055 if clouds else 0.88)
    made.canvas.draw()
    for axis, drive in zip(axes[2:], star.drives, strict=True):
        _names(axis, star, drive)
    return made


def _title(made: Any, star: Star) -> None:
    made.text(0.06, 0.972, star.subject.name, fontsize=14, weight="bold", va="center", color=_INK)
    said = [*star.subject.facts, f"{star.network.title}, weights {star.weights}"]
    if star.values.get("snr") is not None:
        said.append(f"S/N {star.values['snr']:.0f}")
    made.text(0.06, 0.941, "   ·   ".join(said), fontsize=9, va="center", color=_GREY)
    parts = [p for name in ("teff", "logg", "fe_h", "v_rad" if star.values.get("v_rad") is not None
                            else "v_rel") if (p := _value(star.values, name))]
    made.text(0.985, 0.972, "    ".join(parts), fontsize=12, va="center", ha="right", color=_INK)


def _value(values: Values, name: str) -> str:
    """A parameter with its error, in words; empty if there is none."""
    value, error = values.get(name), values.get(f"e_{name}")
    if value is None:
        return ""
    title, unit, digits = _titled(name)
    said = f"{title} {value:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")
    return f"{said} {unit}" if unit != "dex" else said


def _titled(column: str) -> tuple[str, str, int]:
    """A column's name for people, its unit, and digits after the point."""
    return _TITLES.get(column, (column, "", 3))


def _spectrum(axis: Any, star: Star) -> None:
    """Flux with its error, and what of it was not taken as it is."""
    axis.set_ylabel("flux")
    spectrum, hidden = star.spectrum, star.masks
    if spectrum is None or hidden is None:
        axis.text(0.5, 0.5, textwrap.fill(star.message, 90), ha="center", va="center",
                  transform=axis.transAxes, color=_RED, fontsize=12)
        return
    inside = ~hidden.dropped & (spectrum.wavelength >= star.grid[0]) \
        & (spectrum.wavelength <= star.grid[-1])
    order = np.argsort(spectrum.wavelength[inside], kind="stable")
    x, flux, error = (a[inside][order].astype(np.float64) for a in
                      (spectrum.wavelength, spectrum.flux, spectrum.error))
    axis.fill_between(x, flux - error, flux + error, color=_SKY, alpha=0.45, lw=0, step="mid",
                      label="± 1σ error, as capped", rasterized=True)
    axis.plot(x, flux, color=_INK, lw=0.6, drawstyle="steps-mid")
    if x.size:
        low, high = np.percentile(flux, [0.3, 99.7])
        reach = max(high - low, 1e-12)
        axis.set_ylim(low - 0.22 * reach, high + 0.24 * reach)
    _hatched(axis, hidden.uncovered)
    instead = "the cap" if spectrum.error[hidden.without_error].any() else "flux 0"
    marks = (("dropped", hidden.dropped, _RED),
             (f"no error: {instead}", hidden.without_error, _BLUE),
             ("error capped", hidden.capped, _ORANGE))
    for row, (name, mask, colour) in enumerate(marks):
        with np.errstate(invalid="ignore"):
            at = spectrum.wavelength[mask & (spectrum.wavelength >= star.grid[0])
                                     & (spectrum.wavelength <= star.grid[-1])]
        if at.size:
            axis.plot(at, np.full(at.shape, 0.02 + 0.035 * row), "|", ms=5, mew=0.8, color=colour,
                      transform=axis.get_xaxis_transform(), label=f"{name} ({at.size})")
    axis.legend(loc="upper right", frameon=True, framealpha=0.8, edgecolor="none", fontsize=8,
                ncols=5, handlelength=1.2, columnspacing=1.2, borderpad=0.2)
    if star.passes is None:
        axis.text(0.5, 0.6, textwrap.fill(star.message, 90), ha="center", va="center",
                  transform=axis.transAxes, color=_RED, fontsize=12,
                  bbox=_VEIL)


def _hatched(axis: Any, ranges: Sequence[tuple[float, float]]) -> None:
    for i, (first, last) in enumerate(ranges):
        axis.axvspan(first, last, facecolor="0.93", edgecolor="0.75", hatch="///", lw=0, zorder=0,
                     label=None if i else "no usable pixel within 2 Å")


def _network_input(axis: Any, star: Star) -> None:
    """What the network saw."""
    assert star.passes is not None
    assert star.masks is not None
    y, is_covered = star.passes.network_input, np.ones(star.grid.shape, bool)
    for first, last in star.masks.uncovered:
        is_covered &= (star.grid < first) | (star.grid > last)
    axis.plot(star.grid, y, color=_INK, lw=0.6)
    axis.set_ylabel("network input\nln flux")
    low, high = np.percentile(y[is_covered] if is_covered.any() else y, [0.1, 100.0])
    reach = max(high - low, 1e-6)
    axis.set_ylim(low - 0.15 * reach, high + 0.2 * reach)
    _hatched(axis, star.masks.uncovered)
    clipped = star.passes.flux > np.exp(y) * 1.0001
    clipped &= star.passes.flux > FLOOR
    floored = star.passes.flux <= FLOOR
    said = [f"{100 * mask.mean():.1f} % {words}" for mask, words in
            ((clipped, "clipped from above"), (floored, "not positive: at the floor, ln 1e-6"))
            if mask.any()]
    if clipped.any():
        axis.axhline(y.max(), color=_GREY, lw=0.8, ls="--")
    if said:
        axis.text(0.995, 0.05, ", ".join(said), transform=axis.transAxes, ha="right", va="bottom",
                  fontsize=8, color=_RED, bbox=_VEIL)


def _drive(axis: Any, star: Star, drive: Drive) -> None:
    """A parameter's response over wavelength."""
    assert star.masks is not None
    x, y = star.grid, drive.response
    axis.axhline(0, color=_GREY, lw=0.6)
    axis.fill_between(x, 0, y, where=y > 0, color=_BLUE, lw=0, alpha=0.9)
    axis.fill_between(x, 0, y, where=y < 0, color=_RED, lw=0, alpha=0.9)
    largest = float(np.abs(y).max()) or 1.0
    axis.set_ylim(-1.1 * largest, 1.9 * largest)  # names are above
    title, unit, _ = _titled(drive.column)
    axis.set_ylabel(f"Δ {title}\n[{unit}]")
    round_number = float(f"{0.7 * largest:.0e}")
    axis.set_yticks([-round_number, 0.0, round_number],
                    [f"−{round_number:g}", "0", f"{round_number:g}"])
    _hatched(axis, star.masks.uncovered)


def _caption(made: Any, star: Star) -> None:
    """What the panels show."""
    made.text(0.06, 0.014, (
        f"Δ: change of the parameter where the flux is 1 % higher over {star.window:.2g} Å.   "
        f"Names: what stands there at {star.velocity:+.0f} km/s;  ? nothing known;  {_EARTH} the "
        "Earth's atmosphere or sky;  ( ) not seen at this Teff."), fontsize=8, va="center",
        color=_GREY)


def _names(axis: Any, star: Star, drive: Drive) -> None:
    """The names of a parameter's drivers, in a row above their peaks."""
    renderer = axis.figure.canvas.get_renderer()
    box = axis.get_window_extent(renderer)
    strongest: dict[str, Driver] = {}
    for one in drive.drivers:  # of a band with several peaks, its strongest
        strongest.setdefault(label(one), one)
    chosen, middles = list(strongest.values())[:LABELS], list[float]()
    while chosen:
        chosen.sort(key=lambda one: one.wavelength)
        texts = [axis.text(0, 0, label(one), fontsize=8) for one in chosen]
        widths = [t.get_window_extent(renderer).width for t in texts]
        for t in texts:
            t.remove()
        wanted = axis.transData.transform([(one.wavelength, 0.0) for one in chosen])[:, 0]
        found = placed(wanted.tolist(), widths, first=box.x0 + 3, last=box.x1 - 3, gap=6.0)
        if found is not None:
            middles = found
            break
        chosen.remove(min(chosen, key=lambda one: one.strength))
    low, high = axis.get_ylim()
    height = high - 0.1 * (high - low)
    for one, middle in zip(chosen, middles, strict=True):
        at = axis.transData.inverted().transform((middle, 0.0))[0]
        near = np.abs(star.grid - one.wavelength) <= star.window / 2
        peak = max(0.0, float(drive.response[near].max()))
        axis.annotate(label(one), (one.wavelength, peak), (at, height),
                      fontsize=8, ha="center", va="center",
                      color=_INK if one.line else _GREY,
                      arrowprops={"arrowstyle": "-", "lw": 0.6, "color": _GREY, "shrinkA": 1,
                                  "shrinkB": 1})


def label(one: Driver) -> str:
    """A driver's name in a figure."""
    name = one.line.name if one.line else ""
    for word, letter in _GREEK.items():
        name = name.replace(word, letter)
    if one.earth is not None:
        return f"{name} {_EARTH}" if name else f"{_EARTH} {one.earth.name}"
    return name or f"{one.wavelength:.0f} ?"


def _pairs(star: Star) -> list[str]:
    """The columns that are shown against Teff."""
    if star.passes is None:
        return []
    columns = {p.column for p in star.network.parameters}
    return [c for c in ("logg", "fe_h", "v_rel") if c in columns]


def _cloud(axis: Any, star: Star, column: str, *, is_last: bool) -> None:
    """The draws, the result and its ellipse in the plane of Teff and another parameter."""
    assert star.passes is not None
    place = {p.column: i for i, p in enumerate(star.network.parameters)}
    teff, other = 10 ** star.passes.draws[:, place["log_teff"]], \
        star.passes.draws[:, place[column]]
    n = star.n_draws
    if len(teff) > n:
        axis.plot(teff[n:], other[n:], "o", ms=2.5, mew=0, color=_GREY, alpha=0.5,
                  label=f"{len(teff) - n} more draws")
    if n:
        axis.plot(teff[:n], other[:n], "o", ms=4, mew=0, color=_BLUE, alpha=0.75,
                  label=f"{n} draws")
    _result(axis, star.values, column, colour=_RED, name="result, 1σ", style="-")
    raw = ellipse(star.values, "log_teff", column, error="raw_e_")
    if raw is not None and _differs(star.values, column):
        axis.plot(10 ** raw[:, 0], raw[:, 1], color=_RED, lw=1, ls=":",
                  label="before the noise model")
    if star.row is not None:
        _result(axis, star.row, column, colour=_GREEN, name="row in the database", style="--")
    title, unit, _ = _titled(column)
    axis.set_ylabel(f"{title} [{unit}]", labelpad=2)
    axis.margins(0.12)
    axis.locator_params(axis="x", nbins=5)
    axis.locator_params(axis="y", nbins=5)
    axis.ticklabel_format(useOffset=False, style="plain")
    axis.invert_xaxis()
    if column == "logg":
        axis.invert_yaxis()
    axis.tick_params(labelbottom=is_last, direction="in", top=True, right=True)
    if is_last:
        axis.set_xlabel("Teff [K]")


def _result(axis: Any, values: Values, column: str, *, colour: str, name: str, style: str
            ) -> None:
    teff, other = values.get("teff"), values.get(column)
    if teff is None or other is None:
        return
    axis.plot(teff, other, "x" if style == "-" else "+", ms=8, mew=1.6, color=colour, label=name,
              zorder=4)
    line = ellipse(values, "log_teff", column)
    if line is not None:
        axis.plot(10 ** line[:, 0], line[:, 1], color=colour, lw=1.4, ls=style, zorder=3)
    elif values.get("e_teff") is not None and values.get(f"e_{column}") is not None:
        axis.errorbar(teff, other, xerr=values["e_teff"], yerr=values[f"e_{column}"],
                      color=colour, lw=1.2, capsize=2)


def _differs(values: Values, column: str) -> bool:
    for name in ("log_teff", column):
        error, raw = values.get(f"e_{name}"), values.get(f"raw_e_{name}")
        if error is not None and raw is not None and abs(error - raw) > 0.02 * error:
            return True
    return False


def _words(made: Any, star: Star, *, top: float) -> None:
    """Flags and notes in words, one below the other."""
    lines: list[tuple[str, str, bool]] = []
    if not star.flags:
        lines.append(("no flags", _GREEN, True))
    for flag in star.flags:
        word, colour = _LOUD[flag.bad] if flag.bad or flag.warn else ("information", _BLUE)
        lines.append((f"{flag.name} ({word})", colour, True))
        lines += [(text, _INK, False) for text in textwrap.wrap(flag.meaning, 62)]
    if star.message:
        lines += [(text, _RED, False) for text in textwrap.wrap(star.message, 62)]
    for note in star.notes:
        lines += [(("– " if i == 0 else "   ") + text, _GREY, False)
                  for i, text in enumerate(textwrap.wrap(note, 60))]
    step = min(0.0185, (top - 0.02) / max(1, len(lines)))
    size = min(8.5, 8.5 * step / 0.0175)
    for i, (text, colour, is_bold) in enumerate(lines):
        made.text(0.735, top - i * step, text, fontsize=size, color=colour, va="top",
                  weight="bold" if is_bold else "normal")


def _frame(star: Star) -> str:
    return ", in the star's rest frame" if star.subject.observation.in_rest_frame else ""
