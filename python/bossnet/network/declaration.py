"""What a network has to declare so that a task can run it and its results be judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bossnet.network.noise_model import NoiseModel

SAME_PIXELS = 5e-6  #: relative difference of wavelengths, well below a pixel of APOGEE (1.4e-5)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One output of a network.

    Attributes:
        label: its published name, as in the weights' card.
        column: its column of the results table (contract, section 7).
        unit: for people and catalogues; empty where it is dex.
        mean: published mean of the training labels.
        std: published standard deviation of the training labels (contract, section 4).
    """

    label: str
    column: str
    unit: str
    mean: float
    std: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a network's parameters stop being reliable (contract, section 6)."""

    teff: tuple[float, float] = (1700.0, 100_000.0)  #: K
    logg: tuple[float, float] = (-1.0, 10.0)  #: dex
    fe_h: tuple[float, float] = (-4.0, 2.0)  #: dex
    fe_h_min_teff: float = 3200.0  #: K, [Fe/H] has no labels below
    fe_h_max_logg: float = 5.0  #: dex, nor above
    suspicious_fe_h: bool = True  #: whether cool dwarfs' [Fe/H] is marked (bit 4)
    v_rad: float = 600.0  #: km/s, absolute value


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network's declaration: adding a network is one module that holds one of these.

    Attributes:
        name: of the task, as in ``astra run NAME``.
        kind: as `bossnet weights import --kind` and the weights' card name it.
        title: for people.
        grid: (G,) float32, the wavelengths of the network's input, angstrom, vacuum.
        interpolates: whether spectra are interpolated onto the grid, or hold it already.
        needs_rest_frame: whether it is for spectra in the star's rest frame alone.
        gaps: wavelength ranges of the grid that no spectrum covers (between chips, and beyond
            the first and the last of them), angstrom.
        noise_model: turns raw errors into reported ones where the weights' card has none of its
            own; None: they are equal.
        parameters: in the order of the published outputs.
        limits: beyond which a parameter is flagged.
        table: the results table.
        spectrum_tables: the tables whose spectra it can read.
        coadds: of these, those whose spectra hold spectra of the others.
        coadded: file types whose spectra hold others of the same table.
    """

    name: str
    kind: str
    title: str
    grid: NDArray[np.float32]
    interpolates: bool
    parameters: tuple[Parameter, ...]
    limits: Limits
    table: str
    spectrum_tables: tuple[str, ...]
    gaps: tuple[tuple[float, float], ...] = ()
    noise_model: NoiseModel | None = None
    needs_rest_frame: bool = False
    coadds: tuple[str, ...] = ()
    coadded: tuple[str, ...] = ()

    @property
    def has_velocity(self) -> bool:
        return any(p.column == "v_rel" for p in self.parameters)

    def takes(self, wavelength: NDArray[np.float32]) -> bool:
        """Whether it can read a spectrum of these pixels (N,), angstrom: any, if it interpolates,
        else those of its grid."""
        return self.interpolates or (wavelength.shape == self.grid.shape and np.allclose(
            wavelength, self.grid, rtol=SAME_PIXELS, atol=0))
