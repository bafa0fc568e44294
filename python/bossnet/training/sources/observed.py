"""Co-added spectra of a spectrograph, made fit to be dressed again."""

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator
from scipy.ndimage import median_filter, uniform_filter1d

from bossnet.simulation.wavelengths import OPTICAL_GRID, Grid

WIDTH = 101  #: pixels, over which noise and a level are measured
SMOOTHED = (2.0, 5.0)  #: of the level over the noise: below, the level stands in; above, the flux


def noise(flux: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scatter a pixel, (N,), from what a pixel differs from the mean of its two neighbours.

    Lines that are resolved count little, but not nothing: it is an upper limit.
    """
    padded = np.pad(flux, 1, mode="edge")
    excess = flux - (padded[2:] + padded[:-2]) / 2
    running: NDArray[np.float64] = median_filter(np.abs(excess), WIDTH, mode="nearest")
    return running * (1.4826 / np.sqrt(1.5))


def cleaned(flux: NDArray[np.float64]) -> NDArray[np.float64]:
    """The flux without what would be learnt as if it were the star's, (N,), not negative.

    Where the star is lost in the noise (the blue of L dwarfs), the running median of 101 pixels
    stands in: dressing puts noise on again, and a hole there would tell the source. Elsewhere
    the few pixels that are not positive (residues of sky lines) are bridged.

    Args:
        flux: (N,) at even steps of log wavelength, all finite.
    """
    level = uniform_filter1d(median_filter(flux, WIDTH, mode="nearest"), WIDTH // 4,
                             mode="nearest")
    low, high = SMOOTHED
    part = np.clip((level / np.maximum(noise(flux), 1e-30) - low) / (high - low), 0.0, 1.0)
    index = np.arange(flux.size)
    bad = (flux <= 0) & (part > 0)
    bridged = np.interp(index, index[~bad], flux[~bad])
    return np.maximum(part * bridged + (1 - part) * level, 0.0)


def on_grid(wavelength: NDArray[np.float64], flux: NDArray[np.float64],
            grid: Grid = OPTICAL_GRID) -> NDArray[np.float32]:
    """On a templates' grid, with a median of 1, (G,); NaN outside of the range.

    Args:
        wavelength: (N,) vacuum, angstrom, ascending; pixels no narrower than the grid's.
        flux: (N,), all finite.
        grid: the templates'.
    """
    onto = Akima1DInterpolator(wavelength, flux)(grid.wavelength)
    return (np.maximum(onto, 0.0) / np.nanmedian(onto)).astype(np.float32)
