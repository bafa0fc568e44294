"""A training from its configuration to a frozen network, in one folder."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.errors import ConfigurationError
from bossnet.network import APOGEE, BOSS
from bossnet.network.architecture import Architecture
from bossnet.network.frozen import load
from bossnet.network.prediction import DirectPredictor, Exposure
from bossnet.simulation.instruments import BOSS as BOSS_SPECTROGRAPH
from bossnet.simulation.observe import observe
from bossnet.training import configuration
from bossnet.training.configuration import Training
from bossnet.training.dataset import Dataset, write
from bossnet.training.draws import Drawing, on_grid
from bossnet.training.fit import BEST, CHECKPOINT, HISTORY, Recipe
from bossnet.training.judge import predict
from bossnet.training.train import train
from training.made import entries

SMALL = Training(
    "small", "boss", Drawing({"miles": 0.5, "corv": 0.2, "thedoppler": 0.2, "mastar": 0.1}),
    Recipe(steps=12, batch_size=8, max_rate=1e-3, checkpoint_every=4, seed=7),
    Architecture(dim_mults=(1, 2), adapt_pool_output_dim=8, num_linear=1, linear_dim=8,
                 kernel_size=6),
    coverage={"teff": [3500, 30000], "note": "a test's"})
FEW = {"reference": 60, "tested": 100}
MEAN, STD = (np.array([getattr(p, name) for p in BOSS.parameters]) for name in ("mean", "std"))


def quiet(numbers: dict[str, Any]) -> None:
    """Takes the numbers of checkpoints."""


@pytest.fixture(scope="module")
def folder(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a training that was stopped in between and is done."""
    made = tmp_path_factory.mktemp("training") / "first"
    torch.set_num_threads(1)
    assert train(SMALL, dataset, made, stop_at=6, say=quiet, **FEW) is None
    assert not list(made.glob("*.safetensors"))
    assert train(SMALL, dataset, made, say=quiet, **FEW) == made / "small.safetensors"
    return made


def test_one_folder_holds_all_of_a_training(folder: Path, dataset: Dataset) -> None:
    names = {path.name for path in folder.iterdir()} - {"curves.png"}
    assert names == {"training.yml", "dataset.json", CHECKPOINT, BEST, HISTORY,
                     "small.safetensors"}
    assert configuration.load(folder / "training.yml") == SMALL
    assert json.loads((folder / "dataset.json").read_text()) == dataset.description
    assert torch.load(folder / CHECKPOINT, weights_only=True)["progress"]["step"] == 12


