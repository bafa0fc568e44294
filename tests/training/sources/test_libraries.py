"""The libraries as their package lays them out."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.errors import ConfigurationError
from bossnet.simulation.wavelengths import (
    TEMPLATE_WAVELENGTH,
    air_to_vacuum,
    between,
)
from bossnet.training.sources.libraries import FOLDER, read_libraries

PARAMETERS = """\
Name                  MILES   CaT   SpT            Teff   log g   [Fe/H]  Refs   Libraries
 - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - --
BD+002058A             0272         sd:F            6024   4.50    -1.44   131
G156-031               0838   705   M7e             2748   5.09      --    33    L
HD000000               0001         M               --     --        --
M71 X             Cl   0971   105    HB             5170   2.41    -0.84   2     L
HD999999               0970         K0              4500   2.00     0.00   1
"""
LINE = 6562.79  #: H-alpha in air


def spectrum(first: float, step: float, number: int) -> fits.PrimaryHDU:
    """A flat spectrum with an absorption line at H-alpha."""
    wavelength = first + step * np.arange(number)
    hdu = fits.PrimaryHDU(1000 * (1 - 0.5 * np.exp(-0.5 * ((wavelength - LINE) / 2) ** 2)))
    hdu.header.update({"CRVAL1": first, "CDELT1": step})
    return hdu


@pytest.fixture
def package(tmp_path: Path) -> Path:
    miles, stelib = tmp_path / FOLDER / "miles", tmp_path / FOLDER / "stelib"
    miles.mkdir(parents=True)
    stelib.mkdir()
    (miles / "paramsMILES_v9.1.txt").write_text(PARAMETERS)
    for number in ("0272", "0838", "0001", "0971"):
        spectrum(3540.5, 0.9, 4300).writeto(miles / f"MILES_res2.50_star_m{number}V.fits")
    for name, teff in (("HD114330", 9509), ("HD005820", "-")):
        hdu = spectrum(3200.0, 1.0, 6700)
        hdu.data[4000:4100] = 0  # a gap, 7200 to 7300 A
        hdu.data[1000:1005] = 0  # and one that can be bridged
        hdu.header.update({"OBJECT": "HR4963", "TEFF": teff, "LOG_G": 3.67, "FE_H": "-"})
        hdu.writeto(stelib / f"STELIB_v3.2_{name}.fits")
    return tmp_path


def test_stars_with_temperature_and_gravity_are_read_with_their_labels(package: Path) -> None:
    stars = {star.names[0]: star for star in read_libraries(package)}
    assert set(stars) == {"BD+002058A", "G156-031", "M71 X", "HD114330"}
    one = stars["BD+002058A"]
    assert (one.library, one.teff, one.logg, one.fe_h) == ("miles", 6024.0, 4.5, -1.44)
    assert (stars["M71 X"].teff, stars["M71 X"].logg) == (5170.0, 2.41)
    assert np.isnan(stars["G156-031"].fe_h)
    assert stars["HD114330"].names == ("HD114330", "HR4963")
    assert np.isnan(stars["HD114330"].fe_h)


def test_spectra_are_in_vacuum_and_unknown_where_their_library_ends(package: Path) -> None:
    for star in read_libraries(package):
        near = between(6500, 6630)
        lowest = TEMPLATE_WAVELENGTH[near][np.argmin(star.flux[near])]
        assert lowest == pytest.approx(air_to_vacuum(np.array([LINE]))[0], abs=0.45)
        end = 7413 if star.library == "miles" else 9905
        assert np.isnan(star.flux[end < TEMPLATE_WAVELENGTH]).all()
        assert np.nanmedian(star.flux) == pytest.approx(1.0, rel=1e-3)


def test_wide_gaps_stay_unknown_and_narrow_ones_are_bridged(package: Path) -> None:
    star = read_libraries(package)[-1]
    assert np.isnan(star.flux[between(7205, 7295)]).all()
    assert np.isfinite(star.flux[between(4150, 4250)]).all()


def test_a_folder_without_libraries_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="pip download --no-deps sdss-mangadap"):
        read_libraries(tmp_path)
