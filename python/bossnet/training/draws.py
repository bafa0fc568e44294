"""Dressed spectra without end: draw number i is the same whenever and wherever it is made.

That makes an interrupted training resume exactly, and lets reader processes share the work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.network.preparation import to_grid
from bossnet.simulation.broadening import rotate
from bossnet.simulation.instruments import INSTRUMENTS, Instrument
from bossnet.simulation.observe import Conditions, observe
from bossnet.simulation.templates import Template
from bossnet.simulation.wavelengths import TEMPLATE_RANGE
from bossnet.spectra.spectrum import Spectrum
from bossnet.training.augmentation import Augmentation, augment
from bossnet.training.dataset import Dataset
from bossnet.training.sources.continuation import RED
from bossnet.training.weights import Weighting, density_weights, sample_weights

FAST = 6500.0  #: K, above which stars rotate visibly
WHITE_DWARF = 6.0  #: log g, above which rotation is not seen and velocities are wider


@dataclass(frozen=True)
class Drawing:
    """What is drawn, and how often.

    Attributes:
        libraries: name -> share of the draws; a library that is not named is not drawn.
        instruments: name -> share of the draws.
        snr: lowest and highest, log-uniform between.
        blended: part of the real stars that are blended with one that is alike.
        uncontinued: part of the continued stars that are left without their red end.
        fair: part of the draws under usual conditions; the others are worse.
        augmentation: see there.
        weighting: see there.

    Raises:
        ConfigurationError: a share is negative or none is positive, an instrument is not known,
            a part is not between 0 and 1, or the S/N not a range.
    """

    libraries: Mapping[str, float]
    instruments: Mapping[str, float] = field(default_factory=lambda: {"BOSS": 0.55, "LAMOST": 0.45})
    snr: tuple[float, float] = (3.0, 200.0)
    blended: float = 0.3
    uncontinued: float = 0.06
    fair: float = 0.5
    augmentation: Augmentation = field(default_factory=Augmentation)
    weighting: Weighting = field(default_factory=Weighting)

    def __post_init__(self) -> None:
        for what, shares in (("libraries", self.libraries), ("instruments", self.instruments)):
            if not shares or min(shares.values()) < 0 or sum(shares.values()) <= 0:
                raise ConfigurationError(f"{what}: give shares, none negative, not all 0")
        unknown = [name for name in self.instruments if name not in INSTRUMENTS]
        if unknown:
            raise ConfigurationError(f"instruments: no {', '.join(unknown)}; there are "
                                     f"{', '.join(INSTRUMENTS)}")
        if not 0 < self.snr[0] <= self.snr[1]:
            raise ConfigurationError("snr is a lowest and a highest, above 0")
        if not all(0 <= part <= 1 for part in (self.blended, self.uncontinued, self.fair)):
            raise ConfigurationError("blended, uncontinued and fair are between 0 and 1")


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One labelled spectrum.

    Attributes:
        spectrum: as the instrument delivers it.
        log_teff, logg, fe_h, rv: its labels; K, dex, dex, km/s; NaN where not known.
        star: its template's name.
    """

    spectrum: Spectrum
    log_teff: float
    logg: float
    fe_h: float
    rv: float
    star: str

    def labels(self, network: Network) -> NDArray[np.float32]:
        """(P,) in the order of the network's parameters."""
        known = {"log_teff": self.log_teff, "logg": self.logg, "fe_h": self.fe_h,
                 "v_rel": self.rv}
        return np.array([known[p.column] for p in network.parameters], np.float32)


