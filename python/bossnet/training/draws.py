"""Dressed spectra without end: draw number i is the same whenever and wherever it is made.

That makes an interrupted training resume exactly, and lets reader processes share the work.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bossnet.network.boss import BOSS as NETWORK
from bossnet.simulation.broadening import rotate
from bossnet.simulation.instruments import BOSS, LAMOST, Instrument
from bossnet.simulation.observe import Conditions, observe
from bossnet.simulation.templates import Template
from bossnet.spectra.spectrum import Spectrum
from bossnet.training.continuation import RED
from bossnet.training.doppler import DopplerModels
from bossnet.training.store import Store, StoredStar

GRID = NETWORK.grid.astype(np.float64)
STARS = 0.55  #: of the draws are real stars, the rest models
BLENDED = 0.3  #: of the stars are blended with one that is alike
FAST = 6500.0  #: K, above which stars rotate visibly


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One labelled spectrum.

    Attributes:
        spectrum: as the instrument delivers it.
        labels: (4,) float32: log g, log Teff, [Fe/H], RV in km/s; NaN where not known.
        star: its template's name.
    """

    spectrum: Spectrum
    labels: NDArray[np.float32]
    star: str

    @property
    def flux(self) -> NDArray[np.float32]:
        """(3900,) on the network's grid (contract, section 3, step 2)."""
        return np.interp(GRID, self.spectrum.wavelength.astype(np.float64),
                         self.spectrum.flux.astype(np.float64)).astype(np.float32)


class Draws:
    """The training spectra: `draws[i]` is (flux (3900,), normalised labels (4,))."""

    def __init__(self, store: Store, *, seed: int, mean: Sequence[float],
                 std: Sequence[float]) -> None:
        """Draws of the store's training stars and of models near their labels."""
        self.stars = store.of("train")
        self.models = store.models
        self.seed = seed
        self.mean, self.std = np.asarray(mean, np.float32), np.asarray(std, np.float32)
        self._alike = _alike(self.stars)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        drawn = self.draw(index)
        return drawn.flux, (drawn.labels - self.mean) / self.std

    def draw(self, index: int) -> Drawn:
        """Draw number ``index`` in full."""
        rng = np.random.default_rng([self.seed, index])
        models = self.models
        if models is None or rng.random() < STARS:
            template = self._star(rng)
        else:
            template = self.model(models, rng)
        if template.teff > FAST and rng.random() < (0.6 if template.library == "thedoppler"
                                                    else 0.15):
            vsini = rng.uniform(0.0, 250.0 if template.teff > 7500 else 100.0)
            template = Template(template.star, template.library, template.teff, template.logg,
                                template.fe_h, rotate(template.flux, vsini), template.fwhm)
        instrument = BOSS if rng.random() < 0.6 else LAMOST
        rv, snr, ebv = velocity(rng), float(np.exp(rng.uniform(np.log(6), np.log(200)))), dust(rng)
        return dress(template, instrument, rv, snr, ebv, rng, conditions=weather(rng))

    def _star(self, rng: np.random.Generator) -> Template:
        """A training star with one of its red ends, now and then blended with another's."""
        index = int(rng.integers(len(self.stars)))
        template = with_red_end(self.stars[index], rng)
        alike = self._alike[index]
        if not alike.size or rng.random() > BLENDED:
            return template
        other = with_red_end(self.stars[int(rng.choice(alike))], rng)
        return blend(template, other, float(rng.random()))

    def model(self, models: DopplerModels, rng: np.random.Generator) -> Template:
        """A model near the labels of a training star, or anywhere in the models' interior."""
        while True:
            if rng.random() < 0.6:
                star = self.stars[int(rng.integers(len(self.stars)))].template
                teff = star.teff * 10.0 ** rng.normal(0.0, 0.03)
                logg = star.logg + rng.normal(0.0, 0.4)
                fe_h = np.nan_to_num(star.fe_h) + rng.normal(0.0, 0.4)
            else:
                teff = 10.0 ** rng.uniform(np.log10(4250.0), np.log10(25000.0))
                logg, fe_h = rng.uniform(0.0, 5.0), rng.uniform(-2.5, 0.5)
            if models.covers(teff, logg, fe_h):
                return models.template(float(teff), float(logg), float(fe_h))


