"""The spectra that a training is watched by."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.errors import ConfigurationError
from bossnet.network import BOSS
from bossnet.simulation.templates import packaged
from bossnet.training import validation as module
from bossnet.training.dataset import Dataset, Entry, write
from bossnet.training.judge import Labelled
from bossnet.training.validation import one_a_star, validation
from training.made import RED_END, labelled

LIKE = packaged()[20]
#: Teff of the validation stars: one cool, three between, two hot
TEFF = (3800.0, 4500.0, 5500.0, 7400.0, 7600.0, 9000.0)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    stars = [Entry(labelled(f"star {i}", "miles" if i else "stelib", teff, 4.0, -0.1 * i,
                            like=LIKE), "validation", end)
             for i, teff in enumerate(TEFF) for end in (RED_END, RED_END)]
    models = [Entry(labelled(f"model {i}", "thedoppler", 5000.0 + i, 4.0, 0.0, like=LIKE),
                    "validation") for i in range(5)]
    stacks = [Entry(labelled("stack", "mastar", np.nan, np.nan, np.nan, like=LIKE), "validation")]
    foreign = [Entry(labelled("other", "miles", 5000.0, 4.0, 0.0, like=LIKE), split)
               for split in ("train",)]
    return write(tmp_path_factory.mktemp("set"), [*foreign, *stars, *models, *stacks],
                 made_from={})


@pytest.fixture(scope="module")
def labelled_set(small: Dataset) -> Labelled:
    return validation(small, ["miles", "stelib", "thedoppler", "mastar"], BOSS, seed=1)


def test_each_star_is_there_four_times_and_models_once(labelled_set: Labelled) -> None:
    numbers = {name: int(rows.sum()) for name, rows in labelled_set.groups.items()}
    assert numbers == {"stars 4000-7500 K": 3 * 3, "stars above 7500 K": 2 * 3,
                       "stars below 4000 K": 1 * 3,
                       "stars 4000-7500 K, LAMOST, fair to poor": 3,
                       "thedoppler": 5, "mastar": 1}
    assert labelled_set.flux.shape == (6 * 4 + 5 + 1, BOSS.grid.size)
    assert np.isfinite(labelled_set.flux).all()


def test_labels_are_those_of_the_templates_in_the_networks_order(labelled_set: Labelled) -> None:
    logg, log_teff, fe_h, rv = labelled_set.labels.T
    cool = labelled_set.groups["stars below 4000 K"]
    assert log_teff[cool] == pytest.approx([np.log10(3800.0)] * 3)
    assert fe_h[cool] == pytest.approx([0.0] * 3)
    stacks = labelled_set.groups["mastar"]
    assert np.isnan(labelled_set.labels[stacks, :3]).all()
    assert np.isfinite(rv).all()
    assert np.abs(rv).max() <= 300
    assert len(set(rv.tolist())) == len(rv)
    assert logg[~stacks] == pytest.approx([4.0] * 29)


def test_the_set_is_the_same_again_and_another_by_another_seed(small: Dataset,
                                                               labelled_set: Labelled) -> None:
    libraries = ["miles", "stelib", "thedoppler", "mastar"]
    again, other = (validation(small, libraries, BOSS, seed=seed) for seed in (1, 2))
    np.testing.assert_array_equal(again.flux, labelled_set.flux)
    assert not np.array_equal(other.flux, labelled_set.flux)
    # Another library beside them does not change the spectra of the first.
    alone = validation(small, ["thedoppler"], BOSS, seed=1)
    np.testing.assert_array_equal(alone.flux,
                                  labelled_set.flux[labelled_set.groups["thedoppler"]])


def test_the_first_entry_of_a_star_is_taken(small: Dataset) -> None:
    rows = one_a_star(small, "validation", "miles")
    assert small.star[rows].tolist() == [f"star {i}" for i in range(1, 6)]
    assert rows == [3, 5, 7, 9, 11]


def test_of_many_models_some_are_enough(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODELS", 2)
    assert validation(small, ["thedoppler"], BOSS, seed=1).groups["thedoppler"].sum() == 2


def test_nothing_to_validate_on_is_said(tmp_path: Path) -> None:
    only = write(tmp_path, [Entry(LIKE, "train")], made_from={})
    with pytest.raises(ConfigurationError, match="no validation templates of miles, stelib"):
        validation(only, ["miles", "stelib"], BOSS, seed=0)
