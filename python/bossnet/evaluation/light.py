"""Light of stars, of black bodies and of lines, and what is done to it: the bricks of `foreign`.

A flux is (G,) float64 on a grid of templates: the optical one where nothing else is said.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.simulation.broadening import FWHM_PER_SIGMA, PIXEL_VELOCITY
from bossnet.simulation.templates import Template
from bossnet.simulation.wavelengths import SPEED_OF_LIGHT, TEMPLATE_WAVELENGTH

Array = NDArray[np.float64]
Lines = tuple[tuple[float, float], ...]  #: rest vacuum angstrom, equivalent width in angstrom
RNG = np.random.Generator


def star(stars: Sequence[Template], rng: RNG, coolest: float = 0.0, hottest: float = np.inf,
         lowest: float = -np.inf, highest: float = np.inf) -> Array:
    """One star of these temperatures (K) and gravities, median 1, its gaps bridged.

    Raises:
        ConfigurationError: there is none.
    """
    fit = [s for s in stars if coolest <= s.teff <= hottest and lowest <= s.logg <= highest]
    if not fit:
        raise ConfigurationError(f"no template of {coolest:.0f} to {hottest:.0f} K and log g "
                                 f"{lowest:g} to {highest:g} to make a foreign spectrum of")
    drawn = fit[int(rng.integers(len(fit)))]
    flux, wavelength = drawn.flux.astype(np.float64), drawn.grid.wavelength
    known = np.isfinite(flux)
    return np.interp(wavelength, wavelength[known], flux[known] / np.median(flux[known]))


def population(stars: Sequence[Template], rng: RNG,
               parts: Sequence[tuple[float, float, float, float, float]]) -> Array:
    """Light of several stars; a part is (mean light, Teff from, to, log g from, to)."""
    total = np.zeros(stars[0].grid.pixels)
    for light, *limits in parts:
        for _ in range(3):
            total += rng.gamma(light) * star(stars, rng, *limits)
    return total / np.median(total)


def dispersed(flux: Array, sigma: float, pixel_velocity: float = PIXEL_VELOCITY) -> Array:
    """Stars' velocities of a galaxy, sigma in km/s, taken in."""
    width = sigma / pixel_velocity
    reach = int(np.ceil(4 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(np.pad(flux, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


def redshifted(flux: Array, z: float) -> Array:
    """A rest-frame spectrum seen at a redshift; blueward of the templates it goes on level."""
    return np.interp(TEMPLATE_WAVELENGTH / (1 + z), TEMPLATE_WAVELENGTH, flux,
                     left=float(np.mean(flux[:300])))


def with_lines(flux: Array, lines: Lines, *, strength: float, fwhm: float,
               wavelength: Array = TEMPLATE_WAVELENGTH) -> Array:
    """Gaussian emission lines added.

    Args:
        flux: (G,).
        lines: their centres and equivalent widths.
        strength: multiplies the equivalent widths.
        fwhm: km/s.
        wavelength: of the pixels in the lines' frame, angstrom.
    """
    total = flux.copy()
    for centre, width in lines:
        sigma = centre * fwhm / SPEED_OF_LIGHT / FWHM_PER_SIGMA
        continuum = np.interp(centre, wavelength, flux)
        profile = np.exp(-0.5 * ((wavelength - centre) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        total += continuum * strength * width * profile
    return total


def planck(temperature: float, wavelength: Array = TEMPLATE_WAVELENGTH) -> Array:
    """Flux per angstrom of a black body, 1 at its median."""
    x = 1.438777e8 / (wavelength * temperature)
    flux = wavelength**-5.0 / np.expm1(x)
    return flux / np.median(flux)


def pseudo_continuum(flux: Array, *, degree: int = 4) -> Array:
    """A polynomial in log flux along the upper edge of a spectrum with bands.

    What lies more than half a standard deviation below is left out, a dozen times.
    """
    x = np.linspace(-1.0, 1.0, flux.size)
    y = np.log(np.maximum(flux, 1e-3 * np.median(flux)))
    kept = np.ones(y.size, bool)
    for _ in range(12):
        residual = y - np.polynomial.Polynomial.fit(x[kept], y[kept], degree)(x)
        kept = residual > -0.5 * np.std(residual[kept])
    return np.exp(np.polynomial.Polynomial.fit(x[kept], y[kept], degree)(x))


def log_uniform(rng: RNG, low: float, high: float) -> float:
    """Drawn evenly in the logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
