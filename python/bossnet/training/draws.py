"""Dressed spectra without end: draw number i is the same whenever and wherever it is made.

That makes an interrupted training resume exactly, and lets reader processes share the work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.network.preparation import to_grid
from bossnet.simulation.instruments import INSTRUMENTS, Instrument, of_kind
from bossnet.simulation.observe import Conditions, observe
from bossnet.simulation.templates import LIBRARY_RESOLUTION, Template
from bossnet.spectra.spectrum import Spectrum
from bossnet.training.augmentation import Augmentation, augment
from bossnet.training.dataset import Dataset
from bossnet.training.habits import HABITS
from bossnet.training.sources.continuation import RED
from bossnet.training.weights import Weighting, density_weights, sample_weights


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
        ConfigurationError: a library has no templates in it, or the dataset or an instrument is
            of another kind of network.
    """

    def __init__(self, dataset: Dataset, drawing: Drawing, network: Network, *,
                 seed: int, split: str = "train") -> None:
        self.dataset, self.drawing, self.network, self.seed = dataset, drawing, network, seed
        suits(dataset, network)
        foreign = [name for name in drawing.instruments
                   if INSTRUMENTS[name].grid is not dataset.grid]
        if foreign:
            raise ConfigurationError(
                f"drawing: instruments: {', '.join(foreign)} do not see what {network.title} "
                f"does; there are {', '.join(of_kind(network.kind))}")
        self._habits = HABITS[network.kind]
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
        drawing, habits = self.drawing, self._habits
        stars = self._stars[_choice(drawing.libraries, rng)]
        row = int(rng.choice(stars[int(rng.integers(len(stars)))]))
        template = habits.rotating(self._template(row, rng), rng)
        instrument = INSTRUMENTS[_choice(drawing.instruments, rng)]
        snr = float(np.exp(rng.uniform(*np.log(drawing.snr))))
        rv, ebv = habits.velocity(template, rng), habits.dust(rng)
        conditions = habits.weather(rng, fair=drawing.fair)
        if template.library in LIBRARY_RESOLUTION:  # a real star's lines are as they are
            conditions = replace(conditions, unlike=0.0)
        drawn = dress(template, instrument, rv, snr, ebv, rng, conditions=conditions)
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


def suits(dataset: Dataset, network: Network) -> None:
    """Raises ConfigurationError if a dataset is not for this kind of network."""
    if dataset.grid.kind != network.kind:
        raise ConfigurationError(
            f"{dataset.folder} is a dataset of kind {dataset.grid.kind}: its templates reach from "
            f"{dataset.grid.first:g} to {dataset.grid.last:g} angstrom. {network.title} needs one "
            f"of kind {network.kind}: `bossnet dataset build --kind {network.kind}`")


def on_grid(spectrum: Spectrum, network: Network) -> NDArray[np.float32]:
    """(G,) the flux on the network's grid (contract, section 3, steps 1 and 2)."""
    if not network.interpolates:
        return np.where(np.isfinite(spectrum.flux), spectrum.flux, np.float32(0))
    lower, upper, fraction = to_grid(spectrum.flux, spectrum.wavelength, network.grid)
    low = spectrum.flux[lower].astype(np.float64)
    return (low + (spectrum.flux[upper] - low) * fraction).astype(np.float32)


def dress(template: Template, instrument: Instrument, rv: float, snr: float, ebv: float,
          rng: np.random.Generator, *, conditions: Conditions) -> Drawn:
    """A template observed, with its labels."""
    spectrum = observe(template, instrument, rv, snr, ebv, rng, conditions=conditions)
    return Drawn(spectrum, float(np.log10(template.teff)), template.logg, template.fe_h, rv,
                 template.star)


def blend(one: Template, two: Template, share: float) -> Template:
    """A star between two that are alike, its labels between theirs."""
    def between(a: float, b: float) -> float:
        return share * a + (1 - share) * b

    flux = (share * one.flux + (1 - share) * two.flux).astype(np.float32)
    teff = 10.0 ** between(np.log10(one.teff), np.log10(two.teff))
    return replace(one, star=f"{one.star} + {two.star}", teff=teff,
                   logg=between(one.logg, two.logg), fe_h=between(one.fe_h, two.fe_h), flux=flux,
                   fwhm=np.maximum(one.fwhm, two.fwhm))


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
