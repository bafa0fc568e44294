"""The reddening law against the published one."""

import numpy as np
import pytest

from bossnet.simulation.reddening import R_V, extinction, transmission

WAVELENGTH = np.linspace(3600.0, 10400.0, 400)


def test_the_law_is_odonnells() -> None:
    averages = pytest.importorskip("dust_extinction.parameter_averages",
                                   reason="dust_extinction comes with the extra train")
    from astropy import units as u

    for r_v in (2.5, 3.1, 5.0):
        published = averages.O94(Rv=r_v)(WAVELENGTH * u.AA)
        np.testing.assert_allclose(extinction(WAVELENGTH, r_v=r_v), published, rtol=1e-6)


def test_a_magnitude_in_v_and_the_colour_excess_come_out() -> None:
    ebv = 0.3
    b, v = -2.5 * np.log10(transmission(np.array([4400.0, 5494.5]), ebv))
    assert v == pytest.approx(R_V * ebv, rel=5e-3)
    assert b - v == pytest.approx(ebv, rel=0.03)


def test_no_reddening_takes_nothing_away() -> None:
    np.testing.assert_array_equal(transmission(WAVELENGTH, 0.0), 1.0)
