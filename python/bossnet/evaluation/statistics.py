"""The numbers of the paper's Table 2 for groups of labelled spectra, and of their uncertainties."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bossnet.evaluation.groups import Group
from bossnet.evaluation.quantities import COLUMNS

LEAST = 5  #: values, below which a width says nothing
FAR = 3.0  #: uncertainties


@dataclass(frozen=True, slots=True)
class Statistics:
    """One parameter in one group; None where there are fewer than `LEAST` values.

    Attributes:
        number: of spectra with a label and a prediction.
        sigma: half the 16th-to-84th percentile width of predicted minus label.
        offset: median of predicted minus label.
        error: median of the reported uncertainties.
        pull: half the 16th-to-84th percentile width of (predicted minus label) / uncertainty.
        beyond_3: the fraction of these further than 3 from zero.
    """

    number: int
    sigma: float | None = None
    offset: float | None = None
    error: float | None = None
    pull: float | None = None
    beyond_3: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One group in a table.

    Attributes:
        kind: of its division.
        name: its own.
        spectra: how many of it have parameters.
        of: its statistics by column.
    """

    kind: str
    name: str
    spectra: int
    of: dict[str, Statistics]


def robust_sigma(values: ArrayLike) -> float:
    """Half the width between the 16th and the 84th percentile: the paper's scatter."""
    low, high = np.percentile(np.asarray(values), [16, 84])
    return float(high - low) / 2


def statistics(difference: NDArray[np.float64], error: NDArray[np.float64]) -> Statistics:
    """What differences (N,) and reported uncertainties (N,) amount to; NaN does not count."""
    known = np.isfinite(difference)
    difference, error = difference[known], error[known]
    if difference.size < LEAST:
        return Statistics(int(difference.size))
    sigma, offset = robust_sigma(difference), float(np.median(difference))
    with np.errstate(invalid="ignore"):
        told = error > 0
    if told.sum() < LEAST:
        return Statistics(int(difference.size), sigma, offset)
    pulls = difference[told] / error[told]
    return Statistics(int(difference.size), sigma, offset, float(np.median(error[told])),
                      robust_sigma(pulls), float(np.mean(np.abs(pulls) > FAR)))


def table(groups: Sequence[Group], labels: NDArray[np.float64], predicted: NDArray[np.float64],
          error: NDArray[np.float64]) -> list[Row]:
    """A row for each group; ``labels``, ``predicted`` and ``error`` are (N, 4)."""
    there = np.isfinite(predicted).any(axis=1)
    return [Row(group.kind, group.name, int((group.rows & there).sum()),
                {column: statistics((predicted - labels)[group.rows, i], error[group.rows, i])
                 for i, column in enumerate(COLUMNS)})
            for group in groups]
