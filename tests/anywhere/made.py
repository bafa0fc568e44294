"""Spectra for tests of what is in no survey's layout."""

import numpy as np

from bossnet.simulation.instruments import BOSS
from bossnet.simulation.observe import observe
from bossnet.simulation.templates import packaged


def star(number=0, *, snr=50.0):
    """A packaged star as BOSS would see it: a `Spectrum` with errors everywhere."""
    return observe(packaged()[number], BOSS, 20.0, snr, 0.0, np.random.default_rng(number))


def in_air(vacuum):
    """Air wavelengths by Ciddor (1996), as astropy's and IDL's packages have it; angstrom."""
    s2 = (1e4 / vacuum.astype(np.float64)) ** 2
    return vacuum / (1.0 + 5.792105e-2 / (238.0185 - s2) + 1.67917e-3 / (57.362 - s2))


def ivar_of(spectrum):
    """Inverse variances that give a spectrum's errors again."""
    return np.where(spectrum.usable, spectrum.error.astype(np.float64) ** -2, 0.0)


def csv(path, spectrum, *, header="wavelength,flux,error", wavelength=None, third=None,
        delimiter=","):
    """A spectrum in text, with digits enough to be the same numbers."""
    columns = [spectrum.wavelength if wavelength is None else wavelength, spectrum.flux,
               spectrum.error if third is None else third]
    np.savetxt(path, np.transpose([np.asarray(c, np.float64) for c in columns]), fmt="%.12g",
               delimiter=delimiter, header=header, comments="")
    return path
