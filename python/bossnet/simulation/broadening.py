"""Line-spread functions and rotation, on any grid of pixels."""

import numpy as np
from numpy.typing import NDArray

from bossnet.simulation.wavelengths import OPTICAL_GRID, Grid, doppler_factor

FWHM_PER_SIGMA = 2.3548
HALF_WIDTH = 9  #: pixels of the template on either side that an observed pixel sees
NARROWEST = 0.6  #: sigma, pixels: a narrower Gaussian's width depends on where it falls
WIDEST = 3.0  #: sigma, pixels: a wider Gaussian would be cut off
PIXEL_VELOCITY = OPTICAL_GRID.pixel_velocity  #: km/s a pixel of an optical template


def resample(flux: NDArray[np.float32], fwhm: NDArray[np.float32], *,
             loglam: NDArray[np.float64], target_fwhm: NDArray[np.float64],
             rv: float, grid: Grid = OPTICAL_GRID) -> NDArray[np.float32]:
    """A template shifted, brought to an instrument's resolution and pixels, in one step.

    Each observed pixel is the mean of the template around its rest wavelength under a Gaussian
    whose width is what the template lacks to the instrument's resolution.

    Args:
        flux: (G,) on the template's grid, NaN where not known.
        fwhm: (G,) the template's resolution, angstrom.
        loglam: (N,) log10 of the observed wavelengths, angstrom.
        target_fwhm: (N,) the instrument's resolution, angstrom.
        rv: velocity of the star, km/s.
        grid: the template's.

    Returns:
        (N,) float32, NaN where the template is not known or does not reach.
    """
    position = (loglam - np.log10(doppler_factor(rv)) - grid.loglam[0]) / grid.dex
    centre = np.rint(position).astype(np.intp)
    inside = (centre >= HALF_WIDTH) & (centre < flux.size - HALF_WIDTH)
    centre = np.clip(centre, HALF_WIDTH, flux.size - HALF_WIDTH - 1)
    # angstrom of FWHM that a sigma of one pixel has
    pixel = 10.0 ** loglam * (np.log(10) * grid.dex * FWHM_PER_SIGMA)
    missing = np.maximum(target_fwhm**2 - fwhm[centre].astype(np.float64) ** 2, 0.0)
    sigma = np.clip(np.sqrt(missing) / pixel, NARROWEST, WIDEST)
    offset = np.clip(position - centre, -0.5, 0.5).astype(np.float32)  # farther is not inside
    scale = (-0.5 / sigma**2).astype(np.float32)
    steps = np.arange(-HALF_WIDTH, HALF_WIDTH + 1, dtype=np.float32)
    kernel = np.exp(scale[:, None] * (steps - offset[:, None]) ** 2)
    windows = np.lib.stride_tricks.sliding_window_view(flux, 2 * HALF_WIDTH + 1)
    seen = np.einsum("ij,ij->i", kernel, windows[centre - HALF_WIDTH])
    return np.where(inside, seen / kernel.sum(axis=1), np.float32(np.nan))


def rotate(flux: NDArray[np.float32], vsini: float, *, limb: float = 0.6,
           grid: Grid = OPTICAL_GRID) -> NDArray[np.float32]:
    """A template broadened by rotation (Gray 2005, equation 18.14), (G,).

    Args:
        flux: on the template's grid.
        vsini: projected equatorial velocity, km/s; below a pixel nothing is done.
        limb: linear limb-darkening coefficient.
        grid: the template's.
    """
    half = vsini / grid.pixel_velocity
    if half < 1.0:
        return flux
    reach = int(np.ceil(half))
    fine = np.arange(-reach * 10 - 5, reach * 10 + 5) / 10.0 + 0.05  # ten samples a pixel
    y = np.clip(1.0 - (fine / half) ** 2, 0.0, None)
    profile = 2 * (1 - limb) * np.sqrt(y) + 0.5 * np.pi * limb * y
    kernel = profile.reshape(-1, 10).sum(axis=1)
    padded = np.pad(flux, reach, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid").astype(np.float32)
