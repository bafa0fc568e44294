"""Labelled spectra, whatever they come from, and what networks make of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bossnet.evaluation.quantities import COLUMNS
from bossnet.observation import Observation
from bossnet.task import Result, Task

AT_ONCE = 32  #: spectra in memory, and handed to each network together


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """N labelled spectra.

    Attributes:
        names: (N,) text, of the files or stars.
        subsets: (N,) text, empty where there is none.
        labels: (N, 4) float64, in the order of `QUANTITIES`; NaN where not known.
        snr: (N,) float64, median S/N per pixel; NaN where only the spectrum tells it.
        observations: makes the N spectra one after the other, in this order.
        origin: where they come from, for the record: one entry a source.
    """

    names: NDArray[np.str_]
    subsets: NDArray[np.str_]
    labels: NDArray[np.float64]
    snr: NDArray[np.float64]
    observations: Callable[[], Iterator[Observation]]
    origin: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.names)


def joined(samples: Sequence[Sample]) -> Sample:
    """Several samples as one."""
    def every(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(s, name) for s in samples])

    return Sample(every("names"), every("subsets"), every("labels"), every("snr"),
                  lambda: chain.from_iterable(s.observations() for s in samples),
                  tuple(chain.from_iterable(s.origin for s in samples)))


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What one network made of N spectra.

    Attributes:
        predicted: (N, 4) float64, in the order of `QUANTITIES`; NaN where there is none.
        error: (N, 4) float64, the reported uncertainties; NaN where there is none.
        snr: (N,) float64, the spectra's own S/N; NaN where there is none.
        surveys: (N,) text, whose layout each was read as; empty where it could not be.
        results: (N,) the task's results, with flags and reasons.
    """

    predicted: NDArray[np.float64]
    error: NDArray[np.float64]
    snr: NDArray[np.float64]
    surveys: NDArray[np.str_]
    results: list[Result] = field(repr=False)


def run(tasks: Sequence[Task], observations: Iterator[Observation], *,
        progress: Callable[[int, int], None] = lambda done, failed: None) -> list[Outcomes]:
    """Takes spectra through every task, reading each spectrum once.

    Args:
        tasks: each with the predictor of one network.
        observations: the spectra.
        progress: told how many more are done, and how many of them have no parameters.

    Returns:
        Outcomes, one for each task, of all spectra in their order.
    """
    results: list[list[Result]] = [[] for _ in tasks]
    surveys: list[str] = []
    while some := list(islice(observations, AT_ONCE)):
        surveys += [o.spectrum.survey if o.spectrum else "" for o in some]
        for task, those in zip(tasks, results, strict=True):
            those += task.run(some, at_once=AT_ONCE)
        failed = sum("teff" not in r.values for r in results[0][-len(some):])
        progress(len(some), failed)
    return [_outcomes(those, surveys) for those in results]


def _outcomes(results: list[Result], surveys: list[str]) -> Outcomes:
    def columns(names: Sequence[str]) -> NDArray[np.float64]:
        rows = [[r.values.get(name) for name in names] for r in results]
        return np.array(rows, np.float64).reshape(len(results), len(names))

    return Outcomes(columns(COLUMNS), columns([f"e_{name}" for name in COLUMNS]),
                    columns(["snr"])[:, 0], np.array(surveys, np.str_), results)
