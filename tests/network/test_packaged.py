"""The packaged stars, as each network's instrument sees them."""

import numpy as np
import pytest

from bossnet.network import NETWORKS
from bossnet.network.packaged import stars


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_network_has_spectra_to_be_measured_with(kind: str) -> None:
    network = NETWORKS[kind]
    exposures = stars(network)
    assert len(exposures) >= 30
    for exposure in exposures:
        assert np.isfinite(exposure.flux).all()
        assert exposure.error.max() > 0
        if not network.interpolates:
            np.testing.assert_allclose(exposure.wavelength, network.grid, rtol=1e-6)
    np.testing.assert_array_equal(exposures[0].flux, stars(network)[0].flux)
