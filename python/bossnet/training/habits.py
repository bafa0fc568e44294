"""What varies of the spectra that a kind of network meets: rotation, velocity, dust, conditions.

Of BOSS and LAMOST in the observed frame, and of APOGEE's co-adds in the star's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from bossnet.simulation.broadening import rotate
from bossnet.simulation.observe import Conditions
from bossnet.simulation.templates import Template

RNG = np.random.Generator

FAST = 6500.0  #: K, above which stars rotate visibly
WHITE_DWARF = 6.0  #: log g, above which rotation is not seen and velocities are wider


class Weather(Protocol):
    """Conditions, usual ones for this part of the draws."""

    def __call__(self, rng: RNG, *, fair: float) -> Conditions: ...


@dataclass(frozen=True)
class Habits:
    """How spectra of a kind vary.

    Attributes:
        rotating: a template, spun up where such stars are.
        velocity: of a template in the files' frame, km/s.
        dust: E(B-V), mag.
        weather: conditions of an observation.
        usual: those that a training is watched by,
        snr: and the median S/N per pixel.
    """

    rotating: Callable[[Template, RNG], Template]
    velocity: Callable[[Template, RNG], float]
    dust: Callable[[RNG], float]
    weather: Weather
    usual: Conditions
    snr: float


def rotating(template: Template, rng: np.random.Generator) -> Template:
    """Hot stars spun up: models mostly, real stars, which rotate already, now and then."""
    if not template.teff > FAST or template.logg > WHITE_DWARF:
        return template
    if rng.random() > (0.15 if template.library in ("miles", "stelib", "pyhammer") else 0.6):
        return template
    vsini = rng.uniform(0.0, 250.0 if template.teff > 7500 else 100.0)
    return replace(template, flux=rotate(template.flux, vsini, grid=template.grid))


def velocity(template: Template, rng: np.random.Generator) -> float:
    """km/s: even out to what halo stars have, more near rest, few out to 600."""
    kind = rng.random()
    if kind < 0.6:
        return float(rng.uniform(-350.0, 350.0))
    wide = kind >= 0.95 or template.logg > WHITE_DWARF
    return float(rng.uniform(-600.0, 600.0) if wide else rng.normal(0.0, 80.0))


def dust(rng: np.random.Generator) -> float:
    """E(B-V), mag."""
    return float(rng.exponential(0.06 if rng.random() < 0.85 else 0.4))


def weather(rng: np.random.Generator, *, fair: float = 0.5) -> Conditions:
    """Conditions as usual for this part of the draws, for the others from fair to poor.

    The flux's scale is not taken out before the network, so it is varied beyond what files of
    either survey have.
    """
    wide = rng.random() < 0.15
    level = 10.0 ** (rng.uniform(-2.0, 5.0) if wide else rng.uniform(0.0, 3.5))
    if rng.random() < fair:
        return Conditions(flux_level=level, flux_error=0.025, dead_pixels=0.004)
    missing = rng.random()
    return Conditions(
        flux_level=level, flux_error=float(np.exp(rng.uniform(np.log(0.02), np.log(0.2)))),
        tilt=0.3, arm_step=0.05, resolution=0.1, sky_residual=2.0, telluric_residual=0.3,
        spikes=5e-4, dead_pixels=0.01,
        # between LAMOST's arms, where some files have nothing
        gap=((float(rng.normal(5590.0, 30.0)), float(rng.normal(6010.0, 30.0)))
             if missing < 0.02 else None),
        dead_arm=str(rng.choice(["blue", "red"])) if missing > 0.98 else None)


def rotating_apogee(template: Template, rng: RNG) -> Template:
    """Hot stars as in the optical; at APOGEE's resolution cool ones are seen to rotate, too."""
    if template.teff > FAST:
        return rotating(template, rng)
    return replace(template, flux=rotate(template.flux, rng.exponential(5.0), grid=template.grid))


def velocity_apogee(template: Template, rng: RNG) -> float:
    """km/s that are left after the pipeline took the velocity out: few, seldom many."""
    return float(rng.normal(0.0, 12.0 if rng.random() < 0.1 else 1.5))


def dust_apogee(rng: RNG) -> float:
    """E(B-V), mag: APOGEE looks through the disk."""
    return float(rng.exponential(0.3 if rng.random() < 0.8 else 2.0))


def weather_apogee(rng: RNG, *, fair: float = 0.5) -> Conditions:
    """Conditions as usual for this part of the draws, for the others from fair to poor.

    Flux is in 1e-17 erg/s/cm2/A; its scale is varied beyond what files have. Lines of real stars
    differ from the models' by about a third of their depth, so the models are varied by it.
    """
    wide = rng.random() < 0.15
    level = 10.0 ** (rng.uniform(-2.0, 6.5) if wide else rng.uniform(1.0, 5.0))
    unlike = float(rng.uniform(0.0, 0.4))
    if rng.random() < fair:
        return Conditions(flux_level=level, flux_error=0.04, tilt=0.1, resolution=0.08,
                          unlike=unlike, sky_residual=2.0)
    missing = rng.random()
    return Conditions(
        flux_level=level, flux_error=float(np.exp(rng.uniform(np.log(0.03), np.log(0.2)))),
        tilt=0.3, arm_step=0.04, resolution=0.12, unlike=unlike, sky_residual=6.0,
        telluric_residual=0.4, spikes=1e-3, dead_pixels=float(rng.uniform(0.02, 0.15)),
        dead_flux_zero=rng.random() < 0.15,
        dead_arm=str(rng.choice(["blue", "red"])) if missing > 0.98 else None)


#: By kind of network.
HABITS = {
    "boss": Habits(rotating, velocity, dust, weather,
                   usual=Conditions(flux_error=0.02, dead_pixels=0.004), snr=30.0),
    "apogee": Habits(rotating_apogee, velocity_apogee, dust_apogee, weather_apogee,
                     usual=Conditions(), snr=100.0),
}
