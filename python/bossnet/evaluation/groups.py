"""How labelled spectra are told apart in tables: subset, S/N, region of the Kiel diagram.

Everything goes by what is known of a star, never by what a network says of it.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bossnet.evaluation.quantities import LOG_TEFF, LOGG

COOL, HOT = 4000.0, 7500.0  #: K
GIANT_LOGG = 3.8  #: dex, of the paper's red giants (Section 2.2.1)
WHITE_DWARF_LOGG = 6.0  #: dex
SNR_EDGES = (10.0, 20.0, 50.0, 100.0)
FEW_SNR = 6  #: as many values of S/N as this are a bin each, if each is of
ENOUGH = 5  #: spectra at least

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Some of N spectra.

    Attributes:
        kind: of the division: ``all``, ``subset``, ``survey``, ``S/N``, ``region``, ``region and
            S/N`` or ``subset and S/N``.
        name: of the part.
        rows: (N,) bool.
    """

    kind: str
    name: str
    rows: Mask


def regions(labels: NDArray[np.float64]) -> dict[str, Mask]:
    """The regions of the Kiel diagram that labels (N, 4) lie in; the second has two parts.

    A star of unknown log g may be hot or cool, but is neither dwarf nor giant.
    """
    teff, logg = 10.0 ** labels[:, LOG_TEFF], labels[:, LOGG]
    white = logg > WHITE_DWARF_LOGG
    middle = (teff >= COOL) & (teff < HOT) & ~white
    return {"cooler than 4000 K": (teff < COOL) & ~white,
            "4000 to 7500 K": middle,
            "4000 to 7500 K, dwarfs": middle & (logg >= GIANT_LOGG),
            "4000 to 7500 K, giants": middle & (logg < GIANT_LOGG),
            "hotter than 7500 K": (teff >= HOT) & ~white,
            "white dwarfs": white}


def region_names(labels: NDArray[np.float64]) -> NDArray[np.str_]:
    """(N,) the narrowest region that each star is in; empty where its labels do not tell."""
    names = np.full(len(labels), "", object)
    for name, rows in regions(labels).items():
        names[rows] = name
    return names.astype(np.str_)


def snr_bins(snr: NDArray[np.float64]) -> dict[str, Mask]:
    """Bins of S/N (N,): its values where there are but a few, else ranges."""
    values = np.unique(snr[np.isfinite(snr)])
    if values.size <= FEW_SNR and values.size * ENOUGH <= snr.size:
        return {f"S/N {value:g}": snr == value for value in values}
    edges = (-np.inf, *SNR_EDGES, np.inf)
    named = [f"S/N below {SNR_EDGES[0]:g}",
             *(f"S/N {low:g} to {high:g}" for low, high in pairwise(SNR_EDGES)),
             f"S/N from {SNR_EDGES[-1]:g}"]
    return {name: (snr >= low) & (snr < high)
            for name, (low, high) in zip(named, pairwise(edges), strict=True)}


def divisions(labels: NDArray[np.float64], snr: NDArray[np.float64], subsets: NDArray[np.str_],
              surveys: NDArray[np.str_]) -> list[Group]:
    """Every group of N spectra that has a row of its own; none is empty, none is said twice.

    Args:
        labels: (N, 4), in the order of `QUANTITIES`.
        snr: (N,).
        subsets: (N,), empty where there is none.
        surveys: (N,), empty where the spectrum could not be read.
    """
    by_subset, by_survey = _named(subsets), _named(surveys)
    by_snr, by_region = _telling(snr_bins(snr)), _telling(regions(labels))
    kinds = {"all": {"all": np.ones(len(labels), bool)}, "subset": by_subset,
             "survey": by_survey, "S/N": by_snr, "region": by_region,
             "region and S/N": _crossed(by_region, by_snr),
             "subset and S/N": _crossed(by_subset, by_snr)}
    return [Group(kind, name, rows) for kind, parts in kinds.items()
            for name, rows in parts.items() if rows.any()]


def _named(names: NDArray[np.str_]) -> dict[str, Mask]:
    """The parts by name, if there are several."""
    different = [str(name) for name in np.unique(names) if name]
    return {name: names == name for name in different} if len(different) > 1 else {}


def _telling(parts: dict[str, Mask]) -> dict[str, Mask]:
    """The parts, but for one that is everything."""
    return {name: rows for name, rows in parts.items() if not rows.all()}


def _crossed(one: dict[str, Mask], two: dict[str, Mask]) -> dict[str, Mask]:
    return {f"{a}, {b}": rows & those for a, rows in one.items() for b, those in two.items()}
