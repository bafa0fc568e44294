"""Whether the reported uncertainties describe the noise (not the labels, nor the network).

One star is observed many times, the noise alone being new. Of every realisation the network
gives parameters and, from its draws, uncertainties; pull = (prediction - its mean over the
realisations) / uncertainty. Where the draws are a good stand-in for new observations its width
is 1.

A realisation is what `observe` gives, as a survey's file would hold it: photon noise by the whole
error, what is left of sky lines and cosmic rays, and pixels without inverse variance, whose flux
is as noisy as their neighbours'. Calibration, resolution, telluric absorption, sky and brightness
stay what they are. The draws know of the errors alone, as the contract (section 2) has them, and
that moves the width away from 1:

- a pixel without inverse variance is given 5 median errors, of which its flux shows one: narrower,
  to about 0.95 with BOSS (0.4 % of such pixels) and 0.55 to 0.85 with LAMOST (5 %);
- what is left of the sky and of cosmic rays is in no error: wider, by a few per cent.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bossnet.evaluation.dressed import Dressing, labels
from bossnet.evaluation.groups import Group
from bossnet.evaluation.light import log_uniform
from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.sample import run
from bossnet.evaluation.statistics import FAR, LEAST, robust_sigma
from bossnet.observation import Observation
from bossnet.simulation.observe import USUAL, Conditions
from bossnet.simulation.templates import Template
from bossnet.spectra.spectrum import Spectrum
from bossnet.task import Task

SKY_LEVEL = 0.3  #: over the star in photons at 5000 A, the middle of what `observe` draws


@dataclass(frozen=True, slots=True, eq=False)
class Realisations:
    """What one network made of R noise realisations of each of M spectra.

    Attributes:
        names: (M,) text, the stars.
        subsets: (M,) text.
        surveys: (M,) text.
        labels: (M, 4), in the order of `QUANTITIES`.
        snr: (M,).
        predicted: (M, R, 4).
        error: (M, R, 4), the reported uncertainties.
    """

    names: NDArray[np.str_]
    subsets: NDArray[np.str_]
    surveys: NDArray[np.str_]
    labels: NDArray[np.float64]
    snr: NDArray[np.float64]
    predicted: NDArray[np.float64]
    error: NDArray[np.float64]

    @property
    def pulls(self) -> NDArray[np.float64]:
        """(M, R, 4); NaN where a prediction or an uncertainty is missing."""
        return pulls(self.predicted, self.error)


@dataclass(frozen=True, slots=True)
class Width:
    """The pulls of one parameter in one group.

    Attributes:
        number: of pulls.
        width: half their 16th-to-84th percentile width.
        beyond_3: the fraction further than 3 from zero.
    """

    number: int
    width: float | None = None
    beyond_3: float | None = None


def realise(template: Callable[[int], Template], todo: Sequence[Dressing], number: int,
            tasks: Sequence[Task], *,
            progress: Callable[[int, int], None] = lambda done, failed: None
            ) -> list[Realisations]:
    """The realisations, one entry a task.

    Args:
        template: the template at a place.
        todo: M observations.
        number: R, noise realisations of each.
        tasks: each with the predictor of one network.
        progress: told how many more are done, and how many of them have no parameters.
    """
    known = [template(d.place) for d in todo]
    spectra = (s for t, d in zip(known, todo, strict=True) for s in realisations(t, d, number))
    # A noise key each: else every realisation had the same draws.
    observations = (Observation(s, noise_key=key) for key, s in enumerate(spectra))
    outcomes = run(tasks, observations, progress=progress)
    shape = (len(todo), number, len(COLUMNS))
    return [Realisations(
        np.array([t.star for t in known]), np.array([t.library for t in known]),
        np.array([d.instrument.survey for d in todo]),
        np.array([labels(t, d.rv) for t, d in zip(known, todo, strict=True)]),
        np.array([d.snr for d in todo]), o.predicted.reshape(shape), o.error.reshape(shape))
        for o in outcomes]


def still(dressing: Dressing) -> Conditions:
    """Conditions of a star's observations that differ in their noise alone."""
    rng = np.random.default_rng((*dressing.seed, 0))
    return replace(USUAL, flux_level=log_uniform(rng, *dressing.instrument.flux_range),
                   sky_level=SKY_LEVEL, flux_error=0.0, resolution=0.0, telluric_residual=0.0,
                   frame_velocity=0.0)


def realisations(template: Template, dressing: Dressing, number: int) -> Iterator[Spectrum]:
    """So many observations of one star, the noise alone being new."""
    conditions = still(dressing)
    for k in range(number):
        again = replace(dressing, seed=(*dressing.seed, k + 1))
        yield again.spectrum(template, conditions=conditions)


def pulls(predicted: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M, R, T) predictions and uncertainties of R realisations -> (M, R, T) pulls."""
    known = np.isfinite(predicted)
    count = known.sum(axis=1, keepdims=True)
    mean = np.where(known, predicted, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error > 0, (predicted - mean) / error, np.nan)


def width(values: NDArray[np.float64]) -> Width:
    """Of pulls, of any shape; NaN does not count."""
    values = values[np.isfinite(values)]
    if values.size < LEAST:
        return Width(int(values.size))
    return Width(int(values.size), robust_sigma(values), float(np.mean(np.abs(values) > FAR)))


@dataclass(frozen=True, slots=True)
class PullRow:
    """One group of M spectra in a table of pulls.

    Attributes:
        kind: of its division.
        name: its own.
        spectra: how many it has.
        of: widths by column.
    """

    kind: str
    name: str
    spectra: int
    of: dict[str, Width]


def pull_table(groups: Sequence[Group], values: NDArray[np.float64]) -> list[PullRow]:
    """A row for each group of M spectra with pulls (M, R, 4)."""
    return [PullRow(g.kind, g.name, int(g.rows.sum()),
                    {column: width(values[g.rows, :, i]) for i, column in enumerate(COLUMNS)})
            for g in groups]
