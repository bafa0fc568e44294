"""Stars at rest, without an instrument: what `observe` dresses."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bossnet.simulation.instruments import APOGEE, BOSS, LAMOST, Nodes
from bossnet.simulation.wavelengths import GRIDS, OPTICAL_GRID, Grid

#: In simulation/data, with their notice beside them, by the kind of their grid.
PACKAGED = {"boss": "templates.npz", "apogee": "templates-apogee.npz"}

#: wavelength / FWHM of the MaStar stacks: the SRES of their files, the same in all, to 1 %
MASTAR: Nodes = (
    (3632, 1378), (3726, 1458), (3894, 1545), (4076, 1613), (4332, 1672),
    (5374, 1836), (5899, 1957), (5902, 1903), (5973, 1848), (6265, 1798),
    (6298, 1784), (6301, 1746), (6937, 1897), (9249, 2323), (9504, 2323),
    (9752, 2267), (10079, 2052), (10323, 1827))

#: Resolution (FWHM, angstrom) of the sources of templates. A model's is that of the grid.
LIBRARY_FWHM = {"miles": 2.5, "stelib": 3.0, "bossbrain": 1.2}
#: Surveys whose labelled spectra are templates, and what they were observed with.
OBSERVED = {"boss": BOSS, "mwm": BOSS, "lamost": LAMOST, "apstar": APOGEE}
#: Resolution (nodes of wavelength / FWHM) of the sources that were observed with an instrument.
LIBRARY_RESOLUTION = {"pyhammer": BOSS.resolution, "mastar": MASTAR,
                      **{survey: instrument.resolution for survey, instrument in OBSERVED.items()}}


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A star's spectrum on a grid of templates, of G pixels.

    Attributes:
        star: its name.
        library: where the spectrum is from: ``miles``, ``thedoppler`` ...
        teff: effective temperature, K; NaN where not known, as the next two.
        logg: log10 of the surface gravity in cm/s2.
        fe_h: [Fe/H], dex.
        flux: (G,) float32, relative, rest frame, vacuum, not reddened; NaN where not known.
        fwhm: (G,) float32, its resolution in angstrom.
        grid: its wavelengths.
    """

    star: str
    library: str
    teff: float
    logg: float
    fe_h: float
    flux: NDArray[np.float32]
    fwhm: NDArray[np.float32]
    grid: Grid = OPTICAL_GRID


def resolution(library: str, *, continued_from: float = np.inf,
               grid: Grid = OPTICAL_GRID) -> NDArray[np.float32]:
    """FWHM in angstrom on the grid, (G,).

    Models (a continuation too) are means over the grid's pixels, as sharp as a Gaussian of the
    same variance: 0.68 pixels.
    """
    wavelength = grid.wavelength
    model = wavelength * (0.68 * grid.dex * np.log(10))
    if library in LIBRARY_RESOLUTION:
        own = wavelength / np.interp(wavelength, *np.transpose(LIBRARY_RESOLUTION[library]))
    elif library in LIBRARY_FWHM:
        own = np.full(wavelength.shape, LIBRARY_FWHM[library])
    else:
        return model.astype(np.float32)
    return np.where(continued_from > wavelength, own, model).astype(np.float32)


def packaged(kind: str = OPTICAL_GRID.kind) -> list[Template]:
    """The templates that come with the package, some dozens of a kind.

    Stars of MILES and STELIB; for ``apogee`` models of thedoppler.
    """
    with as_file(files("bossnet.simulation") / "data" / PACKAGED[kind]) as path:
        return load(path, grid=GRIDS[kind])


def load(path: Path, *, grid: Grid = OPTICAL_GRID) -> list[Template]:
    """Templates of a file that `save` wrote, which are on this grid."""
    with np.load(path, allow_pickle=False) as file:
        table = json.loads(str(file["table"]))
        flux = file["flux"].astype(np.float32)
    return [
        Template(row["star"], row["library"], row["teff"], row["logg"],
                 np.nan if row["fe_h"] is None else row["fe_h"], values,
                 resolution(row["library"], continued_from=row["continued_from"] or np.inf,
                            grid=grid), grid)
        for row, values in zip(table, flux, strict=True)]


def save(path: Path, templates: Sequence[Template], *,
         continued_from: Sequence[float | None]) -> None:
    """Writes templates as half-precision flux, each with a median near 1.

    Args:
        path: of the ``.npz`` file, replaced if there.
        templates: what to write.
        continued_from: angstrom from which on a template is a model's, or None, one each.
    """
    table = [{"star": t.star, "library": t.library, "teff": t.teff, "logg": t.logg,
              "fe_h": None if np.isnan(t.fe_h) else t.fe_h, "continued_from": red}
             for t, red in zip(templates, continued_from, strict=True)]
    scaled = np.array([t.flux / np.nanmedian(t.flux) for t in templates])
    np.savez_compressed(path, table=json.dumps(table), flux=scaled.astype(np.float16))
