"""APOGEE Net III: the near-infrared sister (paper, Appendix B; contract, sections 3 and 4)."""

import numpy as np

from bossnet.network.declaration import Limits, Network, Parameter
from bossnet.network.noise_model import Law, NoiseModel

PIXELS = 8575  #: of an apStar row, log10 wavelength = 4.179 + 6e-6 i (contract, section 1)

#: The survey's own for APOGEE Net, of errors from draws: linear, a floor in K for Teff.
SURVEY_NOISE = NoiseModel(
    {"log_teff": Law((1.25,), (10.0,), added="linear", unit="K"),
     "logg": Law((1.25,), (0.01,), added="linear"),
     "fe_h": Law((1.0,), (0.01,), added="linear")},
    origin={"of": "SDSS-V Astra, APOGEE Net"})

APOGEE = Network(
    name="apogeenet",
    kind="apogee",
    title="APOGEE Net III",
    grid=(10 ** (4.179 + 6e-6 * np.arange(PIXELS))).astype(np.float32),
    interpolates=False,
    needs_rest_frame=True,
    parameters=(
        Parameter("logg", "logg", "", 3.2, 1.2),
        Parameter("logTeff", "log_teff", "", 3.7, 0.1),
        Parameter("FeH", "fe_h", "", -0.2, 0.3),
    ),
    limits=Limits(logg=(-1.0, 6.0), suspicious_fe_h=False),
    table="apogee_net",
    spectrum_tables=("apogee_coadded_spectrum_in_apstar", "apogee_visit_spectrum_in_apstar",
                     "apogee_combined_spectrum"),
    coadds=("apogee_coadded_spectrum_in_apstar", "apogee_combined_spectrum"),
    gaps=((15100.0, 15146.0), (15806.0, 15858.0), (16432.0, 16474.0), (16952.0, 17001.0)),
    noise_model=SURVEY_NOISE,
)
