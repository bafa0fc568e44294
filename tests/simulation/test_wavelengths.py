"""Air, vacuum, velocities and the templates' grid."""

import numpy as np
import pytest

from bossnet.simulation.wavelengths import (
    DEX,
    TEMPLATE_LOGLAM,
    TEMPLATE_WAVELENGTH,
    air_to_vacuum,
    doppler_factor,
)


@pytest.mark.parametrize(("air", "vacuum"), [
    (4861.34, 4862.69), (6562.79, 6564.60), (8542.09, 8544.44)])  # H-beta, H-alpha, Ca II
def test_known_lines_lie_where_they_do_in_vacuum(air: float, vacuum: float) -> None:
    assert air_to_vacuum(np.array([air]))[0] == pytest.approx(vacuum, abs=0.02)


def test_the_grid_reaches_over_both_instruments() -> None:
    assert TEMPLATE_WAVELENGTH[0] == pytest.approx(3550.0)
    assert TEMPLATE_WAVELENGTH[-1] >= 10400.0
    np.testing.assert_allclose(np.diff(TEMPLATE_LOGLAM), DEX)


def test_a_receding_star_is_redder() -> None:
    assert doppler_factor(299.792458) == pytest.approx(1.001)
