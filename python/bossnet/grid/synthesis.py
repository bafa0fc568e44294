"""One synthetic spectrum by the external program ``synspec54``, in a folder of its own.

SYNSPEC (I. Hubeny and T. Lanz; version 54, 2021, arXiv:2104.02829) solves the radiative transfer
in LTE, plane-parallel, with hydrogen's Stark profiles (Lemke 1997; Tremblay and Bergeron 2009),
the molecules' equilibrium, and continuous opacities of H, He, C, N, O, Na, Mg, Al, Si, Ca, Fe.
"""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import GridError
from bossnet.grid.atmosphere import Atmosphere

PROGRAM = "synspec54"
#: log10 of the number of atoms, hydrogen 12: the Sun's of Asplund and others (2009, ARA&A 47, 481).
SUN = (
    12.00, 10.93, 1.05, 1.38, 2.70, 8.43, 7.83, 8.69, 4.56, 7.93, 6.24, 7.60, 6.45, 7.51, 5.41,
    7.12, 5.50, 6.40, 5.03, 6.34, 3.15, 4.95, 3.93, 5.64, 5.43, 7.50, 4.99, 6.22, 4.19, 4.56,
    3.04, 3.65, 2.30, 3.34, 2.54, 3.25, 2.52, 2.87, 2.21, 2.58, 1.46, 1.88, -9.99, 1.75, 0.91,
    1.57, 0.94, 1.71, 0.80, 2.04, 1.01, 2.18, 1.55, 2.24, 1.08, 2.18, 1.10, 1.58, 0.72, 1.42,
    -9.99, 0.96, 0.52, 1.07, 0.30, 1.10, 0.48, 0.92, 0.10, 0.84, 0.10, 0.85, -0.12, 0.85, 0.26,
    1.40, 1.38, 1.62, 0.92, 1.17, 0.90, 1.75, 0.65, -9.99, -9.99, -9.99, -9.99, -9.99, -9.99,
    0.02, -9.99, -0.54, -9.99, -9.99, -9.99, -9.99, -9.99, -9.99, -9.99)
ALPHA = (8, 10, 12, 14, 16, 18, 20, 22)  #: atomic numbers: O, Ne, Mg, Si, S, Ar, Ca, Ti
LEAST = -5.0  #: the program takes nothing rarer

#: Ions whose continuous opacity is computed: number, charge, levels, name, file of the data folder.
IONS = (
    (2, 0, 14, "He 1", "he1.dat"), (2, 1, 14, "He 2", "he2.dat"), (2, 2, 1, "He 3", ""),
    (6, 0, 104, " C 1", "c1.t"), (6, 1, 40, " C 2", "c2.t"), (6, 2, 1, " C 3", ""),
    (7, 0, 89, " N 1", "n1.t"), (7, 1, 51, " N 2", "n2.t"), (7, 2, 1, " N 3", ""),
    (8, 0, 54, " O 1", "o1.t"), (8, 1, 74, " O 2", "o2.t"), (8, 2, 1, " O 3", ""),
    (11, 0, 32, "Na 1", "na1.t"), (11, 1, 8, "Na 2", "na2.t"), (11, 2, 1, "Na 3", ""),
    (12, 0, 71, "Mg 1", "mg1.t"), (12, 1, 31, "Mg 2", "mg2.t"), (12, 2, 1, "Mg 3", ""),
    (13, 0, 33, "Al 1", "al1.t"), (13, 1, 81, "Al 2", "al2.t"), (13, 2, 1, "Al 3", ""),
    (14, 0, 57, "Si 1", "si1.t"), (14, 1, 46, "Si 2", "si2.t"), (14, 2, 1, "Si 3", ""),
    (20, 0, 79, "Ca 1", "ca1.t"), (20, 1, 32, "Ca 2", "ca2.t"), (20, 2, 1, "Ca 3", ""),
    (26, 0, 49, "Fe 1", "tlusty_fe1_topmod.dat"), (26, 1, 41, "Fe 2", "tlusty_fe2_topmod.dat"),
    (26, 2, 1, "Fe 3", ""))
HYDROGEN = """\
   1   -1     1      0     0     1    ' H 1' 'data/hm.dat'
   0    0     3      0
   1    0     9      0     0     0    ' H 1' 'data/h1s.dat'
   1    1     1      1     0     0    ' H 2' ' '
"""
MOLECULES_BELOW = 8000.0  #: kelvin, in a layer
HE_II_ABOVE = 22000.0  #: kelvin, effective
CONTINUUM = 100  #: wavelengths at which lines are weighed against the continuous opacity


@dataclass(frozen=True)
class Settings:
    """How a spectrum is computed.

    Attributes:
        first: angstrom, air.
        last: angstrom, air.
        step: angstrom at the middle of the range, the widest between two wavelengths.
        strength: lines weaker than this times the continuous opacity are left out.
        depths: of the atmosphere.
        block: wavelengths computed together.
        timeout: seconds of the processor's time, which no other work on the machine uses up.
    """

    first: float = 3535.0
    last: float = 10415.0
    step: float = 0.1
    strength: float = 3e-3
    depths: int = 60
    block: int = 500
    timeout: int = 300


def abundances(fe_h: float, alpha_fe: float) -> NDArray[np.float64]:
    """(99,) atoms of each element an atom of hydrogen."""
    logarithms = np.array(SUN)
    logarithms[2:] += fe_h
    logarithms[np.array(ALPHA) - 1] += alpha_fe
    return 10.0 ** (np.maximum(logarithms, LEAST) - 12.0)


def microturbulence(teff: float, logg: float) -> float:
    """km/s: 1 in cool dwarfs, 2 in giants and in stars hotter than 7500 K."""
    cool = np.interp(logg, (3.0, 4.5), (2.0, 1.0))
    return float(np.interp(teff, (6500.0, 7500.0), (cool, 2.0)))


