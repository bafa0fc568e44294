"""A package of one's own: the survey Coude with a file layout of its own, and a network for it."""

import numpy as np

from bossnet.errors import MissingFileError
from bossnet.network import Limits, Network, Parameter
from bossnet.spectra import Registration, Spectrum, Survey

LIGHT = 299_792.458  #: km/s


def recognise(hdus):
    """Flux in the primary image, errors in the next; wavelengths are linear, in nanometres."""
    header = hdus[0].header
    return "Coude" if header.get("INSTRUME") == "COUDE" and header.get("NAXIS") == 1 else None


def read(hdus, row):
    header = hdus[0].header
    nanometres = header["CRVAL1"] + header["CDELT1"] * np.arange(header["NAXIS1"])
    to_barycentre = 1 + header["VBARY"] / LIGHT  # the file is as seen from the Earth
    return Spectrum.from_error(hdus[0].data, hdus[1].data, 10 * nanometres * to_barycentre,
                               survey="coude", snr=header.get("SNR"))


def register(hdus, path):
    header = hdus[0].header
    columns = {"release": header["RELEASE"], "exposure": header["EXPOSURE"],
               "snr": header.get("SNR"), "path": str(path)}
    return [Registration(columns, {"ra": header["RA"], "dec": header["DEC"]})]


def resolve(row):
    raise MissingFileError("Coude files are found by path only: ingest the file")


COUDE = Survey(name="coude", title="Coude", table="coude_spectrum",
               identity=("release", "exposure"), frame="barycentric", recognise=recognise,
               read=read, register=register, resolve=resolve)

HALPHA = Network(name="halphanet", kind="halpha", title="H-alpha Net",
                 grid=np.linspace(6400, 6700, 300, dtype=np.float32), interpolates=True,
                 parameters=(Parameter("logg", "logg", "", 4.0, 0.5),
                             Parameter("logTeff", "log_teff", "", 3.8, 0.1)),
                 limits=Limits(teff=(3000, 9000)), table="halpha_net",
                 spectrum_tables=("coude_spectrum",))
