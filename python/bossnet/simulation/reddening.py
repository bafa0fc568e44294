"""Interstellar reddening: Cardelli, Clayton & Mathis (1989) as revised by O'Donnell (1994).

The polynomials are those of O'Donnell (1994, ApJ 422, 158), equations 4 and 5, between 1.1
and 3.3 per micron, and of Cardelli et al. (1989, ApJ 345, 245), equation 2, redward of it.
They are few numbers, so that simulating needs no further package; the tests hold them beside
``dust_extinction``.
"""

import numpy as np
from numpy.typing import NDArray

R_V = 3.1  #: A(V) / E(B-V), the mean of the diffuse medium

_A = np.array([1.0, 0.104, -0.609, 0.701, 1.137, -1.718, -0.827, 1.647, -0.505])
_B = np.array([0.0, 1.952, 2.908, -3.989, -7.985, 11.102, 5.491, -10.805, 3.347])


def extinction(wavelength: NDArray[np.float64], *, r_v: float = R_V) -> NDArray[np.float64]:
    """A(wavelength) / A(V) of wavelengths in angstrom, between 3031 and 33 000."""
    x = 1e4 / np.asarray(wavelength, np.float64)
    y = x - 1.82
    optical = np.polyval(_A[::-1], y) + np.polyval(_B[::-1], y) / r_v
    infrared = (0.574 - 0.527 / r_v) * x**1.61
    return np.where(x >= 1.1, optical, infrared)


def transmission(wavelength: NDArray[np.float64], ebv: float, *,
                 r_v: float = R_V) -> NDArray[np.float64]:
    """The fraction of the light that a reddening E(B-V) in mag lets through."""
    return 10.0 ** (-0.4 * extinction(wavelength, r_v=r_v) * r_v * ebv)
