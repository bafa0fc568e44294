"""What of a spectrum the network did not take as it is in the file, pixel by pixel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bossnet.network.declaration import Network
from bossnet.network.preparation import kept_pixels
from bossnet.quality import covered
from bossnet.spectra.spectrum import ERROR_CAP, Spectrum

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """Of a spectrum of N pixels; a pixel is in one of the first three at most.

    Attributes:
        dropped: (N,), no finite flux or wavelength, or a wavelength that was there before.
        without_error: (N,), no inverse variance: the error is the cap, or, where neither flux nor
            error was finite in a file of errors, both are 0.
        capped: (N,), the error was larger than 5 times the median.
        uncovered: first and last angstrom of ranges of the network's grid without usable pixels.
    """

    dropped: Mask
    without_error: Mask
    capped: Mask
    uncovered: list[tuple[float, float]]


def masks(spectrum: Spectrum, network: Network) -> Masks:
    """What was dropped, capped and missing of a spectrum for this network."""
    dropped = np.ones(spectrum.flux.shape, bool)
    dropped[kept_pixels(spectrum.flux, spectrum.wavelength)] = False
    without_error = ~spectrum.usable & ~dropped
    capped = np.zeros_like(dropped)
    if spectrum.usable.any():
        # The cap is that of all errors in the file, of which some may be of dropped pixels.
        largest = float(spectrum.error.max())
        if largest > 0.9 * ERROR_CAP * float(np.median(spectrum.error[spectrum.usable])):
            capped = spectrum.usable & ~dropped & (spectrum.error >= np.float32(largest))
    return Masks(dropped, without_error, capped, _ranges(
        network.grid.astype(np.float64), ~covered(spectrum, network.grid.astype(np.float64))))


def _ranges(grid: NDArray[np.float64], where: Mask) -> list[tuple[float, float]]:
    """First and last wavelength of each run of points."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(int)))
    return [(float(grid[a]), float(grid[b - 1])) for a, b in edges.reshape(-1, 2)]
