"""Peaks of the response and what stands there."""

import numpy as np
import pytest

from bossnet.network import BOSS
from bossnet.plot import drivers as of
from bossnet.plot.drivers import drivers
from bossnet.plot.lines import Line, of_stars
from bossnet.simulation.wavelengths import doppler_factor

GRID = BOSS.grid.astype(np.float64)


def made(**peaks):
    """A response of small ripples, with a line's pattern of this size at each wavelength."""
    response = 0.05 * np.sin(np.arange(GRID.size))
    for wavelength, size in peaks.items():
        x = (GRID - float(wavelength.lstrip("_"))) / 5.0
        response += size * (1 - x**2) * np.exp(-x**2 / 2)
    return response


def test_the_strongest_peak_comes_first_with_its_size_and_sign():
    found = drivers(GRID, made(_5000=1.0, _7000=-3.0), [], [])
    assert [round(one.wavelength, -1) for one in found[:2]] == [7000, 5000]
    assert found[0].response == pytest.approx(-2.9, abs=0.1)  # its neighbours blunt it
    assert found[0].strength > found[1].strength > of.LEAST


def test_a_spectrum_without_peaks_has_no_drivers():
    assert drivers(GRID, np.zeros(GRID.size), [], []) == []


def test_a_shifted_line_is_named_where_the_velocity_puts_it():
    factor = doppler_factor(1000.0)
    response = made(**{f"_{6564.6 * factor}": 1.0})
    at_rest, = drivers(GRID, response, of_stars("boss", 5800.0), [])
    moved, = drivers(GRID, response, [line.at(factor) for line in of_stars("boss", 5800.0)], [])
    assert at_rest.name != "H alpha"
    assert moved.name == "H alpha"


def test_the_narrowest_feature_gives_its_name():
    band, line = Line("a band", 6900.0, 7100.0), Line("a line", 6995.0, 7004.0)
    found, = drivers(GRID, made(_7000=1.0), [band, line], [])
    assert found.name == "a line"


def test_what_is_the_atmospheres_is_said_beside_the_stars():
    found, = drivers(GRID, made(_7000=1.0), [Line("a line", 6995.0, 7004.0)],
                     [Line("O2", 6990.0, 7090.0)])
    assert (found.name, found.earth.name) == ("a line", "O2")
    found, = drivers(GRID, made(_7000=1.0), [], [Line("O2", 6990.0, 7090.0)])
    assert (found.name, found.line) == ("O2", None)


def test_a_place_where_nothing_is_known_has_no_name():
    found, = drivers(GRID, made(_7000=1.0), [Line("a line", 6970.0, 6980.0)], [])
    assert found.name == ""


def test_the_strength_is_measured_by_what_is_covered():
    response = made(_5000=1.0)
    half = GRID < 6000
    response[~half] *= 0.1
    everywhere, covered = (drivers(GRID, response, [], [], covered=where)[0].strength
                           for where in (None, half))
    assert covered < everywhere / 2


def test_where_nothing_follows_the_flux_the_strength_is_not_measured():
    response = np.where(GRID < 5200, made(_5000=1.0), 0.0)
    assert 10 < drivers(GRID, response, [], [])[0].strength < 30


def test_chance_is_the_part_of_the_range_where_a_name_would_be_given():
    reach = of.window(GRID) / 2
    line = Line("a line", 6000.0, 6100.0)
    assert of.chance(GRID, [line]) == pytest.approx((100 + 2 * reach) / 5100, rel=0.02)
    assert of.chance(GRID, [line, line]) == of.chance(GRID, [line])


def test_the_response_to_slopes_everywhere_alike_is_that_of_a_windows_area():
    response = of.response(np.ones(GRID.size))
    assert response[GRID.size // 2] == pytest.approx(
        of.RAISED * of.window(GRID) / np.median(np.diff(GRID)), rel=1e-3)
