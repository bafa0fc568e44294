"""Model atmospheres: temperature and pressure against depth, from the networks of ``atmosnet``.

The package ``atmosnet`` (D. Nidever) ships two networks that reproduce the C3K model atmospheres
(ATLAS12; Conroy, Johnson and others) of 2500 to 50,000 K. Its own reader needs ``dill`` and
returns ``exp`` of values that are decimal logarithms, so the arrays are read here, by an
unpickler that makes nothing but numpy arrays.

What the networks give is mended twice. Below 8000 K, where radiation presses little, the
pressure has to be gravity times column mass, and is so but for some 5 % of the networks' own
scatter: the geometric mean of the two is taken for both. And at the bottom, far below what is
seen, where a giant's density hardly rises, the column mass may fall: such depths are left out.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import GridError

FILES = ("atmosnet_c3k_300neurons_cool.pkl", "atmosnet_c3k_300neurons_hot.pkl")
LABELS = ["TEFF", "LOGG", "FE_H", "ALPHA_FE"]
#: What the networks give a depth, in this order; the others are not needed.
COLUMNS = ("column_mass", "temperature", "pressure", "electrons")
COOL_LIMIT = 8000.0  #: kelvin, where the hot network takes over
SEEN = 58  #: of the 80 depths, from the top: the 53rd is at the effective temperature


@dataclass(frozen=True)
class Atmosphere:
    """One model atmosphere, from the top down.

    Attributes:
        column_mass: (D,) g/cm2.
        temperature: (D,) K.
        pressure: (D,) of the gas, dyn/cm2.
        electrons: (D,) number density, 1/cm3.
    """

    column_mass: NDArray[np.float64]
    temperature: NDArray[np.float64]
    pressure: NDArray[np.float64]
    electrons: NDArray[np.float64]

    def thinned(self, depths: int) -> "Atmosphere":
        """The same atmosphere at fewer depths, evenly spaced in the index of the original."""
        index = np.linspace(0, self.temperature.size - 1, depths)
        return Atmosphere(*(np.exp(np.interp(index, np.arange(values.size), np.log(values)))
                            for values in (self.column_mass, self.temperature, self.pressure,
                                           self.electrons)))


class Atmospheres:
    """The two networks.

    Args:
        folder: the data folder of the package ``atmosnet``.

    Raises:
        GridError: when a file of the package is missing or is not what it should be.
    """

    def __init__(self, folder: Path) -> None:
        self._cool, self._hot = (_read(Path(folder) / name) for name in FILES)

    def __call__(self, teff: float, logg: float, fe_h: float, alpha_fe: float) -> Atmosphere:
        """The atmosphere of a star.

        Raises:
            GridError: when the labels are outside what the networks were trained on, or
                what they give is no atmosphere (a column mass that falls inwards).
        """
        network = self._network(teff)
        labels = np.array([teff, logg, fe_h, alpha_fe], np.float64)
        low, high = network[0]["ranges"].T
        if np.any(labels < low) or np.any(labels > high):
            raise GridError(f"no model atmosphere at {dict(zip(LABELS, labels, strict=True))}: "
                             f"they reach from {low.tolist()} to {high.tolist()}")
        mass, temperature, pressure, electrons = (
            10.0 ** _forward(column, labels) for column in network[:len(COLUMNS)])
        if teff < COOL_LIMIT:
            mass = np.sqrt(mass * pressure / 10.0 ** logg)
            pressure = mass * 10.0 ** logg
        rising = mass > np.concatenate([[0.0], np.maximum.accumulate(mass)[:-1]])
        if not rising[:SEEN].all():
            raise GridError("the network's atmosphere has a column mass that falls inwards")
        return Atmosphere(mass[rising], temperature[rising], pressure[rising], electrons[rising])

    def _network(self, teff: float) -> list[dict[str, Any]]:
        return self._cool if teff < COOL_LIMIT else self._hot


def _forward(column: dict[str, Any], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """(D,) log10 of one quantity: two hidden layers with leaky rectifiers."""
    values = (labels - column["x_min"]) / (column["x_max"] - column["x_min"]) - 0.5
    for layer in (0, 1):
        values = column[f"w_array_{layer}"] @ values + column[f"b_array_{layer}"]
        values = np.where(values > 0, values, 0.01 * values)
    result = column["w_array_2"] @ values + column["b_array_2"]
    return np.asarray(result, np.float64)


class _Arrays(pickle.Unpickler):
    """Reads numpy arrays out of the package's pickles and refuses everything else.

    The files were written by ``dill``, which spells ``module.attribute`` as two calls.
    """

    def find_class(self, module: str, name: str) -> Any:
        if module == "dill._dill":
            return {"_import_module": _module, "_get_attr": self.find_class}[name]
        allowed: dict[str, Callable[..., Any]] = {
            "_reconstruct": np.ndarray(0).__reduce__()[0],  # type: ignore[dict-item]
            "ndarray": np.ndarray, "dtype": np.dtype,
        }
        if module.partition(".")[0] == "numpy" and name in allowed:
            return allowed[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not an array")


def _module(name: str, safe: bool = False) -> str:
    return name


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            columns: list[dict[str, Any]] = _Arrays(file).load()
    except (OSError, pickle.UnpicklingError, KeyError, EOFError) as error:
        raise GridError(f"{path} is not a file of networks of the package atmosnet: {error}"
                         ) from error
    if list(columns[0]["labels"]) != LABELS or len(columns) < len(COLUMNS):
        raise GridError(f"{path}: the networks' labels are {columns[0]['labels']}, "
                         f"and not {LABELS}")
    return columns
