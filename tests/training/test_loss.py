"""The masked loss by hand."""

import pytest
import torch

from bossnet.training.loss import masked_mse

NAN = float("nan")


def test_the_mean_is_over_known_labels_only() -> None:
    prediction = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    target = torch.tensor([[0.0, NAN], [1.0, 1.0]])
    assert masked_mse(prediction, target).item() == pytest.approx((1 + 4 + 9) / 3)


def test_weights_count_as_often_as_they_say() -> None:
    prediction = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    target = torch.tensor([[0.0, NAN], [1.0, 1.0]])
    weight = torch.tensor([[2.0], [1.0]])
    assert masked_mse(prediction, target, weight).item() == pytest.approx((2 * 1 + 4 + 9) / 4)


def test_an_unknown_label_pulls_at_nothing() -> None:
    prediction = torch.tensor([[1.0, 2.0]], requires_grad=True)
    masked_mse(prediction, torch.tensor([[0.0, NAN]])).backward()
    assert prediction.grad is not None
    assert prediction.grad.tolist() == [[2.0, 0.0]]


def test_nothing_known_is_no_loss() -> None:
    prediction = torch.zeros(2, 3, requires_grad=True)
    loss = masked_mse(prediction, torch.full((2, 3), NAN))
    loss.backward()
    assert loss.item() == 0
    assert prediction.grad is not None
    assert torch.isfinite(prediction.grad).all()
