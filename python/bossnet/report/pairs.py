"""What sections of two measurements of one star share: widths of differences and of pulls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from psycopg2 import sql

from bossnet.evaluation.statistics import LEAST

REACH, STEP = 6.0, 0.25  #: of histograms of pulls


@dataclass(frozen=True, slots=True)
class Width:
    """Of N values; None where they are fewer than `LEAST`, which say nothing.

    Attributes:
        number: N.
        offset: the median.
        sigma: half the 16th-to-84th percentile width.
    """

    number: int
    offset: float | None = None
    sigma: float | None = None


def width(number: int, percentiles: Sequence[float | None] | None) -> Width:
    """From the 16th, 50th and 84th percentile."""
    if number < LEAST or percentiles is None or None in percentiles:
        return Width(number)
    low, middle, high = (float(p) for p in percentiles if p is not None)
    return Width(number, middle, (high - low) / 2)


def as_numbers(of: Width) -> dict[str, Any]:
    """For programs."""
    return {"number": of.number, "offset": of.offset, "sigma": of.sigma}


def normal(number: int, step: float, reach: float = REACH) -> tuple[list[float], list[float]]:
    """How many of N values a standard normal distribution puts in each bin, as a curve."""
    x = np.linspace(-reach, reach, 121)
    y = number * step * np.exp(-x ** 2 / 2) / np.sqrt(2 * np.pi)
    return [round(float(v), 3) for v in x], [float(f"{v:.4g}") for v in y]


def difference(name: str, a: str, b: str) -> tuple[str, sql.Composable, sql.Composable]:
    """For VALUES: a parameter, the difference of two of its columns, and the variance of that.

    Args:
        name: the parameter's column.
        a: format of the names of the first, such as ``{}``.
        b: of the second.
    """
    first, second, e_first, e_second = (
        sql.Identifier(form.format(column)) for column in (name, f"e_{name}") for form in (a, b))
    return (name, sql.SQL("{} - {}").format(first, second),
            sql.SQL("{} ^ 2 + {} ^ 2").format(e_first, e_second))
