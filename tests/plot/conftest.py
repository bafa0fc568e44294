"""Stars as BOSS sees them, and the network that comes with the package."""

import numpy as np
import pytest

from bossnet.network.frozen import load
from bossnet.network.installed import DEFAULTS, SHIPPED
from bossnet.simulation.instruments import BOSS
from bossnet.simulation.observe import observe
from bossnet.simulation.templates import packaged


@pytest.fixture(scope="session")
def shipped():
    """The package's own network."""
    return load(SHIPPED / f"{DEFAULTS['boss']}.safetensors")


@pytest.fixture(scope="session")
def seen():
    """The packaged star nearest to a temperature, observed: a spectrum and its template."""
    def seen(teff, *, rv=0.0, snr=60.0, seed=1):
        star = min((t for t in packaged() if np.isfinite(t.teff)),
                   key=lambda t: abs(np.log(t.teff / teff)))
        return observe(star, BOSS, rv, snr, 0.0, np.random.default_rng(seed)), star
    return seen
