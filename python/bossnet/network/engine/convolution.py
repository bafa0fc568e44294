"""Two ways to convolve, each a few rows of output at a time.

Tensors are (pixels, channels, inputs): the inputs, many spectra and draws, lie side by side in
memory, so that every step is a product of a small fixed matrix with long rows, and nothing is
ever transposed. A call makes `step` rows of output from `reads` rows of input, small enough to
stay in the cache until the next step has used them.
"""

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bossnet.network.engine.scratch import Scratch
from bossnet.network.engine.transform import transform

ROWS = 128  #: of output a direct call makes, about


class Convolution(Protocol):
    """What `torch.nn.functional.conv1d` does, without padding, for a few rows at a time.

    Attributes:
        step: rows of output a call makes.
        reads: rows of input that it takes.
    """

    step: int
    reads: int

    def __call__(self, x: Tensor, scratch: Scratch) -> Tensor:
        """(reads, in, B) contiguous -> (step, out, B), of the scratch's."""
        ...


class Direct:
    """By its definition: each of ``block`` neighbouring outputs from all inputs of any of them.

    One matrix, the same for all blocks, does a block; its zeros waste (block + k - 1) / k.

    Args:
        weight: (out, in, k).
        bias: (out,).
        block: neighbouring outputs to a product.
    """

    def __init__(self, weight: NDArray[np.float64], bias: NDArray[np.float64], block: int) -> None:
        out, channels, k = weight.shape
        self._block, self._blocks = block, max(1, ROWS // block)
        self.step = self._block * self._blocks
        self.reads = self.step + k - 1
        matrix = np.zeros((block, out, block + k - 1, channels))
        for i in range(block):
            matrix[i, :, i:i + k] = weight.transpose(0, 2, 1)
        self._matrix = _tensor(matrix.reshape(block * out, -1))
        self._bias = _tensor(bias[:, None]) if bias.any() else None

    def __call__(self, x: Tensor, scratch: Scratch) -> Tensor:
        rows, columns = self._matrix.shape
        width = x.shape[2]
        each = x.as_strided((self._blocks, columns, width),
                            (self._block * x.stride(0), width, 1), x.storage_offset())
        y = scratch.take("direct", self._blocks, rows, width)
        torch.bmm(self._matrix.expand(self._blocks, -1, -1), each, out=y)
        y = y.view(self.step, -1, width)
        return y if self._bias is None else y.add_(self._bias)


class Spectral:
    """By Fourier transforms of overlapping tiles of R S pixels ("overlap-save").

    The sum over channels is, for each frequency, a complex product of (out, in) with (in, B),
    done as a real one of twice the size. Of a tile's circular convolution the first R S - k + 1
    rows are those of the linear one.

    Args:
        weight: (out, in, k).
        bias: (out,).
        r, s: of `transform`.
    """

    def __init__(self, weight: NDArray[np.float64], bias: NDArray[np.float64], r: int, s: int
                 ) -> None:
        out, _, k = weight.shape
        self.reads, self.step = r * s, r * s - k + 1
        of = transform(r, s)
        self._weight = _tensor(_spectrum(weight, of.frequencies, r * s))
        # A constant is the frequency 0 alone.
        self._bias = _tensor(r * s * bias[:, None])
        needed = -(-self.step // s)
        self._first, self._last = _tensor(of.first), _tensor(np.linalg.inv(of.first)[:needed])
        self._second = None if of.second is None else (
            _tensor(of.second), _tensor(np.linalg.inv(of.second)))
        self._out = out

    def __call__(self, x: Tensor, scratch: Scratch) -> Tensor:
        size, channels, width = x.shape
        here, there = "tile", "other tile"  # in turn, so that both stay in the cache
        y = scratch.take(here, size, channels, width)
        r = self._first.shape[0]
        torch.mm(self._first, x.view(r, -1), out=y.view(r, -1))
        if self._second is not None:
            y = _each(self._second[0], y, scratch.take(there, size, channels, width))
            here, there = there, here
        z = scratch.take(there, size // 2, 2 * self._out, width)
        torch.bmm(self._weight, y.view(size // 2, 2 * channels, width), out=z)
        z[0, :self._out].add_(self._bias)
        if self._second is not None:
            z = _each(self._second[1], z, scratch.take(here, size, self._out, width))
            here, there = there, here
        needed = self._last.shape[0]
        whole = scratch.take(here, needed * (size // r), self._out, width)
        torch.mm(self._last, z.view(r, -1), out=whole.view(needed, -1))
        return whole[:self.step]


def _each(matrices: Tensor, x: Tensor, out: Tensor) -> Tensor:
    """The outer sum of `transform`, of the rows of each j."""
    groups, rows, _ = matrices.shape
    torch.bmm(matrices, x.view(groups, rows, -1), out=out.view(groups, rows, -1))
    return out


def _spectrum(weight: NDArray[np.float64], frequencies: NDArray[np.int64], size: int
              ) -> NDArray[np.float64]:
    """(F, 2 out, 2 in): for each frequency the matrix that multiplies real and imaginary parts.

    Conjugate, as a network's "convolution" is a correlation.
    """
    out, channels, k = weight.shape
    phase = 2 * np.pi * (np.outer(frequencies, np.arange(k)) % size) / size
    z = np.einsum("oik,fk->foi", weight, np.exp(1j * phase), optimize=True)
    both = np.empty((len(frequencies), 2, out, 2, channels))
    both[:, 0, :, 0], both[:, 0, :, 1] = z.real, -z.imag
    both[:, 1, :, 0], both[:, 1, :, 1] = z.imag, z.real
    # The first pair is not complex: two real frequencies, 0 and size / 2.
    both[0] = 0
    both[0, 0, :, 0] = weight.sum(axis=2)
    both[0, 1, :, 1] = weight @ (-1.0) ** np.arange(k)
    return both.reshape(len(frequencies), 2 * out, 2 * channels)


def _tensor(array: NDArray[np.floating[Any]]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))
