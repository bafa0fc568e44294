"""The loss: mean squared error of normalised labels, missing ones masked (paper, Section 3.2)."""

import torch
from torch import Tensor


def masked_mse(prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean of the squared differences over the labels that are known.

    Args:
        prediction: (B, P), normalised.
        target: (B, P), normalised; NaN where not known.
        weight: (B, P) or (B, 1), sample weights; 1 if None.

    Returns:
        A scalar; 0 where no label is known.
    """
    known = torch.isfinite(target)
    difference = torch.where(known, prediction - torch.nan_to_num(target), 0.0)
    weights = known.to(prediction.dtype)
    if weight is not None:
        weights = weights * weight
    return (weights * difference**2).sum() / weights.sum().clamp(min=1e-12)
