"""Whether the reported uncertainties describe the noise (not the labels, nor the network).

One star is observed many times, the noise alone being new. Of every realisation the network
gives parameters and, from its draws, uncertainties; pull = (prediction - its mean over the
realisations) / uncertainty. Where the draws are a good stand-in for new observations its width
is 1.

The noise-free spectrum is the same observation (the same seed) at an S/N of a million: what
`observe` draws does not depend on the S/N, which only sets the size of the noise. A realisation
adds error x normal to every pixel; so sky residuals and cosmic rays, of which the errors know
nothing, are left out. A pixel without inverse variance has noise as its neighbours have, and the
reported error that the cap gives it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bossnet.evaluation.dressed import Dressing, labels
from bossnet.evaluation.groups import Group
from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.sample import run
from bossnet.evaluation.statistics import FAR, LEAST, robust_sigma
from bossnet.observation import Observation
from bossnet.simulation.observe import USUAL
from bossnet.simulation.templates import Template
from bossnet.spectra.spectrum import Spectrum
from bossnet.task import Task

NOISE_FREE = 1e6  #: S/N


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
            tasks: Sequence[Task], *, seed: int = 0,
            progress: Callable[[int, int], None] = lambda done, failed: None
            ) -> list[Realisations]:
    """The realisations, one entry a task.

    Args:
        template: the template at a place.
        todo: M observations.
        number: R, noise realisations of each.
        tasks: each with the predictor of one network.
        seed: of the noise.
        progress: told how many more are done, and how many of them have no parameters.
    """
    known = [template(d.place) for d in todo]
    outcomes = run(tasks, _observations(known, todo, number, seed), progress=progress)
    shape = (len(todo), number, len(COLUMNS))
    return [Realisations(
        np.array([t.star for t in known]), np.array([t.library for t in known]),
        np.array([d.instrument.survey for d in todo]),
        np.array([labels(t, d.rv) for t, d in zip(known, todo, strict=True)]),
        np.array([d.snr for d in todo]), o.predicted.reshape(shape), o.error.reshape(shape))
        for o in outcomes]


def noise_free(template: Template, dressing: Dressing) -> tuple[Spectrum, NDArray[np.float32]]:
    """A spectrum without noise, with the errors it would have, and the noise's size (N,)."""
    reported = dressing.spectrum(template)
    clean = dressing.spectrum(template, snr=NOISE_FREE)
    alive = dressing.spectrum(template, conditions=replace(USUAL, dead_pixels=0.0))
    return (replace(reported, flux=clean.flux),
            np.where(alive.usable, alive.error, np.float32(0)))


def _observations(templates: Sequence[Template], todo: Sequence[Dressing], number: int, seed: int
                  ) -> Iterator[Observation]:
    for i, (template, dressing) in enumerate(zip(templates, todo, strict=True)):
        clean, size = noise_free(template, dressing)
        rng = np.random.default_rng([seed, i, number])
        for k in range(number):
            noise = size * rng.standard_normal(size.size, np.float32)
            # A noise key of its own: else every realisation had the same draws.
            yield Observation(replace(clean, flux=clean.flux + noise), noise_key=i * number + k)


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
