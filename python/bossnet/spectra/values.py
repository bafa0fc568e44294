"""Values of headers and tables as a database can take them: clean, or None."""

import math
from collections.abc import Mapping
from typing import Any

_LARGEST_REAL = 3.4e38  #: Postgres refuses a larger `real`
_SMALLEST_REAL = 1e-44  #: and a smaller one, but for 0


def integer(value: Any, *, bits: int = 32) -> int | None:
    """A whole number that fits a Postgres integer (or bigint, 64 bits), also out of a string."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if isinstance(value, float) and number != value:
        return None
    return number if abs(number) < 1 << (bits - 1) else None


def identifier(value: Any) -> int | None:
    """A catalogue's number of an object: a positive bigint; catalogues write 0 or -1 for none."""
    number = integer(value, bits=64)
    return number if number is not None and number > 0 else None


def real(value: Any, *, missing: float | None = None) -> float | None:
    """A finite number that fits a Postgres real; ``missing`` is what the survey writes for none."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number) or abs(number) > _LARGEST_REAL or number == missing:
        return None
    return number if abs(number) > _SMALLEST_REAL else 0.0


def text(value: Any) -> str | None:
    """A string without padding; None where there is nothing in it."""
    return (str(value).replace("\0", "").strip() or None) if value is not None else None


def position(ra: Any, dec: Any) -> dict[str, float]:
    """``ra`` and ``dec`` [deg] of ``source``; empty unless both are coordinates."""
    ra, dec = real(ra), real(dec)
    if ra is None or dec is None or not (0 <= ra <= 360 and abs(dec) <= 90):
        return {}
    return {"ra": ra, "dec": dec}


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}
