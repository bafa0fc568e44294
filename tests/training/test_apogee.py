"""A dataset and a training for APOGEE: from the packages' files to a frozen network."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.errors import ConfigurationError
from bossnet.evaluation import dressed
from bossnet.network import APOGEE, BOSS
from bossnet.network.architecture import Architecture
from bossnet.network.frozen import load
from bossnet.network.prediction import DirectPredictor, Exposure
from bossnet.simulation import instruments
from bossnet.simulation.templates import packaged
from bossnet.simulation.wavelengths import H_BAND_GRID
from bossnet.training import build as module
from bossnet.training.build import Origins, build
from bossnet.training.configuration import Training
from bossnet.training.configuration import load as configured
from bossnet.training.dataset import Dataset, Entry, write
from bossnet.training.draws import Drawing, Draws, on_grid
from bossnet.training.fit import Recipe
from bossnet.training.habits import HABITS
from bossnet.training.train import train
from training.sources.made import write_h_band, write_survey_giants

DRAWING = Drawing({"giants": 0.5, "thedoppler": 0.5}, instruments={"APOGEE": 1.0})
SMALL = Training(
    "small", "apogee", DRAWING, Recipe(steps=3, batch_size=6, checkpoint_every=3, seed=7),
    Architecture(num_targets=3, dim_mults=(1, 2), adapt_pool_output_dim=8, num_linear=1,
                 linear_dim=8, kernel_size=5))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    write_h_band(folder)
    rng = np.random.default_rng(0)
    write_survey_giants(folder, np.stack(
        [rng.uniform(4100, 5000, 50), rng.uniform(-1, 0.3, 50), np.zeros(50)], 1).astype("f4"))
    return folder


@pytest.fixture(scope="module")
def infrared(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MODELS", {"giants": 40, "thedoppler": 120})
        return build(tmp_path_factory.mktemp("set") / "set", ["giants", "thedoppler"],
                     Origins(packages, None, None, 0, say=lambda line: None, kind="apogee"))


def test_a_dataset_knows_its_kind_by_its_grid(infrared: Dataset, dataset: Dataset) -> None:
    assert (infrared.grid.kind, dataset.grid.kind) == ("apogee", "boss")
    assert infrared.flux.shape == (160, H_BAND_GRID.pixels)
    assert Dataset.open(infrared.folder).template(0).grid is H_BAND_GRID
    assert np.isfinite(infrared.flux).all()


def test_giants_are_where_the_survey_has_them(infrared: Dataset) -> None:
    rows = infrared.library == "giants"
    assert (infrared.teff[rows] > 3900).all()
    assert (infrared.teff[rows] < 5300).all()
    assert np.median(infrared.logg[rows]) == pytest.approx(2.0, abs=0.4)  # by the made network


def test_templates_of_two_grids_make_no_dataset(infrared: Dataset, tmp_path: Path) -> None:
    both = [Entry(infrared.template(0), "train"), Entry(packaged()[0], "train")]
    with pytest.raises(ConfigurationError, match="for one kind of network, but"):
        write(tmp_path / "both", both, made_from={})


def test_a_draw_is_what_a_network_for_apogee_sees(infrared: Dataset) -> None:
    draws = Draws(infrared, DRAWING, APOGEE, seed=3)
    for i in range(6):
        flux, labels, weights = draws[i]
        assert (flux.shape, labels.shape, weights.shape) == ((8575,), (3,), (3,))
        assert np.isfinite(flux).all()
        assert flux[:150].tolist() == [0.0] * 150  # before the first chip
    np.testing.assert_array_equal(draws[4][0], draws[4][0])


def test_velocities_are_what_a_pipeline_leaves(infrared: Dataset) -> None:
    rng, star = np.random.default_rng(0), infrared.template(0)
    rv = np.array([HABITS["apogee"].velocity(star, rng) for _ in range(2000)])
    assert np.median(np.abs(rv)) < 2.0
    assert 5.0 < np.abs(rv).max() < 60.0


def test_conditions_are_worse_as_often_as_asked_and_lines_always_differ() -> None:
    rng, weather = np.random.default_rng(0), HABITS["apogee"].weather
    poor = [weather(rng, fair=0.6).dead_pixels is not None for _ in range(1000)]
    assert np.mean(poor) == pytest.approx(0.4, abs=0.05)
    unlike = np.array([weather(rng, fair=1.0).unlike for _ in range(300)])
    assert 0.0 < unlike.min() < 0.05 < 0.35 < unlike.max() < 0.4


@pytest.mark.parametrize(("instrument", "network"), [("BOSS", APOGEE), ("APOGEE", BOSS)])
def test_a_dataset_is_not_for_another_instrument_or_network(
        infrared: Dataset, instrument: str, network: Any) -> None:
    drawing = replace(DRAWING, instruments={instrument: 1.0})
    with pytest.raises(ConfigurationError, match=r"BOSS do not see|needs one of kind boss"):
        Draws(infrared, drawing, network, seed=0)


def test_an_instrument_that_does_not_see_a_dataset_is_refused(infrared: Dataset) -> None:
    with pytest.raises(ConfigurationError, match="of kind apogee, which BOSS does not observe"):
        dressed.of_dataset(infrared, "test", [instruments.BOSS], [100.0], seed=0)


def test_only_templates_of_asked_temperatures_are_dressed(infrared: Dataset) -> None:
    todo = dressed.of_dataset(infrared, "train", [instruments.APOGEE], [100.0], seed=0,
                              teff=(4200.0, 4800.0))
    assert 0 < len(todo) < len(infrared.rows("train"))
    assert all(4200 <= infrared.teff[d.place] <= 4800 for d in todo)
    assert all(abs(d.rv) <= 3.0 for d in todo)  # what is left in a file in the star's frame
    with pytest.raises(ConfigurationError, match="between 1000 and 2000 K"):
        dressed.of_dataset(infrared, "train", [instruments.APOGEE], [100.0], seed=0,
                           teff=(1000.0, 2000.0))


def test_a_training_gives_a_frozen_network_for_apogee(infrared: Dataset, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    path = train(SMALL, infrared, tmp_path, say=lambda numbers: None, reference=60, tested=100)
    assert path is not None
    network = load(path)
    assert network.card.network == "apogee"
    assert network.card.parameters == ["logg", "logTeff", "FeH"]
    assert set(network.card.provenance["validation"]["groups"]) == {"giants", "thedoppler"}
    drawn, _ = Draws(infrared, DRAWING, APOGEE, seed=3).draw(0)
    s = drawn.spectrum
    found = DirectPredictor(network, APOGEE).predict(
        [Exposure(s.flux, s.error, s.wavelength, noise_key=1)], n_draws=0, seed=0)
    assert np.isfinite(found.parameters).all()
    np.testing.assert_array_equal(on_grid(s, APOGEE), np.nan_to_num(s.flux))


@pytest.mark.parametrize(("file", "name", "steps"), [
    ("apogee.yml", "apogeenet-1", 4200), ("apogee-paper.yml", "apogeenet", 100000)])
def test_the_configurations_that_come_with_the_package_can_be_read(file: str, name: str,
                                                                   steps: int) -> None:
    training = configured(Path(__file__).parents[2] / "etc" / "training" / file)
    assert (training.name, training.network, training.recipe.steps) == (name, "apogee", steps)
    assert set(training.drawing.instruments) == {"APOGEE"}


def test_the_papers_configuration_is_the_papers() -> None:
    training = configured(Path(__file__).parents[2] / "etc" / "training" / "apogee-paper.yml")
    assert training.architecture == Architecture(num_targets=3)
    recipe = training.recipe
    assert (recipe.batch_size, recipe.max_rate, recipe.schedule) == (512, 1e-4, "constant")
