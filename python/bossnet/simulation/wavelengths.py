"""Wavelength scales: the templates' grids, air and vacuum, velocities."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SPEED_OF_LIGHT = 299792.458  #: km/s
DEX = 0.5e-4  #: log10 step of the optical grid, half a pixel of BOSS and LAMOST
TEMPLATE_RANGE = (3550.0, 10400.0)  #: angstrom, vacuum, of the optical grid


@dataclass(frozen=True, eq=False)
class Grid:
    """The wavelengths that a kind of network's templates are known at: vacuum, rest frame.

    Attributes:
        kind: of the networks that see them, ``boss`` or ``apogee``.
        first: angstrom.
        last: angstrom, which the grid reaches.
        dex: log10 step.
        loglam: (G,) log10 of the wavelengths.
        wavelength: (G,) angstrom.
    """

    kind: str
    first: float
    last: float
    dex: float
    loglam: NDArray[np.float64] = field(init=False, repr=False)
    wavelength: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pixels = int(np.ceil(np.log10(self.last / self.first) / self.dex)) + 1
        loglam = np.log10(self.first) + self.dex * np.arange(pixels)
        object.__setattr__(self, "loglam", loglam)
        object.__setattr__(self, "wavelength", 10.0**loglam)

    @property
    def pixels(self) -> int:
        return self.loglam.size

    @property
    def pixel_velocity(self) -> float:
        """km/s a pixel."""
        return float(SPEED_OF_LIGHT * np.log(10) * self.dex)

    @property
    def edges(self) -> NDArray[np.float64]:
        """(G + 1,) angstrom, where pixels meet."""
        return 10.0 ** np.append(self.loglam - self.dex / 2, self.loglam[-1] + self.dex / 2)


OPTICAL_GRID = Grid("boss", *TEMPLATE_RANGE, DEX)
#: A pixel of apStar: half the width of the line-spread function, so that nothing is lost.
H_BAND_GRID = Grid("apogee", 15080.0, 17020.0, 6e-6)
GRIDS = {grid.kind: grid for grid in (OPTICAL_GRID, H_BAND_GRID)}  #: by the network's kind

#: log10 of the optical templates' wavelengths, vacuum and rest frame, (9338,)
TEMPLATE_LOGLAM = OPTICAL_GRID.loglam
TEMPLATE_WAVELENGTH = OPTICAL_GRID.wavelength


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
    """(9338,) the pixels of the optical grid within a range of angstrom."""
    return (first < TEMPLATE_WAVELENGTH) & (last > TEMPLATE_WAVELENGTH)
