"""The relations by which the paper gives labels to stars that no catalogue has measured."""

import numpy as np
from astropy import units
from astropy.coordinates import CartesianDifferential, Galactocentric, SkyCoord
from numpy.polynomial import Polynomial
from numpy.typing import ArrayLike, NDArray

GRADIENT = Polynomial([0.428, -0.053])  #: [Fe/H] of the radius in kpc (equation 1)
SUN = 8.0  #: kpc from the centre, where equation 1 gives the Sun's [Fe/H] (Section 2.2.2)
TEFF = Polynomial([12870.0, -9027.0, 3201.0, -529.0, 32.25])  #: of G_RP - K_S (equation 2)
LOGG = Polynomial([6.122, -2.754, 1.546, -0.3109, 0.02105])  #: of G_RP - K_S (equation 3)
REDDEST = 2.3  #: mag of G_RP - K_S, above which equations 2 and 3 hold
TEFF_SCATTER = 85.0  #: K, of equation 2
LOGG_SCATTER = 0.11  #: dex, of equation 3
FAINT = 6.0  #: mag, absolute H of the brightest cool dwarf that is taken
NEARBY = 10.0  #: mas, parallax of the farthest star of LAMOST that is taken


def galactic_radius(ra: ArrayLike, dec: ArrayLike, parallax: ArrayLike) -> NDArray[np.float64]:
    """(N,) distances from the Galaxy's axis, kpc.

    Args:
        ra: (N,) degrees.
        dec: (N,) degrees.
        parallax: (N,) mas; NaN is returned where it is not positive.
    """
    parallax = np.asarray(parallax, np.float64)
    known = parallax > 0
    stars = SkyCoord(np.asarray(ra) * units.deg, np.asarray(dec) * units.deg,
                     distance=np.where(known, 1 / np.where(known, parallax, 1), 1) * units.kpc)
    frame = Galactocentric(galcen_distance=SUN * units.kpc, z_sun=0 * units.pc,
                           galcen_v_sun=CartesianDifferential([0, 0, 0] * units.km / units.s))
    around = stars.transform_to(frame)
    radius = np.hypot(around.x.to_value(units.kpc), around.y.to_value(units.kpc))
    return np.where(known, radius, np.nan)


def fe_h_of_radius(radius: ArrayLike) -> NDArray[np.float64]:
    """[Fe/H] of young stars by their distance from the Galaxy's axis in kpc (equation 1)."""
    return np.asarray(GRADIENT(np.asarray(radius, np.float64)))


def cool_dwarf(g_rp: ArrayLike, k_s: ArrayLike
               ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Teff [K] and log g of cool dwarfs by G_RP - K_S [mag] (equations 2 and 3).

    NaN where the colour is not above `REDDEST`. Past the turning points of the polynomials, where
    Teff would rise with the colour again, they say nothing either.
    """
    colour = np.asarray(g_rp, np.float64) - np.asarray(k_s, np.float64)
    turning = [float(root.real) for root in np.asarray(TEFF.deriv().roots())
               if abs(root.imag) < 1e-9 and root.real > REDDEST]
    good = (colour > REDDEST) & (colour < min(turning, default=np.inf))
    colour = np.where(good, colour, np.nan)
    return np.asarray(TEFF(colour)), np.asarray(LOGG(colour))


def absolute(magnitude: ArrayLike, parallax: ArrayLike) -> NDArray[np.float64]:
    """Absolute magnitudes of apparent ones and parallaxes [mas]; NaN where not positive."""
    parallax = np.asarray(parallax, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(parallax > 0, 1000 / parallax, np.nan)  # pc
        return np.asarray(magnitude, np.float64) - 5 * np.log10(distance) + 5
