"""The one way to dress a spectrum: a star at rest as an instrument would deliver it.

Quickstart, tests, training and simulated surveys all come through `observe`, so that what a
network learns is what a simulated file holds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bossnet.simulation.broadening import resample
from bossnet.simulation.instruments import Instrument
from bossnet.simulation.reddening import transmission
from bossnet.simulation.templates import Template
from bossnet.spectra.spectrum import Spectrum

MOVING, FASTEST = 60.0, 400.0  #: km/s, scatter and largest of what a pipeline took out
AROUND = 150  #: pixels on either side that a line's depth is counted from
EDGE = 25  #: pixels beside a gap whose flux is not to be relied on
WRONG = 0.12  #: rms of a relative error of a flux that is not,
UNUSABLE = 1e13  #: and its error where files hold errors


@dataclass(frozen=True, slots=True)
class Conditions:
    """How well or badly an observation went. None takes what is usual for the instrument.

    Attributes:
        flux_level: median flux in the file's units; drawn from the instrument's range if None.
        flux_error: relative rms of the smooth error of the flux calibration.
        tilt: rms of a slope in log flux from one end to the other.
        arm_step: rms of the step in log flux between two arms.
        resolution: rms relative variation of the line-spread function's width.
        unlike: rms by which lines are deeper or shallower than the template's, relative.
        sky_level: sky over star in photons at 5000 A; drawn between 0.03 and 3 if None.
        sky_residual: rms of what is left of the sky's lines, in errors of a pixel.
        telluric_residual: rms of what is left of the atmosphere's absorption.
        spikes: fraction of pixels with what is left of cosmic rays, up to 30 errors.
        dead_pixels: fraction of pixels without inverse variance.
        dead_flux_zero: whether those have no flux either.
        frame_velocity: km/s that a pipeline took out of a file in the rest frame; drawn if None.
        gap: first and last angstrom of a range whose pixels are all zero, or None.
        dead_arm: ``blue``, ``red`` or None: the arm whose pixels are all zero.
    """

    flux_level: float | None = None
    flux_error: float | None = None
    tilt: float = 0.0
    arm_step: float = 0.0
    resolution: float = 0.05
    unlike: float = 0.0
    sky_level: float | None = None
    sky_residual: float = 1.0
    telluric_residual: float = 0.05
    spikes: float = 2e-4
    dead_pixels: float | None = None
    dead_flux_zero: bool = False
    frame_velocity: float | None = None
    gap: tuple[float, float] | None = None
    dead_arm: str | None = None


USUAL = Conditions()


def observe(template: Template, instrument: Instrument, rv: float, snr: float, ebv: float,
            rng: np.random.Generator, *, conditions: Conditions = USUAL) -> Spectrum:
    """A template as an instrument would deliver it.

    Args:
        template: the star at rest (and rotating, where it does).
        instrument: of `instruments`.
        rv: velocity, km/s, positive away from us.
        snr: median of flux / error per pixel over the instrument's range.
        ebv: E(B-V) of the foreground, mag.
        rng: the source of everything drawn; the same state gives the same spectrum.
        conditions: see `Conditions`.

    Returns:
        A spectrum on all the instrument's pixels; where the template does not reach, in a dead
        arm and in the gaps flux and inverse variance are zero, as in the surveys' files.
    """
    if instrument.rest_frame:
        drawn = float(np.clip(rng.normal(0.0, MOVING), -FASTEST, FASTEST))
        instrument = instrument.moved(drawn if conditions.frame_velocity is None
                                      else conditions.frame_velocity)
    wavelength = instrument.wavelength
    width = instrument.fwhm * max(0.7, 1.0 + conditions.resolution * rng.standard_normal())
    flux = resample(template.flux, template.fwhm, loglam=instrument.loglam, target_fwhm=width,
                    rv=rv, grid=template.grid).astype(np.float64)
    flux *= transmission(wavelength, ebv)
    flux *= _response(instrument, conditions, rng)
    flux *= np.exp(-instrument.telluric * conditions.telluric_residual
                   * rng.standard_normal())
    if conditions.unlike:
        flux *= np.exp(conditions.unlike * _patterns(flux.size, rng) * _depth(flux))
    known = np.isfinite(flux) & instrument.seen
    if conditions.dead_arm == "blue":
        known &= wavelength > instrument.arms[0][1]
    elif conditions.dead_arm == "red":
        known &= wavelength < instrument.arms[-1][0]
    if conditions.gap is not None:
        known &= (wavelength < conditions.gap[0]) | (wavelength > conditions.gap[1])
    flux = np.where(known, flux, 0.0)
    flux *= _level(instrument, conditions, rng) / _median(flux[known])

    error = _error(flux, known, instrument, conditions, snr, rng)
    flux += error * _noise(instrument, conditions, rng)
    dead = conditions.dead_pixels if conditions.dead_pixels is not None else instrument.dead_pixels
    usable = known & ~_dead(known, instrument, dead, rng)
    if instrument.dead_run > 1:  # a resampled pixel that is dead has spoilt its neighbours
        flux = np.where(usable, flux, flux * (1.0 + WRONG * _patterns(flux.size, rng)))
    kept = usable if conditions.dead_flux_zero else known
    if instrument.gaps:
        error = np.where(usable, error, np.where(known, UNUSABLE, np.nan))
        return Spectrum.from_error(np.where(kept, flux, np.nan), error, wavelength, snr=snr,
                                   survey=instrument.survey)
    return Spectrum.from_ivar(np.where(kept, flux, 0.0), np.where(usable, error**-2.0, 0.0),
                              wavelength, snr=snr, survey=instrument.survey)


def _level(instrument: Instrument, conditions: Conditions, rng: np.random.Generator) -> float:
    """The median flux, in the file's units."""
    low, high = np.log(instrument.flux_range)
    drawn = float(np.exp(rng.uniform(low, high)))
    return drawn if conditions.flux_level is None else conditions.flux_level


