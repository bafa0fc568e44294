"""The frame of an observed template is found beside models, where one is like it."""

import numpy as np
import pytest

from bossnet.simulation.broadening import resample
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import TEMPLATE_LOGLAM, TEMPLATE_WAVELENGTH
from bossnet.training.sources.frame import Frames, star_at_rest
from bossnet.training.sources.libraries import LibraryStar
from bossnet.training.sources.thedoppler import DopplerModels
from training.sources.made import write_lines


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> DopplerModels:
    folder = tmp_path_factory.mktemp("wheel")
    write_lines(folder)
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


def library_star(models: DopplerModels, rv: float, *, teff: float = 6200.0,
                 labelled: float = 6200.0) -> LibraryStar:
    return LibraryStar("a.fits", "miles", ("HD1",), labelled, 4.0, 0.0,
                       observed(models, teff, rv).flux)


@pytest.mark.parametrize("rv", [-20.0, 6.0, 45.0])
def test_a_library_star_is_brought_to_the_frame_of_the_model_of_its_labels(
        models: DopplerModels, frames: Frames, rv: float) -> None:
    star = library_star(models, rv)
    after = star_at_rest(star, models)
    assert (after.file, after.names, after.teff) == (star.file, star.names, star.teff)
    assert frames.velocity(after.flux) == pytest.approx(0.0, abs=1.5)


def test_a_library_star_unlike_its_model_or_off_by_far_stays_as_it_is(
        models: DopplerModels) -> None:
    for star in (library_star(models, 80.0), library_star(models, 10.0, labelled=3800.0),
                 library_star(models, 10.0, teff=8900.0, labelled=4300.0)):
        assert star_at_rest(star, models) is star
