"""A survey's own spectra with labels: what the paper trains on (Section 2.2, Appendix B.1).

A table names files and says what is known of each, as `bossnet labels assemble` makes it or
`bossnet evaluate` reads it. Files in the observed frame are moved by their labelled velocity.
Short runs of bad pixels are bridged; longer ones, as the gaps between chips, are not known. A
template's library is the survey that it was observed by.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bossnet.evaluation.labels import read_labels
from bossnet.evaluation.quantities import COLUMNS
from bossnet.observation import Observation
from bossnet.simulation.templates import OBSERVED, Template, resolution
from bossnet.simulation.wavelengths import Grid, doppler_factor
from bossnet.spectra.spectrum import Spectrum
from bossnet.tables import read_table, texts
from bossnet.training.sources.observed import on_grid

SPECTRUM = "spectrum"  #: the column of `bossnet labels assemble` that names a file
BRIDGED = 32  #: pixels, the longest run of bad ones that is
LEAST = 0.8  #: of a spectrum's pixels has to be good


def read(table: Path, grid: Grid, *, folder: Path | None = None,
         say: Callable[[str], None] = print) -> Iterator[Template]:
    """The labelled spectra of a table that are on a grid.

    Args:
        table: with the columns that `evaluation.labels` knows (or ``spectrum`` for the file), and
            ``star`` where several spectra are of one star: a split is of stars.
        grid: of the templates.
        folder: that the names of files are relative to; the table's own if None.
        say: takes a line about what is left out.

    Raises:
        ConfigurationError: the table cannot be read, or lacks a column.
    """
    whole = read_table(table)
    named = {"file": SPECTRUM} if SPECTRUM in whole.colnames else {}
    sample = read_labels(table, folder=folder, columns=named)
    stars = texts(table, whole, "star") if "star" in whole.colnames else sample.names
    left_out: dict[str, int] = {}
    for star, label, observation in zip(stars, sample.labels, sample.observations(), strict=True):
        known = dict(zip(COLUMNS, label.tolist(), strict=True))
        found = _template(str(star), known, observation, grid)
        if isinstance(found, Template):
            yield found
        else:
            left_out[found] = left_out.get(found, 0) + 1
    if left_out:
        say(f"{table}: left out " + ", ".join(f"{n} {why}" for why, n in left_out.items()))


def _template(star: str, known: dict[str, float], observation: Observation,
              grid: Grid) -> Template | str:
    """The template, or why there is none."""
    spectrum = observation.spectrum
    if spectrum is None:
        return "that cannot be read"
    instrument = OBSERVED.get(spectrum.survey)
    if instrument is None or instrument.grid is not grid:
        return f"of a survey that {grid.kind} is not for"
    rv = 0.0 if observation.in_rest_frame else known["v_rel"]
    if not np.isfinite(rv):
        return "in the observed frame without a velocity"
    flux, good = bridged(spectrum)
    if good.mean() < LEAST:
        return f"with more than {1 - LEAST:.0%} bad pixels"
    wavelength = spectrum.wavelength.astype(np.float64) / doppler_factor(rv)
    onto = on_grid(wavelength, flux, grid)
    near = np.clip(np.searchsorted(wavelength, grid.wavelength), 1, wavelength.size - 1)
    onto[~(good[near] & good[near - 1])] = np.nan
    return Template(star, spectrum.survey, 10.0 ** known["log_teff"], known["logg"],
                    known["fe_h"], onto, resolution(spectrum.survey, grid=grid), grid)


def bridged(spectrum: Spectrum) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The flux with all that is bad bridged, and where that is not too far: (N,) each.

    Bad is what has no inverse variance, or an error at the cap (`Spectrum`).
    """
    bad = ~spectrum.usable | (spectrum.error >= spectrum.error.max())
    if bad.all():
        return np.ones(bad.size), ~bad
    index = np.arange(bad.size)
    flux = np.interp(index, index[~bad], spectrum.flux[~bad].astype(np.float64))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]])))
    good = np.ones(bad.size, bool)
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first > BRIDGED or first == 0 or last == bad.size:
            good[first:last] = False
    return flux, good
