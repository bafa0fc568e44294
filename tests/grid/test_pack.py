"""A grid in one file: what is packed is what was computed, within the tolerance."""

import json

import numpy as np
import pytest
from astropy.table import Table
from click.testing import CliRunner

from bossnet.cli.simulate import simulate
from bossnet.errors import GridError
from bossnet.grid.pack import LIBRARY, PackedGrid, pack, packed
from bossnet.grid.plan import sequence
from bossnet.grid.run import run
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH
from bossnet.training.sources import synthesised
from grid.test_run import planned


def spectra(number, ranks, seed=0):
    rng = np.random.default_rng(seed)
    shapes = 0.3 * rng.normal(size=(ranks, TEMPLATE_WAVELENGTH.size))
    return [np.exp(15 + rng.normal(size=ranks) @ shapes).astype(np.float32)
            for _ in range(number)]


def test_flux_comes_back_within_the_tolerance(tmp_path):
    flux, labels = spectra(30, 8), sequence(30, seed=1)
    packed(labels, flux).save(tmp_path / "grid.npz")
    back = PackedGrid.open(tmp_path / "grid.npz")
    assert back.labels == labels
    assert back.about["components"] == 8
    for index in range(30):
        ratio = back.flux(index) / flux[index] - 1
        assert np.sqrt(np.mean(ratio**2)) < 0.003
        assert np.sqrt(np.mean(ratio**2)) == pytest.approx(back.residual[index], rel=0.2)
    assert "linemake" in " ".join(back.about["citations"])
    assert back.about["licence"]


def test_no_more_components_are_kept_than_fit():
    made = packed(sequence(30, seed=1), spectra(30, 25), largest=10 * 2 * 9338)
    assert made.about["components"] == 9
    assert made.about["residual_99_percent"] > made.about["tolerance"]


def test_a_packed_model_is_a_template():
    flux = spectra(4, 2)
    template = packed(sequence(4, seed=1), flux).template(2)
    assert (template.library, template.teff) == (LIBRARY, sequence(4, seed=1)[2].teff)
    assert np.median(template.flux) == pytest.approx(1.0)
    np.testing.assert_allclose(template.flux, flux[2] / np.median(flux[2]), rtol=2e-3)
    assert template.fwhm[0] == pytest.approx(3550 * 0.68 * 0.5e-4 * np.log(10), rel=1e-4)


def test_a_folder_is_packed_and_serves_training_and_simulation(tmp_path):
    program, grid = planned(tmp_path, "fail-above 9000")
    run(grid, program, say=lambda line: None)
    made = pack(grid)
    assert (made.about["models"], made.about["failed"]) == (len(grid.done()), len(grid.failed()))
    path = tmp_path / "grid.npz"
    made.save(path)
    templates = list(synthesised.read(path))
    assert [t.teff for t in templates] == [grid.labels[i].teff for i in grid.done()]
    np.testing.assert_allclose(made.flux(0), grid.model(grid.done()[0]).flux, rtol=0.01)
    done = CliRunner().invoke(simulate, [str(tmp_path / "out"), "--number", "4", "--format",
                                         "spec", "--grid", str(path), "--json"])
    assert done.exit_code == 0, done.output
    truth = Table.read(json.loads(done.output)["truth"], format="ascii.ecsv")
    assert set(truth["star"]) <= {t.star for t in templates}


def test_what_is_no_packed_grid_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", flux=np.zeros(3))
    with pytest.raises(GridError, match="no packed grid"):
        PackedGrid.open(tmp_path / "other.npz")
    _, grid = planned(tmp_path)
    with pytest.raises(GridError, match="0 models to pack"):
        pack(grid)
