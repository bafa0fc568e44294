"""Counter-based noise: the same draw of the same spectrum, wherever and whenever it is made.

Philox-4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") with key
(seed, low word of the noise key) and counter (pixel // 4, draw, high word of the noise key,
0); its four words give the normals of four pixels (contract, section 5).
"""

import math

import torch
from torch import Tensor

_WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10

Words = tuple[Tensor, Tensor, Tensor, Tensor]


def philox(counter: Words, key: tuple[Tensor, Tensor]) -> Words:
    """Philox-4x32-10 on int64 tensors that hold 32-bit words; shapes broadcast."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        # The products wrap modulo 2^64, so both halves are right once masked; the lower ones are
        # left as they are until something is multiplied by them.
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c2 = ((p1 >> 32) ^ (c1 ^ k0)) & _WORD, ((p0 >> 32) ^ (c3 ^ k1)) & _WORD
        c1, c3 = p1, p0
        k0, k1 = (k0 + _WEYL[0]) & _WORD, (k1 + _WEYL[1]) & _WORD
    return c0, c1 & _WORD, c2, c3 & _WORD


def normals(noise_key: Tensor, seed: int, draws: range, pixels: int) -> Tensor:
    """Standard normal deviates for these draws of these spectra.

    Args:
        noise_key: (B,) int64.
        seed: 32 bits.
        draws: the indices of the draws wanted.
        pixels: native pixels of the longest spectrum.

    Returns:
        (B, len(draws), pixels) float32 on the device of ``noise_key``.
    """
    device = noise_key.device
    block = torch.arange(-(-pixels // 4), device=device).view(1, 1, -1)
    draw = torch.arange(draws.start, draws.stop, device=device).view(1, -1, 1)
    keys = noise_key.view(-1, 1, 1)
    zero = torch.zeros((), dtype=torch.int64, device=device)
    words = philox((block, draw, (keys >> 32) & _WORD, zero),
                   (torch.full_like(zero, seed & _WORD), keys & _WORD))
    shape = len(noise_key), len(draws), block.numel()
    deviates = torch.empty(*shape, 4, device=device)
    for i in (0, 2):
        radius = torch.sqrt(-2 * torch.log(_uniform(words[i])))
        angle = (2 * math.pi) * _uniform(words[i + 1])
        deviates[..., i] = radius * torch.cos(angle)
        deviates[..., i + 1] = radius * torch.sin(angle)
    return deviates.flatten(-2)[..., :pixels]


def _uniform(word: Tensor) -> Tensor:
    """Of (0, 1), float32, of 32 random bits."""
    # 24 bits are what float32 holds exactly; half a step keeps a logarithm's argument > 0.
    return ((word >> 8).to(torch.float32) + 0.5) * 2.0**-24
