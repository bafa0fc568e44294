"""Which spectra are of one star, and which row of a catalogue is a spectrum's."""

from dataclasses import dataclass

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord, search_around_sky
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bossnet.labels.columns import Rows
from bossnet.labels.configuration import Matched

SAME = 1.0  #: arcsec within which spectra are of one star, if no identifier says otherwise


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """The row of a catalogue for each spectrum.

    Attributes:
        row: (N,) its number, -1 where there is none.
        separation: (N,) arcsec; NaN where the match is by an identifier.
    """

    row: NDArray[np.int64]
    separation: NDArray[np.float64]


def find(spectra: Rows, rows: Rows, how: Matched) -> Match:
    """The row of each spectrum: the first with its identifier, or the nearest within the radius.

    Raises:
        ConfigurationError: one of the tables lacks what they are to be matched by.
    """
    if how.match == "position":
        for table in (spectra, rows):
            table.need("ra", "dec", because="a match by position")
        return _nearest(spectra, rows, how.radius)
    for table in (spectra, rows):
        table.need(how.match, because=f"a match by {how.match}")
    names = rows.text(how.match)
    first: dict[str, int] = {}
    for i, name in enumerate(names.tolist()):
        if name:
            first.setdefault(name, i)
    row = np.array([first.get(name, -1) for name in spectra.text(how.match).tolist()], np.int64)
    return Match(row, np.full(row.size, np.nan))


def stars(spectra: Rows) -> NDArray[np.str_]:
    """(N,) the star of each spectrum, by a name that does not depend on the others' order.

    One star are those with one Gaia identifier or one catalogid, and those within `SAME` of each
    other unless both have a Gaia identifier, and these differ.
    """
    pairs = [_alike(spectra.text(key)) for key in ("gaia", "catalogid")]
    if {"ra", "dec"} <= spectra.numbers.keys():
        a, b = _close(spectra)
        gaia = spectra.text("gaia")
        same = (gaia[a] == "") | (gaia[b] == "") | (gaia[a] == gaia[b])
        pairs.append((a[same], b[same]))
    left, right = (np.concatenate(side) for side in zip(*pairs, strict=True))
    n = spectra.size
    _, group = connected_components(coo_matrix((np.ones(left.size), (left, right)), (n, n)),
                                    directed=False)
    names = np.array([_name(*words) for words in zip(
        *(spectra.text(key).tolist() for key in ("gaia", "catalogid", "spectrum")), strict=True)])
    least: dict[int, str] = {}
    for i, name in zip(group.tolist(), names.tolist(), strict=True):
        least[i] = min(least.get(i, name), name)
    return np.array([least[i] for i in group.tolist()])


def _name(gaia: str, catalogid: str, spectrum: str) -> str:
    # Their order is that of the alphabet, so the least of a star's names is the best known.
    return f"Gaia {gaia}" if gaia else f"catalogid {catalogid}" if catalogid \
        else f"spectrum {spectrum}"


def _alike(names: NDArray[np.str_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs that join all spectra of a name to the first one of it."""
    known = np.flatnonzero(names != "")
    if not known.size:
        return known, known
    _, first, inverse = np.unique(names[known], return_index=True, return_inverse=True)
    return known, known[first[inverse]]


def _close(spectra: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    known = np.flatnonzero(_placed(spectra))
    if not known.size:
        return known, known
    sky = _sky(spectra, known)
    a, b, _, _ = search_around_sky(sky, sky, SAME * units.arcsec)
    return known[a], known[b]


def _nearest(spectra: Rows, rows: Rows, radius: float) -> Match:
    row = np.full(spectra.size, -1, np.int64)
    separation = np.full(spectra.size, np.nan)
    here, there = (np.flatnonzero(_placed(table)) for table in (spectra, rows))
    if here.size and there.size:
        nearest, away, _ = _sky(spectra, here).match_to_catalog_sky(_sky(rows, there))
        away = away.to_value(units.arcsec)
        within = away <= radius
        row[here[within]] = there[nearest[within]]
        separation[here[within]] = away[within]
    return Match(row, separation)


def _placed(rows: Rows) -> NDArray[np.bool_]:
    return np.isfinite(rows.number("ra")) & (np.abs(rows.number("dec")) <= 90)


def _sky(rows: Rows, which: NDArray[np.int64]) -> SkyCoord:
    return SkyCoord(rows.number("ra")[which] * units.deg, rows.number("dec")[which] * units.deg)
