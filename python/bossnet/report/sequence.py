"""The sequence of spectra by Teff (paper, Figure 7): median spectra, read from a few files."""

import warnings
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from bossnet.flags import FLAGS
from bossnet.network.declaration import Network
from bossnet.report import style
from bossnet.report.elements import Figure, Section, Star, Table
from bossnet.report.quantities import plural
from bossnet.report.scope import Scope
from bossnet.spectra.spectrum import Spectrum
from bossnet.work.reading import read_row

TEFF = (1700, 3000, 3400, 3800, 4200, 4700, 5200, 5700, 6200, 7000, 8500, 11_000, 16_000, 25_000,
        100_000)  #: edges of the bins, K
WELL, LEAST = 20.0, 5.0  #: S/N that is wanted, and that is needed
MOST = 100  #: spectra of a bin
MOSTLY = 0.5  #: of the grid, where a spectrum is to be positive
PIXELS = 1000  #: of a line, about
SPACE = 0.9  #: between two lines
SHOWN = (-0.4, 2.5)  #: what is drawn of a line
LIGHT = 299_792.458  #: km/s
#: Lines that tell temperatures: angstrom, vacuum.
LINES = {"Ca K": 3934.8, "Hδ": 4102.9, "Hγ": 4341.7, "Hβ": 4862.7, "Mg b": 5175.3, "Na D": 5893.0,
         "Hα": 6564.6, "TiO": 7055.0, "Ca II": 8544.4}
_UNFIT = sum(f.mask for f in FLAGS if f.name in (
    "flag_runtime_exception", "flag_no_uncertainty", "flag_partial_coverage", "flag_low_snr",
    "flag_out_of_distribution", "flag_little_coverage"))

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """The median spectrum of some stars.

    Attributes:
        low: K.
        high: K.
        keys: the spectra.
        flux: on the grid, as `at_rest` has it; NaN where none covers it.
    """

    low: float
    high: float
    keys: list[int]
    flux: Array


@dataclass(frozen=True, slots=True)
class Sequence:
    """What the section is drawn from.

    Attributes:
        wavelength: the network's grid, angstrom.
        bins: from cool to hot.
        wanted: how many spectra a bin; 0: none was asked for.
        unread: messages of spectra that could not be read.
    """

    wavelength: Array
    bins: list[Bin]
    wanted: int
    unread: list[str]


def ask(scope: Scope, roots: Mapping[str, Path], number: int) -> Sequence:
    """The sequence of a scope: reads at most ``number`` files for each bin of Teff."""
    wavelength = scope.network.grid.astype(np.float64)
    if not number:
        return Sequence(wavelength, [], 0, [])
    found = scope.ask(
        "spectra_by_teff", edges=sql.Literal([float(np.log10(t)) for t in TEFF]),
        bins=sql.Literal(len(TEFF) - 1), unfit=sql.Literal(_UNFIT), snr=sql.Literal(WELL),
        least=sql.Literal(LEAST), limit=sql.Literal(number),
        velocity=sql.SQL("result.v_rel" if scope.network.has_velocity else "NULL::real"))
    fluxes: dict[int, dict[int, Array]] = defaultdict(dict)
    unread = []
    for table in dict.fromkeys(row[0] for row in found):
        of = {key: (velocity, place) for name, key, _, velocity, place in found if name == table}
        for row in scope.spectra_of(table, list(of)):
            key = row["spectrum_pk"]
            observed = read_row(table, row, roots, scope.network).observation
            if observed.spectrum is None:
                unread.append(observed.message or "")
                continue
            velocity, place = of[key]
            fluxes[place][key] = at_rest(observed.spectrum, scope.network, velocity or 0.0)
    bins = [Bin(TEFF[place - 1], TEFF[place], list(own), middle(list(own.values())))
            for place, own in sorted(fluxes.items())]
    return Sequence(wavelength, bins, number, unread)


def at_rest(spectrum: Spectrum, network: Network, velocity: float) -> Array:
    """A spectrum's flux on a network's grid in its star's rest frame, over a power law.

    The power law of wavelength that fits it best takes out its slope, be that the star's or the
    dust's, and leaves lines and bands.

    Args:
        spectrum: as it was read.
        network: of the grid.
        velocity: of the star in the spectrum's frame, km/s.

    Returns:
        (G,), NaN where the spectrum does not reach, and everywhere if it is not positive mostly.
    """
    there = np.isfinite(spectrum.flux) & np.isfinite(spectrum.wavelength) & (
        spectrum.wavelength > 0)
    wavelength = spectrum.wavelength[there].astype(np.float64) / (1 + velocity / LIGHT)
    flux = spectrum.flux[there].astype(np.float64)
    nothing = np.full(network.grid.size, np.nan)
    if wavelength.size < 2:
        return nothing
    order = np.argsort(wavelength)
    found = np.interp(network.grid, wavelength[order], flux[order], left=np.nan, right=np.nan)
    positive = found > 0
    if positive.mean() < MOSTLY:
        return nothing
    x, y = np.log(network.grid[positive]), np.log(found[positive])
    slope, level = np.polyfit(x - x.mean(), y, 1)
    return found / np.exp(level + slope * (np.log(network.grid) - x.mean()))


