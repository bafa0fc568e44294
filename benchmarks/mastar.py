"""How fast a large table of MaStar is registered and read: python benchmarks/mastar.py [ROWS].

Makes a table as long as a release's (59,266 visits in DR17) would be too large for a trial: 10,000
rows are 1.3 GB, in a temporary folder (TMPDIR).
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits

from bossnet.spectra import read, register

PIXELS = 4563
READ = 200  #: rows that are read, spread over the table


def write(path: Path, rows: int) -> None:
    """A table in the layout of goodspec, written row by row."""
    loglam = 3.5589 + 1e-4 * np.arange(PIXELS)
    formats = {"MANGAID": ("25A", "7-1"), "DRPVER": ("8A", "v3_1_1"), "MPROCVER": ("8A", "v1_7_7"),
               "PLATE": ("J", 9000), "IFUDESIGN": ("6A", "1901"), "MJD": ("J", 58000),
               "RA": ("D", 150.0), "DEC": ("D", 2.0), "EXPTIME": ("E", 900.0),
               "NEXP_USED": ("I", 3), "HELIOV": ("E", -20.0), "V_ERRCODE": ("I", 0),
               "S2N": ("E", 80.0), "WAVE": (f"{PIXELS}D", 10 ** loglam),
               "FLUX": (f"{PIXELS}D", np.ones(PIXELS)), "IVAR": (f"{PIXELS}D", np.ones(PIXELS)),
               "MASK": (f"{PIXELS}J", np.zeros(PIXELS))}
    one = fits.BinTableHDU.from_columns(
        [fits.Column(name, form, array=np.array([value])) for name, (form, value)
         in formats.items()])
    row = one.data.tobytes()
    one.header["NAXIS2"] = rows
    with path.open("wb") as file:
        file.write(fits.PrimaryHDU().header.tostring().encode())
        file.write(one.header.tostring().encode())
        for _ in range(rows):
            file.write(row)
        file.write(bytes(-rows * len(row) % 2880))


def main(rows: int) -> None:
    """Times in CPU seconds, of this process alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mastar-goodspec-v3_1_1-v1_7_7.fits")
        write(path, rows)
        print(f"{rows} rows, {path.stat().st_size / 1e9:.2f} GB")
        start = time.process_time()
        [(_, found)] = register(path).found
        print(f"registered {len(found)}: {time.process_time() - start:.2f} s CPU")
        start, step = time.process_time(), max(1, rows // READ)
        for row in range(0, rows, step):
            read(path, {"row": row})
        number = len(range(0, rows, step))
        print(f"read {number}: {1e3 * (time.process_time() - start) / number:.2f} ms CPU each")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"memory at most {memory:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
