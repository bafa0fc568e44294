"""Results with raw errors, of tables and of the database, as pairs of visits."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.table import Table

from bossnet.catalog.export import export
from bossnet.database.connection import connect, connect_reader
from bossnet.errors import ConfigurationError
from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.repeats import against_labels, joined, of_database, of_table, pairs
from bossnet.network import BOSS
from catalog.made import LAMOST, Made
from evaluation.repeated import results

RAW = {"raw_e_log_teff": 0.01, "raw_e_logg": 0.1, "raw_e_fe_h": 0.05, "raw_e_v_rel": 5.0}


@pytest.fixture
def survey(config):
    """A star of three visits by BOSS and two by LAMOST, one of two of which one is bad."""
    made = Made(connect(config))
    run, star, other = made.run(), made.star(), made.star()
    for night, v_rad in enumerate((10.0, 20.0, 25.0)):
        made.visit(star, run, mjd=59_600 + night, v_rad=v_rad, v_rel=v_rad, **RAW)
    for night, v_rad in enumerate((1.0, 2.0)):
        made.visit(star, run, mjd=59_600 + night, table=LAMOST, v_rad=v_rad, v_rel=v_rad, **RAW)
    coadd = made.spectrum(star, mjd=59_610, filetype="specFull_coadd")
    made.result(coadd, star, run, v_rad=18.0, v_rel=18.0, **RAW)
    made.visit(other, run, v_rad=10.0, v_rel=10.0, **RAW)
    made.visit(other, run, failed=True)
    yield config
    made.connection.close()


def check(measured):
    found = pairs(measured)
    assert len(measured) == 6
    assert sorted(np.round(found.difference["v_rel"]).tolist()) == [-10, -5, -1]
    np.testing.assert_allclose(found.raw["logg"], 0.1, rtol=1e-6)
    assert measured.digests == {"ab" * 32}


def test_visits_of_one_star_by_one_survey_are_pairs(survey):
    reader = connect_reader(survey)
    try:
        check(of_database(reader, BOSS))
        assert len(of_database(reader, BOSS, where="mjd > 1")) == 6
        with pytest.raises(ConfigurationError, match="there are no such results"):
            of_database(reader, BOSS, tag="x")
    finally:
        reader.close()


@pytest.mark.parametrize("suffix", [".fits", ".ecsv"])
def test_a_catalogue_gives_the_same_as_the_database(survey, tmp_path, suffix):
    reader = connect_reader(survey)
    try:
        path = export(reader, BOSS, tmp_path / f"out{suffix}", name="survey",
                      per_star=False).path
    finally:
        reader.close()
    check(of_table(path, BOSS, labelled=False))


def test_visits_are_compared_with_the_next():
    measured = results(50, 5)
    found = pairs(measured)
    assert found.snr.shape == (200, 2)
    visit = measured.snr.reshape(50, 5)
    first = found.star == "17"
    np.testing.assert_array_equal(found.snr[first], np.stack([visit[17, :-1], visit[17, 1:]], 1))


def test_two_spectra_of_one_night_are_not_compared():
    measured = replace(results(1, 6), night=np.array([2.0, 1.0, 1.0, 2.0, np.nan, np.nan]))
    value = measured.values["logg"]
    np.testing.assert_array_equal(pairs(measured).difference["logg"], [
        value[2] - value[0], value[3] - value[4], value[4] - value[5]])
    both = joined([measured, results(1, 2)])
    assert len(pairs(both)) == 4


def test_without_visits_there_are_no_pairs():
    assert len(pairs(results(50, 1))) == 0


@pytest.fixture
def evaluated(tmp_path):
    """A table as `bossnet evaluate` writes it."""
    measured = results(20, 1)
    table = Table({"name": measured.star, "snr": measured.snr,
                   "result_flags": np.zeros(20, int)})
    for c in COLUMNS:
        table[f"label_{c}"], table[c] = measured.labels[c], measured.values[c]
        table[f"raw_e_{c}"] = measured.raw[c]
    table["result_flags"][:4] = [1 << 14, 1 << 11, 1 << 2, 1 << 13]
    path = tmp_path / "results.ecsv"
    table.write(path)
    return path, measured


def test_results_minus_labels_but_for_what_flags_say_is_nothing(evaluated):
    path, measured = evaluated
    found = against_labels(of_table(path, BOSS, labelled=True))
    assert len(found) == 18  # out of distribution, and without uncertainty
    assert np.isnan(found.difference["logg"]).tolist() == [True] + [False] * 17
    assert np.isfinite(found.difference["fe_h"]).all()
    np.testing.assert_allclose(found.difference["fe_h"],
                               (measured.values["fe_h"] - measured.labels["fe_h"])[2:])


def test_of_several_weights_those_asked_for_are_taken(evaluated, tmp_path):
    table = Table.read(evaluated[0])
    table["weights"] = ["a"] * 15 + ["b"] * 5
    table.write(tmp_path / "two.ecsv")
    assert len(of_table(tmp_path / "two.ecsv", BOSS, labelled=True, weights="b")) == 5
    with pytest.raises(ConfigurationError, match="results of a, b, and none of c"):
        of_table(tmp_path / "two.ecsv", BOSS, labelled=True, weights="c")


def test_spectra_of_no_object_are_no_repeats(evaluated, tmp_path):
    table = Table.read(evaluated[0])
    table["source_pk"] = [-1] * 10 + [7] * 10
    table.write(tmp_path / "few.fits")
    assert len(pairs(of_table(tmp_path / "few.fits", BOSS, labelled=False))) == 9


def test_stars_of_two_tables_are_not_the_same(evaluated):
    one = of_table(evaluated[0], BOSS, labelled=True)
    assert len(pairs(joined([one, one]))) == 0
    assert len(against_labels(joined([one, one]))) == 36


def test_a_table_without_raw_errors_says_what_is_needed(evaluated, tmp_path):
    table = Table.read(evaluated[0])
    table.remove_column("raw_e_logg")
    table.write(tmp_path / "paper.ecsv")
    with pytest.raises(ConfigurationError, match="no column raw_e_logg; needed is a table with raw "
                                                 "errors, as `astra export bossnet"):
        of_table(tmp_path / "paper.ecsv", BOSS, labelled=False)
