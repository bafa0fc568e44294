"""Spectra of what is no ordinary star, to see whether `flag_out_of_distribution` tells.

They are made, from stars, power laws and the line lists of textbooks, and observed as stars
are: they have the main traits of their kinds, not the variety that a survey meets.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bossnet.evaluation import infrared
from bossnet.evaluation.kinds import Kind
from bossnet.evaluation.light import (
    RNG,
    Array,
    Lines,
    dispersed,
    log_uniform,
    planck,
    population,
    pseudo_continuum,
    redshifted,
    star,
    with_lines,
)
from bossnet.simulation.instruments import BOSS, Instrument, sky_lines
from bossnet.simulation.observe import USUAL, Conditions, observe
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import OPTICAL_GRID, SPEED_OF_LIGHT, TEMPLATE_WAVELENGTH
from bossnet.spectra.spectrum import Spectrum

#: Nebular lines of a star-forming galaxy, relative to H alpha (e.g. Kennicutt 1992, ApJ 388, 310).
NEBULAR: Lines = ((3727.1, 0.5), (3729.9, 0.6), (4341.7, 0.08), (4862.7, 0.20), (4960.3, 0.08),
                  (5008.2, 0.25), (6549.9, 0.12), (6564.6, 1.0), (6585.3, 0.35), (6718.3, 0.22),
                  (6732.7, 0.16))
#: Broad lines of a quasar, angstrom of equivalent width (Vanden Berk et al. 2001, AJ 122, 549).
BROAD: Lines = ((1216.0, 93.0), (1398.0, 8.0), (1549.1, 24.0), (1908.7, 21.0), (2798.8, 32.0),
                (4102.9, 5.0), (4341.7, 13.0), (4862.7, 46.0), (6564.6, 195.0))
#: Its narrow ones.
NARROW: Lines = ((3728.5, 1.6), (3869.9, 1.4), (4960.3, 3.5), (5008.2, 13.2))
#: Its blends of Fe II, each a few hundred angstrom wide.
IRON: Lines = ((2500.0, 40.0), (4570.0, 25.0), (5250.0, 25.0))
#: Lines of an emission-line star, relative to H alpha: Balmer, He I, the Ca II triplet.
STELLAR: Lines = ((6564.6, 1.0), (4862.7, 0.2), (4341.7, 0.08), (4102.9, 0.04), (5877.2, 0.04),
                  (6680.0, 0.03), (7067.1, 0.03), (8500.4, 0.06), (8544.4, 0.06), (8664.5, 0.06))
#: Balmer lines of a DA white dwarf: centre, depth at the centre; about 80 angstrom wide.
BALMER: Lines = ((6564.6, 0.35), (4862.7, 0.5), (4341.7, 0.5), (4102.9, 0.45), (3971.2, 0.35))
#: Heads of C2, which shade to the blue, and of CN, which shade to the red.
SWAN, CN = (4383.0, 4738.0, 5166.6, 5637.0, 6192.0), (6927.0, 7090.0, 7255.0, 7878.0, 8070.0)

FWHM = 2.5  #: angstrom, of the libraries that the stars are from

def ordinary(stars: Sequence[Template], rng: RNG) -> Array:
    """A star with a velocity: what should not be flagged."""
    return redshifted(star(stars, rng), rng.normal(0.0, 80.0) / SPEED_OF_LIGHT)


def galaxy(stars: Sequence[Template], rng: RNG) -> Array:
    """An old galaxy between redshift 0.02 and 0.25: giants and dwarfs, broadened."""
    light = population(stars, rng, ((4.0, 3500.0, 5000.0, 0.0, 3.0),
                                    (4.0, 5000.0, 6500.0, 3.0, 5.0),
                                    (2.0, 4000.0, 5300.0, 3.8, 5.0)))
    return redshifted(dispersed(light, rng.uniform(100.0, 300.0)), rng.uniform(0.02, 0.25))


def emission_galaxy(stars: Sequence[Template], rng: RNG) -> Array:
    """A star-forming galaxy between redshift 0.02 and 0.25, H alpha of 15 to 100 angstrom."""
    light = population(stars, rng, ((4.0, 7000.0, 12000.0, 3.0, 5.0),
                                    (3.0, 5000.0, 6500.0, 3.0, 5.0),
                                    (2.0, 3500.0, 5000.0, 0.0, 3.0)))
    light = with_lines(dispersed(light, rng.uniform(60.0, 150.0)), NEBULAR,
                       strength=log_uniform(rng, 15.0, 100.0), fwhm=rng.uniform(150.0, 400.0))
    return redshifted(light, rng.uniform(0.02, 0.25))


def quasar(stars: Sequence[Template], rng: RNG) -> Array:
    """A power law with broad lines between redshift 0.3 and 3; below Ly alpha the forest."""
    z = rng.uniform(0.3, 3.0)
    rest = TEMPLATE_WAVELENGTH / (1 + z)
    light = (rest / 3000.0) ** rng.normal(-1.5, 0.3)
    strength = float(np.exp(rng.normal(0.0, 0.3)))
    for lines, fwhm in ((BROAD, rng.uniform(2500.0, 8000.0)), (NARROW, 600.0), (IRON, 15000.0)):
        light = with_lines(light, lines, strength=strength, fwhm=fwhm, wavelength=rest)
    clouds = np.repeat(rng.random(rest.size // 12 + 1), 12)[: rest.size]
    return np.where(rest < 1214.0, light * (1.0 - 0.8 * clouds * rng.random()), light)


def slope(stars: Sequence[Template], rng: RNG) -> Array:
    """A power law, from as blue as the hottest stars to as red as an M star."""
    return (TEMPLATE_WAVELENGTH / 6000.0) ** rng.uniform(-4.0, 4.0)


def blackbody(stars: Sequence[Template], rng: RNG) -> Array:
    """The continuum of a DC white dwarf: a black body of 6000 to 30 000 K."""
    return planck(log_uniform(rng, 6000.0, 30000.0))


def smooth_m(stars: Sequence[Template], rng: RNG) -> Array:
    """The smooth pseudo-continuum of an M star: its molecules and lines taken out."""
    return pseudo_continuum(star(stars, rng, 0.0, 4000.0))


def emission_star(stars: Sequence[Template], rng: RNG) -> Array:
    """A star with Balmer, He I and Ca II lines in emission, H alpha of 5 to 100 angstrom."""
    return with_lines(star(stars, rng), STELLAR, strength=log_uniform(rng, 5.0, 100.0),
                      fwhm=rng.uniform(100.0, 500.0))


def white_dwarf_and_m(stars: Sequence[Template], rng: RNG) -> Array:
    """A DA white dwarf and an M star, equally bright somewhere between 5000 and 8000 A."""
    white = planck(log_uniform(rng, 10000.0, 30000.0))
    for centre, depth in BALMER:
        white *= 1.0 - depth / (1.0 + ((TEMPLATE_WAVELENGTH - centre) / 40.0) ** 2)
    red = star(stars, rng, 0.0, 4000.0)
    at = int(np.searchsorted(TEMPLATE_WAVELENGTH, rng.uniform(5000.0, 8000.0)))
    near = slice(at - 100, at + 100)
    return white / white[near].mean() + red / red[near].mean()


def carbon_star(stars: Sequence[Template], rng: RNG) -> Array:
    """A cool giant's pseudo-continuum under bands of C2 and CN."""
    light = pseudo_continuum(star(stars, rng, 3500.0, 5000.0, 0.0, 3.0))
    strength = rng.uniform(0.4, 0.9)
    for heads, sign in ((SWAN, -1.0), (CN, 1.0)):
        for head in heads:
            behind = sign * (TEMPLATE_WAVELENGTH - head)
            shape = np.exp(-np.clip(behind, 0.0, None) / 80.0) * (behind > 0)
            light *= 1.0 - strength * (1.0 if sign < 0 else 0.5) * shape
    return light


