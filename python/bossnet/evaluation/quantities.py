"""What a network is judged on, in the order of the paper's Table 2."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantity:
    """One parameter.

    Attributes:
        column: of the results table (contract, section 7).
        title: for text.
        symbol: for figures, as matplotlib's mathtext.
        unit: of the parameter itself, for axes; empty where there is none.
        scatter_unit: of a difference.
        digits: of a difference, after the point.
    """

    column: str
    title: str
    symbol: str
    unit: str
    scatter_unit: str
    digits: int

    @property
    def axis(self) -> str:
        """The label of an axis."""
        return f"{self.symbol} [{self.unit}]" if self.unit else self.symbol


QUANTITIES = (
    Quantity("logg", "log g", r"$\log\,g$", r"cm s$^{-2}$", "dex", 3),
    Quantity("log_teff", "log Teff", r"$\log\,T_{\rm eff}$", "K", "dex", 4),
    Quantity("fe_h", "[Fe/H]", "[Fe/H]", "", "dex", 3),
    Quantity("v_rel", "RV", "RV", r"km s$^{-1}$", "km/s", 1))
COLUMNS = tuple(q.column for q in QUANTITIES)
LOGG, LOG_TEFF = COLUMNS.index("logg"), COLUMNS.index("log_teff")
