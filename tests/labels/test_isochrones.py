"""log g from isochrones: linear ones, so that every answer is known."""

import numpy as np
import pytest
from tests.labels.made import ISOCHRONES

from bossnet.errors import ConfigurationError
from bossnet.labels.isochrones import read_isochrones


@pytest.fixture
def isochrones(tmp_path):
    (tmp_path / "mist.iso").write_text(ISOCHRONES)
    return read_isochrones(tmp_path / "mist.iso")


def test_the_file_is_read_whole(isochrones):
    assert isochrones.log_age.tolist() == [6.0] * 3 + [7.0] * 4
    assert isochrones.logg.tolist() == [3.4, 3.6, 4.0, 4.0, 4.2, 4.6, 2.0]


def test_log_g_is_linear_along_an_isochrone_and_between_two(isochrones):
    logg = isochrones.logg_of_age([6.0, 7.0, 6.25], [10**3.8, 10**3.8, 10**3.7])
    np.testing.assert_allclose(logg, [3.8, 4.4, 0.75 * 3.7 + 0.25 * 4.3])


def test_stars_that_left_the_main_sequence_do_not_count(isochrones):
    assert isochrones.logg_of_age([7.0], [10**3.7])[0] == pytest.approx(4.3)  # and not 2.0


def test_below_3000_k_log_g_is_that_of_3000_k(isochrones):
    at = np.log10(3000.0)
    np.testing.assert_allclose(isochrones.logg_of_age([6.0, 6.0], [3000, 1800]), [at, at])


def test_beyond_the_isochrones_there_is_no_log_g(isochrones):
    logg = isochrones.logg_of_age([5.9, 7.1, np.nan, 6.5, 6.5], [5000, 5000, 5000, 20000, np.nan])
    assert np.isnan(logg).all()


def test_at_the_ends_in_age_one_isochrone_is_enough(isochrones):
    logg = isochrones.logg_of_age([6.0, 7.0], [4000, 4000])
    np.testing.assert_allclose(logg, [np.log10(4000), np.log10(4000) + 0.6])


def test_log_g_of_a_radius_is_that_of_the_isochrones_mass(tmp_path):
    """Points of one solar mass everywhere: log g is that of the radius alone."""
    lines = ["#   EEP  log10_isochrone_age_yr  log_Teff  log_g  log_L  phase"]
    for age in (6.0, 7.0):
        for log_teff in (4.0, 4.3):
            for log_radius in (0.0, 1.0):
                log_l = 2 * log_radius + 4 * (log_teff - np.log10(5772.0))
                lines.append(f"1 {age} {log_teff} {4.438 - 2 * log_radius} {log_l} 0")
    (tmp_path / "one.iso").write_text("\n".join(lines))
    isochrones = read_isochrones(tmp_path / "one.iso")
    logg = isochrones.logg_of_radius([12000, 15000, 12000], [3, 8, np.nan],
                                     dwarf=[False, False, False])
    np.testing.assert_allclose(logg[:2], 4.438 - 2 * np.log10([3, 8]), atol=1e-6)
    assert np.isnan(logg[2])


def test_a_star_said_to_be_a_dwarf_has_the_main_sequences_log_g(isochrones):
    assert isochrones.logg_of_radius([10000], [30], dwarf=[True])[0] == pytest.approx(4.3, abs=0.31)


def test_isochrones_without_grown_stars_give_no_log_g_of_a_radius(tmp_path):
    (tmp_path / "young.iso").write_text(ISOCHRONES.replace(" 0.0\n", " -1.0\n"))
    isochrones = read_isochrones(tmp_path / "young.iso")
    with pytest.raises(ConfigurationError, match="too few stars"):
        isochrones.logg_of_radius([10000], [3], dwarf=[False])


@pytest.mark.parametrize("text", [
    "", "a,b\n1,2\n", ISOCHRONES.replace("log_g", "grav"), ISOCHRONES + "1 2 3\n",
    ISOCHRONES[:ISOCHRONES.index("\n\n")]])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "x.iso").write_text(text)
    with pytest.raises(ConfigurationError, match=r"x\.iso"):
        read_isochrones(tmp_path / "x.iso")
