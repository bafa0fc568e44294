"""From raw errors, the scatter over the draws, to the reported ones (contract, section 5).

    e = factor raw_e + floor             or     e = sqrt((factor raw_e)^2 + floor^2)

for each parameter; factor and floor may depend on S/N. A network's declaration may hold a model;
the weights' card, where it has one, overrides it as a whole.
"""

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bossnet.errors import WeightsError

Added = Literal["quadrature", "linear"]


@dataclass(frozen=True, slots=True)
class Law:
    """The noise model of one parameter.

    Attributes:
        factor: of the raw error; positive, one for each of ``snr``.
        floor: added to it; not negative, one for each of ``snr``.
        snr: S/N at which factor and floor hold, ascending: straight lines in log S/N between,
            the end values held outside. Empty: at every S/N, and there is one of each.
        added: how the floor is added, in ``quadrature`` or ``linear``.
        unit: of the floor: empty, the parameter's own; ``K``, of log Teff's alone, converted at
            the star's Teff.
    """

    factor: tuple[float, ...] = (1.0,)
    floor: tuple[float, ...] = (0.0,)
    snr: tuple[float, ...] = ()
    added: Added = "quadrature"
    unit: str = ""

    def __post_init__(self) -> None:
        for name in ("factor", "floor", "snr"):
            values = getattr(self, name)
            if not all(_is_number(v) for v in values):
                raise WeightsError(f"{name} {list(values)}: finite numbers are needed")
        n = max(len(self.snr), 1)
        if not len(self.factor) == len(self.floor) == n:
            raise WeightsError(f"{len(self.factor)} factors and {len(self.floor)} floors: "
                               f"{n} of each are needed, as many as S/N, or one without any")
        if min(self.factor) <= 0:
            raise WeightsError(f"factor {list(self.factor)}: must be positive")
        if min(self.floor) < 0:
            raise WeightsError(f"floor {list(self.floor)}: must not be negative")
        if any(a >= b for a, b in zip((0.0, *self.snr), self.snr, strict=False)):
            raise WeightsError(f"snr {list(self.snr)}: must be positive and ascending")
        if self.added not in get_args(Added):
            raise WeightsError(f"added {self.added!r}: is quadrature or linear")
        if self.unit not in ("", "K"):
            raise WeightsError(f"unit {self.unit!r}: is K, or left out")

    def at(self, snr: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Factor and floor at S/N of any shape; what is not positive is taken for the lowest."""
        where = np.asarray(snr, np.float64)
        if not self.snr:
            return np.full(where.shape, self.factor[0]), np.full(where.shape, self.floor[0])
        where = np.log(np.where(where > self.snr[0], where, self.snr[0]))
        nodes = np.log(self.snr)
        return np.interp(where, nodes, self.factor), np.interp(where, nodes, self.floor)

    def __call__(self, raw: ArrayLike, *, snr: ArrayLike, teff: ArrayLike) -> NDArray[np.float64]:
        """Reported errors of raw ones, in the parameter's unit; NaN stays NaN.

        Args:
            raw: of any shape.
            snr: likewise; NaN where not known, taken for the lowest.
            teff: likewise, K; of use where the floor's unit is K.
        """
        factor, floor = self.at(snr)
        scaled = factor * np.asarray(raw, np.float64)
        if self.unit == "K":
            with np.errstate(divide="ignore", invalid="ignore"):
                floor = floor / (np.asarray(teff, np.float64) * math.log(10))
        return np.hypot(scaled, floor) if self.added == "quadrature" else scaled + floor


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Laws by column of the results table; parameters without one keep their raw errors.

    Attributes:
        laws: by column: ``log_teff``, ``logg``, ``fe_h``, ``v_rel``.
        origin: how it was made, for people.
    """

    laws: Mapping[str, Law] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrong = [name for name, law in self.laws.items() if law.unit and name != "log_teff"]
        if wrong:
            raise WeightsError(f"{wrong[0]}: a floor in K is log_teff's alone")

    def error(self, column: str, raw: float, *, snr: float | None, teff: float) -> float:
        """The reported error of one parameter of one spectrum; arguments as of `Law`."""
        law = self.laws.get(column)
        if law is None:
            return raw
        return float(law(raw, snr=math.nan if snr is None else snr, teff=teff))

    def as_card(self) -> dict[str, Any]:
        """The entry ``noise_model`` of a card; `from_card` reads it."""
        def told(law: Law) -> dict[str, Any]:
            values = {name: list(v) if isinstance(v, tuple) else v
                      for name, v in asdict(law).items()}
            return {name: v for name, v in values.items() if v not in ("", [])}

        return {"parameters": {name: told(law) for name, law in self.laws.items()},
                "origin": dict(self.origin)}

    @classmethod
    def from_card(cls, entry: object) -> "NoiseModel":
        """The model of a card's entry.

        Raises:
            WeightsError: it is not one, with the reason.
        """
        told = _object(entry, {"parameters", "origin"}, "noise_model")
        parameters, origin = told.get("parameters"), told.get("origin", {})
        if not isinstance(parameters, dict) or not isinstance(origin, dict):
            raise WeightsError("noise_model: needs an object of parameters, and at most an object "
                               "of origin")
        laws = {}
        for name, law in parameters.items():
            try:
                laws[name] = _law(law)
            except WeightsError as e:
                raise WeightsError(f"noise_model: {name}: {e}") from e
        try:
            return cls(laws, origin)
        except WeightsError as e:
            raise WeightsError(f"noise_model: {e}") from e


def effective(card_entry: object, default: NoiseModel | None) -> NoiseModel:
    """The model that holds: of the card where it has an entry, else the declaration's.

    Args:
        card_entry: ``noise_model`` of the weights' card; None where there is none.
        default: ``noise_model`` of the network's declaration.
    """
    if card_entry is not None:
        return NoiseModel.from_card(card_entry)
    return default or NoiseModel()


def _law(told: object) -> Law:
    values = dict(_object(told, {"factor", "floor", "snr", "added", "unit"}, "a law"))
    for name in {"factor", "floor", "snr"} & values.keys():
        values[name] = tuple(values[name]) if isinstance(values[name], list) else (values[name],)
    return Law(**values)


def _object(entry: object, known: set[str], what: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise WeightsError(f"{what}: {entry!r} is no object")
    unknown = sorted(set(entry) - known)
    if unknown:
        raise WeightsError(f"{what}: unknown entries {unknown}; there are {sorted(known)}")
    return entry


def _is_number(value: object) -> bool:
    return (isinstance(value, int | float) and not isinstance(value, bool)
            and abs(value) <= sys.float_info.max)
