"""BOSS Net: the optical network (paper, Sections 2 to 4; contract, sections 3 and 4)."""

import numpy as np
from numpy.typing import NDArray

from bossnet.network.declaration import Limits, Network, Parameter

FIRST, LAST, PIXELS = 3800.0, 8900.0, 3900  #: angstrom, angstrom, number (paper, Section 3.1)


def _grid() -> NDArray[np.float32]:
    """The float32 array of ``torch.linspace(3800, 8900, 3900)``, without torch.

    The step is rounded to float32, the products are not; the second half counts from the
    end (contract, section 3).
    """
    step = np.float64(np.float32((LAST - FIRST) / (PIXELS - 1)))
    i = np.arange(PIXELS)
    up, down = FIRST + step * i, LAST - step * (PIXELS - 1 - i)
    return np.where(i < PIXELS // 2, up, down).astype(np.float32)


BOSS = Network(
    name="bossnet",
    kind="boss",
    title="BOSS Net",
    grid=_grid(),
    interpolates=True,
    parameters=(
        Parameter("logg", "logg", "", 3.9, 0.9),
        Parameter("logTeff", "log_teff", "", 3.8, 0.1),
        Parameter("FeH", "fe_h", "", -0.4, 0.5),
        Parameter("rv", "v_rel", "km/s", -7.4, 60.9),
    ),
    limits=Limits(),
    table="boss_net",
    spectrum_tables=("boss_visit_spectrum", "boss_combined_spectrum", "lamost_spectrum"),
    coadds=("boss_combined_spectrum",),
    coadded=("specFull_coadd", "mastar-combspec"),
)
