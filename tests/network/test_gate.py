"""A faster arithmetic is used only where it was measured to be as good."""

import json

import numpy as np
import pytest
import torch

from bossnet.errors import ConfigurationError
from bossnet.network import BOSS, gate
from bossnet.network.fast import FastPredictor, fastest
from bossnet.network.frozen import load, save
from bossnet.network.gate import allowed, difference
from bossnet.network.installed import DEFAULTS, SHIPPED
from bossnet.network.packaged import stars
from bossnet.network.prediction import BFLOAT16, FLOAT32, TF32, DirectPredictor
from network.made import TINY, random_network


@pytest.fixture(scope="module")
def shipped():
    return load(SHIPPED / f"{DEFAULTS['boss']}.safetensors")


@pytest.fixture(scope="module")
def some():
    """Twelve of the packaged spectra, to be quick."""
    return stars(BOSS)[::4]


@pytest.fixture
def quick(monkeypatch, some):
    monkeypatch.setattr(gate, "stars", lambda network: some)


@pytest.fixture
def spread(tmp_path, some):
    """A random network whose last layer is scaled so that its predictions spread like labels."""
    raw = random_network(tmp_path / "raw.safetensors", **TINY)
    outputs = DirectPredictor(raw, BOSS).predict(some, n_draws=0, seed=0).parameters
    last = raw.module.linear_sequential[-1]
    scale = torch.tensor([p.std for p in BOSS.parameters]) / torch.from_numpy(outputs.std(axis=0))
    last.weight.mul_(scale.float().unsqueeze(1))
    save(tmp_path / "spread.safetensors", raw.module.state_dict(), raw.card)
    return load(tmp_path / "spread.safetensors")


def test_the_shipped_network_is_computed_by_the_engine_within_rounding(shipped, quick, tmp_path):
    predictor = allowed(shipped, BOSS, home=tmp_path)
    assert type(predictor) is FastPredictor
    (remembered,) = json.loads((tmp_path / gate.REMEMBERED).read_text()).values()
    assert 0 < remembered < gate.LIMIT / 10


def test_a_random_network_is_too(spread, quick, tmp_path):
    assert type(allowed(spread, BOSS, home=tmp_path)) is FastPredictor


def test_bfloat16_is_refused_where_it_changes_predictions(shipped, quick, tmp_path):
    with pytest.raises(ConfigurationError, match="bossnet-1 predictions differ from float32's by "
                       r"\d.* % of their uncertainty .* use --precision float32"):
        allowed(shipped, BOSS, home=tmp_path, precision=BFLOAT16)


def test_bfloat16_is_used_where_it_may_be(shipped, quick, tmp_path, monkeypatch, some):
    monkeypatch.setattr(gate, "LIMIT", 10.0)
    predictor = allowed(shipped, BOSS, home=tmp_path, precision=BFLOAT16)
    exact = allowed(shipped, BOSS, home=tmp_path)
    assert (predictor.precision, exact.precision) == (BFLOAT16, FLOAT32)
    assert difference(predictor, exact, some) > 0.001


def test_the_reference_takes_the_place_of_an_engine_that_is_not_good_enough(
        shipped, quick, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(gate, "LIMIT", 1e-9)
    assert type(allowed(shipped, BOSS, home=tmp_path, batch_size=3)) is DirectPredictor
    assert "the plain module is used" in caplog.text


def test_what_was_measured_is_remembered_for_these_weights_alone(
        shipped, spread, quick, tmp_path, monkeypatch):
    allowed(shipped, BOSS, home=tmp_path)
    measured = []
    monkeypatch.setattr(gate, "difference", lambda *_: measured.append(1) or 0.0)
    allowed(shipped, BOSS, home=tmp_path)
    assert not measured
    allowed(spread, BOSS, home=tmp_path)
    assert measured
    assert len(json.loads((tmp_path / gate.REMEMBERED).read_text())) == 2


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"a": "b"}'])
def test_a_memory_that_cannot_be_read_is_made_anew(spread, quick, tmp_path, text):
    (tmp_path / gate.REMEMBERED).write_text(text)
    allowed(spread, BOSS, home=tmp_path)
    assert len(json.loads((tmp_path / gate.REMEMBERED).read_text())) == 1


def test_a_home_that_cannot_be_written_to_is_no_hindrance(spread, quick, tmp_path):
    assert type(allowed(spread, BOSS, home=tmp_path / "absent")) is FastPredictor


def test_a_prediction_that_is_not_finite_never_passes(spread, some):
    class Broken(DirectPredictor):
        def _features(self, x):
            features = super()._features(x)
            features[0] = np.nan
            return features

    assert difference(Broken(spread, BOSS), DirectPredictor(spread, BOSS), some) == np.inf


def test_tf32_is_refused_on_a_cpu(spread, tmp_path):
    with pytest.raises(ConfigurationError, match="tf32 is one of CUDA devices"):
        allowed(spread, BOSS, home=tmp_path, precision=TF32)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("precision", [TF32, BFLOAT16])
def test_on_a_cuda_device_a_precision_is_judged_by_what_is_measured(
        shipped, quick, tmp_path, precision):
    candidate = fastest(shipped, BOSS, device="cuda", precision=precision)
    found = gate.judge(candidate, shipped, BOSS, home=tmp_path)
    assert 0 < found.difference < 1
    assert candidate.precision == precision


def test_the_packaged_spectra_are_always_the_same_and_of_every_quality():
    once, again = stars(BOSS)[:3], stars(BOSS)[:3]
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a.flux, b.flux)
    quality = [np.median(e.flux / e.error) for e in once]
    assert quality == sorted(quality)
    assert quality[0] < 20 < quality[1] < 60 < quality[2]
