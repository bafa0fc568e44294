"""The one file that describes an assembly: spectra, catalogues in their precedence, rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bossnet.described import described
from bossnet.errors import ConfigurationError

By = Literal["gaia", "catalogid", "apogee", "spectrum", "position"]
Kind = Literal["payne", "apogee_net", "gaia", "minesweeper", "boss_net", "zeta_payne", "young",
               "hot_payne", "spectral_types", "hot_gaia", "cool_dwarfs", "subdwarfs",
               "white_dwarfs", "cool_white_dwarfs"]
Programme = Literal["abyss", "solar_neighbourhood", "evolved", "white_dwarfs"]


@dataclass(frozen=True)
class Table:
    """A table that people bring: CSV, ECSV, FITS, VOTable.

    Attributes:
        file: its name, relative to the configuration's folder.
        columns: names of its columns by what they hold, where they differ from that.
    """

    file: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Matched(Table):
    """A table whose rows are found for spectra.

    Attributes:
        match: the identifier that both have, or the position.
        radius: arcsec, of a match by position.
    """

    match: By = "gaia"
    radius: float = 1.0

    def __post_init__(self) -> None:
        if self.radius <= 0:
            raise ConfigurationError(f"radius must be above 0, not {self.radius:g}")


@dataclass(frozen=True)
class Catalogue:
    """A catalogue of labels.

    Attributes:
        name: in the table that is made.
        kind: which rules are applied to it; see `bossnet.labels.kinds`.
        table: its rows; none for a kind that takes all from the predictions.
        most: so many stars at most, chosen by chance; 0: all.
        overridden_by: name of a catalogue whose labels replace those of 6000 to 7000 K there.
    """

    name: str
    kind: Kind
    table: Matched | None = None
    most: int = 0
    overridden_by: str = ""


@dataclass(frozen=True)
class Velocities:
    """A catalogue of radial velocities, barycentric, km/s.

    Attributes:
        name: in the table that is made.
        table: its rows, with ``v_rad`` and perhaps ``e_v_rad``.
        of: ``star``, or ``spectrum`` where it is that of one spectrum alone.
        least_r: only where the height of the correlation, the column ``r``, is above it.
        most_error: km/s; only where ``e_v_rad`` is below it; 0: whatever it is.
        survey: only for spectra of this survey; empty: of all.
    """

    name: str
    table: Matched
    of: Literal["star", "spectrum"] = "star"
    least_r: float = 0.0
    most_error: float = 0.0
    survey: str = ""


@dataclass(frozen=True)
class Thinning:
    """How crowded regions are thinned, by chance and by stars.

    Attributes:
        edge: K, above which a catalogue begins that crowds there (Section 2.2.3); 0: none.
        width: dex in log Teff of the zone above the edge that is thinned.
        most: stars in a cell of the Kiel diagram; 0: all.
        cell: the cell's sides in log Teff and log g, dex.
    """

    edge: float = 7000.0
    width: float = 0.03
    most: int = 0
    cell: tuple[float, float] = (0.01, 0.1)

    def __post_init__(self) -> None:
        if min(self.edge, self.most) < 0 or min(self.width, *self.cell) <= 0:
            raise ConfigurationError("edge and most are not negative, width and cell above 0")


@dataclass(frozen=True)
class Assembly:
    """How a training table is made.

    Attributes:
        spectra: the spectra to be labelled, a row each.
        catalogues: of labels; of several that have a star, the first counts.
        velocities: likewise.
        programmes: patterns of the names of targeting programmes (as ``mwm_yso_*``) by what they
            mean to the rules.
        predictions: what a network of an earlier iteration says of the spectra.
        isochrones: a file of MIST's form, for young and hot stars.
        thinning: of crowded regions.
        seed: of all that is left to chance.
    """

    spectra: Table
    catalogues: tuple[Catalogue, ...]
    velocities: tuple[Velocities, ...] = ()
    programmes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    predictions: Matched | None = None
    isochrones: str = ""
    thinning: Thinning = field(default_factory=Thinning)
    seed: int = 0

    def __post_init__(self) -> None:
        for names in ([c.name for c in self.catalogues], [v.name for v in self.velocities]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ConfigurationError(f"two catalogues are named {', '.join(twice)}")
        if not self.catalogues:
            raise ConfigurationError("catalogues: at least one is needed")
        known = {c.name for c in self.catalogues if c.table is not None}
        for c in self.catalogues:
            if c.overridden_by and c.overridden_by not in known:
                raise ConfigurationError(f"{c.name}: overridden_by: no catalogue "
                                         f"{c.overridden_by!r}")
            if (c.table is None) != (c.kind == "cool_white_dwarfs"):
                raise ConfigurationError(f"{c.name}: a catalogue of kind {c.kind} has "
                                         f"{'no' if c.table else 'a'} table")
            if c.kind in ("young", "hot_gaia") and not self.isochrones:
                raise ConfigurationError(f"{c.name}: its log g is from isochrones: name their "
                                         "file (isochrones)")
        unknown = [name for name in self.programmes if name not in Programme.__args__]  # type: ignore[attr-defined]
        if unknown:
            raise ConfigurationError(f"programmes: no rule knows {', '.join(unknown)}; they know "
                                     f"{', '.join(Programme.__args__)}")  # type: ignore[attr-defined]


def load(path: Path) -> Assembly:
    """The assembly that a file describes. Raises ConfigurationError, with what is wrong in it."""
    return described(Assembly, path)