def middle(fluxes: list[Array]) -> Array:
    """The median of fluxes (G,) at each wavelength; NaN where none is known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy's of wavelengths without any
        return np.nanmedian(np.array(fluxes), axis=0)


def section(sequence: Sequence) -> Section:
    """The section."""
    title = "Spectra by temperature"
    unread = [f"{plural(len(sequence.unread), 'file', 'files')} could not be read, for instance: "
              f"{sequence.unread[0]}"] if sequence.unread else []
    if not sequence.bins:
        why = ("None was asked for (--spectra 0)." if not sequence.wanted else
               f"No spectrum with S/N > {LEAST:g} that covers the network's range, and is like its "
               "training set, could be read.")
        return Section("spectra", title, unread, why_empty=why, numbers={"bins": []})
    table = Table("The spectra behind each line", ("Teff [K]", "number", "spectra"), [
        (_named(b), str(len(b.keys)), [Star(key) for key in b.keys]) for b in sequence.bins],
        folded=True)
    return Section("spectra", title, unread, [_figure(sequence)], [table], numbers={"bins": [
        {"teff": [b.low, b.high], "spectra": b.keys} for b in sequence.bins],
        "unread": len(sequence.unread)})


def _named(b: Bin) -> str:
    return f"{b.low:.0f} to {b.high:.0f}"


def _figure(sequence: Sequence) -> Figure:
    several = max(1, round(sequence.wavelength.size / PIXELS))
    wavelength = _binned(sequence.wavelength, several)
    data, notes = [], []
    for i, b in enumerate(sequence.bins):
        flux = np.clip(_binned(b.flux, several), *SHOWN)
        data.append({"type": "scatter", "mode": "lines", "name": _named(b) + " K",
                     "x": [round(float(w), 1) for w in wavelength],
                     "y": [round(float(f) + i * SPACE, 3) if np.isfinite(f) else None
                           for f in flux],
                     "line": {"width": 1.2, "color": style.BLACK if i % 2 else style.BLUE},
                     "hovertemplate": f"%{{x:.0f}} Å<extra>{_named(b)} K</extra>"})
        notes.append({"text": f"{_named(b)} K ({len(b.keys)})", "x": 1.01, "xref": "paper",
                      "y": i * SPACE + _last(flux), "xanchor": "left",
                      "showarrow": False, "font": {"size": 11}})
    first, last = float(wavelength[0]), float(wavelength[-1])
    marks = {name: at for name, at in LINES.items() if first < at < last}
    notes += [{"text": name, "x": at, "y": 1.0, "yref": "paper", "yanchor": "bottom",
               "showarrow": False, "font": {"size": 11, "color": style.GREY}}
              for name, at in marks.items()]
    shapes = [{"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper",
               "line": {"color": "#bbbbbb", "width": 1, "dash": "dot"}, "layer": "below"}
              for at in marks.values()]
    layout = style.layout(
        160 + 62 * len(sequence.bins),
        xaxis={"title": {"text": "wavelength, vacuum, rest frame [Å]"}, "range": [first, last]},
        yaxis={"title": {"text": f"flux over a power law, + {SPACE:g} each line"}},
        annotations=notes, shapes=shapes, margin={"l": 70, "r": 150, "t": 40, "b": 60})
    return Figure("spectra", "The sequence of spectra by Teff (paper, Figure 7)",
                  f"The median of at most {sequence.wanted} good spectra in each range of "
                  "temperature (their number in brackets), moved to rest by their velocities and "
                  "divided by a power law of wavelength, "
                  "hot above cool.", data, layout)


def _last(flux: Array) -> float:
    known = flux[np.isfinite(flux)]
    return float(np.median(known[-20:])) if known.size else 0.0


def _binned(values: Array, several: int) -> Array:
    """Means of so many pixels each; the last ones are left out."""
    n = values.size // several * several
    return values[:n].reshape(-1, several).mean(axis=1)
