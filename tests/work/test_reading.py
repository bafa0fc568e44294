"""From a row of a spectrum table to an observation: what the table says beside the pixels."""

import math

import pytest

from bossnet.network import BOSS
from bossnet.work.reading import A_G_PER_EBV, read_row
from spectra import layouts


@pytest.fixture
def read(tmp_path):
    path = layouts.spec(tmp_path / "a.fits")
    star = layouts.mwm(tmp_path / "star.fits")

    def read(table="boss_visit_spectrum", **row):
        here = star if table == "boss_combined_spectrum" else path
        row = {"spectrum_pk": 5, "path": str(here), "snr": 12.0, "telescope": "apo25m"} | row
        return read_row(table, row, {"here": tmp_path}, BOSS).observation
    return read


def test_what_the_table_knows_goes_with_the_spectrum(read):
    seen = read(_noise_key=99, _ebv=2.0, run2d="v5_13_2")
    assert (seen.snr, seen.noise_key, seen.is_legacy, seen.in_rest_frame) == (12, 99, True, False)
    assert seen.a_g == 2 * A_G_PER_EBV
    assert read(_a_g=1.5, _ebv=2.0).a_g == 1.5
    assert read().noise_key == 5
    assert read(_noise_key=0).noise_key == 0
    star = read("boss_combined_spectrum", v_rad=-30.0)
    assert (star.in_rest_frame, star.frame_velocity) == (True, -30)
    assert read(v_rad=-30.0).frame_velocity is None


def test_the_frame_s_velocity_is_the_file_s_where_the_table_has_none(read, tmp_path):
    path = layouts.mastar(tmp_path / "mastar.fits", rows=2)
    row = {"filetype": "mastar-goodspec", "path": str(path)}
    seen = read(row=0, **row)
    assert (seen.in_rest_frame, seen.frame_velocity, seen.is_legacy) == (True, -20.5, True)
    assert read(row=1, **row).frame_velocity is None
    gone = read(row=7, **row)
    assert "has no row 7" in gone.message
    assert gone.in_rest_frame
    now_another = read(row=0, **row | {"path": str(tmp_path / "a.fits")})
    assert "it is now a spectrum of BOSS spec" in now_another.message


def test_nan_in_a_table_is_not_known(read):
    seen = read(snr=math.nan, _a_g=math.nan, _ebv=1.0)
    assert seen.snr is None
    assert seen.a_g == A_G_PER_EBV
    assert read(_ebv=math.nan).a_g is None
    assert read("boss_combined_spectrum", v_rad=math.nan).frame_velocity is None


def test_a_path_may_start_with_the_name_of_a_root(read):
    assert read(path="here/a.fits").spectrum is not None
    assert "has no root 'elsewhere'" in read(path="elsewhere/a.fits").message


def test_the_state_of_the_file_is_kept_for_another_try(read, tmp_path):
    state = (tmp_path / "a.fits").stat()
    seen = read()
    assert (seen.file_size, seen.file_mtime) == (state.st_size, state.st_mtime)
    bad = tmp_path / "bad.fits"
    bad.write_bytes(b"bad")
    assert read(path=str(bad)).file_size == 3
    assert read(path=str(tmp_path / "gone.fits")).file_size is None
