"""What the paper does to a spectrum before it trains on it (Section 3.2).

Continuous segments are removed, single values dropped, and noise is added by scaling a normal
deviate by the error. What is taken out is zero, as pixels without light are in the surveys'
files, or not a number, which preparation drops and bridges.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError


@dataclass(frozen=True)
class Augmentation:
    """How often and how much.

    Attributes:
        segment: probability that a segment is removed.
        segment_length: shortest and longest, in pixels.
        dropped: probability that single values are dropped.
        dropped_part: the largest part of the values that is.
        zero: probability that what is taken out is zero rather than bridged.
        noise: probability that noise is added.
        noise_scale: the largest factor to the error.

    Raises:
        ConfigurationError: a part is not between 0 and 1, or a length or scale is none.
    """

    segment: float = 0.1
    segment_length: tuple[int, int] = (15, 400)
    dropped: float = 0.1
    dropped_part: float = 0.03
    zero: float = 0.2
    noise: float = 0.1
    noise_scale: float = 1.0

    def __post_init__(self) -> None:
        parts = (self.segment, self.dropped, self.dropped_part, self.zero, self.noise)
        if not all(0 <= part <= 1 for part in parts):
            raise ConfigurationError("segment, dropped, dropped_part, zero and noise are between "
                                     "0 and 1")
        if not 1 <= self.segment_length[0] <= self.segment_length[1]:
            raise ConfigurationError("segment_length is a shortest and a longest, 1 or more")
        if self.noise_scale < 0:
            raise ConfigurationError("noise_scale is not negative")


def augment(flux: NDArray[np.float32], error: NDArray[np.float32], settings: Augmentation,
            rng: np.random.Generator) -> NDArray[np.float32]:
    """A copy of the flux, (N,), with some of it taken out and noise added."""
    flux = flux.copy()
    if rng.random() < settings.noise:
        flux = add_noise(flux, error, float(rng.uniform(0.0, settings.noise_scale)), rng)
    filling = np.float32(0.0 if rng.random() < settings.zero else np.nan)
    if rng.random() < settings.segment:
        low, high = np.log(settings.segment_length)
        flux[segment(flux.size, int(np.exp(rng.uniform(low, high))), rng)] = filling
    if rng.random() < settings.dropped:
        flux[dropped(flux.size, float(rng.uniform(0.0, settings.dropped_part)), rng)] = filling
    return flux


def segment(size: int, length: int, rng: np.random.Generator) -> slice:
    """A run of ``length`` pixels somewhere among ``size``, part of it may be outside."""
    first = int(rng.integers(-length // 2, size - length // 2))
    return slice(max(first, 0), first + length)


def dropped(size: int, part: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(size,) True for about this part of the pixels."""
    return rng.random(size) < part


def add_noise(flux: NDArray[np.float32], error: NDArray[np.float32], scale: float,
              rng: np.random.Generator) -> NDArray[np.float32]:
    """flux + scale x error x a standard normal deviate, (N,) float32."""
    return flux + np.float32(scale) * error * rng.standard_normal(flux.size, np.float32)
