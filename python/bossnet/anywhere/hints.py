"""What a user says of spectra that do not say it themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bossnet.anywhere.units import parse
from bossnet.errors import ConfigurationError

COLUMNS = ("wavelength", "flux", "error", "ivar")  #: what a spectrum is made of
BARYCENTRIC, REST, TOPOCENTRIC = "barycentric", "rest", "topocentric"
FRAMES = (BARYCENTRIC, REST, TOPOCENTRIC)  #: of wavelengths: the Sun's, the star's, the Earth's


@dataclass(frozen=True, slots=True)
class Hints:
    """What is said of spectra in no survey's layout; it goes before what the file says.

    Attributes:
        columns: the name of a table's column, by `COLUMNS`.
        units: the unit of wavelength, flux, error or ivar.
        air: whether wavelengths are in air; None: as the file says, else in vacuum.
        frame: of `FRAMES`; None: as the file says, else barycentric.

    Raises:
        ConfigurationError: a key, unit or frame is none of these.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    air: bool | None = None
    frame: str | None = None

    def __post_init__(self) -> None:
        for key in (*self.columns, *self.units):
            if key not in COLUMNS:
                raise ConfigurationError(f"{key}: columns and units are those of "
                                         f"{', '.join(COLUMNS)}")
        for key, unit in self.units.items():
            if parse(unit) is None:
                raise ConfigurationError(f"{unit!r} is no unit of {key}; write, for instance, nm, "
                                         "log(Angstrom), Jy or 1e-17 erg/(s cm2 Angstrom)")
        if self.frame not in (None, *FRAMES):
            raise ConfigurationError(f"{self.frame!r} is no frame: use {', '.join(FRAMES)}")
