"""The small networks of the package ``theborg``: labels in, a spectrum or one number out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SLOPE = 0.01  #: of the leaky ReLU below zero


@dataclass(frozen=True, slots=True, eq=False)
class Emulator:
    """A network of L labels and M outputs, with leaky ReLUs between its layers.

    Attributes:
        low: (L,) the labels' lowest values in its training, by which they are scaled.
        high: (L,) and their highest.
        layers: weight (to, from) and bias (to,) of each.
    """

    low: NDArray[np.floating]
    high: NDArray[np.floating]
    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]

    def __call__(self, labels: NDArray[np.floating]) -> NDArray[np.float32]:
        """(..., L) labels -> (..., M) outputs."""
        x: NDArray[np.float32] = (
            (labels - self.low) / (self.high - self.low) - 0.5).astype(np.float32)
        for weight, bias in self.layers[:-1]:
            x = x @ weight.T + bias
            x = np.where(x > 0, x, SLOPE * x)
        weight, bias = self.layers[-1]
        return x @ weight.T + bias