def _response(instrument: Instrument, conditions: Conditions,
              rng: np.random.Generator) -> NDArray[np.float64]:
    """What is wrong with the flux calibration, smooth in each arm, near 1; (N,)."""
    wavelength = instrument.wavelength
    phase = np.linspace(-1.0, 1.0, wavelength.size)
    nodes = np.linspace(-1.0, 1.0, 129)
    error = conditions.flux_error if conditions.flux_error is not None else instrument.flux_error
    waves = np.arange(1, 7)
    amplitude = rng.standard_normal(6) / waves**0.5
    angles = np.outer(waves, nodes * (np.pi / 2)) + rng.uniform(0, 2 * np.pi, 6)[:, None]
    coarse = amplitude @ np.cos(angles)
    coarse *= error * rng.chisquare(3) / 3 / max(float(np.std(coarse)), 1e-9)
    shape = np.interp(phase, nodes, coarse)
    shape += conditions.tilt * rng.standard_normal() * phase / 2
    for end, begin in instrument.arms:
        shape += (conditions.arm_step * rng.standard_normal()
                  * (wavelength > (end + begin) / 2))
    return np.exp(shape)


def _error(flux: NDArray[np.float64], known: NDArray[np.bool_], instrument: Instrument,
           conditions: Conditions, snr: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Standard deviation a pixel: photons of star and sky over the throughput; (N,)."""
    drawn = float(np.exp(rng.uniform(np.log(0.03), np.log(3.0))))
    level = drawn if conditions.sky_level is None else conditions.sky_level
    star = np.maximum(flux / _median(flux[known]), 0.0) * instrument.sensitivity
    photons = star + level * instrument.sky_photons + 0.01 * np.median(instrument.sensitivity)
    error = np.sqrt(photons) / instrument.sensitivity
    inside = (known & (instrument.wavelength > instrument.snr_range[0])
              & (instrument.wavelength < instrument.snr_range[1]))
    reference = inside if inside.any() else known
    return error * _median(flux[reference] / error[reference]) / snr


def _dead(known: NDArray[np.bool_], instrument: Instrument, part: float,
          rng: np.random.Generator) -> NDArray[np.bool_]:
    """Pixels without inverse variance: about this part, and what is beside a gap; (N,)."""
    run = instrument.dead_run
    if run == 1:
        return rng.random(known.size, np.float32) < part
    hit = rng.random(known.size, np.float32) < part / run
    dead = np.convolve(hit, np.ones(run), mode="same") > 0
    beside = np.convolve(~known, np.ones(2 * EDGE + 1), mode="same") > 0
    return dead | (beside & known)


def _depth(flux: NDArray[np.float64]) -> NDArray[np.float64]:
    """log of the flux over its surroundings, 0 where not known; (N,)."""
    log = np.log(np.maximum(np.nan_to_num(flux), 1e-3 * np.nanmedian(flux)))
    total = np.cumsum(np.pad(log, (AROUND + 1, AROUND), mode="edge"))
    mean = (total[2 * AROUND + 1:] - total[:-2 * AROUND - 1]) / (2 * AROUND + 1)
    return np.where(np.isfinite(flux), log - mean, 0.0)


def _patterns(pixels: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Normal deviates smoothed over three pixels, of variance 1; (N,)."""
    deviates = rng.standard_normal(pixels + 2)
    smooth: NDArray[np.float64] = np.convolve(deviates, np.full(3, 3**-0.5), mode="valid")
    return smooth


def _median(values: NDArray[np.float64]) -> float:
    """A positive median to divide by; 1 where there is none."""
    median = float(np.median(values)) if values.size else 0.0
    return median if median > 0 else 1.0


def _noise(instrument: Instrument, conditions: Conditions,
           rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise in units of the error: photons, what is left of sky lines and cosmic rays; (N,)."""
    pixels = instrument.wavelength.size
    noise = rng.standard_normal(pixels, dtype=np.float32)
    lines = np.clip(instrument.sky_photons / np.median(instrument.sky_photons) / 8.0 - 0.5, 0, 1)
    excess = conditions.sky_residual * abs(rng.standard_normal())
    noise += (excess * lines).astype(np.float32) * rng.standard_normal(pixels, dtype=np.float32)
    hit = rng.integers(0, pixels, rng.poisson(conditions.spikes * pixels))
    noise[hit] += rng.uniform(5.0, 30.0, hit.size).astype(np.float32)
    return noise
