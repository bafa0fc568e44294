"""Which way to convolve is fastest here, layer by layer: measured once, then remembered.

The answer depends on the layer's shape, the processor, its caches and the library of matrix
products; it decides how fast a result comes, and of the result no more than its last digits. Where
nothing may be measured, the way of the fewest multiplications is taken.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bossnet.network.engine.convolution import Convolution, Direct, Spectral
from bossnet.network.engine.scratch import Scratch

BLOCKS = (2, 4)  #: of `Direct`
FACTORS = ((8, 4), (8, 8), (16, 8), (16, 12), (16, 16), (32, 16), (32, 32))  #: of `Spectral`
REPEATS = 3  #: of a measurement, of which the shortest counts


@dataclass(frozen=True, slots=True)
class Layer:
    """What a measurement depends on.

    Attributes:
        channels, out, kernel: of the convolution.
        length: of its output.
        width: inputs at once.
        threads: of a matrix product.
    """

    channels: int
    out: int
    kernel: int
    length: int
    width: int
    threads: int


@dataclass(frozen=True, slots=True)
class Way:
    """A way to convolve: ``direct`` with its block, or ``spectral`` with R, S."""

    name: str
    sizes: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {'x'.join(map(str, self.sizes))}"

    def built(self, weight: NDArray[np.float64], bias: NDArray[np.float64]) -> Convolution:
        if self.name == "direct":
            return Direct(weight, bias, *self.sizes)
        return Spectral(weight, bias, *self.sizes)

    def multiplications(self, layer: Layer) -> float:
        """A row of output and input, to choose by where nothing is measured."""
        if self.name == "direct":
            return (self.sizes[0] + layer.kernel - 1) * layer.channels * layer.out
        r, s = self.sizes
        each = (layer.channels + layer.out) * (r + 2 * s) + 2 * layer.channels * layer.out
        return each * r * s / (r * s - layer.kernel + 1)


_measured: dict[Layer, dict[Way, float]] = {}  # of this process


def ways(kernel: int) -> list[Way]:
    """All ways for a kernel of this size; a tile has to be well longer than it, but not much."""
    return [*(Way("direct", (block,)) for block in BLOCKS),
            *(Way("spectral", (r, s)) for r, s in FACTORS if 2 * kernel <= r * s <= 16 * kernel)]


def choose(weight: NDArray[np.float64], bias: NDArray[np.float64], *, length: int, width: int,
           measure: bool = True) -> tuple[Convolution, Way]:
    """A layer done in the fastest way.

    Args:
        weight: (out, in, k).
        bias: (out,).
        length: of the output.
        width: inputs at once.
        measure: or else take the way of the fewest multiplications, on any machine the same.
    """
    out, channels, kernel = weight.shape
    layer = Layer(channels, out, kernel, length, width, torch.get_num_threads())
    if measure:
        times = seconds(layer, weight, bias)
        way = min(times, key=times.__getitem__)
    else:
        way = min(ways(kernel), key=lambda w: w.multiplications(layer))
    return way.built(weight, bias), way


def seconds(layer: Layer, weight: NDArray[np.float64], bias: NDArray[np.float64]
            ) -> dict[Way, float]:
    """How long each way takes for one input of a layer, measured unless it was before."""
    if layer not in _measured:
        _measured[layer] = {way: _seconds(way.built(weight, bias), layer)
                            for way in ways(layer.kernel)}
    return _measured[layer]


def _seconds(convolution: Convolution, layer: Layer) -> float:
    """A call has to be made for each ``step`` rows of output, the last for fewer."""
    scratch = Scratch()
    x = torch.ones(convolution.reads, layer.channels, layer.width)
    convolution(x, scratch)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        convolution(x, scratch)
        times.append(time.perf_counter() - start)
    return min(times) * -(-layer.length // convolution.step) / layer.width
