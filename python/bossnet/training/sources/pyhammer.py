"""The templates of PyHammer: co-added spectra of BOSS, O5 to L6 (Kesseli et al. 2017, MIT).

Kesseli et al. (2017, ApJS 230, 16); vacuum, rest frame, R of BOSS. Two forms are read:

* a folder of the originals as the public repository of PyHammer has them, one a file
  (``K5_+0.0_Dwarf.fits``): HDU 1 has ``LogLam`` and ``Flux`` in 61618 pixels, HDU 2 the mean
  photometry, ``Teff`` and ``Log_g`` in row 0, their standard errors in row 2; the comments of the
  primary header say how many spectra and which [Fe/H];
* packed: one FITS file of all. Its primary image (n, N) holds the fluxes, row i at
  ``10**(COEFF0 + COEFF1 k)`` angstrom; row i of the table ``TEMPLATES`` has ``NAME, SPTYPE, FEH_LO,
  FEH_HI, TEFF, TEFF_STD, LOGG, NSPEC, LUM_MIXED`` of it, NaN where not known.

Labels:

* F and G: the means of the SDSS pipeline's (SSPP) values, where at least three spectra agree to
  200 K. Those of K0 to K5 are left out: 300 to 500 K hot for their type, and 0.2 to 0.4 dex low.
* K7 to L6 dwarfs: Teff by spectral type, K and M from Table 5 of Pecaut & Mamajek (2013, ApJS
  208, 9), L from its continuation by E. Mamajek. One type is 100 to 250 K. It is of stars of the
  Sun's metallicity.
* Their log g: from R(Teff) of Mann et al. (2015, ApJ 804, 64; Table 1, 13 % scatter) and M(R) of
  Schweitzer et al. (2019, A&A 625, A68), so GM/R2 is good to some 0.1 dex, and the relation is
  that of the main sequence: a young star is lower. From M7 on 5.3, what evolutionary models give
  for field dwarfs (Filippazzo et al. 2015, ApJ 810, 158), good to 0.15 dex.
* O, B, A and K0 to K5, and everything else: none. They carry a velocity alone. Nor is there a
  log g of a ``LUM_MIXED`` template, where dwarfs and giants were added up.
* [Fe/H]: the middle of the bin (a template's name gives its upper edge), where it is closed, no
  wider than 0.5 dex and no later than M6.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import DEX
from bossnet.training.sources.observed import cleaned, noise, on_grid

ORIGINAL = re.compile(r"[OBAFGKML]\d(_[+-]\d\.\d_\w+)?\.fits")  #: name of an original's file
#: K, of dwarfs without other labels
DWARF_TEFF = {"K7": 4050.0, "M0": 3850.0, "M1": 3680.0, "M2": 3550.0, "M3": 3400.0, "M4": 3200.0,
              "M5": 3050.0, "M6": 2800.0, "M7": 2650.0, "M8": 2570.0, "M9": 2450.0, "L0": 2250.0,
              "L1": 2100.0, "L2": 1960.0, "L3": 1830.0, "L4": 1700.0, "L5": 1590.0, "L6": 1490.0}
RADIUS = (-11.5928, 35.1909, -33.7546, 10.5440)  #: R / Rsun, polynomial in Teff / 3500 K
MASS = (1.055, -0.0240)  #: M / Msun, polynomial in R / Rsun
SUN = 4.438  #: log g
COOL, COOL_LOGG = 2800.0, 5.3  #: below this temperature (K), that log g
NO_METALLICITY = re.compile(r"M[7-9]|L")  #: types without one
WIDEST_BIN = 0.5  #: dex
FEWEST, LARGEST_SCATTER = 3, 200.0  #: spectra, and K, of a mean temperature that is believed
STEP = 2 * DEX  #: log10, of what is cleaned: two pixels of the templates' grid, one of BOSS
NOISIEST = 10.0  #: S/N a pixel, in the brighter of `SHOWN`, below which a template is left out
SHOWN = ((4500.0, 5500.0), (7600.0, 8800.0))  #: angstrom


@dataclass(frozen=True, slots=True)
class _Row:
    """What is said of a template; NaN where nothing is."""

    name: str
    sptype: str
    feh: tuple[float, float]
    teff: float
    teff_scatter: float
    logg: float
    spectra: int
    mixed: bool


def read(path: Path) -> list[Template]:
    """The templates, without those that are mostly noise.

    Args:
        path: the packed file, or the folder of the originals.

    Raises:
        ConfigurationError: it is neither.
    """
    inside = sorted(path.iterdir()) if path.is_dir() else []
    files = [file for file in inside if ORIGINAL.fullmatch(file.name)]
    if not files and not path.is_file():
        raise ConfigurationError(f"{path} has no templates of PyHammer: give the folder of the "
                                 "originals (K5_+0.0_Dwarf.fits ...) or the packed file")
    found = [_original(file) for file in files] if files else _packed(path)
    return [template for row, wavelength, flux in found
            if (template := _template(row, wavelength, flux)) is not None]


def main_sequence_logg(teff: float) -> float:
    """log g of a field dwarf of K7 or later; see the module for its accuracy."""
    if teff < COOL:
        return COOL_LOGG
    radius = np.polyval(RADIUS, teff / 3500.0)
    return float(SUN + np.log10(np.polyval(MASS, radius) / radius**2))


def _template(row: _Row, wavelength: NDArray[np.float64],
              flux: NDArray[np.float64]) -> Template | None:
    ratio = flux / np.maximum(noise(flux), 1e-30)
    seen = [np.median(ratio[(wavelength > first) & (wavelength < last)]) for first, last in SHOWN]
    if max(seen) < NOISIEST:
        return None
    teff, logg, fe_h = _labels(row)
    return Template(f"PyHammer {row.name}", "pyhammer", teff, logg, fe_h,
                    on_grid(wavelength, cleaned(flux)), resolution("pyhammer"))


def _labels(row: _Row) -> tuple[float, float, float]:
    teff, logg = row.teff, row.logg
    if row.sptype in DWARF_TEFF and "Giant" not in row.name:
        teff = DWARF_TEFF[row.sptype]
        logg = main_sequence_logg(teff)
    elif (row.sptype.startswith("K") or row.spectra < FEWEST
          or not row.teff_scatter <= LARGEST_SCATTER):
        teff = logg = np.nan
    closed = row.feh[1] - row.feh[0] <= WIDEST_BIN + 1e-6  # False for NaN
    known = closed and not NO_METALLICITY.match(row.sptype)
    return teff, np.nan if row.mixed else logg, float(np.mean(row.feh)) if known else np.nan


def _packed(path: Path) -> list[tuple[_Row, NDArray[np.float64], NDArray[np.float64]]]:
    try:
        with fits.open(path, memmap=False) as hdus:
            header, image = hdus[0].header, np.asarray(hdus[0].data, np.float64)
            table = hdus["TEMPLATES"].data
            wavelength = 10.0 ** (header["COEFF0"] + header["COEFF1"] * np.arange(image.shape[1]))
            rows = [_Row(str(r["NAME"]), str(r["SPTYPE"]), (float(r["FEH_LO"]), float(r["FEH_HI"])),
                         float(r["TEFF"]), float(r["TEFF_STD"]), float(r["LOGG"]),
                         int(r["NSPEC"]), bool(r["LUM_MIXED"])) for r in table]
    except (OSError, KeyError, IndexError) as error:
        raise ConfigurationError(f"{path} is not a packed file of PyHammer's templates, an image "
                                 f"and a table TEMPLATES: {error}") from error
    return [(row, wavelength, flux) for row, flux in zip(rows, image, strict=True)]


def _original(path: Path) -> tuple[_Row, NDArray[np.float64], NDArray[np.float64]]:
    with fits.open(path, memmap=False) as hdus:
        said = " ".join(str(line) for line in hdus[0].header.get("COMMENT", []))
        loglam = np.asarray(hdus[1].data["LogLam"], np.float64)
        flux = np.asarray(hdus[1].data["Flux"], np.float64)
        values = [np.nan] * 3
        if len(hdus) > 2 and "Teff" in hdus[2].columns.names:
            means = hdus[2].data
            values = [float(means["Teff"][0]), float(means["Teff"][2]), float(means["Log_g"][0])]
    number = re.search(r"made from (\d+)", said)
    feh = re.search(r"(-?[\d.]+) > FeH > (-?[\d.]+)", said)
    row = _Row(path.stem, path.stem[:2],
               (float(feh[2]), float(feh[1])) if feh else (np.nan, np.nan),
               values[0], values[1], values[2], int(number[1]) if number else 0, False)
    return row, *_binned(loglam, flux)


def _binned(loglam: NDArray[np.float64],
            flux: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means over pixels of BOSS's size of a much finer sampled flux, and their wavelengths."""
    pixel = np.floor((loglam - loglam[0]) / STEP).astype(np.intp)
    number = np.bincount(pixel)
    whole = slice(0, number.size - 1)  # the last one may be cut
    return (10.0 ** (np.bincount(pixel, loglam) / number)[whole],
            (np.bincount(pixel, flux) / number)[whole])
