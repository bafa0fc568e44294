import numpy as np
import pytest
from astropy.io import fits

from bossnet.spectra import SURVEYS, read, register

from . import layouts


@pytest.mark.parametrize("shape", [(5, 8575), (1, 8575), (8575,)])
@pytest.mark.parametrize("dtype", [">f4", ">f8"])
def test_the_co_add_is_row_0_and_gaps_take_no_noise(tmp_path, shape, dtype):
    path = layouts.ap_star(tmp_path / "a.fits", shape=shape, dtype=dtype)
    with fits.open(path) as hdus:
        flux = np.atleast_2d(hdus[1].data)[0]
        error = np.atleast_2d(hdus[2].data)[0]
    spectrum = read(path)
    assert (spectrum.flux[:10] == 0).all()
    np.testing.assert_array_equal(spectrum.flux[10:], flux[10:].astype("f4"))
    np.testing.assert_array_equal(spectrum.error[20:], error[20:].astype("f4"))
    assert spectrum.error.max() == 5 * np.median(error.astype("f4"))
    loglam = (4.179 + 6e-6 * np.arange(8575)).astype("f4")
    np.testing.assert_array_equal(spectrum.wavelength, 10 ** loglam)
    assert spectrum.snr == 154


def test_a_co_add_registers_with_the_velocity_of_its_frame(tmp_path):
    survey, (found,) = register(layouts.ap_star(tmp_path / "apStar-1.3-lco25m-2M.fits"))
    assert survey is SURVEYS["apstar"]
    assert survey.frame == "rest"
    assert found.columns == {
        "release": None, "filetype": "apStar", "apred": "1.3", "telescope": "lco25m",
        "field": None, "obj": "2M17335483-2753043", "healpix": 11410, "snr": 154.0,
        "v_rad": 15.5, "n_visits": 3, "path": str(tmp_path / "apStar-1.3-lco25m-2M.fits")}
    assert found.source == {"ra": 263.478474, "dec": -27.884539, "healpix": 11410,
                            "sdss4_apogee_id": "2M17335483-2753043"}


def test_the_older_header_has_another_velocity_and_hides_reduction_and_telescope(tmp_path):
    _, (found,) = register(layouts.ap_star(
        tmp_path / "a.fits", APRED="", VRAD=0.0, VHELIO=-25.5, FIELD="000+02",
        SFILE1="asVisit-dr17-5815-56396-212.fits"))
    columns = found.columns
    assert columns["v_rad"] == -25.5
    assert columns["apred"] == "dr17"
    assert columns["telescope"] == "lco25m"
    assert columns["field"] == "000+02"


@pytest.mark.parametrize(("row", "legacy"), [
    ({"release": "dr17"}, True), ({"release": "dr19"}, False), ({"apred": "dr17"}, True),
    ({"apred": "1.3"}, False)])
def test_legacy_is_told_by_release_or_reduction(row, legacy):
    assert SURVEYS["apstar"].is_legacy(row) is legacy
