"""Wavelength scales: the templates' grid, air and vacuum, velocities."""

import numpy as np
from numpy.typing import NDArray

SPEED_OF_LIGHT = 299792.458  #: km/s
DEX = 0.5e-4  #: log10 step of the templates' grid, half a pixel of BOSS and LAMOST
TEMPLATE_RANGE = (3550.0, 10400.0)  #: angstrom, vacuum

#: log10 of the templates' wavelengths, vacuum and rest frame, (9338,)
TEMPLATE_LOGLAM: NDArray[np.float64] = np.log10(TEMPLATE_RANGE[0]) + DEX * np.arange(
    int(np.ceil(np.log10(TEMPLATE_RANGE[1] / TEMPLATE_RANGE[0]) / DEX)) + 1)
TEMPLATE_WAVELENGTH: NDArray[np.float64] = 10.0**TEMPLATE_LOGLAM


def air_to_vacuum(wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vacuum wavelengths of air wavelengths, angstrom.

    The inverse of the formula of Morton (2000) as VALD uses it (N. Piskunov); good to
    1e-4 angstrom over the optical.
    """
    s2 = (1e4 / np.asarray(wavelength, np.float64)) ** 2
    index = (1 + 8.336624212083e-5 + 2.408926869968e-2 / (130.1065924522 - s2)
             + 1.599740894897e-4 / (38.92568793293 - s2))
    return wavelength * index


def doppler_factor(rv: float) -> float:
    """Observed over rest wavelength at a velocity in km/s, as 1 + v/c.

    This is the surveys' cz; the relativistic factor differs by 0.15 km/s at 300 km/s.
    """
    return 1.0 + rv / SPEED_OF_LIGHT


def between(first: float, last: float) -> NDArray[np.bool_]:
    """(9338,) the pixels of the templates' grid within a range of angstrom."""
    return (first < TEMPLATE_WAVELENGTH) & (last > TEMPLATE_WAVELENGTH)
