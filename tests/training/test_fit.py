"""The training loop: it learns, and an interruption leaves no trace."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.preparation import standardise
from bossnet.training.fit import (
    CHECKPOINT,
    HISTORY,
    Recipe,
    balance_first_kernels,
    fit,
    forward,
)
from bossnet.training.judge import predict, robust_sigma

PIXELS = 256
TINY = Architecture(num_targets=2, model_dim=4, dim_mults=(1, 2), kernel_size=8,
                    adapt_pool_output_dim=16, num_linear=1, linear_dim=32)


class Lines:
    """Spectra of one absorption line: its place and its depth are the labels, noise is 1 %."""

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rng = np.random.default_rng([1, index])
        place, depth = rng.uniform(-1, 1), rng.uniform(-1, 1)
        pixel = np.arange(PIXELS)
        line = (0.4 + 0.3 * depth) * np.exp(-0.5 * ((pixel - 128 - 40 * place) / 6) ** 2)
        level = 10.0 ** rng.uniform(-1, 3)
        flux = level * (1 - line) * (1 + 0.01 * rng.standard_normal(PIXELS))
        labels = np.array([place, np.nan if index % 7 == 0 else depth], np.float32)
        return flux.astype(np.float32), labels


def fresh(seed: int = 0) -> BossNet:
    torch.manual_seed(seed)
    network = BossNet(TINY)
    balance_first_kernels(network)
    return network


def quiet(line: str) -> None:
    """Takes the progress lines."""


def test_a_small_network_learns_what_it_is_given(tmp_path: Path) -> None:
    recipe = Recipe(steps=250, batch_size=32, max_rate=1e-2, checkpoint_every=125)
    network = fit(fresh(), Lines(), recipe, tmp_path, say=quiet)
    unseen = [Lines()[10**6 + i] for i in range(300)]
    flux, labels = (np.array(part) for part in zip(*unseen, strict=True))
    difference = predict(network, flux, [0, 0], [1, 1]) - labels
    assert robust_sigma(difference[:, 0]) < 0.1
    assert robust_sigma(difference[np.isfinite(difference[:, 1]), 1]) < 0.15
    history = [json.loads(line) for line in (tmp_path / HISTORY).read_text().splitlines()]
    assert [h["step"] for h in history] == [125, 250]
    assert history[1]["loss"] < history[0]["loss"]


def test_an_interrupted_training_gives_the_same_weights(tmp_path: Path) -> None:
    recipe = Recipe(steps=12, batch_size=8, checkpoint_every=4)
    whole = fit(fresh(), Lines(), recipe, tmp_path / "whole", say=quiet)
    fit(fresh(), Lines(), recipe, tmp_path / "parts", say=quiet, stop_at=5)
    parts = fit(fresh(seed=9), Lines(), recipe, tmp_path / "parts", say=quiet)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name


def test_reader_processes_change_nothing(tmp_path: Path) -> None:
    one = fit(fresh(), Lines(), Recipe(steps=3, batch_size=8), tmp_path / "0", say=quiet)
    two = fit(fresh(), Lines(), Recipe(steps=3, batch_size=8, workers=2), tmp_path / "2", say=quiet)
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name]), name


def test_validation_sees_the_network_as_it_will_be_used(tmp_path: Path) -> None:
    seen: list[bool] = []

    def validate(network: BossNet) -> dict[str, float]:
        seen.append(network.training)
        return {"sigma": 1.0}

    fit(fresh(), Lines(), Recipe(steps=2, batch_size=4, checkpoint_every=1), tmp_path,
        validate=validate, say=quiet)
    assert seen == [False, False]
    assert json.loads((tmp_path / HISTORY).read_text().splitlines()[0])["sigma"] == 1.0


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    fit(fresh(), Lines(), Recipe(steps=2, batch_size=4), tmp_path, say=quiet)
    assert (tmp_path / CHECKPOINT).is_file()
    with pytest.raises(ConfigurationError, match="another recipe"):
        fit(fresh(), Lines(), Recipe(steps=3, batch_size=4), tmp_path, say=quiet)


def test_the_rate_goes_up_and_down_once() -> None:
    recipe = Recipe(steps=100, max_rate=1.0, warm_up=0.25)
    rates = [recipe.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.04)
    assert int(np.argmax(rates)) == 25
    assert rates[25] == pytest.approx(1.0, abs=2e-3)
    assert (np.diff(rates[25:]) < 0).all()
    assert rates[-1] < 0.01


def test_the_forward_pass_of_training_is_the_networks_own() -> None:
    network = fresh().eval()
    x = standardise(torch.from_numpy(np.array([Lines()[i][0] for i in range(4)])))
    with torch.inference_mode():
        assert torch.equal(forward(network, x, bfloat16=False), network(x.unsqueeze(1)))


def test_balanced_kernels_do_not_see_the_fluxs_scale() -> None:
    network = fresh().eval()
    x = standardise(torch.from_numpy(Lines()[3][0][None])).unsqueeze(1)
    with torch.inference_mode():
        near = network.first_conv(network.pos_enc(x))
        far = network.first_conv(network.pos_enc(x + 5.0))
    inner = slice(8, -8)  # padding with zeros shows at the ends
    torch.testing.assert_close(near[..., inner], far[..., inner], atol=1e-4, rtol=0)
