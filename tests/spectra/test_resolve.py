import os
import subprocess
import sys
import warnings

import pytest

from bossnet.errors import MissingFileError
from bossnet.spectra import SURVEYS

LEGACY = {"filetype": "spec", "run2d": "v5_13_2", "plateid": 4055, "mjd": 55359, "fiberid": 7}
SDSS5 = {"filetype": "specFull", "run2d": "v6_1_3", "fieldid": 112360, "mjd": 60000,
         "catalogid": 27021598150202075, "plateid": None}
COADD = SDSS5 | {"filetype": "specFull_coadd", "run2d": "v6_1_3-allepoch_lco", "fieldid": None}
STAR = {"filetype": "mwmStar", "v_astra": 6000, "sdss_id": 54459273}
APOGEE = {"telescope": "apo25m", "obj": "2M00490869+6205128"}
CASES = [
    ("boss", "dr17", LEGACY, "dr17/eboss/spectro/redux/v5_13_2/spectra/full/4055/"
                             "spec-4055-55359-0007.fits"),
    ("boss", "dr17", LEGACY | {"filetype": "specLite", "run2d": "26", "plateid": 266},
     "dr17/sdss/spectro/redux/26/spectra/lite/0266/spec-0266-55359-0007.fits"),
    ("boss", "dr19", SDSS5, "dr19/spectro/boss/redux/v6_1_3/spectra/full/112360/60000/"
                            "spec-112360-60000-27021598150202075.fits"),
    ("boss", "dr8", LEGACY | {"run2d": "103"}, "dr8/sdss/spectro/redux/103/spectra/full/4055/"
                                               "spec-4055-55359-0007.fits"),
    ("boss", "dr20", SDSS5 | {"run2d": "v6_2_1"},
     "dr20/spectro/boss/redux/v6_2_1/spectra/daily/full/112XXX/112360/60000/"
     "spec-112360-60000-27021598150202075.fits"),
    ("boss", "sdsswork", SDSS5 | {"run2d": "master", "filetype": "specLite"},
     "sdsswork/bhm/boss/spectro/redux/master/spectra/daily/lite/112XXX/112360/60000/"
     "spec-112360-60000-27021598150202075.fits"),
    ("boss", "dr18", SDSS5 | {"run2d": "v6_0_4", "filetype": "specLite"},
     "dr18/spectro/boss/redux/v6_0_4/spectra/lite/112360p/60000/"
     "spec-112360-60000-27021598150202075.fits"),
    ("boss", "ipl-3", SDSS5, "ipl-3/spectro/boss/redux/v6_1_3/spectra/full/112360/60000/"
                             "spec-112360-60000-27021598150202075.fits"),
    ("boss", "dr19", COADD, "dr19/spectro/boss/redux/v6_1_3/spectra/full/allepoch_lco/60000/"
                            "spec-allepoch_lco-60000-27021598150202075.fits"),
    ("boss", "ipl-4", COADD | {"run2d": "v6_2_1-allepoch_lco"},
     "ipl-4/spectro/boss/redux/v6_2_1/spectra/allepoch/full/allepoch/allepoch_lco/60000/"
     "spec-allepoch_lco-60000-27021598150202075.fits"),
    ("mastar", "dr17", {"filetype": "mastar-goodspec", "run2d": "v3_1_1-v1_7_7"},
     "dr17/manga/spectro/mastar/v3_1_1/v1_7_7/mastar-goodspec-v3_1_1-v1_7_7.fits.gz"),
    ("mwm", "dr20", STAR | {"filetype": "mwmVisit", "v_astra": "0.8.1"},
     "dr20/spectro/astra/0.8.1/spectra/visit/92/73/mwmVisit-0.8.1-54459273.fits"),
    ("mwm", "sdsswork", STAR | {"v_astra": "0.8.1"}, "sdsswork/mwm/spectro/astra/0.8.1/spectra/"
                                                     "star/92/73/mwmStar-0.8.1-54459273.fits"),
    ("mwm", "dr19", STAR, "dr19/spectro/astra/0.6.0/spectra/star/92/73/"
                          "mwmStar-0.6.0-54459273.fits"),
    ("mwm", "IPL-4", STAR | {"filetype": "mwmVisit", "v_astra": "0.8.1"},
     "ipl-4/spectro/astra/spectra/visit/92/73/mwmVisit-0.8.1-54459273.fits"),
    ("apstar", "dr17", APOGEE | {"apred": "dr17", "field": "000+02"},
     "dr17/apogee/spectro/redux/dr17/stars/apo25m/000+02/apStar-dr17-2M00490869+6205128.fits"),
    ("apstar", "dr19", APOGEE | {"apred": "1.3", "healpix": 11410},
     "dr19/spectro/apogee/redux/1.3/stars/apo25m/11/11410/"
     "apStar-1.3-apo25m-2M00490869+6205128.fits"),
]


