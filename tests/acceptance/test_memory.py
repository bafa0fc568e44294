"""The memory of a run does not grow with the number of its spectra.

With more of them, and the figures shown:
BOSSNET_TEST_SPECTRA=20000 bin/test -s tests/acceptance/test_memory.py
"""

import os
import re
import time
from pathlib import Path

from acceptance.started import Started
from helpers import helpers_of
from spectra import layouts

FEW, MANY = 2000, int(os.environ.get("BOSSNET_TEST_SPECTRA", "8000"))


def peak_of(pid):
    """The largest memory that a process has had so far, MiB; 0 if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0


def peaks_of_a_run(astra):
    """MiB at most of the run's own process, and of its readers together."""
    run = Started(astra, "--draws", 0)
    peaks = {}
    while run.process.poll() is None:
        for pid in (run.process.pid, *(h.pid for h in helpers_of(run.process.pid))):
            peaks[pid] = max(peak_of(pid), peaks.get(pid, 0))
        time.sleep(0.1)
    _, said = run.process.communicate()
    assert run.process.returncode == 0, said
    return peaks.pop(run.process.pid), sum(peaks.values())


def test_peak_memory_is_the_same_for_many_spectra_as_for_few(astra, tmp_path):
    files = [layouts.spec(tmp_path / f"spec-{i}.fits", pixels=1000 + 100 * i) for i in range(9)]
    astra.register((files * FEW)[:FEW])
    few, readers_of_few = peaks_of_a_run(astra)
    astra.register((files * MANY)[:MANY])
    start = time.monotonic()
    many, readers_of_many = peaks_of_a_run(astra)
    print(f"\n{FEW} spectra: {few:.0f} MiB and {readers_of_few:.0f} MiB of the readers; {MANY} in "
          f"{time.monotonic() - start:.0f} s: {many:.0f} MiB and {readers_of_many:.0f} MiB")
    assert astra.sql("SELECT count(*) FROM boss_net WHERE result_flags & 1 = 0") == [
        {"count": FEW + MANY}]
    assert many < 1.1 * few
    assert readers_of_many < 1.1 * readers_of_few
