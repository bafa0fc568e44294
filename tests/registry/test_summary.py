"""spAll-like tables: any case, plain or gzipped, some rows at a time."""

import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

from bossnet.errors import BadFileError, MissingFileError
from bossnet.registry.finding import Refusal
from bossnet.registry.summary import read_summary
from spectra import layouts


def sp_all(path, rows=3, upper=True, **columns):
    """A summary of SDSS-V, with an image before the table."""
    count = np.arange(rows)
    said = {
        "field": ("J", 100000 + count), "mjd": ("J", np.full(rows, 60000)),
        "catalogid": ("K", 27021598150000000 + count), "run2d": ("6A", ["v6_1_3"] * rows),
        "plug_ra": ("D", 10.0 + 0.01 * count), "plug_dec": ("D", np.full(rows, -5.0)),
        "sn_median_all": ("E", np.full(rows, 12.5)), "obs": ("3A", ["LCO"] * rows),
        "spec_file": ("40A", [f"spec-{i}.fits" for i in count]), "sdss_id": ("K", 1 + count),
        "gaia_g_mag": ("E", np.full(rows, -999.0)), "xcsao_teff": ("E", np.full(rows, np.nan)),
        "plugid": ("5J", np.ones((rows, 5)))}
    table = layouts.table("SPALL", upper, **(said | columns))
    return layouts.write(path, [fits.PrimaryHDU(), fits.ImageHDU(np.ones((7, 900))), table])


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("name", ["spAll.fits", "spAll.fits.gz"])
def test_every_row_becomes_a_registration(tmp_path, name, upper):
    rows = list(read_summary(sp_all(tmp_path / name, upper=upper)))
    assert len(rows) == 3
    columns = rows[1].columns
    assert {"fieldid": 100001, "mjd": 60000, "catalogid": 27021598150000001, "run2d": "v6_1_3",
            "snr": 12.5, "telescope": "lco25m", "spec_file": "spec-1.fits", "plateid": None,
            "fiberid": None, "path": None, "filetype": "specFull", "xcsao_teff": None}.items() \
        <= columns.items()
    assert rows[1].source == {"ra": 10.01, "dec": -5.0, "catalogid": 27021598150000001,
                              "sdss_id": 2}


def test_a_legacy_table_is_told_by_plate_and_fiber(tmp_path):
    table = layouts.table("SPALL", True, plate=("J", [4055]), mjd=("J", [55359]),
                          fiberid=("J", [7]), run2d=("7A", ["v5_13_2"]), racat=("D", [151.25]),
                          deccat=("D", [2.5]))
    [row] = read_summary(layouts.write(tmp_path / "a.fits", [fits.PrimaryHDU(), table]))
    assert {"plateid": 4055, "fiberid": 7, "fieldid": None, "catalogid": None,
            "filetype": "spec"}.items() <= row.columns.items()
    assert row.source == {"ra": 151.25, "dec": 2.5}


def test_more_rows_than_fit_at_once_all_come_and_memory_does_not_grow(tmp_path):
    small, large = sp_all(tmp_path / "a.fits", 2000), sp_all(tmp_path / "b.fits", 8000)
    peaks = []
    for path, number in ((small, 2000), (large, 8000)):
        tracemalloc.start()
        assert sum(1 for _ in read_summary(path)) == number
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_row_without_an_identity_is_refused_by_its_number(tmp_path):
    path = sp_all(tmp_path / "a.fits", catalogid=("K", [5, 0, 7]))
    rows = list(read_summary(path))
    assert [isinstance(row, Refusal) for row in rows] == [False, True, False]
    assert rows[1].path == f"{path} row 1"


def test_a_file_that_is_no_such_table_is_refused(tmp_path):
    (tmp_path / "text.fits").write_text("no FITS")
    packed = layouts.gzipped(sp_all(tmp_path / "whole.fits", 100)).read_bytes()
    (tmp_path / "broken.fits.gz").write_bytes(packed[:-len(packed) // 3])
    (tmp_path / "cut.fits").write_bytes((tmp_path / "whole.fits").read_bytes()[:-4000])
    layouts.spec(tmp_path / "spec.fits", summary=False)
    for name in ("text.fits", "broken.fits.gz", "cut.fits", "spec.fits"):
        with pytest.raises(BadFileError, match=name):
            list(read_summary(tmp_path / name))
    with pytest.raises(MissingFileError, match="gone"):
        list(read_summary(tmp_path / "gone.fits"))
