import numpy as np
import pytest
from astropy.io import fits

from bossnet.errors import BadFileError
from bossnet.spectra import SURVEYS, read, register
from bossnet.spectra.mwm import version_number, version_text

from . import layouts


@pytest.mark.parametrize("code", ["E", "D"])
@pytest.mark.parametrize("upper", [False, True])
def test_the_only_spectrum_needs_no_row(tmp_path, code, upper):
    spectrum = read(layouts.mwm(tmp_path / "a.fits", code=code, upper=upper))
    np.testing.assert_array_equal(spectrum.flux, layouts.arrays(4648, seed=100)[0].astype("f4"))
    loglam = (3.5523 + 1e-4 * np.arange(4648)).astype("f4")
    np.testing.assert_array_equal(spectrum.wavelength, 10 ** loglam)
    assert spectrum.snr == 20


def test_a_row_is_chosen_by_telescope_and_by_the_file_s_own_key(tmp_path):
    path = layouts.mwm(tmp_path / "a.fits", visits=3, lco=1)
    for row, seed in (({"telescope": "lco25m"}, 200),
                      ({"telescope": "apo25m", "file_key": 102}, 102), ({"file_key": 101}, 101)):
        expected = layouts.arrays(4648, seed=seed)[0].astype("f4")
        np.testing.assert_array_equal(read(path, row).flux, expected)


def test_several_spectra_and_nothing_that_tells_them_is_refused(tmp_path):
    path = layouts.mwm(tmp_path / "a.fits", visits=2)
    with pytest.raises(BadFileError, match=r"holds 2 BOSS spectra.*\[100, 101\]"):
        read(path)
    keyless = layouts.mwm(tmp_path / "b.fits", visits=2, keys=False)
    with pytest.raises(BadFileError, match="holds 2 BOSS spectra of apo25m"):
        read(keyless, {"telescope": "apo25m", "file_key": 100})


def test_a_row_that_the_file_does_not_hold_is_refused(tmp_path):
    path = layouts.mwm(tmp_path / "a.fits")
    with pytest.raises(BadFileError, match="no BOSS spectrum of lco25m"):
        read(path, {"telescope": "lco25m"})
    with pytest.raises(BadFileError, match="with spectrum_pk 7"):
        read(path, {"telescope": "apo25m", "file_key": 7})


def test_a_file_without_any_spectrum_is_recognised_and_refused(tmp_path):
    empty = [fits.BinTableHDU(name=name) for name in ("BOSS/APO", "BOSS/LCO", "APOGEE/APO")]
    path = layouts.write(tmp_path / "a.fits", [fits.PrimaryHDU(), *empty])
    with pytest.raises(BadFileError, match="holds no BOSS spectrum"):
        read(path)
    with pytest.raises(BadFileError, match="holds no APOGEE spectrum"):
        read(path, table="apogee_combined_spectrum")
    with pytest.raises(BadFileError, match="holds no spectrum, though"):
        register(path)


def test_apogee_spectra_of_the_same_file_register_in_their_own_table(tmp_path):
    path = layouts.mwm(tmp_path / "a.fits", apogee=1)
    (boss, _), (survey, (found,)) = register(path).found
    assert (boss.table, survey.table) == ("boss_combined_spectrum", "apogee_combined_spectrum")
    assert found.columns == {
        "release": "dr20", "filetype": "mwmStar", "v_astra": 8001, "sdss_id": 54459273,
        "telescope": "apo25m", "apred": "v6_2_1", "snr": 20.0, "v_rad": -12.5, "min_mjd": 60000,
        "max_mjd": 60010, "file_key": 400, "path": str(path)}
    spectrum = read(path, found.columns, table=survey.table)
    assert spectrum.survey == "mwm_apogee"
    flux, ivar, _ = layouts.arrays(8575, seed=400)
    np.testing.assert_array_equal(spectrum.flux, flux.astype("f4"))
    loglam = (4.179 + 6e-6 * np.arange(8575)).astype("f4")
    np.testing.assert_array_equal(spectrum.wavelength, 10 ** loglam)
    assert ivar[3] == 0
    assert spectrum.error[3] == 0  # a gap takes no noise
    assert not spectrum.usable[3]
    assert spectrum.error[4] == np.float32(ivar[4]) ** np.float32(-0.5)


def test_apogee_visits_are_chosen_by_the_file_s_own_key(tmp_path):
    path = layouts.mwm(tmp_path / "a.fits", boss=False, visits=3, apogee=3)
    [(survey, found)] = register(path).found
    assert survey is SURVEYS["mwm_apogee"]
    assert [f.columns["file_key"] for f in found] == [400, 401, 402]
    assert [f.columns["v_rad"] for f in found] == [-10.0, None, -30.0]
    for i, one in enumerate(found):
        np.testing.assert_array_equal(read(path, one.columns, table=survey.table).flux,
                                      layouts.arrays(8575, seed=400 + i)[0].astype("f4"))
    with pytest.raises(BadFileError, match=r"holds 3 APOGEE spectra, .*\[400, 401, 402\]"):
        read(path)


def test_a_star_only_seen_from_lco_is_read(tmp_path):
    both = layouts.mwm(tmp_path / "a.fits", lco=1)
    with fits.open(both) as hdus:
        layouts.write(tmp_path / "b.fits", [hdus[0], fits.BinTableHDU(name="BOSS/APO"), hdus[2]])
    expected = layouts.arrays(4648, seed=200)[0].astype("f4")
    np.testing.assert_array_equal(read(tmp_path / "b.fits").flux, expected)


def test_a_co_add_registers_with_key_span_and_velocity_of_its_frame(tmp_path):
    [(survey, found)] = register(layouts.mwm(tmp_path / "a.fits", lco=1)).found
    assert survey is SURVEYS["mwm"]
    assert survey.frame == "rest"
    assert [f.columns["telescope"] for f in found] == ["apo25m", "lco25m"]
    assert found[0].columns == {
        "release": "dr20", "filetype": "mwmStar", "v_astra": 8001, "sdss_id": 54459273,
        "telescope": "apo25m", "run2d": "v6_2_1", "snr": 20.0, "v_rad": -12.5, "min_mjd": 60000,
        "max_mjd": 60010, "file_key": 100, "path": str(tmp_path / "a.fits")}
    assert found[0].source == {
        "ra": 150.25, "dec": -2.5, "sdss_id": 54459273,
        "gaia_dr3_source_id": 3107096203698444672, "g_mag": 14.5}


def test_each_visit_registers_and_one_out_of_the_stack_has_no_frame_velocity(tmp_path):
    [(_, found)] = register(layouts.mwm(tmp_path / "a.fits", visits=3)).found
    assert [f.columns["filetype"] for f in found] == ["mwmVisit"] * 3
    assert [f.columns["v_rad"] for f in found] == [-10.0, None, -30.0]
    assert [f.columns["min_mjd"] for f in found] == [60000, 60001, 60002]
    assert [f.columns["file_key"] for f in found] == [100, 101, 102]


def test_versions_go_to_the_survey_s_number_and_back():
    assert version_number("0.8.1") == version_number(8001) == 8001
    assert version_text(8001) == version_text("0.8.1") == "0.8.1"
    assert version_text(None) is None
