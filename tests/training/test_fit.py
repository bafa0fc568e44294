"""The training loop: it learns, and an interruption leaves no trace."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError, TrainingError
from bossnet.evaluation.statistics import robust_sigma
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.preparation import standardise
from bossnet.training.fit import (
    BEST,
    CHECKPOINT,
    HISTORY,
    Numbers,
    Recipe,
    balance_first_kernels,
    fit,
    forward,
)
from bossnet.training.judge import Labelled, judge, predict

PIXELS = 256
TINY = Architecture(num_targets=2, model_dim=4, dim_mults=(1, 2), kernel_size=8,
                    adapt_pool_output_dim=16, num_linear=1, linear_dim=32)
SHORT = Recipe(steps=12, batch_size=8, max_rate=1e-2, checkpoint_every=4)


class Lines:
    """Spectra of one absorption line: its place and its depth are the labels, noise is 1 %."""

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]:
        rng = np.random.default_rng([1, index])
        place, depth = rng.uniform(-1, 1), rng.uniform(-1, 1)
        pixel = np.arange(PIXELS)
        line = (0.4 + 0.3 * depth) * np.exp(-0.5 * ((pixel - 128 - 40 * place) / 6) ** 2)
        level = 10.0 ** rng.uniform(-1, 3)
        flux = level * (1 - line) * (1 + 0.01 * rng.standard_normal(PIXELS))
        labels = np.array([place, np.nan if index % 7 == 0 else depth], np.float32)
        return flux.astype(np.float32), labels, np.array([1, 1 + index % 3], np.float32)


class Interrupted(Lines):
    """The same, but Ctrl-C comes when a spectrum is asked for."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]:
        if index == self.at:
            raise KeyboardInterrupt
        return super().__getitem__(index)


def fresh(seed: int = 0) -> BossNet:
    torch.manual_seed(seed)
    network = BossNet(TINY)
    balance_first_kernels(network)
    return network


def quiet(numbers: Numbers) -> None:
    """Takes the numbers of checkpoints."""


def unseen(number: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    flux, labels, _ = zip(*(Lines()[10**6 + i] for i in range(number)), strict=True)
    return np.array(flux), np.array(labels)


def judged(network: BossNet) -> Numbers:
    loss, groups = judge(network, Labelled(*unseen(20), {"all": np.ones(20, bool)}),
                         names=["place", "depth"], mean=[0, 0], std=[1, 1])
    return {"loss": loss, "groups": groups}


def history(folder: Path) -> list[dict[str, Any]]:
    """What is noted of each checkpoint, but for what it took."""
    lines = [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "steps_done")}
            for line in lines]


def assert_same(one: BossNet, two: BossNet) -> None:
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name]), name


def test_a_small_network_learns_what_it_is_given(tmp_path: Path) -> None:
    recipe = Recipe(steps=250, batch_size=32, max_rate=1e-2, schedule="one-cycle",
                    checkpoint_every=50)
    network = fit(fresh(), Lines(), recipe, tmp_path, validate=judged, say=quiet)
    flux, labels = unseen(300)
    difference = predict(network, flux) - labels
    assert robust_sigma(difference[:, 0]) < 0.1
    assert robust_sigma(difference[np.isfinite(difference[:, 1]), 1]) < 0.15
    noted = history(tmp_path)
    assert [line["step"] for line in noted] == [50, 100, 150, 200, 250]
    assert noted[-1]["loss"] < noted[0]["loss"] / 5
    assert noted[-1]["validation"]["loss"] < 0.05


def test_an_interrupted_training_gives_the_same_weights_to_the_last_bit(tmp_path: Path) -> None:
    whole = fit(fresh(), Lines(), SHORT, tmp_path / "whole", validate=judged, say=quiet)
    for at in (5, 4, 9):  # between checkpoints, and at one
        folder = tmp_path / f"stopped at {at}"
        fit(fresh(), Lines(), SHORT, folder, validate=judged, say=quiet, stop_at=at)
        parts = fit(fresh(seed=9), Lines(), SHORT, folder, validate=judged, say=quiet)
        assert_same(whole, parts)
        assert history(folder) == history(tmp_path / "whole")


