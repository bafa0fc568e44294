"""The batch size and the threads that are fastest are measured once, and change no result."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bossnet.network import BOSS, tuning
from bossnet.network.fast import FastPredictor, full
from bossnet.network.packaged import stars
from bossnet.network.tuning import tune


@pytest.fixture
def threads():
    """Threads are as before afterwards."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_fastest_is_taken_and_remembered(tiny, tmp_path, threads):
    torch.set_num_threads(2)
    predictor = FastPredictor(tiny, BOSS)
    tune(predictor, tmp_path)
    measured = json.loads((tmp_path / tuning.REMEMBERED).read_text())
    assert len(measured) >= 4
    said = f"{predictor.batch_size} at once, {torch.get_num_threads()} threads"
    chosen, = (seconds for key, seconds in measured.items() if said in key)
    assert chosen <= min(measured.values()) / tuning.WORTHWHILE**5
    before = (tmp_path / tuning.REMEMBERED).stat().st_mtime_ns
    torch.set_num_threads(2)
    again = FastPredictor(tiny, BOSS)
    tune(again, tmp_path)
    assert again.batch_size == predictor.batch_size
    assert (tmp_path / tuning.REMEMBERED).stat().st_mtime_ns == before


def test_fewer_at_once_are_taken_where_more_are_hardly_faster(tiny, tmp_path, threads,
                                                               monkeypatch):
    torch.set_num_threads(1)
    times = {full(1): 1.0, full(2): 0.98, full(4): 0.99}
    monkeypatch.setattr(tuning, "seconds", lambda predictor, exposures, size: times[size])
    predictor = FastPredictor(tiny, BOSS)
    tune(predictor, tmp_path)
    assert predictor.batch_size == full(1)
    times[full(4)] = 0.5
    (tmp_path / tuning.REMEMBERED).unlink()
    tune(predictor, tmp_path)
    assert predictor.batch_size == full(4)


def test_a_size_that_the_memory_has_no_room_for_is_not_taken():
    def predict(batch, **_):
        predictor.batch_size = min(predictor.batch_size, 64)  # as if memory had run out

    predictor = SimpleNamespace(batch_size=0, predict=predict)
    assert tuning.seconds(predictor, [None], 32) < np.inf
    assert tuning.seconds(predictor, [None], 128) == np.inf


def test_results_do_not_depend_on_it(tiny, threads):
    some = stars(BOSS)[:5]
    predictor = FastPredictor(tiny, BOSS)
    wanted = predictor.predict(some, n_draws=3, seed=1)
    torch.set_num_threads(2)
    predictor.batch_size = 2
    got = predictor.predict(some, n_draws=3, seed=1)
    std = np.array(tiny.card.label_std)
    np.testing.assert_allclose(got.parameters / std, wanted.parameters / std, atol=1e-5)
    np.testing.assert_allclose(got.spread / std, wanted.spread / std, atol=1e-5)
