"""Units as people write them, and what they are in angstrom and in the surveys' flux unit."""

import re
import warnings
from dataclasses import dataclass

import numpy as np
from astropy import units as u
from numpy.typing import NDArray

from bossnet.errors import BadFileError

FLUX = u.Unit("1e-17 erg / (s cm2 Angstrom)")  #: of SDSS files, which the network was trained on

#: A scale's range without a unit: first and last median, its unit, whether it is a logarithm.
_GUESSES = ((1500.0, 30000.0, "Angstrom", False), (150.0, 1500.0, "nm", False),
            (0.15, 3.0, "um", False), (3.2, 4.5, "Angstrom", True))
_ANGSTROM = re.compile(r"(?<![A-Za-z])(?:Ang|Angs|ANGSTROMS?|[Aa]ngstroms?|AA|A|Å)(?![A-Za-z])")
_LOGARITHM = re.compile(r"^\s*(?:log10|log|dex)\s*\(?\s*([^()]*?)\s*\)?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, or the logarithm to base 10 of a quantity in it."""

    base: u.UnitBase
    is_log: bool = False

    def __str__(self) -> str:
        return f"log10({self.base})" if self.is_log else str(self.base)


def parse(text: object) -> Unit | None:
    """A unit of astropy, or in a text as files have it; None where there is none in it."""
    if isinstance(text, u.UnitBase) and not isinstance(text, u.UnrecognizedUnit):
        return Unit(text)
    text = str(text or "").strip()
    logarithm = _LOGARITHM.match(text)
    if logarithm:
        text = logarithm[1] or "Angstrom"
    if not text:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            unit = u.Unit(_ANGSTROM.sub("Angstrom", text))
        except (ValueError, TypeError):
            return None
    return Unit(unit, bool(logarithm)) if isinstance(unit, u.UnitBase) else None


def guess(values: NDArray[np.float64]) -> Unit:
    """The unit of wavelengths of which none is known. Raises BadFileError if none fits."""
    finite = values[np.isfinite(values)]
    median = float(np.median(finite)) if finite.size else 0.0
    for low, high, unit, is_log in _GUESSES:
        if low <= median < high:
            return Unit(u.Unit(unit), is_log)
    raise BadFileError(f"nothing says in which unit its wavelengths are, of median {median:.6g}: "
                       "give it (--unit wavelength=UNIT)")


def angstrom(values: NDArray[np.float64], unit: Unit) -> NDArray[np.float64]:
    """Wavelengths of a spectral axis: of wavelength, wave number, frequency or energy.

    Raises:
        BadFileError: its unit is none of a spectral axis.
    """
    with np.errstate(all="ignore"):
        linear = 10.0**values if unit.is_log else values
        try:
            return np.asarray(unit.base.to(u.AA, linear, equivalencies=u.spectral()), np.float64)
        except u.UnitConversionError:
            raise BadFileError(f"its wavelengths are in {unit}, which is no unit of a "
                               "wavelength, frequency or energy") from None


def flux_factor(unit: Unit, wavelength: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """What fluxes in a unit are multiplied by to be in `FLUX`: a scalar, or one a pixel.

    None where it is no flux density: counts, or relative.

    Raises:
        BadFileError: it is a magnitude or another logarithm.
    """
    if unit.is_log or unit.base in (u.mag, u.dex, u.dB):
        raise BadFileError(f"its flux is in {unit}, a logarithm: give a linear flux")
    if unit.base.is_equivalent(FLUX):
        factor = unit.base.to(FLUX)
        # Exactly, so that a survey's own numbers stay what they are.
        return np.asarray(1.0 if np.isclose(factor, 1.0, rtol=1e-12) else factor)
    with np.errstate(all="ignore"):
        try:
            return np.asarray(unit.base.to(FLUX, np.ones_like(wavelength),
                                           equivalencies=u.spectral_density(wavelength * u.AA)))
        except u.UnitConversionError:
            return None
