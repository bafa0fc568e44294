"""From a source's own sampling to the templates' grid."""

import numpy as np
from numpy.typing import NDArray

from bossnet.simulation.wavelengths import OPTICAL_GRID

#: angstrom, (9339,): where the pixels of the optical grid meet
EDGES: NDArray[np.float64] = OPTICAL_GRID.edges


def pixel_means(wavelength: NDArray[np.float64],
                flux: NDArray[np.floating]) -> NDArray[np.float64]:
    """Means over the pixels of the templates' grid of straight lines between a source's samples.

    Linear in the flux, so that it may be applied to coefficients.

    Args:
        wavelength: (N,) vacuum, angstrom, ascending.
        flux: (N,) or (N, K).

    Returns:
        (9338,) or (9338, K); NaN where a pixel is not wholly within the source's range.
    """
    columns = np.asarray(flux, np.float64).reshape(wavelength.size, -1)
    points = np.union1d(wavelength, EDGES)
    left = np.clip(np.searchsorted(wavelength, points, side="right") - 1, 0, wavelength.size - 2)
    part = ((points - wavelength[left]) / (wavelength[left + 1] - wavelength[left]))[:, None]
    values = columns[left] * (1 - part) + columns[left + 1] * part
    pieces = np.diff(points)[:, None] * (values[1:] + values[:-1]) / 2
    total = np.concatenate([np.zeros((1, columns.shape[1])), np.cumsum(pieces, axis=0)])
    means = np.diff(total[np.searchsorted(points, EDGES)], axis=0) / np.diff(EDGES)[:, None]
    means[(EDGES[:-1] < wavelength[0]) | (EDGES[1:] > wavelength[-1])] = np.nan
    return means.reshape(EDGES.size - 1, *np.shape(flux)[1:])
