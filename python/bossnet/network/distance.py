"""How unlike the training set a spectrum is, by the features of the last hidden layer.

The features of the training set lie close to a curved sheet: a few directions hold what the
network reads off a star, the others follow from them. The reference is such a sheet, quadratic
in the leading principal components, and the distance is what it leaves over of a spectrum's
features. What is no star activates units in combinations that no star does.

The reference is in the weights' file, as float32 tensors whose names begin with `PREFIX`; the
limit is in the card (contract, sections 4 and 6). `training.reference` makes both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bossnet.errors import WeightsError

PREFIX = "reference."


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The sheet that the training set's features lie close to; W features, P axes.

    Attributes:
        centre: (W,) float64, the features' mean.
        axes: (W, P) float64, onto the leading principal components, each of variance 1.
        surface: (1 + P + P (P + 1) / 2, W) float64, features from the components' `terms`.
    """

    centre: Tensor
    axes: Tensor
    surface: Tensor

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], *, width: int, origin: str) -> "Reference":
        """From the tensors of a file, by their names there, for features of this width.

        Raises:
            WeightsError: one is missing or too many, or of the wrong shape or type.
        """
        names = [PREFIX + field.name for field in fields(cls)]
        if set(arrays) != set(names):
            raise WeightsError(f"{origin}: the reference of distances holds {sorted(arrays)}, but "
                               f"needs exactly {names}")
        centre, axes, surface = (arrays[name] for name in names)
        p = axes.shape[-1] if axes.ndim else 0
        shapes = [(width,), (width, p), (1 + p + p * (p + 1) // 2, width)]
        found = [a.shape for a in (centre, axes, surface)]
        if p == 0 or found != shapes or any(a.dtype != np.float32 for a in arrays.values()):
            raise WeightsError(f"{origin}: the reference of distances does not fit features of "
                               f"width {width}: its shapes are {found}, of float32 each")
        return cls(*(torch.from_numpy(a.astype(np.float64)) for a in (centre, axes, surface)))

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The tensors as they are in a file."""
        return {PREFIX + field.name: getattr(self, field.name).cpu().numpy().astype(np.float32)
                for field in fields(self)}

    def to(self, device: torch.device) -> "Reference":
        return Reference(*(getattr(self, field.name).to(device) for field in fields(self)))

    def distance(self, features: Tensor) -> Tensor:
        """(B, W) features -> (B,) float64, in the features' own unit."""
        features = features.double()
        sheet = terms((features - self.centre) @ self.axes) @ self.surface
        return torch.linalg.vector_norm(features - sheet, dim=1)


def terms(x: Tensor) -> Tensor:
    """1, the P components and their products, (B, P) -> (B, 1 + P + P (P + 1) / 2)."""
    first, second = torch.triu_indices(x.shape[1], x.shape[1], device=x.device)
    return torch.cat([torch.ones_like(x[:, :1]), x, x[:, first] * x[:, second]], dim=1)
