"""The frame of an observed template is found beside models, where one is like it."""

import pickle

import numpy as np
import pytest

from bossnet.simulation.broadening import resample
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import TEMPLATE_LOGLAM, TEMPLATE_WAVELENGTH
from bossnet.training.sources.frame import Frames
from bossnet.training.sources.thedoppler import FILES, DopplerModels

LABELS = [(t, g, f) for t in (4000.0, 4500.0, 5000.0, 5500.0, 6000.0, 7000.0, 8000.0, 9000.0)
          for g in (1.0, 3.0, 5.0) for f in (-2.0, -1.0, 0.0, 0.5)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> DopplerModels:
    """Models of 60 lines, half of which grow with temperature and half fade."""
    folder = tmp_path_factory.mktemp("wheel")
    wavelength = np.arange(3000.0, 11000.0, 0.5)
    centres = np.random.default_rng(1).uniform(4200.0, 6800.0, 60)
    lines = np.exp(-0.5 * ((wavelength - centres[:, None]) / 2.0) ** 2)
    theta = np.zeros((wavelength.size, 20))
    theta[:, 0] = 1.0 - 0.4 * lines.sum(axis=0)
    theta[:, 1] = 0.6 * (lines[:30].sum(axis=0) - lines[30:].sum(axis=0))
    coarse = np.linspace(3000.0, 11000.0, 50)
    content = {"theta": theta, "dispersion": wavelength, "training_set_labels": np.array(LABELS),
               "continuum": {"theta": np.zeros((50, 20)), "dispersion": coarse}}
    for file in FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(pickle.dumps(content, protocol=4))
    return DopplerModels(folder)


@pytest.fixture(scope="module")
def frames(models: DopplerModels) -> Frames:
    return Frames(models, "mastar")


def observed(models: DopplerModels, teff: float, rv: float) -> Template:
    model = models.template(teff, 4.0, 0.0)
    fwhm = resolution("mastar")
    flux = resample(model.flux, model.fwhm, loglam=TEMPLATE_LOGLAM,
                    target_fwhm=fwhm.astype(np.float64), rv=rv)
    flux += np.random.default_rng(2).normal(0.0, 0.005, flux.size).astype(np.float32)
    return Template("star", "mastar", np.nan, np.nan, np.nan, flux, fwhm)


@pytest.mark.parametrize("rv", [-13.0, 0.0, 7.5])
def test_a_velocity_is_found_and_taken_out(models: DopplerModels, frames: Frames,
                                           rv: float) -> None:
    template = observed(models, 6200.0, rv)
    assert frames.velocity(template.flux) == pytest.approx(rv, abs=1.5)
    after = frames.at_rest(template)
    assert after.star == "star"
    assert frames.velocity(after.flux) == pytest.approx(0.0, abs=0.5)


def test_what_is_like_no_model_stays_as_it_is(models: DopplerModels, frames: Frames) -> None:
    template = observed(models, 6200.0, 0.0)
    slope = Template("slope", "mastar", np.nan, np.nan, np.nan,
                     (TEMPLATE_WAVELENGTH / 6000).astype(np.float32), template.fwhm)
    assert frames.at_rest(slope) is slope
    far = observed(models, 6200.0, 70.0)
    assert frames.at_rest(far) is far


def test_what_is_like_the_coolest_model_stays_as_it_is(models: DopplerModels,
                                                       frames: Frames) -> None:
    cool = observed(models, 4300.0, 9.0)
    assert frames.at_rest(cool) is cool
