"""The masked loss by hand."""

import pytest
import torch

from bossnet.training.loss import masked_mse

NAN = float("nan")
PREDICTION = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
TARGET = torch.tensor([[0.0, NAN], [1.0, 1.0]])  # squared differences 1, -, 4, 9


def test_the_mean_is_over_known_labels_only() -> None:
    assert masked_mse(PREDICTION, TARGET).item() == pytest.approx((1 + 4 + 9) / 3)


def test_weights_of_spectra_count_as_often_as_they_say() -> None:
    weight = torch.tensor([[2.0], [1.0]])
    assert masked_mse(PREDICTION, TARGET, weight).item() == pytest.approx((2 * 1 + 4 + 9) / 4)


def test_weights_of_labels_count_each_for_its_own_label() -> None:
    weight = torch.tensor([[2.0, 7.0], [3.0, 0.5]])  # that of the unknown label counts nowhere
    loss = masked_mse(PREDICTION, TARGET, weight)
    assert loss.item() == pytest.approx((2 * 1 + 3 * 4 + 0.5 * 9) / 5.5)


def test_weights_are_relative() -> None:
    weight = torch.tensor([[2.0, 7.0], [3.0, 0.5]])
    assert masked_mse(PREDICTION, TARGET, 10 * weight).item() == pytest.approx(
        masked_mse(PREDICTION, TARGET, weight).item())


def test_a_label_of_weight_zero_is_as_good_as_unknown() -> None:
    weight = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    assert masked_mse(PREDICTION, TARGET, weight).item() == pytest.approx((1 + 4) / 2)


def test_an_unknown_label_pulls_at_nothing() -> None:
    prediction = torch.tensor([[1.0, 2.0]], requires_grad=True)
    weight = torch.tensor([[1.0, 5.0]])
    masked_mse(prediction, torch.tensor([[0.0, NAN]]), weight).backward()
    assert prediction.grad is not None
    assert prediction.grad.tolist() == [[2.0, 0.0]]


@pytest.mark.parametrize("weight", [None, torch.full((2, 3), 2.0), torch.zeros(2, 3)])
def test_nothing_known_is_no_loss(weight: torch.Tensor | None) -> None:
    prediction = torch.zeros(2, 3, requires_grad=True)
    loss = masked_mse(prediction, torch.full((2, 3), NAN), weight)
    loss.backward()
    assert loss.item() == 0
    assert prediction.grad is not None
    assert torch.isfinite(prediction.grad).all()
