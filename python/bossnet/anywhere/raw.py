"""What a file, a table or an object holds of one spectrum, as it is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bossnet.anywhere.hints import BARYCENTRIC, REST, TOPOCENTRIC
from bossnet.anywhere.units import Unit

#: Of FITS's SPECSYS.
_FRAMES = {"BARYCENT": BARYCENTRIC, "HELIOCEN": BARYCENTRIC, "SOURCE": REST,
           "TOPOCENT": TOPOCENTRIC}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One array of a spectrum.

    Attributes:
        values: (N,) float64; NaN where there is none.
        unit: None where nothing is said of it.
        name: what it is called in the file.
    """

    values: NDArray[np.float64]
    unit: Unit | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """One spectrum.

    Attributes:
        wavelength: of any spectral unit.
        flux: of any flux unit.
        error: standard deviations, if there are any.
        ivar: inverse variances, if there are any.
        is_air: whether wavelengths are in air; None where nothing says so.
        frame: of `hints.FRAMES`; None where nothing says so.
        notes: what was assumed in reading.
    """

    wavelength: Part
    flux: Part
    error: Part | None = None
    ivar: Part | None = None
    is_air: bool | None = None
    frame: str | None = None
    notes: tuple[str, ...] = ()


def air_in(header: Mapping[str, Any], *names: object) -> bool | None:
    """Whether wavelengths are in air: by their column's names and description, or the header."""
    for text in (str(name or "").lower() for name in names):
        if "vac" in text:
            return False
        if "air" in text or text.startswith("awav"):
            return True
    said = str(header.get("AIRORVAC", "")).strip().lower()
    if said in ("air", "vac", "vacuum"):
        return said == "air"
    vacuum = header.get("VACUUM")
    return None if not isinstance(vacuum, bool | int | np.bool_) else not vacuum


def frame_in(header: Mapping[str, Any]) -> str | None:
    """The frame that a header says wavelengths are in."""
    return _FRAMES.get(str(header.get("SPECSYS", "")).strip().upper())
