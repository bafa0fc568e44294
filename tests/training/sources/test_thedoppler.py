"""The models' pickles are read as arrays, and nothing of theirs is run."""

from pathlib import Path

import numpy as np
import pytest

from bossnet.errors import ConfigurationError
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH
from bossnet.training.sources import thedoppler
from bossnet.training.sources.thedoppler import FILES, DopplerModels
from training.sources.made import write_models, write_pickles

LABELS = [(t, g, f) for t in (4000.0, 5000.0, 6000.0, 7000.0, 8000.0, 10000.0, 20000.0)
          for g in (2.0, 3.0, 4.0, 5.0) for f in (-2.0, -1.0, 0.0, 0.5)]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1/0",)


def write_flat(folder: Path, depth: float) -> None:
    """Models of a flat spectrum of this depth, their continuum 10**Teff term."""
    flux, continuum = np.zeros((16000, 20)), np.zeros((50, 20))
    flux[:, 0] = depth
    continuum[:, 1] = 1.0
    write_models(folder, flux, continuum, LABELS)


def test_code_in_a_model_file_is_refused(tmp_path: Path) -> None:
    write_pickles(tmp_path, FILES, {"theta": Evil()})
    with pytest.raises(ConfigurationError, match="eval: refused"):
        DopplerModels(tmp_path)


def test_missing_models_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="pip download"):
        DopplerModels(tmp_path)


def test_a_model_is_its_polynomial_on_the_templates_grid(tmp_path: Path) -> None:
    write_flat(tmp_path, 0.8)
    models = DopplerModels(tmp_path)
    teff = np.array([row[0] for row in LABELS])
    scaled = (5000.0 - np.median(teff)) / np.ptp(np.percentile(teff, [2.5, 97.5]))
    flux = models.flux(5000.0, 4.0, 0.0)
    assert flux.shape == TEMPLATE_WAVELENGTH.shape
    np.testing.assert_allclose(flux, 0.8 * 10**scaled, rtol=1e-5)
    np.testing.assert_allclose(models.template(5000.0, 4.0, 0.0).flux, 1.0, rtol=1e-5)


def test_normalised_flux_above_one_is_cut(tmp_path: Path) -> None:
    write_flat(tmp_path, 1.3)
    assert DopplerModels(tmp_path).flux(7000.0, 4.0, 0.0).max() < 10.0


def test_terms_are_the_products_up_to_the_third_degree() -> None:
    terms = thedoppler._terms(np.array([2.0, 3.0, 5.0]))
    assert terms.tolist() == [1, 2, 3, 5, 4, 6, 10, 9, 15, 25, 8, 12, 20, 18, 30, 50, 27, 45, 75,
                              125]


def test_models_hold_in_the_interior_of_their_grid_only(tmp_path: Path) -> None:
    write_flat(tmp_path, 0.8)
    models = DopplerModels(tmp_path)
    assert models.covers(5100.0, 4.0, 0.0)
    assert not models.covers(3900.0, 4.0, 0.0)
    assert not models.covers(5100.0, 1.5, 0.0)
    assert not models.covers(5100.0, 4.0, -2.2)
    assert models.nearest_gravity(5100.0, 1.5) == 2.0