def synthesise(atmosphere: Atmosphere, *, teff: float, logg: float, fe_h: float, alpha_fe: float,
               atoms: Path, molecules: Sequence[Path], program: Path, data: Path,
               settings: Settings | None = None, scratch: Path | None = None,
               ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run the program once.

    Args:
        atmosphere: of the star.
        teff: kelvin.
        logg: of cm/s2.
        fe_h: dex.
        alpha_fe: dex.
        atoms: the atoms' lines (``lines.write_atoms``).
        molecules: lists of molecules' lines, three at most; none to leave molecules out.
        program: the executable.
        data: the data folder of the package ``synspec``'s source.
        settings: how finely.
        scratch: where the run's own folder is made, and removed again.

    Returns:
        (W,) wavelength in angstrom, air, and (W,) flux at the surface in erg/s/cm2/angstrom.

    Raises:
        GridError: when the program fails, takes too long or gives no sensible spectrum.
    """
    settings = settings or Settings()
    folder = Path(tempfile.mkdtemp(prefix="synspec-", dir=scratch))
    try:
        used = atmosphere.thinned(settings.depths)
        (folder / "fort.5").write_text(_elements(teff, logg, abundances(fe_h, alpha_fe)))
        (folder / "fort.8").write_text(_model(used, teff, logg))
        (folder / "fort.55").write_text(_control(teff, logg, settings, len(molecules)))
        (folder / "tas").write_text(
            f"ND= {settings.depths}\nNFREQS= {settings.block}\n"
            f"IFMOL= {int(bool(molecules))}\nTMOLIM= {MOLECULES_BELOW:.0f}.\n")
        os.symlink(data.resolve(), folder / "data")
        os.symlink(atoms.resolve(), folder / "fort.19")
        for unit, path in enumerate(molecules, 20):
            os.symlink(path.resolve(), folder / f"fort.{unit}")
        _run(program, folder, settings.timeout)
        return _spectrum(folder / "fort.7")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: Path, folder: Path, timeout: int) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (timeout, timeout))

    with (folder / "fort.5").open() as given, (folder / "log").open("w") as log:
        try:
            done = subprocess.run([str(program.resolve())], stdin=given, stdout=log,
                                  stderr=subprocess.STDOUT, cwd=folder, check=False,
                                  preexec_fn=limited)
        except OSError as error:
            raise GridError(f"{program} cannot be run: {error}") from error
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise GridError(f"{PROGRAM} took longer than {timeout} s, or was killed")
    if done.returncode != 0 or not (folder / "fort.7").is_file():
        last = (folder / "log").read_text(errors="replace").strip().splitlines()[-3:]
        raise GridError(f"{PROGRAM} ended with status {done.returncode}: {' / '.join(last)}")


def _spectrum(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        wavelength, flux = np.loadtxt(path, unpack=True)
    except ValueError as error:
        raise GridError(f"{PROGRAM} wrote a spectrum that cannot be read: {error}") from error
    wavelength, rows = np.unique(wavelength, return_index=True)
    flux = 4 * np.pi * flux[rows]  # the program's is Eddington's
    if wavelength.size < 1000 or not np.all(np.isfinite(flux)) or np.any(flux <= 0):
        raise GridError(f"{PROGRAM} gave {wavelength.size} wavelengths, "
                        f"{np.sum(~(flux > 0))} of them without a positive flux")
    return wavelength, flux


def _elements(teff: float, logg: float, atoms_an_hydrogen: NDArray[np.float64]) -> str:
    explicit = {1, *(ion[0] for ion in IONS)}
    rows = [f" {2 if number in explicit else 1} {value:e} 0"
            for number, value in enumerate(atoms_an_hydrogen, 1)]
    ions = [f"  {number:2d}  {charge:2d}  {levels:4d}  {int(not file)}  0  0  '{name}' "
            f"'{f'data/{file}' if file else ' '}'" for number, charge, levels, name, file in IONS]
    return "\n".join([f" {teff} {logg:7.4f}", " T  F", " 'tas'", " 50", f" {len(rows)}", *rows,
                      "*", "*", "*", "* ions", HYDROGEN + "\n".join(ions),
                      "   0    0     0     -1     0     0    '    ' ' '", "* end", ""])


def _model(atmosphere: Atmosphere, teff: float, logg: float) -> str:
    """As Kurucz's programs write one; the program leaves the last depth out."""
    rows = [f"{mass:e} {temperature:f} {pressure:e} {electrons:e}"
            for mass, temperature, pressure, electrons in zip(
                atmosphere.column_mass, atmosphere.temperature, atmosphere.pressure,
                atmosphere.electrons, strict=True)]
    return "\n".join([f"TEFF {teff:7.0f}  GRAVITY {logg:7.5f}  LTE ", *[""] * 21,
                      f"READ DECK6{len(rows):3d} RHOX,T,P,XNE ", *rows, ""])


def _control(teff: float, logg: float, settings: Settings, molecules: int) -> str:
    """The program's unit 55: what is computed, in its own order."""
    cutoff = 250.0
    if logg > 3.0 and teff < 4000.0:
        cutoff = 500.0 if teff >= 3500.0 else 1000.0
    hot = int(teff > HE_II_ABOVE)
    return "\n".join([
        "0 0 -2", "0 0 0 0", "0 0 0 0 0",
        f"1 0 0 11 {hot}",
        f"2 1 {hot}",
        f"{settings.first} {settings.last} {cutoff} {CONTINUUM} {settings.strength:e} "
        f"{settings.step}",
        " ".join(map(str, [molecules, *range(20, 20 + molecules)])) if molecules else "0 0",
        f"{microturbulence(teff, logg):.2f}", ""])