@pytest.fixture
def sas(tmp_path, monkeypatch):
    """A base folder that does not exist."""
    monkeypatch.setenv("SAS_BASE_DIR", str(tmp_path / "sas"))
    return tmp_path / "sas"


def test_releases_in_turn_do_not_change_one_another_s_paths(sas):
    for survey, release, row, expected in CASES + CASES[::-1]:
        found = SURVEYS[survey].resolve(row | {"release": release})
        assert found == sas / expected


def test_a_compressed_file_is_found_under_its_own_name(sas):
    survey, release, row, expected = CASES[2]
    there = sas / (expected + ".gz")
    there.parent.mkdir(parents=True)
    there.touch()
    assert SURVEYS[survey].resolve(row | {"release": release}) == there


def test_the_process_is_left_as_it_was(sas, monkeypatch):
    monkeypatch.setenv("BOSS_SPECTRO_REDUX", "/somewhere/else")
    before = dict(os.environ), sys.excepthook, warnings.showwarning, list(warnings.filters)
    SURVEYS["boss"].resolve(SDSS5 | {"release": "dr20"})
    assert before == (dict(os.environ), sys.excepthook, warnings.showwarning,
                      list(warnings.filters))
    assert not sas.exists()


def test_the_first_import_leaves_no_trace_either(sas):
    code = f"""
import os, sys, warnings
from bossnet.spectra import SURVEYS
before = dict(os.environ), sys.excepthook, warnings.showwarning, list(warnings.filters)
SURVEYS["boss"].resolve({SDSS5 | {"release": "dr19"}!r})
assert "sdss_access" in sys.modules
assert before == (dict(os.environ), sys.excepthook, warnings.showwarning, list(warnings.filters))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert not sas.exists()


@pytest.mark.parametrize(("survey", "row", "reason"), [
    ("boss", SDSS5 | {"release": "dr19", "catalogid": None}, "release dr19: catalogid is not"),
    ("mwm", {"release": "dr19", "filetype": "mwmStar"}, "sdss_id, v_astra is not known"),
    ("boss", LEGACY | {"release": "unknown"}, "knows no release unknown"),
    ("boss", LEGACY | {"release": None}, r"knows no release \(none\)"),
    ("boss", LEGACY | {"release": "dr99"}, "knows no release dr99"),
    ("mwm", STAR | {"release": "dr17"}, "release dr17: sdss-access knows no such file type"),
    ("boss", COADD | {"release": "dr19", "run2d": "v6_1_3"}, "such as v6_1_3-allepoch"),
    ("mastar", {"release": "dr17", "filetype": "mastar-combspec", "run2d": "v3_1_1-v1_7_7"},
     "does not know such files: ingest the file"),
    ("boss", LEGACY | {"release": "dr17", "filetype": "specFull"}, "without fieldid")])
def test_what_is_not_known_is_named(sas, survey, row, reason):
    with pytest.raises(MissingFileError, match=reason):
        SURVEYS[survey].resolve(row)
