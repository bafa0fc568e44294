"""From native pixels to the network's input (paper, Section 3.1; contract, section 3).

Vectorised over spectra and draws, on the device of its tensors.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FLOOR = 1e-6  #: smallest flux that is taken the logarithm of
PERCENTILE, HEADROOM = 95.0, 1.0  #: the input is clipped at its percentile plus this


@dataclass(frozen=True)
class NativePixels:
    """A ragged batch of spectra, padded to the longest: B spectra of up to N pixels.

    Attributes:
        flux: (B, N) float32, 0 where dropped or padded.
        error: (B, N) float32, likewise.
        lower: (B, G) int64, the native pixel left of each grid point.
        upper: (B, G) int64, and right of it.
        fraction: (B, G) float64, how far between them; both as `numpy.interp` does it.
    """

    flux: Tensor
    error: Tensor
    lower: Tensor
    upper: Tensor
    fraction: Tensor

    def only(self, i: int) -> "NativePixels":
        """Spectrum ``i`` alone."""
        return NativePixels(*(getattr(self, field.name)[i:i + 1] for field in fields(self)))


def kept_pixels(flux: NDArray[np.float32], wavelength: NDArray[np.float32]) -> NDArray[np.int64]:
    """Indices of the pixels that are used, in ascending wavelength (contract, section 3.1).

    Dropped are pixels whose flux is not finite or whose wavelength is not finite or not
    positive; of equal wavelengths the first stays.
    """
    with np.errstate(invalid="ignore"):
        kept = np.flatnonzero(np.isfinite(flux) & np.isfinite(wavelength) & (wavelength > 0))
    values = wavelength[kept]
    if not (np.diff(values) > 0).all():
        kept = kept[np.argsort(values, kind="stable")]
        values = wavelength[kept]
        kept = kept[np.concatenate([[True], values[1:] != values[:-1]])]
    return kept


def to_grid(flux: NDArray[np.float32], wavelength: NDArray[np.float32], grid: NDArray[np.float32]
            ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Where each grid point lies among the native pixels: (G,) lower, upper, fraction.

    Linear, in float64, end values held outside. At least one pixel must be kept.
    """
    kept = kept_pixels(flux, wavelength)
    x = wavelength[kept].astype(np.float64)
    g = grid.astype(np.float64)
    right = np.searchsorted(x, g, side="right")
    low = np.clip(right - 1, 0, x.size - 1)
    high = np.clip(right, 0, x.size - 1)
    width = x[high] - x[low]
    fraction = np.divide(g - x[low], width, out=np.zeros_like(g), where=width > 0)
    return kept[low], kept[high], fraction


def collate(flux: Sequence[NDArray[np.float32]], error: Sequence[NDArray[np.float32]],
            wavelength: Sequence[NDArray[np.float32]], grid: NDArray[np.float32] | None,
            device: torch.device) -> NativePixels:
    """A ragged batch on the device; ``grid`` None: pixels are taken as they are.

    Args:
        flux, error, wavelength: B arrays, each (N_i,).
        grid: (G,) float32 angstrom, or None.
    """
    length = max(f.size for f in flux)
    values = np.zeros((2, len(flux), length), np.float32)
    for i, (f, e) in enumerate(zip(flux, error, strict=True)):
        values[0, i, : f.size] = np.where(np.isfinite(f), f, np.float32(0))
        values[1, i, : e.size] = np.where(np.isfinite(e), e, np.float32(0))
    if grid is None:
        index = np.broadcast_to(np.arange(length), (len(flux), length)).copy()
        places = [index, index, np.zeros(index.shape)]
    else:
        each = [to_grid(f, w, grid) for f, w in zip(flux, wavelength, strict=True)]
        places = [np.stack(part) for part in zip(*each, strict=True)]
    tensors = [torch.from_numpy(a) for a in (values[0], values[1], *places)]
    if device.type == "cuda":  # copied while the device computes
        tensors = [t.pin_memory().to(device, non_blocking=True) for t in tensors]
    return NativePixels(*tensors)


def interpolate(flux: Tensor, pixels: NativePixels) -> Tensor:
    """(B, D, N) float32 native fluxes -> (B, D, G) float32 on the grid."""
    b, d, n = flux.shape
    # A pixel's draws lie side by side, so that a grid point takes a whole row of them.
    rows = flux.transpose(1, 2).reshape(b * n, d)
    first = n * torch.arange(b, device=flux.device).unsqueeze(1)

    def at(index: Tensor) -> Tensor:
        return rows.index_select(0, (first + index).flatten()).double()

    on_grid = torch.lerp(at(pixels.lower), at(pixels.upper), pixels.fraction.view(-1, 1)).float()
    return on_grid.view(b, -1, d).transpose(1, 2).contiguous()


def standardise(flux: Tensor) -> Tensor:
    """(..., G) float32 fluxes on the grid -> (..., G) input: log, clipped (contract, 3.3).

    The percentile is each row's own, linear between order statistics.
    """
    x = torch.log(flux.clamp(min=FLOOR))
    position = PERCENTILE / 100 * (x.shape[-1] - 1)
    below = int(position)
    largest = x.topk(x.shape[-1] - below, dim=-1).values  # only the upper 5 % need sorting
    low, high = largest[..., -1:], largest[..., -2:-1]
    return torch.minimum(x, low + (high - low) * (position - below) + HEADROOM)