def sky(stars: Sequence[Template], rng: RNG) -> Array:
    """The night sky itself, not subtracted, its lines of any strength over its continuum."""
    level = np.interp(TEMPLATE_WAVELENGTH, *np.array(BOSS.sky).T)
    photons = level + log_uniform(rng, 0.1, 1.0) * sky_lines(TEMPLATE_WAVELENGTH)
    return photons / TEMPLATE_WAVELENGTH**2  # as `Instrument.sensitivity` counts them


NOISE = 0.01  #: the S/N of what is called noise only
ORDINARY = Kind("ordinary star", ordinary)
KINDS = (
    Kind("galaxy", galaxy),
    Kind("emission-line galaxy", emission_galaxy),
    Kind("quasar", quasar),
    Kind("noise only", slope, fixed_snr=NOISE),
    Kind("featureless slope", slope),
    Kind("M star without molecules", smooth_m),
    Kind("black body (DC white dwarf)", blackbody),
    Kind("emission-line star", emission_star),
    Kind("white dwarf and M star", white_dwarf_and_m),
    Kind("carbon star", carbon_star),
    Kind("sky", sky),
)


#: By kind of network, what should not be flagged first.
EVERY_KIND = {"boss": (ORDINARY, *KINDS), "apogee": (infrared.ORDINARY, *infrared.KINDS)}


def kinds_of(stars: Sequence[Template]) -> tuple[Kind, ...]:
    """The kinds that can be made of such stars: all of their grid.

    Raises:
        ConfigurationError: one of them cannot be, as there is no star to make it of.
    """
    kinds = EVERY_KIND[stars[0].grid.kind] if stars else EVERY_KIND["boss"]
    for kind in kinds:
        kind.make(stars, np.random.default_rng(0))
    return kinds


def observed(kind: Kind, stars: Sequence[Template], snr: float, rng: RNG, *,
             instrument: Instrument = BOSS, conditions: Conditions = USUAL) -> Spectrum:
    """One spectrum of a kind, observed.

    Args:
        kind: of `EVERY_KIND`.
        stars: templates it may be made of, some below 4000 K among them.
        snr: median S/N per pixel, unless the kind has its own.
        rng: the source of everything drawn.
        instrument: of `simulation.instruments`.
        conditions: of the observation.
    """
    flux = kind.make(stars, rng).astype(np.float32)
    nan = float("nan")
    fwhm = np.full(flux.size, FWHM, np.float32) if kind.grid is OPTICAL_GRID \
        else resolution("made", grid=kind.grid)
    template = Template(kind.name, "made", nan, nan, nan, flux, fwhm, kind.grid)
    if kind.fixed_snr is not None:
        # the noise is a tenth of what a star's flux would be
        level = conditions.flux_level or log_uniform(rng, *instrument.flux_range)
        conditions = replace(conditions, flux_level=0.1 * kind.fixed_snr * level)
        snr = kind.fixed_snr
    return observe(template, instrument, 0.0, snr, float(rng.exponential(0.05)), rng,
                   conditions=conditions)