class Draws:
    """The training spectra: `draws[i]` is (flux on the grid, normalised labels, weights).

    Args:
        dataset: templates.
        drawing: what is drawn.
        network: whose grid and parameters they have.
        seed: with the number of a draw, all that it depends on.
        split: of the dataset that is drawn from.

    Raises:
        ConfigurationError: a library has no templates in it, or templates do not reach over the
            network's grid.
    """

    def __init__(self, dataset: Dataset, drawing: Drawing, network: Network, *,
                 seed: int, split: str = "train") -> None:
        self.dataset, self.drawing, self.network, self.seed = dataset, drawing, network, seed
        if network.grid[0] < TEMPLATE_RANGE[0] or network.grid[-1] > TEMPLATE_RANGE[1]:
            raise ConfigurationError(
                f"{network.title} sees {network.grid[0]:.0f} to {network.grid[-1]:.0f} angstrom, "
                "but templates are known from {:.0f} to {:.0f}".format(*TEMPLATE_RANGE))
        self._mean = np.array([p.mean for p in network.parameters], np.float32)
        self._std = np.array([p.std for p in network.parameters], np.float32)
        self._stars = {name: _by_star(dataset, dataset.rows(split, name))
                       for name in drawing.libraries}
        empty = [name for name, stars in self._stars.items() if not stars]
        if empty:
            there = dict.fromkeys(dataset.library[dataset.split == split].tolist())
            raise ConfigurationError(
                f"{dataset.folder} has no {split} templates of {', '.join(empty)}, but of "
                f"{', '.join(there) or 'nothing'}")
        often = np.zeros(len(dataset))
        for name, share in _shares(drawing.libraries).items():
            for rows in self._stars[name]:
                often[rows] = share / len(self._stars[name]) / rows.size
        self._weights = density_weights(np.log10(dataset.teff), dataset.logg, often,
                                        drawing.weighting)
        self._alike = _alike(dataset, np.flatnonzero(often))

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]:
        drawn, weights = self.draw(index)
        labels = drawn.labels(self.network)
        return on_grid(drawn.spectrum, self.network), (labels - self._mean) / self._std, weights

    def draw(self, index: int) -> tuple[Drawn, NDArray[np.float32]]:
        """Draw number ``index`` in full, and the weights of its labels, (P,)."""
        rng = np.random.default_rng([self.seed, index])
        drawing = self.drawing
        stars = self._stars[_choice(drawing.libraries, rng)]
        row = int(rng.choice(stars[int(rng.integers(len(stars)))]))
        template = rotating(self._template(row, rng), rng)
        instrument = INSTRUMENTS[_choice(drawing.instruments, rng)]
        snr = float(np.exp(rng.uniform(*np.log(drawing.snr))))
        drawn = dress(template, instrument, velocity(template, rng), snr, dust(rng), rng,
                      conditions=weather(rng, fair=drawing.fair))
        s = drawn.spectrum
        flux = augment(s.flux, s.error, drawing.augmentation, rng)
        drawn = Drawn(Spectrum(flux, s.error, s.wavelength, s.usable, s.has_uncertainty, snr=s.snr,
                               survey=s.survey), drawn.log_teff, drawn.logg, drawn.fe_h,
                      drawn.rv, drawn.star)
        return drawn, sample_weights(
            float(self._weights[row]), drawn.labels(self.network),
            [p.column for p in self.network.parameters], drawing.weighting, snr=snr)

    def _template(self, row: int, rng: np.random.Generator) -> Template:
        """A row as it is or with its red end changed, now and then blended with another."""
        template = self._with_red_end(row, rng)
        alike = self._alike.get(row)
        if alike is None or rng.random() > self.drawing.blended:
            return template
        return blend(template, self._with_red_end(int(rng.choice(alike)), rng),
                     float(rng.random()))

    def _with_red_end(self, row: int, rng: np.random.Generator) -> Template:
        """Continued stars: now and then of a foreign level and slope, seldom not at all."""
        template = self.dataset.template(row)
        if np.isnan(self.dataset.continued_from[row]):
            return template
        kind = rng.random()
        if kind < self.drawing.uncontinued:
            template.flux[RED] = np.nan
        elif kind > 0.85:
            slope = rng.normal(0.0, 0.1) * np.linspace(0.0, 1.0, int(RED.sum()))
            template.flux[RED] *= np.exp(rng.normal(0.0, 0.05) + slope).astype(np.float32)
        return template


def on_grid(spectrum: Spectrum, network: Network) -> NDArray[np.float32]:
    """(G,) the flux on the network's grid (contract, section 3, steps 1 and 2)."""
    lower, upper, fraction = to_grid(spectrum.flux, spectrum.wavelength, network.grid)
    low = spectrum.flux[lower].astype(np.float64)
    return (low + (spectrum.flux[upper] - low) * fraction).astype(np.float32)


def dress(template: Template, instrument: Instrument, rv: float, snr: float, ebv: float,
          rng: np.random.Generator, *, conditions: Conditions) -> Drawn:
    """A template observed, with its labels."""
    spectrum = observe(template, instrument, rv, snr, ebv, rng, conditions=conditions)
    return Drawn(spectrum, float(np.log10(template.teff)), template.logg, template.fe_h, rv,
                 template.star)


def rotating(template: Template, rng: np.random.Generator) -> Template:
    """Hot stars spun up: models mostly, real stars, which rotate already, now and then."""
    if not template.teff > FAST or template.logg > WHITE_DWARF:
        return template
    if rng.random() > (0.15 if template.library in ("miles", "stelib", "pyhammer") else 0.6):
        return template
    vsini = rng.uniform(0.0, 250.0 if template.teff > 7500 else 100.0)
    return Template(template.star, template.library, template.teff, template.logg,
                    template.fe_h, rotate(template.flux, vsini), template.fwhm)


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


def blend(one: Template, two: Template, share: float) -> Template:
    """A star between two that are alike, its labels between theirs."""
    def between(a: float, b: float) -> float:
        return share * a + (1 - share) * b

    flux = (share * one.flux + (1 - share) * two.flux).astype(np.float32)
    teff = 10.0 ** between(np.log10(one.teff), np.log10(two.teff))
    return Template(f"{one.star} + {two.star}", one.library, teff, between(one.logg, two.logg),
                    between(one.fe_h, two.fe_h), flux, np.maximum(one.fwhm, two.fwhm))


def _by_star(dataset: Dataset, rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The rows of each star, so that a star with several entries is not drawn more often."""
    _, number = np.unique(dataset.star[rows], return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(number[order])) + 1) if rows.size else []


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: value / total for name, value in weights.items()}


def _choice(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    shares = _shares(weights)
    return str(rng.choice(list(shares), p=list(shares.values())))


def _alike(dataset: Dataset, rows: NDArray[np.intp]) -> dict[int, NDArray[np.intp]]:
    """For rows of real stars the others of their library that are close enough to blend."""
    found = {}
    for library in BLENDED:
        some = rows[(dataset.library[rows] == library) & np.isfinite(dataset.teff[rows])]
        labels = np.array([np.log10(dataset.teff[some]) / 0.02, dataset.logg[some] / 0.4,
                           dataset.fe_h[some] / 0.3])
        end = np.nan_to_num(dataset.continued_from[some])
        for i, row in enumerate(some):
            near = (np.abs(labels - labels[:, i:i + 1]) < 1).all(axis=0) & (end == end[i]) \
                & (dataset.star[some] != dataset.star[row])
            if near.any():
                found[int(row)] = some[near]
    return found


#: Libraries of real stars, between which stars are blended.
BLENDED: Sequence[str] = ("miles", "stelib")
