"""MaStar: a table of many spectra, read and registered row by row."""

import tracemalloc

import numpy as np
import pytest

from bossnet.errors import BadFileError, MissingFileError
from bossnet.spectra import SURVEYS, read, register, surveys_of

from . import layouts


@pytest.mark.parametrize("code", ["E", "D"])
def test_a_row_is_the_spectrum_of_its_number_with_the_velocity_of_its_frame(tmp_path, code):
    path = layouts.mastar(tmp_path / "a.fits", rows=3, code=code)
    flux, _, loglam = layouts.arrays(4563, seed=302)
    seen = read(path, {"row": 2})
    np.testing.assert_array_equal(seen.flux, flux.astype("f4"))
    np.testing.assert_array_equal(seen.wavelength, (10 ** loglam).astype("f4"))
    assert (seen.survey, seen.snr, seen.frame_velocity) == ("mastar", 82, -22.5)
    assert read(path, {"row": 1}).frame_velocity is None  # its velocity was not well measured
    assert read(path, {"row": 1, "snr": 7.0}).snr == 7


def test_only_that_row_of_the_table_is_read(tmp_path):
    path = layouts.mastar(tmp_path / "a.fits", rows=200)
    assert path.stat().st_size > 20_000_000
    read(path, {"row": 0})
    tracemalloc.start()
    try:
        read(path, {"row": 199})
        register(path)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_visit_registers_as_the_data_model_has_it(tmp_path):
    path = layouts.mastar(tmp_path / "mastar-goodspec-v3_1_1-v1_7_7.fits", rows=2)
    [(survey, found)] = register(path).found
    assert (survey.name, survey.frame, len(found)) == ("mastar", "rest", 2)
    assert found[1].columns == {
        "release": None, "filetype": "mastar-goodspec", "run2d": "v3_1_1-v1_7_7", "mjd": 58001,
        "plateid": 9000, "fiberid": 1901, "row": 1, "spec_file": path.name, "telescope": "apo25m",
        "snr": 81, "n_exp": 3, "exptime": 2700, "path": str(path)}
    assert found[1].source == {"ra": 151.25, "dec": 2.5}  # its own, not its bundle's
    assert survey.is_legacy(found[1].columns)
    older = layouts.mastar(tmp_path / "b.fits", RA=None, DEC=None, OBJRA=("D", [10.0]),
                           OBJDEC=("D", [-1.0]), S2N=None, NEXP_USED=None, NEXP_VISIT=None,
                           NEXP=("I", [2]))
    [(_, [found])] = register(older).found
    assert found.source == {"ra": 10, "dec": -1}
    assert (found.columns["snr"], found.columns["exptime"]) == (None, 1800)


def test_a_star_s_combined_spectrum_is_told_from_visits_and_by_its_resolution(tmp_path):
    name = "mastar-combspec-v3_1_1-v1_7_7-lsfpercent99.5.fits"
    path = layouts.mastar(tmp_path / name, visits=False, rows=2, DRPVER=None, MPROCVER=None)
    [(_, found)] = register(path).found
    assert found[0].columns["filetype"] == "mastar-combspec"
    assert found[0].columns["run2d"] == "v3_1_1-v1_7_7-lsfpercent99.5"
    assert [f.columns["row"] for f in found] == [0, 1]
    assert found[0].columns["mjd"] is None
    assert found[0].source == {}
    assert read(path, {"row": 1}).frame_velocity is None
    unnamed = path.rename(tmp_path / "a.fits")
    with pytest.raises(BadFileError, match="no DRPVER and MPROCVER in row 0, and its name"):
        register(unnamed)


def test_which_row_must_be_said_and_be_there(tmp_path):
    path = layouts.mastar(tmp_path / "a.fits", rows=3)
    with pytest.raises(BadFileError, match="holds 3 MaStar spectra, and nothing says which"):
        read(path)
    for row in (3, -1, 10**9):
        with pytest.raises(BadFileError, match=f"has no row {row}: its table has 3 rows"):
            read(path, {"row": row})
    assert read(layouts.mastar(tmp_path / "b.fits")).survey == "mastar"


def test_what_is_cut_or_holds_nan_is_said_or_left_to_the_flags(tmp_path):
    path = layouts.mastar(tmp_path / "a.fits", rows=3)
    path.write_bytes(path.read_bytes()[:-50_000])
    for use in (register, lambda path: read(path, {"row": 0})):
        with pytest.raises(BadFileError, match="truncated: HDU 1 should end"):
            use(path)
    nothing = np.full((1, 4563), np.nan)
    path = layouts.mastar(tmp_path / "b.fits", FLUX=("4563D", nothing), IVAR=("4563D", nothing),
                          S2N=("E", [np.nan]), RA=("D", [np.nan]), HELIOV=("E", [np.nan]))
    seen = read(path)
    assert not seen.usable.any()
    assert not seen.has_uncertainty
    assert (seen.snr, seen.frame_velocity) == (None, None)
    assert register(path).found[0][1][0].source == {}


def test_a_table_with_arrays_of_different_lengths_is_foreign(tmp_path):
    path = layouts.mastar(tmp_path / "a.fits", IVAR=("100D", np.ones((1, 100))))
    with pytest.raises(BadFileError, match="not a spectrum that is read: found HDU 0"):
        read(path)


def test_rows_of_the_shared_table_go_to_their_own_survey():
    def owners(filetype):
        return [s.name for s in surveys_of("boss_visit_spectrum", {"filetype": filetype})]

    assert owners("mastar-goodspec") == owners("mastar-combspec") == ["mastar"]
    assert owners("specFull") == owners("spec") == owners(None) == ["boss"]


def test_a_row_without_a_path_is_resolved_where_sdss_access_knows_the_table(tmp_path, monkeypatch):
    monkeypatch.setenv("SAS_BASE_DIR", str(tmp_path / "sas"))
    row = {"filetype": "mastar-goodspec", "run2d": "v2_4_3-v1_0_2", "release": "dr15"}
    resolve = SURVEYS["mastar"].resolve
    assert resolve(row) == (tmp_path / "sas/dr15/manga/spectro/mastar/v2_4_3/v1_0_2/"
                            "mastar-goodspec-v2_4_3-v1_0_2.fits.gz")
    with pytest.raises(MissingFileError, match="release dr19: sdss-access knows no such file"):
        resolve(row | {"release": "dr19"})
    with pytest.raises(MissingFileError, match="ingest the file"):
        resolve(row | {"filetype": "mastar-combspec"})
