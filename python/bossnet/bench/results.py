"""What was measured, as rows of one table."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from bossnet.bench.machine import Machine
from bossnet.bench.timing import Taken, cores, median, ratio
from bossnet.network.gate import Gate

ONE_AT_A_TIME, DRAW_BY_DRAW = "one at a time", "draw by draw"  #: the naive ways
_RATIOS = {ONE_AT_A_TIME: "x one", DRAW_BY_DRAW: "x draw", "module": "x module"}  # columns


@dataclass(frozen=True, slots=True)
class Row:
    """One way, measured in several rounds.

    Attributes:
        part: ``network alone`` or ``end to end``.
        way: in words.
        precision: of the network.
        batch: inputs of a pass together, or spectra at once.
        spectra: how many a round.
        times: of each round.
        ratios: how many times faster than other ways of the part, by their short names.
        of_product: multiplications and additions of the plain module's pass, times passes a
            second, as a fraction of what the matrix product does; None end to end. Above 1 where
            the same result takes less arithmetic.
        notes: what else is known of it.
    """

    part: str
    way: str
    precision: str
    batch: str
    spectra: float
    times: Sequence[Taken]
    ratios: dict[str, float] = field(default_factory=dict)
    of_product: float | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Spectra a second."""
        return self.spectra / median(list(self.times))

    @property
    def cores(self) -> float:
        """How many processors were busy."""
        return cores(list(self.times))

    def times_faster(self, other: "Row") -> float:
        """The median over the rounds that both took in turn."""
        return ratio(list(other.times), list(self.times)) * self.spectra / other.spectra

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"spectra_per_second": self.rate, "cores": self.cores}


@dataclass(frozen=True, slots=True)
class Report:
    """Everything of one measurement.

    Attributes:
        machine: that it was made on.
        weights: name of the network.
        parameters: how many the network has.
        operations: multiplications and additions of a pass of the plain module.
        n_draws: of each spectrum.
        rounds: that count.
        products: operations a second of a matrix product, by precision.
        rows: what was measured.
    """

    machine: Machine
    weights: str
    parameters: int
    operations: int
    n_draws: int
    rounds: int
    products: dict[str, float]
    rows: list[Row]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self) | {"rows": [row.as_dict() for row in self.rows]}

    def heading(self) -> list[str]:
        """What holds of all rows."""
        products = ", ".join(f"{name} {speed / 1e9:.0f} GFLOP/s"
                             for name, speed in self.products.items())
        return [str(self.machine),
                f"{self.weights}: {self.parameters / 1e6:.1f} M parameters, "
                f"{self.operations / 1e9:.3f} GFLOP a pass; {self.n_draws} draws; medians of "
                f"{self.rounds} rounds",
                f"matrix product: {products}"]

    def table(self) -> Table:
        """The rows; a ratio is how many times faster than the way that it names."""
        table = Table("way", "precision", box=None, pad_edge=False)
        for name in ("batch", "spectra/s", "ms/pass", *_RATIOS.values(), "product", "network",
                     "cores"):
            table.add_column(name, justify="right")
        part = ""
        for row in self.rows:
            if row.part != part:
                table.add_row(f"{row.part}:")
            part = row.part
            each = 1e3 / row.rate / (self.n_draws + 1)
            table.add_row(
                f"  {row.way}", row.precision, row.batch, f"{row.rate:.3g}", f"{each:.3g}",
                *(f"{row.ratios[name]:.2f}" if name in row.ratios else "" for name in _RATIOS),
                _percent(row.of_product), _percent(row.notes.get("network")),
                f"{row.cores:.1f}")
        return table

    def remarks(self) -> list[str]:
        """What does not fit into the table, a line a way."""
        lines = []
        for row in self.rows:
            if "gate" in row.notes:
                gate = Gate(row.notes["gate"])
                lines.append(f"{row.way} in {row.precision}: differs from the module by {gate}"
                             + ("" if gate.passed else ": not used"))
            if "start" in row.notes:
                lines.append(
                    f"{row.way}: started in {row.notes['start']:.1f} s, which are not counted; "
                    f"first results {row.notes['first']:.1f} s later")
            if row.notes.get("linear"):
                lines[-1] += (f"; {row.notes['linear']} of {row.spectra:.0f} spectra by linear "
                              "propagation, the others by draws")
        return lines


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:.0f} %"
