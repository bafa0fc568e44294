import numpy as np
import pytest
from astropy.io import fits

from bossnet.errors import BadFileError
from bossnet.spectra.table import Table

from . import layouts


@pytest.fixture
def table(tmp_path):
    """A table of two rows with a column of every kind, as it stands in a file."""
    unsigned = fits.Column("spec_id", "K", bzero=2**63, array=np.array([2**63 + 5, 7], "u8"))
    made = layouts.table(
        "T", True, flag=("L", [True, False]), bits=("11X", np.ones((2, 11), bool)),
        byte=("B", [1, 2]), short=("I", [-3, 4]), name=("6A", ["ab", "c"]), real=("E", [1.5, 2.5]),
        double=("3D", [[1, 2, 3], [4, 5, 6]]), big=("K", [2**60, -1]))
    columns = fits.ColDefs([*made.columns, unsigned])
    path = layouts.write(tmp_path / "a.fits",
                         [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)])
    with fits.open(path, memmap=False) as hdus:
        yield Table.of(hdus, 1)


def test_scalars_of_every_kind_come_as_python_s(table):
    names = ("flag", "byte", "short", "name", "real", "big", "spec_id")
    assert [table.value(0, name) for name in names] == [True, 1, -3, "ab", 1.5, 2**60, 2**63 + 5]
    assert [table.value(1, name) for name in names] == [False, 2, 4, "c", 2.5, -1, 7]
    assert type(table.value(0, "real")) is float


def test_what_is_no_scalar_or_not_there_is_none(table):
    assert table.value(0, "double") is None
    assert table.value(0, "bits") is None
    assert table.value(0, "absent") is None
    assert table.value(2, "real") is None
    assert table.value(0, "absent", "real") == 1.5


def test_columns_of_numbers_come_as_native_float32(table):
    np.testing.assert_array_equal(table.floats("real"), np.array([1.5, 2.5], "f4"))
    np.testing.assert_array_equal(table.floats("double"), [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(table.floats("double", 1), [4, 5, 6])
    assert table.floats("double", 1).dtype == np.dtype("=f4")
    for name in ("name", "absent", "bits"):
        with pytest.raises(BadFileError, match=f"no column of numbers named {name}"):
            table.floats(name)


def test_what_is_no_table_has_none(tmp_path):
    path = layouts.write(tmp_path / "a.fits", [fits.PrimaryHDU(), fits.ImageHDU(np.ones(3))])
    with fits.open(path) as hdus:
        assert Table.of(hdus, 1) is None
        assert Table.of(hdus, 2) is None
