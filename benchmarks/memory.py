"""The peak memory of a run: with the default batch, and for few spectra as for many.

    python benchmarks/memory.py --size published --spectra 100 400
    python benchmarks/memory.py --size tiny --draws 0 --spectra 1000 50000

Each number of spectra is a run of its own, `astra run` in a process of its own; shown are the
largest memory that this process had, and its readers together. Some 20 simulated files are
registered again and again, each time as a spectrum of its own.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bossnet.bench.machine import this_machine
from bossnet.bench.networks import SIZES, SNR, random_weights
from bossnet.bench.night import Night
from bossnet.network.frozen import load
from bossnet.network.installed import DEFAULTS, SHIPPED

FILES = 20


def peak(pid):
    """MiB; 0 of a process that is gone."""
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        found = None
    return int(found[1]) / 1024 if found else 0.0


def readers_of(pid):
    """The reader processes of a process."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for t in tasks for child in (t / "children").read_text().split()]
        return [int(child) for child in children
                if b"bossnet.processes" in Path(f"/proc/{child}/cmdline").read_bytes()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def run(night, weights, number, options):
    """Runs over so many spectra: MiB of the run and of its readers, and its summary."""
    command = [sys.executable, "-c", "from bossnet.cli.dispatch import main; main()", "run",
               "bossnet", "--weights", str(weights), "--draws", str(options.draws),
               "--limit", str(number), "--tag", str(number), "--json"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BOSSNET_")} | {
        "BOSSNET_HOME": str(night.home), "BOSSNET_CONFIG": str(night.home / "bossnet.yml")}
    process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE)
    peaks = {}
    while process.poll() is None:
        for pid in (process.pid, *readers_of(process.pid)):
            peaks[pid] = max(peaks.get(pid, 0.0), peak(pid))
        time.sleep(0.05)
    summary = json.loads(process.stdout.read())
    return peaks.pop(process.pid), sum(peaks.values()), summary


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, help="random weights; else the shipped network")
    parser.add_argument("--spectra", type=int, nargs="+", default=[100, 400])
    parser.add_argument("--draws", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, Night(Path(scratch)) as night:
        (night.home / "bossnet.yml").write_text("{}\n")
        frozen = random_weights(night.home / "random.safetensors", options.size) \
            if options.size else load(SHIPPED / f"{DEFAULTS['boss']}.safetensors")
        folder = night.observe(FILES, snr=SNR, formats=["specFull", "spec"])
        night.register_again(folder, max(options.spectra))
        parameters = sum(p.numel() for p in frozen.module.parameters())
        print(f"{this_machine()}\n{frozen.card.name}, {parameters / 1e6:.1f} M parameters, "
              f"{options.draws} draws")
        print(f"{'spectra':>8} {'run, MiB':>9} {'readers, MiB':>13} {'with parameters':>16} "
              f"{'s':>6}")
        for number in options.spectra:
            start = time.monotonic()
            own, readers, summary = run(night, frozen.path, number, options)
            good = summary["n_done"] - summary["n_failed"]
            print(f"{number:8} {own:9.0f} {readers:13.0f} {good:16} "
                  f"{time.monotonic() - start:6.0f}", flush=True)


if __name__ == "__main__":
    main()
