"""Which spectra are one star, and which row of a catalogue is a spectrum's."""

from pathlib import Path

import numpy as np

from bossnet.labels.columns import Rows
from bossnet.labels.configuration import Matched
from bossnet.labels.matching import find, stars


def rows(*, ra=(), dec=(), **texts) -> Rows:
    words = {key: np.array(values) for key, values in texts.items()}
    size = max(len(ra), *(len(v) for v in words.values()), 0) if words else len(ra)
    places = {"ra": np.array(ra, float), "dec": np.array(dec, float)} if len(ra) else {}
    return Rows(Path("made"), words, places, size)


def test_one_identifier_is_one_star():
    found = stars(rows(spectrum=["a", "b", "c", "d"], gaia=["5", "", "5", ""],
                       catalogid=["", "7", "7", ""]))
    assert found.tolist() == ["Gaia 5", "Gaia 5", "Gaia 5", "spectrum d"]


def test_neighbours_within_an_arcsecond_are_one_star_unless_gaia_says_otherwise():
    near = 0.9 / 3600
    found = stars(rows(spectrum=["a", "b", "c", "d"], gaia=["5", "", "6", ""],
                       ra=[10, 10, 50, 90], dec=[0, near, 0, 0]))
    assert found.tolist() == ["Gaia 5", "Gaia 5", "Gaia 6", "spectrum d"]
    apart = stars(rows(spectrum=["a", "b"], gaia=["5", "6"], ra=[10, 10], dec=[0, near]))
    assert apart.tolist() == ["Gaia 5", "Gaia 6"]


def test_of_two_rows_with_an_identifier_the_first_counts_and_none_matches_nothing():
    match = find(rows(gaia=["2", "", "9"]), rows(gaia=["", "2", "2"]), Matched("x", {}, "gaia"))
    assert match.row.tolist() == [1, -1, -1]
    assert np.isnan(match.separation).all()


def test_of_rows_within_the_radius_the_nearest_counts():
    there = rows(ra=[10, 10 + 0.5 / 3600, 200], dec=[0, 0, 0])
    match = find(rows(ra=[10 + 0.4 / 3600, 200 + 1.2 / 3600, np.nan], dec=[0, 0, 0]), there,
                 Matched("x", {}, "position"))
    assert match.row.tolist() == [1, -1, -1]
    np.testing.assert_allclose(match.separation[0], 0.1, atol=1e-6)
    wider = find(rows(ra=[200 + 1.2 / 3600], dec=[0]), there, Matched("x", {}, "position", 2.0))
    assert wider.row.tolist() == [2]
