"""Tables of labelled files."""

import numpy as np
import pytest
from astropy import units
from astropy.table import Table

from bossnet.errors import ConfigurationError
from bossnet.evaluation.labels import read_labels
from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.sample import joined
from bossnet.flags import Outcome
from spectra import layouts


@pytest.fixture
def written(tmp_path):
    """Writes a table and gives its path."""
    def write(name="labels.csv", **columns):
        path = tmp_path / name
        form = "votable" if path.suffix == ".vot" else None
        Table(columns).write(path, overwrite=True, format=form)
        return path
    return write


def by_column(sample):
    return {name: sample.labels[:, i].tolist() for i, name in enumerate(COLUMNS)}


def test_usual_names_are_recognised(written):
    path = written(file=["a.fits"], library=["miles"], teff_K=[10000.0], logg_dex=[4.0],
                   feh_dex=[-0.5], rv_kms=[12.0], snr=[30])
    sample = read_labels(path)
    assert by_column(sample) == {"logg": [4.0], "log_teff": [4.0], "fe_h": [-0.5], "v_rel": [12.0]}
    assert (sample.names[0], sample.subsets[0], sample.snr[0]) == ("a.fits", "miles", 30.0)
    assert sample.origin[0]["columns"]["teff"] == "teff_K"


@pytest.mark.parametrize("name", ["labels.ecsv", "labels.fits", "labels.vot"])
def test_other_formats_are_read_with_their_units(written, name):
    path = written(name, path=["a.fits", "b.fits"], logTeff=[3.7, 3.8],
                   v_rad=np.array([1000.0, -2000.0]) * units.m / units.s)
    sample = read_labels(path)
    assert by_column(sample)["v_rel"] == pytest.approx([1.0, -2.0])
    assert by_column(sample)["log_teff"] == pytest.approx([3.7, 3.8])
    assert sample.names.tolist() == ["a.fits", "b.fits"]


def test_the_velocity_in_the_files_frame_goes_before_the_barycentric_one(written):
    path = written(file=["a.fits"], v_rad=[80.0], v_rel=[0.0])
    assert by_column(read_labels(path))["v_rel"] == [0.0]


def test_what_is_not_known_is_nan(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("file,teff,logg,fe_h,rv\na.fits,5000,,-9999,nan\nb.fits,-9999,4.5,0.1,3\n")
    labels = by_column(read_labels(path))
    assert np.isnan(labels["logg"]).tolist() == [True, False]
    assert np.isnan(labels["fe_h"]).tolist() == [True, False]
    assert np.isnan(labels["log_teff"]).tolist() == [False, True]
    assert np.isnan(labels["v_rel"]).tolist() == [True, False]


def test_columns_are_named_and_rows_chosen(written):
    path = written(filename=["a", "b", "c"], teff=[5000.0] * 3, rv=[1.0, 2.0, 3.0],
                   header_cz=[10.0, 20.0, 30.0], snrg=[99.0, 99.0, 99.0],
                   header_sn=[10.0, 20.0, 21.0])
    named = {"rv": "header_cz", "snr": "header_sn"}
    sample = read_labels(path, columns=named, above={"snr": 15.0})
    assert (by_column(sample)["v_rel"], sample.snr.tolist()) == ([20.0, 30.0], [20.0, 21.0])
    sample = read_labels(path, columns=named, above={"snr": 15.0, "rv": 25.0, "snrg": 50.0})
    assert sample.names.tolist() == ["c"]
    assert (sample.origin[0]["rows"], sample.origin[0]["taken"]) == (3, 1)


@pytest.mark.parametrize(("options", "said"), [
    ({"columns": {"teff": "nonesuch"}}, "no column 'nonesuch' for teff; it has file, teff, note"),
    ({"above": {"nonesuch": 3.0}}, "no column 'nonesuch'"),
    ({"above": {"teff": 1e6}}, "no row is left of 1, teff above 1e\\+06"),
    ({"columns": {"logg": "note"}}, "column 'note' is not of numbers")])
def test_what_a_table_does_not_have_is_said(written, options, said):
    path = written(file=["a.fits"], teff=[5000.0], note=["good"])
    with pytest.raises(ConfigurationError, match=said):
        read_labels(path, **options)


def test_a_table_without_files_or_labels_is_refused(written):
    with pytest.raises(ConfigurationError, match="--column file=NAME"):
        read_labels(written(teff=[5000.0]))
    with pytest.raises(ConfigurationError, match="no column of labels"):
        read_labels(written(file=["a.fits"], temperature=[5000.0]))


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "a.fits").write_bytes(b"not FITS")
    for name in ("a.fits", "nonesuch.csv"):
        with pytest.raises(ConfigurationError, match="cannot be read as a table"):
            read_labels(tmp_path / name)


def test_files_are_read_one_by_one_and_failures_are_outcomes(written, tmp_path):
    folder = tmp_path / "spectra"
    folder.mkdir()
    layouts.spec(folder / "a.fits", pixels=2000)
    (folder / "b.fits").write_bytes(b"not FITS")
    path = written(file=["a.fits", "b.fits", "c.fits"], teff=[5000.0] * 3)
    observations = list(read_labels(path, folder=folder).observations())
    assert [o.outcome for o in observations] == [Outcome.DONE, Outcome.BAD_FILE,
                                                 Outcome.MISSING_FILE]
    assert observations[0].spectrum.survey == "boss"
    assert "c.fits" in observations[2].message


def test_tables_are_joined(written):
    one = read_labels(written("one.csv", file=["a.fits"], teff=[5000.0]))
    two = read_labels(written("two.csv", file=["b.fits", "c.fits"], logg=[4.0, 5.0]))
    both = joined([one, two])
    assert len(both) == 3
    assert by_column(both)["logg"][1:] == [4.0, 5.0]
    assert len(list(both.observations())) == 3
    assert len(both.origin) == 2


def test_the_shared_tables_of_labels_are_understood(shared):
    lamost = shared / "data" / "lamost" / "dr1_b6212" / "labels.csv"
    sample = read_labels(lamost, columns={"rv": "header_cz_kms", "snr": "header_sn_g"},
                         above={"snr": 20.0})
    assert np.isfinite(sample.labels).all()
    assert (sample.snr > 20).all()
    assert all((lamost.parent / name).is_file() for name in sample.names)
    benchmark = read_labels(shared / "benchmark" / "labels.csv")
    assert set(benchmark.snr) == {10.0, 30.0, 100.0}
    assert set(benchmark.subsets) == {"miles", "stelib"}
