"""How time grows with draws, batch, cores and spectra.

    python benchmarks/growth.py --size published

Draws, batch and cores are of predictions in memory (noise, preparation and network); spectra are
end to end, from files in Postgres to rows in Postgres. One thing varies at a time, the others being
20 draws, the default batch, all cores. In each table all values take turns; medians are shown.
"""

import argparse
import os
import tempfile
from functools import partial
from pathlib import Path

import torch

from bossnet.bench.machine import this_machine
from bossnet.bench.networks import SIZES, SNR, random_weights, spectra
from bossnet.bench.night import Night
from bossnet.bench.pipeline import Ours
from bossnet.bench.timing import cores, in_turn, median, warm_up
from bossnet.network import BOSS
from bossnet.network.fast import fastest
from bossnet.network.frozen import load
from bossnet.network.installed import DEFAULTS, SHIPPED
from bossnet.work.settings import Settings

DRAWS = (0, 2, 5, 10, 20, 50, 100)
BATCHES = (1, 3, 6, 12, 24, 48)


def table(what, calls, numbers, rounds):
    """Times of calls whose names are the value that varies."""
    warm_up(calls)
    taken = in_turn(calls, rounds=rounds)
    print(f"\n{what:>10} {'spectra':>8} {'s':>8} {'ms/spectrum':>12} {'spectra/s':>10} {'busy':>5}")
    for name, times in taken.items():
        seconds = median(times)
        print(f"{name:>10} {numbers[name]:8} {seconds:8.3f} {1e3 * seconds / numbers[name]:12.2f} "
              f"{numbers[name] / seconds:10.1f} {cores(times):5.1f}", flush=True)


def with_threads(number, call):
    torch.set_num_threads(number)
    call()


def in_memory(frozen, rounds):
    exposures = spectra(max(BATCHES))
    default = fastest(frozen, BOSS)
    some = exposures[:default.batch_size]
    predict = partial(default.predict, n_draws=20, seed=0)

    calls = {str(n): partial(default.predict, some, n_draws=n, seed=0) for n in DRAWS}
    table("draws", calls, dict.fromkeys(calls, len(some)), rounds)
    calls = {str(n): partial(fastest(frozen, BOSS, batch_size=n).predict, exposures, n_draws=20,
                             seed=0) for n in BATCHES}
    table("batch", calls, dict.fromkeys(calls, len(exposures)), rounds)
    most = torch.get_num_threads()
    calls = {str(n): partial(with_threads, n, partial(predict, exposures))
             for n in sorted({1, *range(2, most + 1, 2), most})}
    table("threads", calls, dict.fromkeys(calls, len(exposures)), rounds)
    torch.set_num_threads(most)


def end_to_end(frozen, home, numbers, rounds):
    with Night(home) as night:
        night.register(night.observe(max(numbers), snr=SNR))
        ours = Ours(night, frozen, Settings(device="cpu"))
        table("end to end", {str(n): partial(ours, n) for n in numbers},
              {str(n): n for n in numbers}, rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, help="random weights; else the shipped network")
    parser.add_argument("--spectra", type=int, nargs="+", default=[50, 100, 200, 400])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        frozen = random_weights(Path(scratch) / "random.safetensors", options.size) \
            if options.size else load(SHIPPED / f"{DEFAULTS['boss']}.safetensors")
        print(f"{this_machine()}\n{frozen.card.name}, float32, medians of {options.rounds} rounds")
        in_memory(frozen, options.rounds)
        end_to_end(frozen, Path(scratch), options.spectra, options.rounds)


if __name__ == "__main__":
    main()