def stopped_in_validation(network: BossNet) -> Numbers:
    raise KeyboardInterrupt


def stopped_when_told(numbers: Numbers) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("source", "validate", "say"), [
    (Interrupted(3), judged, quiet), (Interrupted(8 * 6 + 5), judged, quiet),
    (Interrupted(8 * 11), judged, quiet), (Lines(), stopped_in_validation, quiet),
    (Lines(), judged, stopped_when_told)])
def test_ctrl_c_leaves_no_trace_wherever_it_comes(
        tmp_path: Path, source: Lines, validate: Callable[[BossNet], Numbers],
        say: Callable[[Numbers], None]) -> None:
    whole = fit(fresh(), Lines(), SHORT, tmp_path / "whole", validate=judged, say=quiet)
    with pytest.raises(KeyboardInterrupt):
        fit(fresh(), source, SHORT, tmp_path / "parts", validate=validate, say=say)
    again = fit(fresh(), Lines(), SHORT, tmp_path / "parts", validate=judged, say=quiet)
    assert_same(whole, again)
    assert history(tmp_path / "parts") == history(tmp_path / "whole")


def test_what_was_noted_after_the_last_checkpoint_is_noted_once(tmp_path: Path) -> None:
    fit(fresh(), Lines(), SHORT, tmp_path, validate=judged, say=quiet, stop_at=4)
    noted = (tmp_path / HISTORY).read_text()
    with (tmp_path / HISTORY).open("a") as file:  # killed before the checkpoint, and in a line
        file.write(json.dumps({"step": 8, "loss": 99.0}) + "\n" + '{"step": 12, "lo')
    fit(fresh(), Lines(), SHORT, tmp_path, validate=judged, say=quiet)
    assert [line["step"] for line in history(tmp_path)] == [4, 8, 12]
    assert (tmp_path / HISTORY).read_text().startswith(noted)
    assert history(tmp_path)[1]["loss"] != 99.0


def test_reader_processes_change_nothing(tmp_path: Path) -> None:
    one = fit(fresh(), Lines(), SHORT, tmp_path / "0", say=quiet)
    recipe = replace(SHORT, workers=2)
    two = fit(fresh(), Lines(), recipe, tmp_path / "2", say=quiet)
    assert_same(one, two)
    fit(fresh(), Lines(), recipe, tmp_path / "parts", say=quiet, stop_at=7)
    assert_same(one, fit(fresh(seed=3), Lines(), recipe, tmp_path / "parts", say=quiet))


def test_validation_sees_the_network_as_it_will_be_used(tmp_path: Path) -> None:
    seen: list[bool] = []

    def validate(network: BossNet) -> Numbers:
        seen.append(network.training)
        return {"loss": 1.0, "sigma": 2.0}

    network = fit(fresh(), Lines(), Recipe(steps=2, batch_size=4, checkpoint_every=1), tmp_path,
                  validate=validate, say=quiet)
    assert seen == [False, False]
    assert not network.training
    assert history(tmp_path)[0]["validation"] == {"loss": 1.0, "sigma": 2.0}


class Told:
    """Validation losses as they are told, and the weights at each."""

    def __init__(self, *losses: float) -> None:
        self.losses, self.weights = list(losses), list[dict[str, torch.Tensor]]()

    def __call__(self, network: BossNet) -> Numbers:
        self.weights.append({k: v.clone() for k, v in network.state_dict().items()})
        return {"loss": self.losses[len(self.weights) - 1]}


PATIENT = Recipe(steps=20, batch_size=4, max_rate=1e-2, checkpoint_every=2, patience=3)


