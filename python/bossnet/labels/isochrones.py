"""log g from isochrones that the user supplies, in the format of MIST (Sections 2.2.2 and B.1).

https://waps.cfa.harvard.edu/MIST (Choi et al. 2016, ApJ 823, 102).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import QhullError

from bossnet.errors import ConfigurationError

COOLEST = 3000.0  #: K; MIST has no cooler stars, whose log g is that of this Teff (Section B.1)
_PRE_MAIN_SEQUENCE, _MAIN_SEQUENCE = -1, 0  #: MIST's phases
_AGE, _LINEAR_AGE = "log10_isochrone_age_yr", "isochrone_age_yr"
_COLUMNS = ("log_Teff", "log_g", "log_L", "phase")
_SOLAR_TEFF, _SOLAR_LOGG = 5772.0, 4.438  #: IAU 2015 nominal values

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Isochrones:
    """The points of a table of isochrones.

    Attributes:
        log_age: (N,) log10 of years.
        log_teff: (N,) log10 of K.
        logg: (N,) dex.
        log_luminosity: (N,) log10 of the Sun's.
        phase: (N,) MIST's phase of evolution: -1 before the main sequence, 0 on it.
    """

    log_age: Array
    log_teff: Array
    logg: Array
    log_luminosity: Array
    phase: Array

    def logg_of_age(self, log_age: ArrayLike, teff: ArrayLike) -> Array:
        """(N,) log g of stars on or before the main sequence, by their age and Teff.

        Linear in log Teff along an isochrone and in log age between two. Along one the stars
        that have not left the main sequence are taken, up to the hottest: there Teff says which.
        Below `COOLEST` log g is that of `COOLEST`.

        Args:
            log_age: (N,) log10 of years.
            teff: (N,) K.

        Returns:
            NaN where an age or Teff is beyond the isochrones, or not known.
        """
        log_age = np.asarray(log_age, np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_teff = np.log10(np.maximum(np.asarray(teff, np.float64), COOLEST))
        ages = np.unique(self.log_age)
        known = np.isfinite(log_age) & (log_age >= ages[0]) & (log_age <= ages[-1])
        upper = np.clip(np.searchsorted(ages, np.where(known, log_age, ages[0])), 1, ages.size - 1)
        lower = upper - 1
        logg = np.full((2, log_teff.size), np.nan)
        for i in np.unique([lower, upper]):
            along = self._along(ages[i])
            for side, index in enumerate((lower, upper)):
                at = index == i
                logg[side, at] = np.interp(log_teff[at], *along, left=np.nan, right=np.nan)
        part = (np.where(known, log_age, np.nan) - ages[lower]) / (ages[upper] - ages[lower])
        # At an age that the table has, only that isochrone counts, wherever the other ends.
        return np.where(part == 0, logg[0], np.where(part == 1, logg[1],
                                                     (1 - part) * logg[0] + part * logg[1]))

    def logg_of_radius(self, teff: ArrayLike, radius: ArrayLike, *, dwarf: ArrayLike) -> Array:
        """(N,) log g of hot stars by their Teff and radius: the mass is the isochrones' (B.1).

        Args:
            teff: (N,) K.
            radius: (N,) of the Sun's.
            dwarf: (N,) whether a star is taken to be on the main sequence whatever its radius.

        Returns:
            NaN where no isochrone has such a star.

        Raises:
            ConfigurationError: the isochrones have no such stars at all.
        """
        log_teff = np.log10(np.asarray(teff, np.float64))
        with np.errstate(divide="ignore", invalid="ignore"):
            log_radius = np.log10(np.asarray(radius, np.float64))
        log_luminosity = 2 * log_radius + 4 * (log_teff - np.log10(_SOLAR_TEFF))
        dwarf = np.asarray(dwarf, bool)
        logg = np.full(log_teff.shape, np.nan)
        after = self.phase >= _MAIN_SEQUENCE
        logg[~dwarf] = self._interpolated(after, log_teff[~dwarf], log_luminosity[~dwarf])
        # Of the main sequence at a Teff, the middle of what its stars have.
        main = self.phase == _MAIN_SEQUENCE
        for i in np.flatnonzero(dwarf & np.isfinite(log_teff)):
            near = main & (np.abs(self.log_teff - log_teff[i]) < 0.01)
            if near.any():
                logg[i] = np.median(self.logg[near])
        return logg

    def _along(self, log_age: float) -> tuple[Array, Array]:
        """log Teff, rising, and log g of one isochrone's stars up to the hottest."""
        young = (self.log_age == log_age) & (self.phase <= _MAIN_SEQUENCE)
        log_teff, logg = self.log_teff[young], self.logg[young]
        if not log_teff.size:
            return np.array([0.0]), np.array([np.nan])
        hottest = int(np.argmax(log_teff)) + 1
        log_teff, logg = log_teff[:hottest], logg[:hottest]
        rising = np.r_[True, log_teff[1:] > np.maximum.accumulate(log_teff)[:-1]]
        return log_teff[rising], logg[rising]

    def _interpolated(self, points: NDArray[np.bool_], log_teff: Array, log_luminosity: Array
                      ) -> Array:
        """log g where stars have this Teff and luminosity, linear between the nearest points.

        log g + log R^2 is log of the mass, which changes slowly; so that is interpolated.
        """
        log_mass = self.logg[points] - _SOLAR_LOGG + self.log_luminosity[points] \
            - 4 * (self.log_teff[points] - np.log10(_SOLAR_TEFF))
        try:
            mass = LinearNDInterpolator(
                np.stack([self.log_teff[points], self.log_luminosity[points]], axis=1), log_mass)
        except (QhullError, ValueError) as error:
            raise ConfigurationError("the isochrones have too few stars on and after the main "
                                     "sequence to interpolate between") from error
        return np.asarray(mass(log_teff, log_luminosity) + _SOLAR_LOGG - log_luminosity
                          + 4 * (log_teff - np.log10(_SOLAR_TEFF)))


def read_isochrones(path: Path) -> Isochrones:
    """The isochrones of a MIST file (``.iso``); the ages in it are all taken.

    Raises:
        ConfigurationError: the file cannot be read, is of another form, or has one age alone.
    """
    names: list[str] = []
    rows: list[list[float]] = []
    try:
        with path.open() as file:
            for number, line in enumerate(file, 1):
                if line.startswith("#"):
                    words = line[1:].split()
                    names = words if "EEP" in words and "log_g" in words else names
                elif line.strip():
                    rows.append([float(word) for word in line.split()])
                    if len(rows[-1]) != len(names):
                        raise ValueError(f"line {number} has {len(rows[-1])} values for "
                                         f"{len(names)} columns")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigurationError(f"{path}: not isochrones as MIST writes them (.iso): {error}"
                                 ) from error
    age = next((name for name in (_AGE, _LINEAR_AGE) if name in names), _AGE)
    missing = [name for name in (age, *_COLUMNS) if name not in names]
    if missing or not rows:
        raise ConfigurationError(f"{path}: not isochrones as MIST writes them (.iso): no "
                                 f"{', '.join(missing) or 'rows'}")
    values = np.array(rows)
    column = {name: values[:, names.index(name)] for name in (age, *_COLUMNS)}
    log_age = column[age] if age == _AGE else np.log10(column[age])
    if np.unique(log_age).size < 2:
        raise ConfigurationError(f"{path}: isochrones of one age alone; at least two are needed")
    return Isochrones(log_age, *(column[name] for name in _COLUMNS))