def dress(template: Template, instrument: Instrument, rv: float, snr: float, ebv: float,
          rng: np.random.Generator, *, conditions: Conditions) -> Drawn:
    """A template observed, with its labels."""
    spectrum = observe(template, instrument, rv, snr, ebv, rng, conditions=conditions)
    labels = np.array([template.logg, np.log10(template.teff), template.fe_h, rv], np.float32)
    return Drawn(spectrum, labels, template.star)


def velocity(rng: np.random.Generator) -> float:
    """km/s: even out to what halo stars have, more near rest, few out to 600."""
    kind = rng.random()
    if kind < 0.7:
        return float(rng.uniform(-350.0, 350.0))
    return float(rng.normal(0.0, 80.0) if kind < 0.95 else rng.uniform(-600.0, 600.0))


def dust(rng: np.random.Generator) -> float:
    """E(B-V), mag."""
    return float(rng.exponential(0.06 if rng.random() < 0.85 else 0.4))


def weather(rng: np.random.Generator) -> Conditions:
    """Conditions of half of the draws as usual, of the others from fair to poor.

    The flux's scale is not taken out before the network, so it is varied beyond what files of
    either survey have.
    """
    wide = rng.random() < 0.25
    level = 10.0 ** (rng.uniform(-2.0, 5.0) if wide else rng.uniform(0.0, 3.5))
    if rng.random() < 0.5:
        return Conditions(flux_level=level, flux_error=0.025, dead_pixels=0.004,
                          dead_flux_zero=bool(rng.random() < 0.3))
    missing = rng.random()
    return Conditions(
        flux_level=level, flux_error=float(np.exp(rng.uniform(np.log(0.02), np.log(0.2)))),
        tilt=0.3, arm_step=0.05, resolution=0.1, sky_residual=2.0, telluric_residual=0.3,
        spikes=5e-4, dead_pixels=0.01, dead_flux_zero=bool(rng.random() < 0.2),
        gap=_gap(rng) if missing < 0.2 else None,
        dead_arm=str(rng.choice(["blue", "red"])) if missing > 0.94 else None)


def _gap(rng: np.random.Generator) -> tuple[float, float]:
    """A missing stretch: between LAMOST's arms, where files have one, or anywhere."""
    if rng.random() < 0.4:
        return float(rng.normal(5590.0, 30.0)), float(rng.normal(6010.0, 30.0))
    first = float(rng.uniform(3700.0, 8900.0))
    return first, first + float(np.exp(rng.uniform(np.log(20.0), np.log(500.0))))


def with_red_end(star: StoredStar, rng: np.random.Generator) -> Template:
    """The star continued: mostly the best way, now and then otherwise, seldom not at all."""
    if not star.red_ends:
        return star.template
    kind = rng.random()
    if kind < 0.06:
        return star.continued(None)
    end = star.red_ends[0] if kind < 0.7 else star.red_ends[-1]
    if kind > 0.85:  # a foreign level and slope
        slope = rng.normal(0.0, 0.1) * np.linspace(0.0, 1.0, int(RED.sum()))
        end = (end * np.exp(rng.normal(0.0, 0.05) + slope)).astype(np.float32)
    return star.continued(end)


def blend(one: Template, two: Template, share: float) -> Template:
    """A star between two that are alike, its labels between theirs."""
    def between(a: float, b: float) -> float:
        return share * a + (1 - share) * b

    flux = (share * one.flux / np.nanmedian(one.flux)
            + (1 - share) * two.flux / np.nanmedian(two.flux)).astype(np.float32)
    teff = 10.0 ** between(np.log10(one.teff), np.log10(two.teff))
    return Template(f"{one.star} + {two.star}", one.library, teff, between(one.logg, two.logg),
                    between(one.fe_h, two.fe_h), flux, np.maximum(one.fwhm, two.fwhm))


def _alike(stars: Sequence[StoredStar]) -> list[NDArray[np.intp]]:
    """For each star the others of its library whose labels are close enough to blend."""
    teff, logg, fe_h = (np.array([getattr(s.template, name) for s in stars])
                        for name in ("teff", "logg", "fe_h"))
    library = np.array([s.template.library for s in stars])
    ends = np.array([bool(s.red_ends) for s in stars])
    found = []
    for i in range(len(stars)):
        near = ((np.abs(np.log10(teff / teff[i])) < 0.02) & (np.abs(logg - logg[i]) < 0.4)
                & (np.abs(fe_h - fe_h[i]) < 0.3) & (library == library[i]) & (ends == ends[i]))
        near[i] = False
        found.append(np.flatnonzero(near))
    return found
