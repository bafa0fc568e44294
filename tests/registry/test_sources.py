"""Which object a spectrum is of."""

import math
import time

import pytest

from bossnet.registry.sources import match, separation

COLUMNS = ("sdss_id", "catalogid", "gaia_dr3_source_id", "gaia_dr2_source_id", "ra", "dec", "g_mag")
ARCSEC = 1 / 3600


@pytest.fixture
def matched(connection):
    """Match some sources in a transaction of their own."""
    def call(*sources, known=None):
        with connection, connection.cursor() as cursor:
            return match(cursor, sources, known or [None] * len(sources), columns=COLUMNS)
    return call


def place(ra, dec, **more):
    return {"ra": ra, "dec": dec, **more}


@pytest.mark.parametrize(("one", "other", "same"), [
    (place(10.0, 20.0), place(10.0, 20.0 + 0.9 * ARCSEC), True),
    (place(10.0, 20.0), place(10.0, 20.0 + 1.1 * ARCSEC), False),
    (place(0.0, 0.0), place(360 - 0.9 * ARCSEC, 0.0), True),
    (place(0.0, 0.0), place(360 - 1.1 * ARCSEC, 0.0), False),
    (place(360.0, -5.0), place(0.0, -5.0), True),
    (place(10.0, 60.0), place(10.0 + 1.9 * ARCSEC, 60.0), True),
    (place(10.0, 60.0), place(10.0 + 2.1 * ARCSEC, 60.0), False),
    (place(0.0, 90 - 0.4 * ARCSEC), place(180.0, 90 - 0.4 * ARCSEC), True),
    (place(0.0, 90 - 0.6 * ARCSEC), place(180.0, 90 - 0.6 * ARCSEC), False),
    (place(12.0, 90.0), place(250.0, 90.0), True),
    (place(45.0, -90 + 0.4 * ARCSEC), place(225.0, -90.0), True),
])
@pytest.mark.parametrize("together", [True, False])
def test_within_one_arcsecond_is_the_same_object_anywhere_on_the_sky(matched, one, other, same,
                                                                     together):
    if together:
        [first, second], new = matched(one, other)
        assert new == (1 if same else 2)
    else:
        [first], _ = matched(one)
        [second], new = matched(other)
        assert new == (0 if same else 1)
    assert (first == second) is same


@pytest.mark.parametrize("name", ["sdss_id", "catalogid", "gaia_dr3_source_id",
                                  "gaia_dr2_source_id"])
@pytest.mark.parametrize("together", [True, False])
def test_an_identifier_matches_wherever_the_object_is(matched, name, together):
    one, other = place(10.0, 20.0, **{name: 7}), place(50.0, -20.0, **{name: 7})
    if together:
        [first, second], _ = matched(one, other)
    else:
        [first], _ = matched(one)
        [second], _ = matched(other)
    assert first == second


def test_an_identifier_wins_over_a_place(matched):
    [here, there], _ = matched(place(10.0, 20.0, sdss_id=1), place(50.0, 20.0, sdss_id=2))
    assert matched(place(10.0, 20.0, sdss_id=2)) == ([there], 0)
    assert here != there


@pytest.mark.parametrize("name", ["sdss_id", "gaia_dr3_source_id"])
def test_two_stars_of_a_close_pair_stay_two(matched, name):
    pair = [place(10.0, 20.0, **{name: 1}), place(10.0, 20.0 + 0.5 * ARCSEC, **{name: 2})]
    assert matched(*pair)[1] == 2
    assert matched(place(10.0, 20.0, **{name: 3}))[1] == 1


def test_another_catalogid_at_the_same_place_is_the_same_star(matched):
    [one, other], new = matched(place(10.0, 20.0, catalogid=1), place(10.0, 20.0, catalogid=2))
    assert (one, new) == (other, 1)


def test_the_nearest_of_several_is_taken(matched):
    [far, near], _ = matched(place(10.0, 20.0, sdss_id=1),
                             place(10.0, 20.0 + 1.2 * ARCSEC, sdss_id=2))
    assert matched(place(10.0, 20.0 + 0.8 * ARCSEC)) == ([near], 0)
    assert matched(place(10.0, 20.0 + 0.4 * ARCSEC)) == ([far], 0)


def test_what_was_not_known_of_an_object_is_filled_in_and_what_was_stays(matched, rows):
    [pk], _ = matched(place(10.0, 20.0, g_mag=15.0))
    matched(place(10.0, 20.0, g_mag=16.0, sdss_id=5))
    assert rows("SELECT g_mag, sdss_id FROM source WHERE pk = %s", (pk,)) == [(15.0, 5)]
    assert matched({"sdss_id": 5}) == ([pk], 0)


def test_a_batch_knows_what_its_own_spectra_said(matched):
    [one, two, three], new = matched({"catalogid": 4}, place(1.0, 2.0, catalogid=4, sdss_id=6),
                                     place(1.0, 2.0))
    assert one == two == three
    assert new == 1


def test_an_object_without_anything_is_new(matched):
    [one, other], new = matched({}, {})
    assert one != other
    assert new == 2


def test_a_settled_object_is_kept(matched):
    [one], _ = matched(place(10.0, 20.0))
    assert matched(place(50.0, 20.0), known=[one]) == ([one], 0)


def test_a_match_among_many_uses_the_index(matched, connection):
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO source (ra, dec) SELECT 360 * random(), "
                       "degrees(asin(2 * random() - 1)) FROM generate_series(1, 100000)")
        cursor.execute("ANALYZE source")
        cursor.execute("SELECT ra, dec FROM source LIMIT 1000")
        known = [place(ra, dec) for ra, dec in cursor.fetchall()]
    start = time.perf_counter()
    assert matched(*known)[1] == 0
    assert time.perf_counter() - start < 2


def test_the_separation_is_the_angle_on_the_sphere():
    assert separation(place(0, 0), place(90, 0)) == pytest.approx(90)
    assert separation(place(0, 90), place(77, 90)) == pytest.approx(0, abs=1e-12)
    assert separation(place(0, -90), place(0, 90)) == pytest.approx(180)
    assert separation({}, place(0, 0)) == math.inf
