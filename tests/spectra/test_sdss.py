import numpy as np
import pytest
from astropy.io import fits

from bossnet.errors import BadFileError
from bossnet.spectra import SURVEYS, read, register
from bossnet.spectra.sdss import is_legacy

from . import layouts


@pytest.mark.parametrize("code", ["E", "D"])
@pytest.mark.parametrize("upper", [False, True])
def test_flux_and_error_are_the_file_s_and_wavelength_is_a_power_in_float32(tmp_path, code, upper):
    path = layouts.spec(tmp_path / "a.fits", code=code, upper=upper)
    flux, ivar, loglam = layouts.arrays()
    spectrum = read(path)
    np.testing.assert_array_equal(spectrum.flux, flux.astype("f4"))
    np.testing.assert_array_equal(spectrum.wavelength, 10 ** loglam.astype("f4"))
    np.testing.assert_allclose(spectrum.error[4:], ivar[4:] ** -0.5, rtol=1e-6)
    assert spectrum.error[3] == pytest.approx(5 * np.median(ivar[ivar > 0] ** -0.5), rel=1e-6)
    assert not spectrum.usable[3]
    assert spectrum.survey == "boss"


def test_arrays_are_native_contiguous_float32(any_file):
    spectrum = read(any_file)
    for array in (spectrum.flux, spectrum.error, spectrum.wavelength):
        assert array.dtype == np.dtype("=f4")
        assert array.dtype.isnative
        assert array.flags.c_contiguous
        assert array.shape == spectrum.flux.shape


def test_a_table_of_one_pixel_is_read(tmp_path):
    path = layouts.spec(tmp_path / "a.fits")
    layouts.spec(tmp_path / "one.fits", pixels=4)
    assert len(read(path).flux) == layouts.PIXELS
    assert len(read(tmp_path / "one.fits").flux) == 4


def test_snr_is_the_row_s_else_that_of_hdu_2_else_unknown(tmp_path):
    path = layouts.spec(tmp_path / "a.fits")
    assert read(path).snr == 12.5
    assert read(path, {"snr": 3.0}).snr == 3.0
    assert read(path, {"snr": None}).snr is None
    assert read(layouts.spec(tmp_path / "b.fits", summary=False)).snr is None


def test_a_legacy_file_registers_with_the_star_s_position_not_the_plate_s(tmp_path):
    [(survey, (found,))] = register(layouts.spec(tmp_path / "a.fits", exposures=2)).found
    assert survey is SURVEYS["boss"]
    assert found.source == {"ra": 151.25, "dec": 2.5}
    assert found.columns == {
        "release": None, "filetype": "spec", "run2d": "v5_13_2", "plateid": 4055, "mjd": 55359,
        "fiberid": 7, "fieldid": None, "catalogid": None, "row": None, "telescope": "apo25m",
        "snr": 12.5, "n_exp": 4, "exptime": 1800.5, "zwarning_flags": 4, "spec_file": "a.fits",
        "xcsao_v_rad": None, "xcsao_e_v_rad": None, "xcsao_teff": None, "xcsao_logg": None,
        "xcsao_fe_h": None, "xcsao_rxc": None, "path": str(tmp_path / "a.fits")}


def test_without_exposures_it_is_a_lite_file_and_without_hdu_2_snr_is_unknown(tmp_path):
    [(_, (found,))] = register(layouts.spec(tmp_path / "a.fits", summary=False)).found
    assert found.columns["filetype"] == "specLite"
    assert found.columns["snr"] is None
    assert found.source == {"ra": 151.25, "dec": 2.5}


def test_an_sdss5_file_is_told_by_field_and_catalogid_out_of_hdu_2(tmp_path):
    [(_, (found,))] = register(layouts.spec_full(tmp_path / "a.fits")).found
    columns = found.columns
    assert columns["filetype"] == "specFull"
    assert (columns["fieldid"], columns["catalogid"]) == (112360, 27021598150202075)
    assert columns["plateid"] is None
    assert columns["fiberid"] is None
    assert columns["telescope"] == "lco25m"
    assert columns["snr"] == 33.5
    assert columns["xcsao_teff"] == 5777
    assert columns["xcsao_logg"] is None  # NaN in the file
    assert found.source == {
        "ra": 150.1, "dec": 2.1, "catalogid": 27021598150202075, "sdss_id": 54459273,
        "gaia_dr2_source_id": 3107096203698444672, "bp_mag": 15.5}


def test_identity_comes_from_the_name_where_the_file_is_silent(tmp_path):
    silent = {"PLATEID": "", "FIBERID": "", "MJD": ""}
    [(_, (found,))] = register(layouts.spec(tmp_path / "spec-0266-51602-0031.fits", **silent)).found
    assert [found.columns[n] for n in ("plateid", "mjd", "fiberid")] == [266, 51602, 31]
    name = "spec-112360-60000-27021598150202075.fits"
    [(_, (found,))] = register(layouts.spec(tmp_path / name, **silent)).found
    assert [found.columns[n] for n in ("fieldid", "mjd", "catalogid")] \
        == [112360, 60000, 27021598150202075]
    with pytest.raises(BadFileError, match=r"nameless\.fits: does not say which spectrum it is"):
        register(layouts.spec(tmp_path / "nameless.fits", **silent))


def test_values_that_a_database_would_refuse_are_left_out(tmp_path):
    path = layouts.spec(tmp_path / "a.fits", EXPTIME=1e300, NEXP=2**40, PLUG_RA=999.0)
    [(_, (found,))] = register(path).found
    assert found.columns["exptime"] is None
    assert found.columns["n_exp"] is None
    assert found.source == {}


@pytest.mark.parametrize(("row", "legacy"), [
    ({"run2d": "26"}, True), ({"run2d": "v5_13_2", "release": "dr19"}, True),
    ({"run2d": "v6_1_3", "release": "dr17"}, False), ({"release": "dr17"}, True),
    ({"release": "dr19", "catalogid": 4}, False), ({"plateid": 266, "run2d": "other"}, True),
    ({"catalogid": 4, "plateid": 15000}, False), ({}, False)])
def test_legacy_is_told_by_reduction_then_release_then_identifiers(row, legacy):
    assert SURVEYS["boss"].is_legacy(row) is legacy


def test_a_table_without_rows_is_an_empty_spectrum(tmp_path):
    assert read(layouts.spec(tmp_path / "empty.fits", pixels=0)).flux.size == 0


def test_a_co_add_over_fields_is_told_from_visits_by_its_scheme(tmp_path):
    path = layouts.spec_full(tmp_path / "visit.fits", CATALOGID=("K", [27021598150202075]))
    with fits.open(path) as hdus:
        hdus[0].header["FIELDID"] = "allepoch"
        hdus.writeto(tmp_path / "spec-allepoch_lco-60010-27021598150202075.fits")
    [(_, [visit])] = register(path).found
    [(_, [coadd])] = register(tmp_path / "spec-allepoch_lco-60010-27021598150202075.fits").found
    assert (visit.columns["filetype"], visit.columns["run2d"]) == ("specFull", "v6_1_3")
    assert (coadd.columns["filetype"], coadd.columns["run2d"], coadd.columns["fieldid"],
            coadd.columns["catalogid"]) == ("specFull_coadd", "v6_1_3-allepoch_lco", None,
                                            27021598150202075)
    assert not is_legacy(coadd.columns)
