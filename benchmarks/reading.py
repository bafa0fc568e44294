"""What it costs to read spectra: bytes, and time of a processor, by the kind of file.

    python benchmarks/reading.py ../shared/data

As a reader process does it: file to spectrum, and its quality. Files come from the cache of the
operating system, so that the time is the software's; of bytes, those that are asked of it are
counted, which may be fewer than the file has. Files that are not read are left out.
"""

import argparse
import re
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from bossnet.errors import SpectrumError
from bossnet.network import BOSS
from bossnet.spectra import SURVEYS, read
from bossnet.work.reading import read_row

REPEATS = 20


def bytes_read():
    return int(re.search(r"rchar: (\d+)", Path("/proc/self/io").read_text())[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    options = parser.parse_args()
    kinds = defaultdict(list)
    files = {path for folder in options.folders for path in folder.rglob("*.fits*")}
    for path in sorted(files):
        try:
            survey = SURVEYS[read(path).survey]
        except SpectrumError:
            continue
        if survey.table in BOSS.spectrum_tables:
            kinds[survey, path.suffix].append(path)
    overhead = -bytes_read() + bytes_read()
    print(f"{'kind':34}{'files':>6}{'kB a file':>11}{'kB read':>9}{'ms a file':>11}")
    for (survey, suffix), paths in sorted(kinds.items(), key=lambda kind: kind[0][0].name):
        before, start = bytes_read(), time.process_time()
        for _ in range(REPEATS):
            for path in paths:
                read_row(survey.table, {"path": str(path), "spectrum_pk": 0}, {}, BOSS)
        seconds = time.process_time() - start
        number = REPEATS * len(paths)
        size = np.median([path.stat().st_size for path in paths])
        print(f"{survey.name + ' ' + suffix:34}{len(paths):6}{size / 1e3:11.0f}"
              f"{(bytes_read() - before - overhead) / number / 1e3:9.0f}"
              f"{1e3 * seconds / number:11.2f}")


if __name__ == "__main__":
    main()
