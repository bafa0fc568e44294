import errno
import gzip
import io
import os
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bossnet.errors import BadFileError, MissingFileError, ReadError, SpectrumError
from bossnet.spectra import SURVEYS, open_fits, read, register

from . import layouts

BOTH = pytest.mark.parametrize("use", [read, register])


def test_surveys_are_found_in_the_package_s_modules():
    assert set(SURVEYS) >= {"boss", "mwm", "lamost", "apstar"}
    assert all(survey.name == name for name, survey in SURVEYS.items())


def test_reading_imports_neither_torch_nor_sdss_access():
    code = ("import sys, bossnet.spectra\n"
            "assert not {'torch', 'sdss_access', 'tree'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_gzipped_file_gives_the_same_whatever_its_name(any_file):
    plain = read(any_file)
    packed = layouts.gzipped(any_file)
    unnamed = packed.rename(packed.with_name("no-suffix"))
    np.testing.assert_array_equal(read(unnamed).flux, plain.flux)
    np.testing.assert_array_equal(read(unnamed).wavelength, plain.wavelength)
    assert [len(found) for _, found in register(unnamed).found] \
        == [len(found) for _, found in register(any_file).found]


@BOTH
def test_an_absent_file_a_folder_and_a_pipe_are_missing(tmp_path, use):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    for name, reason in (("absent.fits", "No such file"), (".", "is a folder"),
                         ("pipe", "not a regular file"), ("file/below", "Not a directory"),
                         ("n" * 300, "name too long"), ("null\0.fits", "null")):
        with pytest.raises(MissingFileError, match=reason) as caught:
            use(f"{tmp_path}/{name}")
        assert str(caught.value).startswith(f"{tmp_path}/{name}: ")


@BOTH
@pytest.mark.parametrize(("content", "reason"), [
    (b"", "the file is empty"), (b"hello", r"not a FITS file: it starts with b'hello'"),
    (b"\x1f\x8b", "gzip"),
    # Without a time, which would be part of the test's name.
    (gzip.compress(b"", mtime=0), "the file is empty"),
    (gzip.compress(b"hello", mtime=0), "not a FITS file"),
    (b"SIMPLE  =", "header of HDU 0 does not end"),
    (b"BZh91AY", "not a FITS file")])
def test_what_is_no_fits_file_is_bad(tmp_path, use, content, reason):
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    with pytest.raises(BadFileError, match=reason) as caught:
        use(path)
    assert str(path) in str(caught.value)


@BOTH
def test_a_file_cut_anywhere_is_bad_unless_only_whole_hdus_are_missing(any_file, use, tmp_path):
    content = any_file.read_bytes()
    with fits.open(any_file) as hdus:
        ends = {hdu.fileinfo()["datLoc"] + hdu.fileinfo()["datSpan"] for hdu in hdus}
    cut = tmp_path / "cut.fits"
    for size in {*range(0, len(content), 2880), *range(99, len(content), len(content) // 9)}:
        cut.write_bytes(content[:size])
        if size not in ends:
            with pytest.raises(BadFileError, match=r"truncated|empty"):
                use(cut)
    packed = gzip.compress(content)
    cut.write_bytes(packed[:len(packed) // 2])
    with pytest.raises(BadFileError, match="truncated: its gzip"):
        use(cut)


@BOTH
@pytest.mark.parametrize("value", ["999999999999", "-1", "'x'"])
@pytest.mark.parametrize("keyword", ["NAXIS1", "NAXIS2"])
def test_absurd_sizes_are_refused_before_anything_is_allocated(tmp_path, use, keyword, value):
    path = layouts.spec(tmp_path / "a.fits")
    content = bytearray(path.read_bytes())
    at = content.index(keyword.encode())
    content[at:at + 80] = f"{keyword:8}= {value:>20}".ljust(80).encode()
    path.write_bytes(content)
    with pytest.raises(BadFileError, match=r"truncated|negative|is not|has NAXIS"):
        use(path)


@BOTH
def test_columns_that_contradict_the_width_of_a_row_are_refused(tmp_path, use):
    path = layouts.spec(tmp_path / "a.fits")
    path.write_bytes(path.read_bytes().replace(b"TFORM1  = 'E       '", b"TFORM1  = '999999E '"))
    with pytest.raises(BadFileError, match="the columns of a row take"):
        use(path)


@BOTH
def test_a_foreign_file_is_refused_saying_what_was_found_and_what_would_be_read(tmp_path, use):
    catalogue = layouts.table("STARS", False, ra=("D", [1.0]), dec=("D", [2.0]))
    path = layouts.write(tmp_path / "a.fits", [fits.PrimaryHDU(), catalogue])
    with pytest.raises(BadFileError) as caught:
        use(path)
    for part in (str(path), "HDU 1 a table STARS of 1 rows (ra, dec)", "LAMOST low", "apStar"):
        assert part in str(caught.value)


def test_an_image_of_five_rows_that_is_not_lamost_s_is_foreign(tmp_path):
    old = fits.PrimaryHDU(np.ones((5, 3800), "f4"))
    old.header.update({"TELESCOP": "SDSS 2.5-M", "COEFF0": 3.58, "COEFF1": 1e-4})
    with pytest.raises(BadFileError, match="an image of 3800 x 5"):
        read(layouts.write(tmp_path / "spSpec.fit", [old]))


@pytest.mark.parametrize(("number", "error"), [
    (errno.EIO, ReadError), (errno.ESTALE, ReadError), (errno.ETIMEDOUT, ReadError),
    (errno.ENOENT, MissingFileError), (errno.EINVAL, BadFileError), (None, BadFileError)])
def test_trouble_of_the_storage_is_told_from_that_of_the_bytes(tmp_path, number, error):
    path = layouts.spec(tmp_path / "a.fits")
    with pytest.raises(error, match=r"a\.fits: "), open_fits(path):
        raise OSError(number, "trouble") if number else OSError("Header missing END card.")


def test_want_of_memory_is_no_fault_of_the_file(tmp_path):
    path = layouts.spec(tmp_path / "a.fits")
    with pytest.raises(ReadError, match=r"a\.fits: there was not memory enough"), open_fits(path):
        raise MemoryError


def _small_files():
    made = {}
    for name, hdus in (("spec", layouts.spec), ("lamost", layouts.lamost_image),
                       ("table", layouts.lamost_table), ("full", layouts.spec_full)):
        made[name] = hdus(io.BytesIO()).getvalue()
    made["gzip"] = gzip.compress(made["table"])
    return list(made.values())


SMALL = _small_files()
DAMAGE = st.lists(st.tuples(st.floats(0, 1), st.one_of(
    st.binary(min_size=1, max_size=3), st.sampled_from([b"9", b"-", b"Q", b"1E9", b"\0", b"'"]))),
    max_size=6)


@settings(max_examples=300, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.sampled_from(SMALL), damage=DAMAGE, kept=st.floats(0, 1.5))
def test_damage_of_any_kind_gives_a_spectrum_or_a_spectrum_error(tmp_path, content, damage, kept):
    path = tmp_path / "damaged.fits"
    damaged = bytearray(content)
    for place, new in damage:
        at = int(place * len(content))
        damaged[at:at + len(new)] = new
    path.write_bytes(damaged[:int(kept * len(damaged))])
    for use in (read, register):
        try:
            use(path)
        except SpectrumError as error:
            assert str(error).startswith(str(path))  # noqa: PT017
