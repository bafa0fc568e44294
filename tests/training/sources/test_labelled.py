"""A survey's own files, with labels, become templates: simulated ones, whose star is known."""

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.errors import ConfigurationError
from bossnet.network import NETWORKS
from bossnet.simulation.survey import TRUTH, Truth, simulate
from bossnet.simulation.templates import packaged
from bossnet.simulation.wavelengths import GRIDS
from bossnet.spectra.spectrum import Spectrum
from bossnet.training.build import Origins, build
from bossnet.training.draws import Drawing, Draws
from bossnet.training.sources.labelled import BRIDGED, bridged, read


def survey(folder: Path, name: str, number: int) -> list[Truth]:
    return simulate(folder, number, 3, snr=(150.0, 200.0), formats=[name])


@pytest.mark.parametrize(("name", "library", "inside"), [
    ("apStar", "apstar", (15900.0, 16300.0)), ("spec", "boss", (5000.0, 5500.0))])
def test_a_labelled_file_becomes_its_star_at_rest(tmp_path: Path, name: str, library: str,
                                                  inside: tuple[float, float]) -> None:
    truths = survey(tmp_path, name, 4)
    grid = GRIDS["apogee" if name == "apStar" else "boss"]
    stars = {t.star: t for t in packaged(grid.kind)}
    found = list(read(tmp_path / TRUTH, grid, say=pytest.fail))
    assert [t.library for t in found] == [library] * 4
    seen = (grid.wavelength > inside[0]) & (grid.wavelength < inside[1])
    for truth, template in zip(truths, found, strict=True):
        assert template.star == truth.star
        assert template.teff == pytest.approx(truth.teff)
        assert (template.logg, template.fe_h) == pytest.approx((truth.logg, truth.fe_h), abs=1e-4)
        pair = np.log([template.flux[seen], stars[truth.star].flux[seen]])
        assert np.isfinite(pair).all()
        shape = pair - np.array([np.poly1d(np.polyfit(np.arange(seen.sum()), row, 5))(
            np.arange(seen.sum())) for row in pair])
        if np.std(shape[1]) > 0.02:  # not of a star without lines
            assert np.corrcoef(shape)[0, 1] > 0.75, truth


def test_the_gaps_of_apogee_are_not_known(tmp_path: Path) -> None:
    survey(tmp_path, "apStar", 1)
    [template] = read(tmp_path / TRUTH, GRIDS["apogee"])
    wavelength = GRIDS["apogee"].wavelength
    for first, last in NETWORKS["apogee"].gaps[1:3]:
        middle = np.abs(wavelength - (first + last) / 2) < 10
        assert np.isnan(template.flux[middle]).all()
    assert np.isfinite(template.flux).mean() > 0.8


def test_a_table_of_assembled_labels_names_its_files_as_spectra(tmp_path: Path) -> None:
    survey(tmp_path, "apStar", 2)
    truth = Table.read(tmp_path / TRUTH)
    truth.rename_column("file", "spectrum")
    truth["star"] = "one star"
    truth.write(tmp_path / "labels.ecsv", format="ascii.ecsv")
    assert [t.star for t in read(tmp_path / "labels.ecsv", GRIDS["apogee"])] == ["one star"] * 2


def test_what_cannot_be_used_is_counted(tmp_path: Path) -> None:
    survey(tmp_path, "spec", 2)
    truth = Table.read(tmp_path / TRUTH)
    lost = truth[:1].copy()
    lost["file"] = "lost.fits"
    nowhere = truth[:1].copy()
    nowhere["v_rel"] = np.nan
    all_ = Table({name: np.concatenate([t[name] for t in (truth, lost, nowhere)])
                  for name in truth.colnames})
    all_.write(tmp_path / "labels.ecsv", format="ascii.ecsv")
    said: list[str] = []
    assert len(list(read(tmp_path / "labels.ecsv", GRIDS["boss"], say=said.append))) == 2
    assert "1 that cannot be read, 1 in the observed frame without a velocity" in said[0]
    assert list(read(tmp_path / TRUTH, GRIDS["apogee"], say=said.append)) == []
    assert said[1].endswith("left out 2 of a survey that apogee is not for")


def test_short_runs_of_bad_pixels_are_bridged_and_long_ones_are_not() -> None:
    flux, ivar = np.arange(200.0), np.ones(200)
    ivar[20:24] = ivar[100:100 + BRIDGED + 1] = 0.0
    flux[20:24] = 1e6
    found, good = bridged(Spectrum.from_ivar(flux, ivar, np.arange(5000.0, 5200.0)))
    np.testing.assert_allclose(found[:100], np.arange(100.0))
    assert good[:100].all()
    assert not good[100:100 + BRIDGED + 1].any()


def test_a_dataset_of_labelled_spectra_can_be_drawn_from(tmp_path: Path) -> None:
    survey(tmp_path, "apStar", 20)
    said: list[str] = []
    dataset = build(tmp_path / "set", ["labelled"], Origins(
        tmp_path, None, None, 0, say=said.append, kind="apogee", labels=tmp_path / TRUTH))
    assert "labels" in dataset.description["made_from"]["sha256"]
    draws = Draws(dataset, Drawing({"apstar": 1.0}, instruments={"APOGEE": 1.0}),
                  NETWORKS["apogee"], seed=1, split="validation")  # as all packaged models are
    flux, labels, _ = draws[0]
    assert np.isfinite(flux).all()
    assert np.isfinite(labels).all()
    with pytest.raises(ConfigurationError, match="--labels"):
        build(tmp_path / "none", ["labelled"], Origins(tmp_path, None, None, 0, kind="apogee"))