def test_curves_are_drawn(folder: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra report")
    assert (folder / "curves.png").stat().st_size > 15_000


def test_the_card_tells_how_the_weights_were_made(folder: Path, dataset: Dataset) -> None:
    card = load(folder / "small.safetensors").card
    history = [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()]
    best = min(history, key=lambda line: line["validation"]["loss"])
    assert (card.name, card.network, card.status) == ("small", "boss", "demonstration")
    assert card.parameters == ["logg", "logTeff", "FeH", "rv"]
    assert card.label_mean == [p.mean for p in BOSS.parameters]
    assert card.architecture == SMALL.architecture.as_dict()
    assert card.coverage == {"teff": [3500, 30000], "note": "a test's"}
    assert card.licence == "BSD-3-Clause"
    assert card.ood_limit is not None
    made = card.provenance
    assert made["training"] == json.loads(json.dumps(SMALL.as_dict()))
    assert made["dataset"] == dataset.description
    assert made["stars"] == dataset.counts()
    assert made["steps"] == best["step"]
    assert made["spectra"] == 8 * best["step"]
    assert made["validation"] == best["validation"]
    assert made["out_of_distribution"].startswith("1% of 100 draws")
    assert made["command"].startswith("bossnet train training.yml --dataset")
    assert {"bossnet", "commit", "torch"} <= made.keys()
    cited = " ".join(made["citations"])
    assert "Sizemore" in cited
    assert "MILES" in cited
    assert "STELIB" not in cited


def test_the_weights_are_the_best_ones(folder: Path) -> None:
    best = torch.load(folder / BEST, weights_only=True)
    for name, value in load(folder / "small.safetensors").module.state_dict().items():
        assert torch.equal(value, best[name]), name


def test_the_frozen_network_predicts_as_it_was_judged(folder: Path, dataset: Dataset) -> None:
    frozen = load(folder / "small.safetensors")
    spectra = [observe(dataset.template(row), BOSS_SPECTROGRAPH, 20.0, 50.0, 0.0,
                       np.random.default_rng(row)) for row in range(4)]
    found = DirectPredictor(frozen, BOSS).predict(
        [Exposure(s.flux, s.error, s.wavelength) for s in spectra], n_draws=0, seed=0)
    normalised = predict(frozen.module, np.array([on_grid(s, BOSS) for s in spectra]))
    np.testing.assert_allclose((found.parameters - MEAN) / STD, normalised, atol=1e-4)
    assert np.isfinite(found.distance).all()


def test_the_same_command_again_does_nothing_more(folder: Path, dataset: Dataset) -> None:
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    assert train(SMALL, dataset, folder, say=quiet, **FEW) == folder / "small.safetensors"
    after = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    assert after == before


def test_an_undisturbed_training_gives_the_same_network(folder: Path, dataset: Dataset,
                                                        tmp_path: Path) -> None:
    train(SMALL, dataset, tmp_path, say=quiet, **FEW)
    one, two = (load(place / "small.safetensors") for place in (folder, tmp_path))
    for name, value in one.module.state_dict().items():
        assert torch.equal(value, two.module.state_dict()[name]), name
    for card in (one.card, two.card):
        card.provenance.pop("commit")  # of a checkout that may change meanwhile
    assert replace(one.card, sha256="") == replace(two.card, sha256="")


def test_a_folder_of_another_training_or_dataset_is_refused(folder: Path, dataset: Dataset,
                                                            tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    with pytest.raises(ConfigurationError, match=r"training\.yml is of another training"):
        train(replace(SMALL, recipe=replace(SMALL.recipe, steps=13)), dataset, tmp_path / "copy",
              say=quiet)
    changed = [replace(entry, template=replace(entry.template, teff=entry.template.teff + 1))
               for entry in entries()]
    other = write(tmp_path / "set", changed, made_from={"test": True})
    with pytest.raises(ConfigurationError, match=r"dataset\.json is of another training"):
        train(SMALL, other, tmp_path / "copy", say=quiet)


def test_what_only_the_card_says_may_be_changed_when_the_training_is_done(
        folder: Path, dataset: Dataset, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    said = replace(SMALL, coverage={"note": "better said"}, status="science", licence="MIT")
    path = train(said, dataset, tmp_path / "copy", say=quiet, **FEW)
    assert path is not None
    one, two = load(folder / "small.safetensors"), load(path)
    assert (two.card.coverage, two.card.status, two.card.licence) == (
        {"note": "better said"}, "science", "MIT")
    for name, value in one.module.state_dict().items():
        assert torch.equal(value, two.module.state_dict()[name])
    assert two.card.ood_limit == one.card.ood_limit
    assert (tmp_path / "copy" / HISTORY).read_bytes() == (folder / HISTORY).read_bytes()
    assert configuration.load(tmp_path / "copy" / "training.yml") == said


def test_without_matplotlib_the_curves_are_left_out_and_that_is_said(
        folder: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "small.safetensors").unlink()
    (tmp_path / "copy" / "curves.png").unlink(missing_ok=True)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    train(SMALL, dataset, tmp_path / "copy", say=quiet, **FEW)
    assert "curves.png is left out: matplotlib is not installed (extra `report`)" in caplog.text
    assert not (tmp_path / "copy" / "curves.png").exists()
    assert (tmp_path / "copy" / "small.safetensors").is_file()


@pytest.mark.parametrize("missing", ["train", "validation", "test"])
def test_what_the_dataset_lacks_is_said_before_anything_is_done(tmp_path: Path, missing: str
                                                                ) -> None:
    some = [entry for entry in entries() if entry.split != missing]
    small = write(tmp_path / "set", some, made_from={})
    with pytest.raises(ConfigurationError, match=f"has no {missing} templates of"):
        train(SMALL, small, tmp_path / "training", say=quiet)
    assert not (tmp_path / "training").exists()


def test_a_network_whose_light_no_template_has_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    infrared = replace(SMALL, network="apogee", architecture=replace(
        SMALL.architecture, num_targets=len(APOGEE.parameters)))
    with pytest.raises(ConfigurationError, match="APOGEE Net III needs one of kind apogee"):
        train(infrared, dataset, tmp_path / "training", say=quiet)


def test_the_last_weights_are_frozen_where_that_is_asked(folder: Path, dataset: Dataset,
                                                         tmp_path: Path) -> None:
    again = shutil.copytree(folder, tmp_path / "again")
    path = train(replace(SMALL, freeze="last"), dataset, again, say=quiet, **FEW)
    assert path is not None
    kept = torch.load(again / CHECKPOINT, weights_only=True)["network"]
    for name, value in load(path).module.state_dict().items():
        assert torch.equal(value, kept[name]), name
    card = load(path).card
    assert card.provenance["steps"] == SMALL.recipe.steps
    history = [json.loads(line) for line in (again / HISTORY).read_text().splitlines()]
    assert card.provenance["validation"] == history[-1]["validation"]
