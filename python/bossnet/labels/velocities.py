"""Radial velocities adopted for spectra that have labels (Section 2.3)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bossnet.labels.columns import Rows, read_rows
from bossnet.labels.configuration import Velocities
from bossnet.labels.matching import find


def adopt(folder: Path, spectra: Rows, stars: NDArray[np.str_],
          catalogues: tuple[Velocities, ...]
          ) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """(N,) velocities, barycentric, km/s, NaN where there is none, and (N,) the catalogue of each.

    The first catalogue that has one counts. One of a star goes to all of its spectra, one of a
    spectrum to that alone.

    Raises:
        ConfigurationError: as `read_rows` and `find`, or a column that a limit is on is missing.
    """
    v_rad = np.full(spectra.size, np.nan)
    origin = np.full(spectra.size, "", "U60")
    for catalogue in catalogues:
        found = _of(folder, spectra, stars, catalogue)
        new = np.isnan(v_rad) & np.isfinite(found)
        v_rad[new], origin[new] = found[new], catalogue.name
    return v_rad, origin


def _of(folder: Path, spectra: Rows, stars: NDArray[np.str_], catalogue: Velocities
        ) -> NDArray[np.float64]:
    rows = read_rows(folder, catalogue.table)
    because = f"the catalogue of velocities {catalogue.name}"
    rows.need("v_rad", because=because)
    good = np.isfinite(rows.number("v_rad"))
    for key, limited in (("r", catalogue.least_r), ("e_v_rad", catalogue.most_error)):
        if limited:
            rows.need(key, because=because)
    if catalogue.least_r:
        good &= rows.number("r") > catalogue.least_r
    if catalogue.most_error:
        good &= rows.number("e_v_rad") < catalogue.most_error
    row = find(spectra, rows, catalogue.table).row
    taken = (row >= 0) & good[row]
    if catalogue.survey:
        taken &= np.char.lower(spectra.text("survey")) == catalogue.survey.lower()
    found = np.where(taken, rows.number("v_rad")[row], np.nan)
    if catalogue.of == "star":
        of_star: dict[str, float] = {}
        for star, value in zip(stars[taken].tolist(), found[taken].tolist(), strict=True):
            of_star.setdefault(star, value)
        found = np.array([of_star.get(star, np.nan) for star in stars.tolist()])
    return found
