"""Spectra of the H band that are of no ordinary star, as `foreign` has them of the optical."""

from collections.abc import Sequence

import numpy as np

from bossnet.evaluation.kinds import Kind
from bossnet.evaluation.light import (
    RNG,
    Array,
    Lines,
    dispersed,
    log_uniform,
    planck,
    population,
    star,
    with_lines,
)
from bossnet.simulation.instruments import APOGEE, sky_lines
from bossnet.simulation.templates import Template
from bossnet.simulation.wavelengths import H_BAND_GRID

WAVELENGTH = H_BAND_GRID.wavelength
#: Brackett lines 10 to 19, relative to Br 11, and Fe II of an emission-line star.
BRACKETT: Lines = ((16811.1, 1.0), (16412.0, 0.9), (16113.7, 0.8), (15884.9, 0.7), (15704.9, 0.6),
                   (15560.7, 0.5), (15443.1, 0.4), (15345.9, 0.35), (15264.7, 0.3),
                   (16877.8, 0.3), (15778.1, 0.1))


def ordinary(stars: Sequence[Template], rng: RNG) -> Array:
    """A star at rest: what should not be flagged."""
    return star(stars, rng)


def slope(stars: Sequence[Template], rng: RNG) -> Array:
    """A power law, as a quasar or a young star behind much dust has it."""
    return (WAVELENGTH / 16000.0) ** rng.uniform(-6.0, 6.0)


def blackbody(stars: Sequence[Template], rng: RNG) -> Array:
    """A black body of 1000 to 30 000 K."""
    return planck(log_uniform(rng, 1000.0, 30000.0), WAVELENGTH)


def cluster(stars: Sequence[Template], rng: RNG) -> Array:
    """A galaxy or cluster at rest: giants and dwarfs, broadened by 60 to 250 km/s."""
    light = population(stars, rng, ((4.0, 3500.0, 5000.0, 0.0, 3.0),
                                    (2.0, 5000.0, 6500.0, 3.0, 5.0)))
    return dispersed(light, rng.uniform(60.0, 250.0), H_BAND_GRID.pixel_velocity)


def emission_star(stars: Sequence[Template], rng: RNG) -> Array:
    """A hot star with Brackett lines in emission, Br 11 of 2 to 30 angstrom."""
    return with_lines(star(stars, rng, 8000.0), BRACKETT, strength=log_uniform(rng, 2.0, 30.0),
                      fwhm=rng.uniform(100.0, 400.0), wavelength=WAVELENGTH)


def two_stars(stars: Sequence[Template], rng: RNG) -> Array:
    """Two stars as bright as each other, 40 to 150 km/s apart: a double-lined binary."""
    apart = round(rng.uniform(40.0, 150.0) / H_BAND_GRID.pixel_velocity)
    return star(stars, rng) + np.roll(star(stars, rng), apart)


def shifted(stars: Sequence[Template], rng: RNG) -> Array:
    """A star whose velocity was not taken out: 50 to 300 km/s either way."""
    apart = round(rng.choice([-1, 1]) * rng.uniform(50.0, 300.0) / H_BAND_GRID.pixel_velocity)
    return np.roll(star(stars, rng), apart)


def sky(stars: Sequence[Template], rng: RNG) -> Array:
    """The night sky itself, its lines of any strength over its continuum."""
    lines = sky_lines(WAVELENGTH, APOGEE.lines, resolution=APOGEE.line_resolution)
    return 0.5 + log_uniform(rng, 0.1, 1.0) * lines


ORDINARY = Kind("ordinary star", ordinary, grid=H_BAND_GRID)
KINDS = tuple(Kind(name, make, fixed_snr=noise, grid=H_BAND_GRID) for name, make, noise in (
    ("noise only", slope, 0.01),
    ("featureless slope", slope, None),
    ("black body", blackbody, None),
    ("galaxy or cluster", cluster, None),
    ("emission-line star", emission_star, None),
    ("double-lined binary", two_stars, None),
    ("velocity not taken out", shifted, None),
    ("sky", sky, None),
))