def test_a_training_stops_when_validation_no_longer_improves_and_the_best_is_kept(
        tmp_path: Path) -> None:
    told = Told(5.0, 4.0, 4.5, 3.0, 3.0, 3.5, 9.0, 0.0)  # an equal loss is no improvement
    network = fit(fresh(), Lines(), PATIENT, tmp_path, validate=told, say=quiet)
    assert [line["step"] for line in history(tmp_path)] == [2, 4, 6, 8, 10, 12, 14]
    for name, value in network.state_dict().items():
        assert torch.equal(value, told.weights[3][name])
    # The same again does nothing more.
    again = fit(fresh(seed=5), Lines(), PATIENT, tmp_path, validate=told, say=quiet)
    assert_same(network, again)
    assert len(told.weights) == 7


def test_patience_is_kept_over_an_interruption(tmp_path: Path) -> None:
    losses = (5.0, 4.0, 4.5, 6.0, 4.5, 0.0)
    whole, parts = Told(*losses), Told(*losses)
    one = fit(fresh(), Lines(), PATIENT, tmp_path / "whole", validate=whole, say=quiet)
    for at in (5, 7):  # before and after the first validation in vain
        fit(fresh(), Lines(), PATIENT, tmp_path / "parts", validate=parts, say=quiet, stop_at=at)
    two = fit(fresh(seed=2), Lines(), PATIENT, tmp_path / "parts", validate=parts, say=quiet)
    assert_same(one, two)
    assert history(tmp_path / "whole") == history(tmp_path / "parts")
    assert history(tmp_path / "whole")[-1]["step"] == 10


def test_without_patience_the_best_is_kept_too_and_all_steps_are_done(tmp_path: Path) -> None:
    told = Told(2.0, 1.0, 7.0)
    network = fit(fresh(), Lines(), SHORT, tmp_path, validate=told, say=quiet)
    assert history(tmp_path)[-1]["step"] == 12
    for name, value in network.state_dict().items():
        assert torch.equal(value, told.weights[1][name])


def test_a_checkpoint_of_another_recipe_or_architecture_is_refused(tmp_path: Path) -> None:
    fit(fresh(), Lines(), SHORT, tmp_path, say=quiet, stop_at=2)
    before = (tmp_path / CHECKPOINT).read_bytes()
    with pytest.raises(ConfigurationError, match="another recipe"):
        fit(fresh(), Lines(), replace(SHORT, steps=13), tmp_path, say=quiet)
    with pytest.raises(ConfigurationError, match="another architecture"):
        fit(BossNet(replace(TINY, linear_dim=16)), Lines(), SHORT, tmp_path, say=quiet)
    assert (tmp_path / CHECKPOINT).read_bytes() == before


class Absurd(Lines):
    """From some spectrum on, labels beyond what squares can hold."""

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]:
        flux, labels, weights = super().__getitem__(index)
        return flux, labels * np.float32(1e30 if index >= 48 else 1), weights


def test_a_loss_that_is_not_finite_ends_the_training_and_keeps_the_last_checkpoint(
        tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="the loss of step 6 is inf: lower max_rate"):
        fit(fresh(), Absurd(), SHORT, tmp_path, say=quiet)
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert state["progress"]["step"] == 4
    assert all(torch.isfinite(value).all() for value in state["network"].values())


def test_a_validation_loss_that_is_not_a_number_ends_the_training(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="the validation loss of step 8 is nan"):
        fit(fresh(), Lines(), SHORT, tmp_path, validate=Told(1.0, math.nan), say=quiet)
    assert len(history(tmp_path)) == 1


def test_files_are_whole(tmp_path: Path) -> None:
    fit(fresh(), Lines(), SHORT, tmp_path, validate=judged, say=quiet)
    assert {path.name for path in tmp_path.iterdir()} == {CHECKPOINT, BEST, HISTORY}


def test_a_constant_rate_is_constant() -> None:
    assert {Recipe(steps=100).rate(step) for step in range(100)} == {1e-4}


