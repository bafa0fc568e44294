"""Red ends of stars that stop at 7410 A."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.simulation.templates import packaged
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, between
from bossnet.training.sources.continuation import RED, model_red_end, neighbours_red_end
from bossnet.training.sources.libraries import LibraryStar
from bossnet.training.sources.thedoppler import DopplerModels
from training.sources.made import write_models


def star(file: str, library: str, teff: float, logg: float, *, scale: float = 1.0,
         last: float = 9500.0) -> LibraryStar:
    """A packaged star's spectrum under these labels."""
    flux = packaged()[20].flux * np.float32(scale)
    flux[last < TEMPLATE_WAVELENGTH] = np.nan
    return LibraryStar(file, library, (file,), teff, logg, 0.0, flux)


def test_the_nearest_stars_red_end_is_scaled_to_the_stars_own_level() -> None:
    short = star("m", "miles", 5000.0, 3.0, scale=7.0, last=7410.0)
    others = [star("a", "stelib", 5050.0, 3.1), star("b", "stelib", 6000.0, 3.0, scale=3.0)]
    end = neighbours_red_end(short, others)
    assert end is not None
    expected = packaged()[20].flux[RED] * 7.0
    known = np.isfinite(end)
    np.testing.assert_allclose(end[known], expected[known], rtol=1e-4)


def test_a_star_with_nothing_alike_stays_short() -> None:
    short = star("m", "miles", 3000.0, 5.0, last=7410.0)
    assert neighbours_red_end(short, [star("a", "stelib", 6000.0, 4.0)]) is None


def test_a_neighbour_must_reach_beyond_the_networks_grid() -> None:
    short = star("m", "miles", 5000.0, 3.0, last=7410.0)
    assert neighbours_red_end(short, [star("a", "stelib", 5000.0, 3.0, last=8500.0)]) is None
    assert neighbours_red_end(short, [star("a", "miles", 5000.0, 3.0)]) is None


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> DopplerModels:
    """Models whose flux falls with the third power of the wavelength, at every label."""
    folder = tmp_path_factory.mktemp("wheel")
    flux, continuum = np.zeros((16000, 20)), np.zeros((50, 20))
    flux[:, 0] = 1.0
    continuum[:, 0] = -3.0 * np.log10(np.linspace(3000.0, 11000.0, 50) / 6000.0)
    write_models(folder, flux, continuum)
    return DopplerModels(folder)


@pytest.mark.parametrize(("teff", "logg", "fe_h"), [
    (5000.0, 3.0, 0.0), (5000.0, 0.2, -2.9), (8500.0, 4.0, np.nan)])
def test_a_models_red_end_is_scaled_to_the_stars_own_level(models: DopplerModels, teff: float,
                                                           logg: float, fe_h: float) -> None:
    short = replace(star("m", "miles", teff, logg, last=7410.0), fe_h=fe_h)
    short.flux[between(6900.0, 7410.0)] = 7.0
    end = model_red_end(short, models)
    assert end is not None
    # The median of the overlap is at its middle pixel: 7197 angstrom.
    expected = 7.0 * (TEMPLATE_WAVELENGTH[RED] / np.sqrt(7000.0 * 7400.0)) ** -3
    np.testing.assert_allclose(end, expected, rtol=5e-3)


@pytest.mark.parametrize("teff", [3900.0, 41000.0])
def test_where_models_do_not_hold_there_is_no_red_end_of_theirs(models: DopplerModels,
                                                                teff: float) -> None:
    assert model_red_end(star("m", "miles", teff, 4.0, last=7410.0), models) is None
