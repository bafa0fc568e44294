"""What the figures of an evaluation show, as arrays; drawing them is elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bossnet.evaluation.flagging import Rate
from bossnet.evaluation.statistics import LEAST, Statistics, robust_sigma, statistics

#: A width of n normal values, from their 16th and 84th percentile, is uncertain by this / sqrt(n).
OF_WIDTH = 0.962
MANY = 500  #: pulls, from which on their bins are narrow

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Versus:
    """One parameter of one network against its labels, as in the paper's Figure 6.

    Attributes:
        label: (n,).
        predicted: (n,).
        snr: (n,), NaN where not known.
        statistics: of all of them.
    """

    label: Array
    predicted: Array
    snr: Array
    statistics: Statistics


def versus(label: Array, predicted: Array, error: Array, snr: Array) -> Versus:
    """Of N spectra those with a label and a prediction; each argument is (N,)."""
    known = np.isfinite(label) & np.isfinite(predicted)
    return Versus(label[known], predicted[known], snr[known],
                  statistics(predicted - label, error))


def limits(*values: Array, margin: float = 0.05, kept: float = 99.5) -> tuple[float, float]:
    """A range for an axis: the middle ``kept`` per cent of all values, and a margin."""
    every = np.concatenate([v[np.isfinite(v)] for v in values])
    if not every.size:
        return 0.0, 1.0
    low, high = np.percentile(every, [(100 - kept) / 2, (100 + kept) / 2])
    room = margin * (high - low) or 1.0
    return float(low - room), float(high + room)


@dataclass(frozen=True, slots=True, eq=False)
class KielMap:
    """Medians over the Kiel diagram, as in the paper's Figure 9.

    Attributes:
        log_teff: (x + 1,) edges of the bins.
        logg: (y + 1,) edges.
        median: (y, x), NaN where a bin is empty.
        number: (y, x).
    """

    log_teff: Array
    logg: Array
    median: Array
    number: NDArray[np.int64]


def kiel_map(log_teff: Array, logg: Array, values: Array, *, step: tuple[float, float]
             = (0.02, 0.2)) -> KielMap:
    """The median of values in bins of log Teff and log g; each argument is (N,), NaN left out."""
    known = np.isfinite(log_teff) & np.isfinite(logg) & np.isfinite(values)
    x, y, z = log_teff[known], logg[known], values[known]
    edges_x, edges_y = _edges(x, step[0]), _edges(y, step[1])
    columns, rows = edges_x.size - 1, edges_y.size - 1
    place = ((np.searchsorted(edges_y, y, "right") - 1) * columns
             + np.searchsorted(edges_x, x, "right") - 1)
    median = np.full(rows * columns, np.nan)
    for cell in np.unique(place):
        median[cell] = np.median(z[place == cell])
    number = np.bincount(place, minlength=rows * columns)
    return KielMap(edges_x, edges_y, median.reshape(rows, columns),
                   number.reshape(rows, columns))


def _edges(values: Array, step: float) -> Array:
    """Edges on multiples of a step, around all values."""
    if not values.size:
        return np.array([0.0, step])
    first, last = np.floor(values.min() / step), np.floor(values.max() / step) + 1
    return np.arange(first, last + 1) * step


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Pulls of one parameter.

    Attributes:
        edges: (k + 1,).
        density: (k,), of all pulls, so that it can be held beside a normal distribution.
        number: of pulls.
        outside: the fraction beyond the edges.
    """

    edges: Array
    density: Array
    number: int
    outside: float


def histogram(pulls: Array, *, reach: float = 5.0) -> Histogram:
    """The distribution of pulls of any shape, NaN left out; in finer bins where there are many."""
    values = pulls[np.isfinite(pulls)]
    step = 0.5 if values.size < MANY else 0.25
    edges = np.linspace(-reach, reach, round(2 * reach / step) + 1)
    count = np.histogram(values, edges)[0]
    size = max(values.size, 1)
    return Histogram(edges, count / (size * step), int(values.size),
                     float(np.mean(np.abs(values) > reach)) if values.size else 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Widths:
    """Widths of pulls in parts of S/N with as many pulls each.

    Attributes:
        snr: (k,) the medians of the parts.
        width: (k,).
        error: (k,) of the width of normal pulls, as many as these.
    """

    snr: Array
    width: Array
    error: Array


def widths(snr: Array, pulls: Array, *, parts: int = 8, least: int = 50) -> Widths:
    """Of n pulls at these S/N, in so many parts, or fewer with at least so many pulls each."""
    known = np.isfinite(snr) & np.isfinite(pulls)
    order = np.argsort(snr[known])
    number = int(np.clip(known.sum() // least, 1, parts))
    split = [p for p in np.array_split(order, number) if p.size >= LEAST]
    width = np.array([robust_sigma(pulls[known][p]) for p in split])
    sizes = np.array([p.size for p in split])
    return Widths(np.array([np.median(snr[known][p]) for p in split]), width,
                  OF_WIDTH * width / np.sqrt(sizes))


@dataclass(frozen=True, slots=True, eq=False)
class ByKind:
    """How often each kind of foreign spectrum is flagged.

    Attributes:
        kinds: (k,) names.
        snr: (s,) every S/N there is, ascending.
        flagged: (k, s) the part that is flagged; NaN where a kind is not observed at an S/N.
        distance: (k, s) median distance, in units of the limit; NaN likewise.
    """

    kinds: list[str]
    snr: Array
    flagged: Array
    distance: Array


def by_kind(rates: Sequence[Rate]) -> ByKind:
    """Rates as a table of kinds and S/N."""
    kinds = list(dict.fromkeys(r.kind for r in rates))
    snr = np.unique([r.snr for r in rates])
    flagged, distance = (np.full((len(kinds), snr.size), np.nan) for _ in range(2))
    for r in rates:
        place = kinds.index(r.kind), int(np.searchsorted(snr, r.snr))
        flagged[place], distance[place] = r.flagged, r.distance
    return ByKind(kinds, snr, flagged, distance)
