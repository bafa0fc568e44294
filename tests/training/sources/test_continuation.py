"""Red ends of stars that stop at 7410 A."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.simulation.templates import packaged
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH
from bossnet.training.sources.continuation import RED, neighbours_red_end
from bossnet.training.sources.libraries import LibraryStar


def star(file: str, library: str, teff: float, logg: float, *, scale: float = 1.0,
         last: float = 9500.0) -> LibraryStar:
    """A packaged star's spectrum under these labels."""
    flux = packaged()[20].flux * np.float32(scale)
    flux[last < TEMPLATE_WAVELENGTH] = np.nan
    return LibraryStar(file, library, (file,), teff, logg, 0.0, flux)


def test_the_nearest_stars_red_end_is_scaled_to_the_stars_own_level() -> None:
    short = star("m", "miles", 5000.0, 3.0, scale=7.0, last=7410.0)
    others = [star("a", "stelib", 5050.0, 3.1), star("b", "stelib", 6000.0, 3.0, scale=3.0)]
    end = neighbours_red_end(short, others)
    assert end is not None
    expected = packaged()[20].flux[RED] * 7.0
    known = np.isfinite(end)
    np.testing.assert_allclose(end[known], expected[known], rtol=1e-4)


def test_a_star_with_nothing_alike_stays_short() -> None:
    short = star("m", "miles", 3000.0, 5.0, last=7410.0)
    assert neighbours_red_end(short, [star("a", "stelib", 6000.0, 4.0)]) is None


def test_a_neighbour_must_reach_beyond_the_networks_grid() -> None:
    short = star("m", "miles", 5000.0, 3.0, last=7410.0)
    assert neighbours_red_end(short, [star("a", "stelib", 5000.0, 3.0, last=8500.0)]) is None
    assert neighbours_red_end(short, [star("a", "miles", 5000.0, 3.0)]) is None
