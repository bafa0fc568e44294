"""Models beside stars of the same labels: offsets that are put in are found, by region."""

import numpy as np
import pytest
from astropy.table import Table

from bossnet.errors import GridError
from bossnet.grid.compare import TABLE, beside, chosen, compare, differences, labels_for
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, between
from bossnet.training.dataset import Entry, write
from grid.made import tools


def star(name="a star", library="miles", teff=5000.0, logg=4.5, fe_h=0.0, flux=None):
    flux = TEMPLATE_WAVELENGTH / 6000 if flux is None else flux
    return Template(name, library, teff, logg, fe_h, flux.astype(np.float32),
                    resolution(library))


def test_an_offset_of_a_region_is_found_and_scale_is_not_one():
    model = (TEMPLATE_WAVELENGTH / 6000).astype(np.float32)
    flux = 7 * model
    flux[between(8450.0, 8750.0)] *= 1.2
    flux[TEMPLATE_WAVELENGTH > 9200] = np.nan
    found = differences(beside(star(flux=flux), labels_for(star()), model))
    by_region = {row.feature: row for row in found}
    assert by_region["Ca II triplet"].shape == pytest.approx(0.2, abs=0.01)
    assert by_region["Mg b, MgH"].shape == pytest.approx(0.0, abs=0.002)
    assert by_region["blue"].lines < 0.002
    assert "TiO, FeH" not in by_region  # the star is not known there


def test_what_is_continued_is_not_the_stars_own():
    model = (TEMPLATE_WAVELENGTH / 6000).astype(np.float32)
    found = differences(beside(star(), labels_for(star()), model, end=7400.0))
    assert max(row.last for row in found) == 7400.0


def test_a_models_labels_are_within_the_atmospheres():
    labels = labels_for(star(teff=30000.0, logg=2.0, fe_h=np.nan))
    assert labels.logg == pytest.approx(4.0, abs=0.1)
    assert (labels.fe_h, labels.alpha_fe) == (0.0, pytest.approx(0.0583, abs=1e-3))
    assert labels_for(star(fe_h=-2.0)).alpha_fe == 0.35


def test_a_dataset_is_compared_class_by_class(tmp_path):
    stars = [star(f"{library} {teff:.0f} {logg}", library, teff, logg)
             for library in ("miles", "thedoppler") for teff in (4000.0, 5000.0, 5100.0, 9000.0)
             for logg in (2.0, 4.5)]
    stars.append(star("unknown", teff=np.nan))
    dataset = write(tmp_path / "set", [Entry(one, "train") for one in stars], made_from={})
    assert len(chosen(dataset, 1)) == 12
    assert len(chosen(dataset, 2)) == 16
    lines = []
    made = compare(dataset, tools(tmp_path / "tools", "fail-above 8000"), tmp_path / "out",
                   each=1, say=lines.append)
    assert len(made) == 8
    assert sum("no convergence" in line for line in lines) == 4
    table = Table.read(tmp_path / "out" / TABLE, format="ascii.ecsv")
    assert set(table["library"]) == {"miles", "thedoppler"}
    assert np.all(np.abs(table["shape"][table["feature"] == "blue"]) < 0.01)
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {
        "regions.png", "spectra-3500-1.png", "spectra-4500-1.png"}


def test_a_dataset_without_such_stars_is_refused(tmp_path):
    dataset = write(tmp_path / "set", [Entry(star(teff=np.nan), "train")], made_from={})
    with pytest.raises(GridError, match="no template"):
        compare(dataset, tools(tmp_path / "tools"), tmp_path / "out", say=lambda line: None)
