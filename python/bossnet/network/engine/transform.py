"""The Fourier transform of real numbers as products with two small matrices.

With T = R S and t = S n + m, k = j + R l (Cooley and Tukey 1965), the transform of x is

    X[k] = sum_m exp(-2 pi i m (j + R l) / T)  sum_n exp(-2 pi i n j / R) x[S n + m]

The inner sum is one R x R matrix over all columns, the outer one a 2S x 2S matrix for each j that
holds the twiddle factors, too: two matrix products, which run at the machine's peak whatever
lies along the columns, and leave each frequency's numbers together. Libraries' transforms cost
about as much once their results are transposed.

Numbers are real: T of them in, T/2 pairs (real part, imaginary part) out. The first pair holds the
two frequencies that are real, 0 and T/2; only one of each conjugate pair of the others is kept.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Transform:
    """Of T = R S real numbers.

    Attributes:
        first: (R, R), on the numbers as (R, S) rows.
        second: (R/2, 2S, 2S), on each pair of rows of the first's result; None where S is 1.
        frequencies: (T/2,), the frequency that each pair holds; 0 in the first, beside T/2.
    """

    first: Matrix
    second: Matrix | None
    frequencies: NDArray[np.int64]

    def forward(self, x: Matrix) -> Matrix:
        """(T, N) numbers -> (T, N), pairs in rows; the definition, as `convolution` does it."""
        n = x.shape[1]
        y = self.first @ x.reshape(self.first.shape[0], -1)
        if self.second is not None:
            y = self.second @ y.reshape(len(self.second), self.second.shape[1], n)
        return y.reshape(-1, n)


def transform(r: int, s: int) -> Transform:
    """Of R S real numbers in an inner sum of R terms and an outer one of S.

    Raises:
        ConfigurationError: R is not even, or S neither even nor 1.
    """
    if r % 2 or r < 2 or s < 1 or (s > 1 and s % 2):
        raise ConfigurationError(f"a transform of {r} x {s}: both must be even, or the second 1")
    n = np.arange(r)
    first = np.concatenate([np.ones((1, r)), np.cos(np.pi * n)[None],
                            _pairs(_exponentials(np.arange(1, r // 2), n, r))])
    if s == 1:
        return Transform(first, None, np.arange(r // 2))
    m = np.arange(s)
    second = np.zeros((r // 2, 2 * s, 2 * s))
    # Of j = 0 and j = R/2 the inner sums are real: together they fill the first pair of rows.
    whole, half = r * np.arange(1, s // 2), r // 2 + r * np.arange(s // 2)
    second[0, 0, :s] = 1
    second[0, 1, :s] = np.cos(np.pi * m)
    second[0, 2:s, :s] = _pairs(_exponentials(whole, m, r * s))
    second[0, s:, s:] = _pairs(_exponentials(half, m, r * s))
    frequencies = [np.array([0]), whole, half]
    for j in range(1, r // 2):
        k = j + r * np.arange(s)
        e = _exponentials(k, m, r * s)
        second[j] = _pairs(np.concatenate([e, 1j * e], axis=1))
        frequencies.append(k)
    return Transform(first, second, np.concatenate(frequencies))


def _exponentials(k: NDArray[np.int64], t: NDArray[np.int64], size: int
                  ) -> NDArray[np.complex128]:
    """exp(-2 pi i k t / size), (K, T); of whole numbers, so that no phase is rounded."""
    return np.exp(-2j * np.pi * (np.outer(k, t) % size) / size)


def _pairs(z: NDArray[np.complex128]) -> Matrix:
    """(K, N) complex rows -> (2K, N), real and imaginary parts in turn."""
    return np.stack([z.real, z.imag], axis=1).reshape(-1, z.shape[1])
