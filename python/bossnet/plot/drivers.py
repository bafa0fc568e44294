"""Which wavelengths drive a parameter: the network's slopes, smoothed, and what stands there.

The response at a wavelength is what a parameter changes by where the flux is raised by one per cent
at its peak, in a Gaussian bump as wide as `window` (its area over its height). Near a line it
changes its sign: the network tells a deeper core from weaker wings, and a line from a shifted one.
So its strength is the root mean square of the response nearby.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bossnet.plot.lines import Line

WINDOW_PIXELS = 8  #: of the grid; about three times the resolution of the surveys' spectra
RAISED = 0.01  #: of the flux
LEAST = 2.0  #: times the median strength: below, a peak is like many others

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Driver:
    """A peak of a parameter's strength.

    Attributes:
        wavelength: where it is seen, angstrom.
        response: the largest by size within half a window, in the parameter's unit.
        strength: of it, over the median strength.
        line: the star's feature that stands there; None where none is expected.
        earth: the feature of the atmosphere that stands there.
    """

    wavelength: float
    response: float
    strength: float
    line: Line | None = None
    earth: Line | None = None

    @property
    def name(self) -> str:
        """Of what stands there; empty where nothing does."""
        return (self.line or self.earth or _NOTHING).name


_NOTHING = Line("", 0.0, 0.0)


def window(grid: Array) -> float:
    """The bump's area over its height, angstrom."""
    return WINDOW_PIXELS * float(np.median(np.diff(grid)))


def response(slopes: Array) -> Array:
    """(..., L) slopes by the logarithm of the flux -> (..., L) responses."""
    return RAISED * _smooth(slopes, WINDOW_PIXELS / np.sqrt(2 * np.pi))


def strength(responses: Array) -> Array:
    """(..., L) responses -> (..., L), their root mean square about each wavelength."""
    width = WINDOW_PIXELS * 0.75
    return np.sqrt(_smooth(responses**2, width) / _smooth(np.ones_like(responses), width))


def drivers(grid: Array, responses: Array, stars: Sequence[Line], earth: Sequence[Line], *,
            covered: NDArray[np.bool_] | None = None) -> list[Driver]:
    """The peaks of one parameter's strength, the strongest first, and what stands there.

    Peaks are at least two windows apart. A feature stands there if the peak is not farther from it
    than half a window; of several the narrowest, and of these the nearest.

    Args:
        grid: (L,) angstrom.
        responses: (L,) of the parameter.
        stars: features as they are seen, `Line.at`.
        earth: those of the atmosphere.
        covered: (L,), where the spectrum has data. The median is of these points, and of those
            that the parameter follows at all.
    """
    strong = strength(responses)
    follows = strong > 0 if covered is None else (strong > 0) & covered
    if not follows.any():
        return []
    median = float(np.median(strong[follows]))
    inner = strong[1:-1]
    tops = 1 + np.flatnonzero((inner >= strong[:-2]) & (inner > strong[2:])
                              & (inner >= LEAST * median))
    reach, found = window(grid) / 2, list[Driver]()
    for top in tops[np.argsort(-strong[tops])]:
        place = float(grid[top])
        if any(abs(place - other.wavelength) < 4 * reach for other in found):
            continue
        near = responses[np.abs(grid - place) <= reach]
        found.append(Driver(place, float(near[np.argmax(np.abs(near))]),
                            float(strong[top] / median), _at(place, stars, reach),
                            _at(place, earth, reach)))
    return found


def chance(grid: Array, stars: Sequence[Line]) -> float:
    """The fraction of the grid where a peak would be given one of these features."""
    reach = window(grid) / 2
    inside = np.zeros(grid.shape, bool)
    for line in stars:
        inside |= (grid >= line.first - reach) & (grid <= line.last + reach)
    return float(inside.mean())


def _at(place: float, lines: Sequence[Line], reach: float) -> Line | None:
    near = [line for line in lines if line.first - reach <= place <= line.last + reach]
    return min(near, default=None,
               key=lambda line: (round(line.last - line.first), abs(place - line.centre)))


def _smooth(values: Array, sigma: float) -> Array:
    """A convolution with a Gaussian of height 1, sigma in points; nothing is outside."""
    half = int(np.ceil(4 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    flat = values.reshape(-1, values.shape[-1])
    return np.stack([np.convolve(row, kernel, mode="same") for row in flat]).reshape(values.shape)
