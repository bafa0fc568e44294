"""Equations 1 to 3 and what is around them, against values worked by hand."""

import numpy as np
import pytest

from bossnet.labels.relations import absolute, cool_dwarf, fe_h_of_radius, galactic_radius


def test_equation_1_gives_the_suns_metallicity_at_the_sun():
    assert fe_h_of_radius(8.0) == pytest.approx(0.004)
    np.testing.assert_allclose(fe_h_of_radius([4, 12]), [0.216, -0.208])


@pytest.mark.parametrize(("ra", "dec", "parallax", "radius"), [
    (266.40499, -28.93617, 0.5, 6.0),  # towards the centre
    (86.40499, 28.93617, 0.5, 10.0),  # away from it
    (192.85948, 27.12825, 1.0, 8.0),  # the northern galactic pole
    (318.00438, 48.32964, 1.0, np.hypot(8, 1)),  # l = 90, b = 0
])
def test_the_galactic_radius_is_that_of_known_directions(ra, dec, parallax, radius):
    assert galactic_radius([ra], [dec], [parallax])[0] == pytest.approx(radius, abs=2e-3)


def test_a_parallax_that_is_not_positive_gives_no_radius():
    assert np.isnan(galactic_radius([10, 10, 10], [0, 0, 0], [0, -1, np.nan])).all()


def test_equations_2_and_3_at_3_and_4_mag():
    teff, logg = cool_dwarf([13, 14], [10, 10])
    np.testing.assert_allclose(teff, [2927.25, 2378.0])
    np.testing.assert_allclose(logg, [5.08475, 5.3332])


def test_equations_2_and_3_hold_only_redward_of_their_limit_and_where_teff_falls():
    colour = np.array([2.3, 2.3001, 5.9, 5.91, np.nan])
    teff, logg = cool_dwarf(colour, np.zeros(5))
    np.testing.assert_array_equal(np.isfinite(teff), [False, True, True, False, False])
    np.testing.assert_array_equal(np.isfinite(logg), np.isfinite(teff))
    red = np.linspace(2.301, 5.9, 500)
    assert (np.diff(cool_dwarf(red, 0 * red)[0]) < 0).all()


def test_absolute_magnitudes_are_those_at_ten_parsec():
    np.testing.assert_allclose(absolute([7, 7], [100, 10]), [7, 2])
    assert np.isnan(absolute([7], [-1])).all()
