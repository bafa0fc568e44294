"""What can be said of a spectrum before the network sees it (contract, section 6)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bossnet.network.declaration import Network
from bossnet.spectra.spectrum import Spectrum

REACH = 2.0  #: angstrom within which a usable pixel covers a grid point (bit 12)


@dataclass(frozen=True, slots=True)
class Quality:
    """A spectrum measured against a network's grid.

    Attributes:
        pixels: number of pixels with finite flux and wavelength in the grid's range.
        varies: whether their fluxes differ from one another.
        uncovered: fraction of the grid, outside the chip gaps, without a usable pixel nearby.
        snr: the median of flux / error over those pixels; None where no error is known.
        has_uncertainty: as in `Spectrum`.
    """

    pixels: int
    varies: bool
    uncovered: float
    snr: float | None
    has_uncertainty: bool

    @property
    def has_data(self) -> bool:
        """False: ``flag_no_data``."""
        return self.pixels >= 2 and self.varies


def assess(spectrum: Spectrum, network: Network) -> Quality:
    """The quality of a spectrum for this network."""
    first, last = network.grid[0], network.grid[-1]
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(spectrum.flux) & (spectrum.wavelength >= first) \
            & (spectrum.wavelength <= last)
    flux, error = spectrum.flux[inside], spectrum.error[inside]
    known = error > 0
    snr = None
    if spectrum.has_uncertainty and known.any():
        with np.errstate(over="ignore"):
            snr = float(np.median(flux[known].astype(np.float64) / error[known]))
    return Quality(pixels=int(inside.sum()), varies=bool(flux.size and (flux != flux[0]).any()),
                   uncovered=_uncovered(spectrum, network), snr=snr,
                   has_uncertainty=spectrum.has_uncertainty)


def _uncovered(spectrum: Spectrum, network: Network) -> float:
    grid = network.grid.astype(np.float64)
    for low, high in network.gaps:
        grid = grid[(grid < low) | (grid > high)]
    return float((~covered(spectrum, grid)).mean())


def covered(spectrum: Spectrum, grid: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(G,), which wavelengths (ascending, angstrom) have a usable pixel within `REACH`."""
    with np.errstate(invalid="ignore"):
        usable = spectrum.usable & np.isfinite(spectrum.wavelength) & (spectrum.wavelength > 0)
    x = np.sort(spectrum.wavelength[usable].astype(np.float64))
    if not x.size:
        return np.zeros(grid.shape, bool)
    right = np.searchsorted(x, grid)
    distance = np.minimum(np.abs(grid - x[np.clip(right - 1, 0, x.size - 1)]),
                          np.abs(x[np.clip(right, 0, x.size - 1)] - grid))
    return distance <= REACH
