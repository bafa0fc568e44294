import numpy as np
import pytest
from astropy.io import fits

from bossnet.errors import BadFileError
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
    (survey, (found,)), _ = register(layouts.ap_star(tmp_path / "apStar-1.3-lco25m-2M.fits")).found
    assert survey is SURVEYS["apstar"]
    assert survey.frame == "rest"
    assert found.columns == {
        "release": None, "filetype": "apStar", "apred": "1.3", "telescope": "lco25m",
        "field": None, "obj": "2M17335483-2753043", "healpix": 11410, "snr": 154.0,
        "v_rad": 15.5, "n_visits": 3, "path": str(tmp_path / "apStar-1.3-lco25m-2M.fits")}
    assert found.source == {"ra": 263.478474, "dec": -27.884539, "healpix": 11410,
                            "sdss4_apogee_id": "2M17335483-2753043"}


def test_the_older_header_has_another_velocity_and_hides_reduction_and_telescope(tmp_path):
    (_, (found,)), _ = register(layouts.ap_star(
        tmp_path / "a.fits", APRED="", VRAD=0.0, VHELIO=-25.5, FIELD="000+02",
        SFILE1="asVisit-dr17-5815-56396-212.fits")).found
    columns = found.columns
    assert columns["v_rad"] == -25.5
    assert columns["apred"] == "dr17"
    assert columns["telescope"] == "lco25m"
    assert columns["field"] == "000+02"


def test_each_visit_registers_with_its_own_velocity_and_is_read_by_plate_mjd_and_fibre(tmp_path):
    path = layouts.ap_star(tmp_path / "apStar-1.3-apo25m-2M.fits")
    _, (survey, found) = register(path).found
    assert survey is SURVEYS["apstar_visit"]
    assert [[f.columns[n] for n in ("plate", "mjd", "fiber", "snr", "v_rad")] for f in found] == [
        ["5815", 56397, 211, 61.0, 16.0], ["5815", 56398, 212, 62.0, 17.0],
        ["5815", 56399, 213, 63.0, 18.0]]
    assert {f.columns["obj"] for f in found} == {"2M17335483-2753043"}
    assert "n_visits" not in found[0].columns
    with fits.open(path) as hdus:
        flux = hdus[1].data
        for i, one in enumerate(found):
            spectrum = read(path, one.columns, table=survey.table)
            assert (spectrum.survey, spectrum.snr) == ("apstar_visit", 61.0 + i)
            np.testing.assert_array_equal(spectrum.flux[10:], flux[2 + i, 10:])
    with pytest.raises(BadFileError, match=r"3 visits, 0 of them of plate 1, mjd 56397: .*5815-"):
        read(path, {"plate": "1", "mjd": 56397}, table=survey.table)
    with pytest.raises(BadFileError, match="3 of them of no plate"):
        read(path, table=survey.table)


def test_a_visit_of_the_one_metre_telescope_is_told_by_its_day(tmp_path):
    path = layouts.ap_star(tmp_path / "a.fits", shape=(4, 8575), NVISITS=2, **{
        f"SFILE{i}": f"apVisit-dr17-56396-2M{i}.fits" for i in (1, 2)} | {"FIBER1": -1})
    _, (_, found) = register(path).found
    assert [[f.columns[n] for n in ("plate", "mjd", "fiber")] for f in found] == [
        [None, 56397, -1], [None, 56398, 212]]


@pytest.mark.parametrize("shape", [(2, 8575), (1, 8575), (8575,)])
def test_the_only_visit_is_the_co_add(tmp_path, shape):
    [(survey, _)] = register(layouts.ap_star(tmp_path / "a.fits", shape=shape, NVISITS=1)).found
    assert survey.name == "apstar"


@pytest.mark.parametrize(("header", "reason"), [
    ({"NVISITS": 2}, "holds 3 visits, but its header tells of 2"),
    ({f"SFILE{i}": f"apVisit-dr17-5815-56396-{7:03d}.fits" for i in (1, 2)},
     "does not tell one from another")])
def test_visits_that_cannot_be_told_are_refused_and_the_co_add_is_not(tmp_path, header, reason):
    registered = register(layouts.ap_star(tmp_path / "a.fits", **header))
    assert [survey.name for survey, _ in registered.found] == ["apstar"]
    assert reason in registered.refusals[0]


@pytest.mark.parametrize(("row", "legacy"), [
    ({"release": "dr17"}, True), ({"release": "dr19"}, False), ({"apred": "dr17"}, True),
    ({"release": "unknown", "apred": "dr17"}, True),
    ({"apred": "1.3"}, False)])
def test_legacy_is_told_by_release_or_reduction(row, legacy):
    assert SURVEYS["apstar"].is_legacy(row) is legacy
