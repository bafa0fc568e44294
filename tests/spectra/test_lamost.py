import numpy as np
import pytest
from astropy.io import fits

from bossnet.errors import BadFileError, MissingFileError
from bossnet.spectra import SURVEYS, read, register

from . import layouts


@pytest.mark.parametrize("dtype", [">f4", ">f8"])
def test_an_image_with_wavelengths_is_read_as_stored(tmp_path, dtype):
    flux, _, loglam = layouts.arrays()
    spectrum = read(layouts.lamost_image(tmp_path / "a.fits", dtype=dtype))
    np.testing.assert_array_equal(spectrum.flux, flux.astype("f4"))
    np.testing.assert_array_equal(spectrum.wavelength, (10 ** loglam).astype("f4"))
    assert spectrum.snr == 16.5


def test_a_pseudo_continuum_is_not_taken_for_wavelengths(tmp_path):
    expected = 10 ** layouts.arrays()[2].astype("f4")
    named = layouts.lamost_image(tmp_path / "a.fits", release=1)
    mute = layouts.lamost_image(tmp_path / "b.fits", release=1, EXTEN0="")
    wrong = layouts.lamost_image(tmp_path / "c.fits", release=1, EXTEN0="Flux Inverse Wavelength")
    for path in (named, mute, wrong):
        np.testing.assert_array_equal(read(path).wavelength, expected)


def test_descending_wavelengths_stay_those_of_the_file(tmp_path):
    path = layouts.lamost_image(tmp_path / "a.fits")
    with fits.open(path, mode="update") as hdus:
        hdus[0].data[2] = hdus[0].data[2][::-1]
    assert (np.diff(read(path).wavelength) < 0).all()


def test_a_pseudo_continuum_without_a_grid_is_refused(tmp_path):
    path = layouts.lamost_image(tmp_path / "a.fits", release=1)
    with fits.open(path, mode="update") as hdus:
        del hdus[0].header["COEFF1"]
    with pytest.raises(BadFileError, match=r"a\.fits: its third row holds no wavelengths"):
        read(path)


@pytest.mark.parametrize("code", ["E", "D"])
@pytest.mark.parametrize("upper", [False, True])
def test_the_table_layout_gives_what_the_image_gives(tmp_path, code, upper):
    image = read(layouts.lamost_image(tmp_path / "a.fits"))
    table = read(layouts.lamost_table(tmp_path / "b.fits", code=code, upper=upper))
    np.testing.assert_array_equal(table.flux, image.flux)
    np.testing.assert_array_equal(table.wavelength, image.wavelength)
    np.testing.assert_allclose(table.error, image.error, rtol=1e-6)


def test_medium_resolution_is_refused_also_in_the_table_layout(tmp_path):
    path = layouts.lamost_table(tmp_path / "a.fits", extension="COADD_B")
    with pytest.raises(BadFileError, match="LAMOST medium-resolution"):
        read(path)


def test_a_recent_file_registers_with_release_identity_and_snr(tmp_path):
    [(survey, (found,))] = register(layouts.lamost_table(tmp_path / "a.fits")).found
    assert survey is SURVEYS["lamost"]
    assert found.source == {"ra": 332.5, "dec": -2.1}
    assert found.columns == {
        "release": "LAMOST DR9", "obsid": 101005, "lmjd": 55859, "planid": "F5902", "spid": 1,
        "fiberid": 5, "mjd": 55858, "ra": 332.5, "dec": -2.1, "snru": None, "snrg": 8.5,
        "snrr": 16.5, "snri": None, "snrz": None, "snr": 16.5, "class": "STAR",
        "subclass": "G0", "z": None, "path": str(tmp_path / "a.fits")}


def test_an_early_file_leaves_its_release_to_ingest_and_has_other_names_of_snr(tmp_path):
    path = layouts.lamost_image(tmp_path / "a.fits", release=2, SN_R=-9999.0)
    [(_, (found,))] = register(path).found
    columns = found.columns
    assert columns["release"] is None
    assert columns["obsid"] is None
    assert columns["fiberid"] == 5  # '005' in the file
    assert columns["snrr"] is None
    assert columns["snr"] == columns["snrg"] == 8.5


def test_identity_comes_from_the_name_where_the_header_is_silent(tmp_path):
    path = layouts.lamost_image(tmp_path / "spec-55859-F59_02_sp11-031.fits", PLANID="", SPID="",
                                FIBERID="", LMJD="")
    [(_, (found,))] = register(path).found
    assert [found.columns[n] for n in ("lmjd", "planid", "spid", "fiberid")] \
        == [55859, "F59_02", 11, 31]
    with pytest.raises(BadFileError, match="PLANID not in its header"):
        register(layouts.lamost_image(tmp_path / "a.fits", PLANID=""))


def test_a_row_without_a_path_cannot_be_resolved():
    with pytest.raises(MissingFileError, match="55859-F5902_sp1-5 has no path"):
        SURVEYS["lamost"].resolve({"lmjd": 55859, "planid": "F5902", "spid": 1, "fiberid": 5})


@pytest.mark.parametrize("release", [8, 9, 10, 11])
def test_releases_since_dr8_share_a_layout_and_say_their_name(tmp_path, release):
    path = layouts.lamost_table(tmp_path / "spec-58397-GAC100N27B1_sp16-250.fits.gz",
                                DATA_V=f"LAMOST DR{release}", LMJD=58397, SPID=16, FIBERID=250,
                                PLANID="GAC100N27B1", OBSID=2**33)
    [(_, (found,))] = register(path).found
    assert found.columns["release"] == f"LAMOST DR{release}"
    assert found.columns["obsid"] == 2**33
    assert read(path).survey == "lamost"


def test_header_keys_of_a_wrong_kind_are_unknown_or_said(tmp_path):
    path = layouts.lamost_table(tmp_path / "a.fits", OBSID="none", Z="bad", SNRR="bad", RA="bad",
                                MJD=58397.5)
    [(_, (found,))] = register(path).found
    assert [found.columns[name] for name in ("obsid", "z", "mjd", "ra")] == [None] * 4
    assert found.columns["snr"] == 8.5  # of g
    for name, value in (("LMJD", "today"), ("SPID", "one"), ("FIBERID", 2.5)):
        with pytest.raises(BadFileError, match=f"which spectrum it is: {name} not in its header"):
            register(layouts.lamost_table(tmp_path / f"{name}.fits", **{name: value}))
    grid = layouts.lamost_image(tmp_path / "b.fits", release=1, COEFF0="bad")
    with pytest.raises(BadFileError, match="no numbers COEFF0"):
        read(grid)
