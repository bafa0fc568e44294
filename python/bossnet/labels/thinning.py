"""Crowded regions of a training set made thinner, by chance that does not depend on order."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from bossnet.labels.configuration import Thinning

_BINS = 8  #: of the zone above an edge

Truths = NDArray[np.bool_]


def chance(stars: NDArray[np.str_], seed: int) -> NDArray[np.float64]:
    """(N,) a number from 0 to 1 for each star, the same whatever other stars there are."""
    return np.array([int.from_bytes(hashlib.sha256(f"{seed} {star}".encode()).digest()[:8], "big")
                     / 2**64 for star in stars.tolist()])


def most(chances: NDArray[np.float64], among: Truths, number: int) -> Truths:
    """(N,) which stays: all that are not among them, and so many of those that are."""
    kept = ~among
    here = np.flatnonzero(among)
    kept[here[np.argsort(chances[here], kind="stable")[:number]]] = True
    return kept


def at_edge(chances: NDArray[np.float64], log_teff: NDArray[np.float64], crowding: Truths,
            thinning: Thinning) -> Truths:
    """(N,) which stays where a catalogue begins at an edge and crowds there (Section 2.2.3).

    In the zone above the edge the stars of a bin become as many as a straight line has there
    between the density of the zone below the edge and that of the zone beyond.

    Args:
        chances: (N,) of the stars.
        log_teff: (N,) of all stars.
        crowding: (N,) whether a star may be taken away.
        thinning: the edge and the zone's width.
    """
    kept = np.ones(chances.size, bool)
    if not thinning.edge:
        return kept
    edges = np.log10(thinning.edge) + thinning.width * np.linspace(0, 1, _BINS + 1)

    def density(low: float, high: float) -> float:
        return np.count_nonzero((log_teff >= low) & (log_teff < high)) / _BINS

    below = density(edges[0] - thinning.width, edges[0])
    beyond = density(edges[-1], edges[-1] + thinning.width)
    for i in range(_BINS):
        here = (log_teff >= edges[i]) & (log_teff < edges[i + 1])
        wanted = round(below + (beyond - below) * (i + 0.5) / _BINS)
        others = int(np.count_nonzero(here & ~crowding))
        kept &= most(chances, here & crowding, max(int(wanted) - others, 0))
    return kept


def in_cells(chances: NDArray[np.float64], log_teff: NDArray[np.float64],
             logg: NDArray[np.float64], thinning: Thinning) -> Truths:
    """(N,) which stays where no cell of the Kiel diagram may hold more than so many stars."""
    if not thinning.most:
        return np.ones(chances.size, bool)
    cells = np.stack([np.floor(log_teff / thinning.cell[0]), np.floor(logg / thinning.cell[1])])
    _, cell = np.unique(cells, axis=1, return_inverse=True)
    order = np.lexsort((chances, cell.ravel()))
    sorted_cells = cell.ravel()[order]
    first = np.searchsorted(sorted_cells, sorted_cells)
    kept = np.empty(chances.size, bool)
    kept[order] = np.arange(chances.size) - first < thinning.most
    return kept
