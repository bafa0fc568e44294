"""The ellipse of a result's errors in the plane of two parameters."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

POINTS = 181

Values = Mapping[str, float | None]


def rho(values: Values, x: str, y: str) -> float | None:
    """The correlation of the errors of two columns of a result, as stored; None if unknown."""
    for a, b in ((x, y), (y, x)):
        found = values.get(f"rho_{a}_{b}".replace("v_rel", "v_rad"))
        if found is not None:
            return found
    return None


def ellipse(values: Values, x: str, y: str, *, error: str = "e_") -> NDArray[np.float64] | None:
    """(P, 2), the closed ellipse of chi2 = 1 about a result: as wide and as high as +- 1 sigma.

    It holds 39 per cent of a normal distribution.

    Args:
        values: columns of the results table.
        x, y: columns of the network.
        error: the prefix of the errors: ``e_``, or ``raw_e_`` for those before the noise model.

    Returns:
        None where a value, an error or the correlation is not known.
    """
    middle = [values.get(x), values.get(y)]
    sigma = [values.get(f"{error}{x}"), values.get(f"{error}{y}")]
    correlation = rho(values, x, y)
    if correlation is None or None in middle or None in sigma:
        return None
    angle = np.linspace(0, 2 * np.pi, POINTS)
    along = np.cos(angle)
    across = correlation * along + np.sqrt(max(0.0, 1 - correlation**2)) * np.sin(angle)
    return np.array(middle, float) + np.array(sigma, float) * np.column_stack([along, across])