def test_the_rate_of_one_cycle_by_hand() -> None:
    recipe = Recipe(steps=100, max_rate=2.0, warm_up=0.25, schedule="one-cycle")
    rates = [recipe.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(2 * 0.04)
    assert rates[5] == pytest.approx(2 * (0.04 + 0.96 * (1 - math.cos(math.pi / 5)) / 2))
    assert rates[25] == pytest.approx(2.0, rel=2e-3)
    assert rates[50] == pytest.approx(2 * (1e-3 + (1 + math.cos(math.pi / 3)) / 2))
    assert (np.diff(rates[:26]) > 0).all()
    assert (np.diff(rates[25:]) < 0).all()
    assert rates[-1] < 0.01


def test_the_defaults_are_the_papers() -> None:
    recipe = Recipe(steps=1)
    assert (recipe.batch_size, recipe.max_rate, recipe.schedule) == (512, 1e-4, "constant")


@pytest.mark.parametrize(("settings", "said"), [
    ({"steps": 0}, "1 or more"), ({"batch_size": 0}, "1 or more"),
    ({"checkpoint_every": 0}, "1 or more"), ({"workers": -1}, "not negative"),
    ({"patience": -1}, "not negative"), ({"seed": -1}, "not negative"),
    ({"max_rate": 0.0}, "max_rate"), ({"warm_up": 1.0}, "warm_up"),
    ({"schedule": "cosine"}, "constant or one-cycle")])
def test_recipes_that_make_no_sense_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Recipe(**({"steps": 10} | settings))


def test_the_forward_pass_of_training_is_the_networks_own() -> None:
    network = fresh().eval()
    x = standardise(torch.from_numpy(np.array([Lines()[i][0] for i in range(4)])))
    with torch.inference_mode():
        own = network(x.unsqueeze(1))
        assert torch.equal(forward(network, x, bfloat16=False), own)
        mixed = forward(network, x, bfloat16=True)
    assert mixed.dtype == torch.float32
    assert not torch.equal(mixed, own)
    torch.testing.assert_close(mixed, own, atol=0.03, rtol=0)


def test_mixed_precision_learns_and_keeps_weights_in_single_precision(tmp_path: Path) -> None:
    recipe = replace(SHORT, steps=40, batch_size=16, checkpoint_every=20, bfloat16=True)
    network = fit(fresh(), Lines(), recipe, tmp_path, say=quiet)
    assert {value.dtype for value in network.parameters()} == {torch.float32}
    first, second = (line["loss"] for line in history(tmp_path))
    assert second < first


def test_balanced_kernels_do_not_see_the_fluxs_scale() -> None:
    network = fresh().eval()
    x = standardise(torch.from_numpy(Lines()[3][0][None])).unsqueeze(1)
    with torch.inference_mode():
        near = network.first_conv(network.pos_enc(x))
        far = network.first_conv(network.pos_enc(x + 5.0))
    inner = slice(8, -8)  # padding with zeros shows at the ends
    torch.testing.assert_close(near[..., inner], far[..., inner], atol=1e-4, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_training_begun_on_a_cuda_device_goes_on_on_the_cpu(tmp_path: Path) -> None:
    whole = fit(fresh(), Lines(), SHORT, tmp_path / "cpu", validate=judged, say=quiet)
    fit(fresh(), Lines(), SHORT, tmp_path / "cuda", validate=judged, say=quiet, device="cuda",
        stop_at=8)
    parts = fit(fresh(), Lines(), SHORT, tmp_path / "cuda", validate=judged, say=quiet)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], value, atol=1e-2, rtol=0)
    mixed = replace(SHORT, bfloat16=True)
    on_cuda = fit(fresh(), Lines(), mixed, tmp_path / "mixed", say=quiet, device="cuda")
    assert {value.device.type for value in on_cuda.parameters()} == {"cpu"}
