"""The main job with the published-size network, end to end on this machine, and where time goes.

    python benchmarks/throughput.py --number 60

Random weights of the published size (72.6 M parameters), simulated spectra, 20 draws, the
embedded Postgres in a temporary folder. The breakdown is of the worker's process: the network's
arithmetic, the noise and preparation before it, waiting for the readers, and the database.
"""

import argparse
import os
import tempfile
import time
from collections import defaultdict
from functools import wraps
from pathlib import Path

import torch

from bossnet.config import load as load_config
from bossnet.database import embedded
from bossnet.database.initialise import initialise
from bossnet.network import BOSS, noise, prediction
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.card import Card
from bossnet.network.fast import FastPredictor
from bossnet.network.frozen import save
from bossnet.network.prediction import DirectPredictor
from bossnet.registry.ingest import ingest
from bossnet.simulation.survey import simulate
from bossnet.task import BossNetTask
from bossnet.work.claims import Claims
from bossnet.work.readers import Readers
from bossnet.work.settings import Settings

SIZES = {"published": Architecture(),
         "small": Architecture(dim_mults=(1, 2, 4, 8), adapt_pool_output_dim=128, num_linear=3,
                               linear_dim=256)}


class Clock:
    """Seconds spent in functions, by name."""

    def __init__(self):
        self.seconds = defaultdict(float)

    def time(self, owner, attribute, name):
        inner = getattr(owner, attribute)

        @wraps(inner)
        def timed(*args, **kwargs):
            start = time.perf_counter()
            try:
                return inner(*args, **kwargs)
            finally:
                self.seconds[name] += time.perf_counter() - start

        setattr(owner, attribute, timed)


def random_weights(path, architecture):
    torch.manual_seed(0)
    module = BossNet(architecture)
    card = Card(name=path.stem, network=BOSS.kind, architecture=architecture.as_dict(),
                parameters=[p.label for p in BOSS.parameters],
                label_mean=[p.mean for p in BOSS.parameters],
                label_std=[p.std for p in BOSS.parameters])
    save(path, module.state_dict(), card)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=60, help="of spectra")
    parser.add_argument("--size", choices=SIZES, default="published")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bossnet-") as scratch:
        os.chmod(scratch, 0o755)
        home = Path(scratch)
        config = load_config(environment={"BOSSNET_HOME": scratch})
        random_weights(home / "random.safetensors", SIZES[options.size])
        initialise(config)
        simulate(home / "spectra", options.number, 1)
        ingest(config, [str(home / "spectra")], say=lambda text: None)
        clock = Clock()
        for predictor in (DirectPredictor, FastPredictor):
            clock.time(predictor, "_features", "network")
        clock.time(noise, "normals", "noise")
        clock.time(prediction, "collate", "preparation")
        clock.time(prediction, "interpolate", "preparation")
        clock.time(prediction, "standardise", "preparation")
        clock.time(Readers, "_next", "waiting for readers")
        for name in ("claim", "end", "beat"):
            clock.time(Claims, name, "database")
        start = time.perf_counter()
        summary = BossNetTask.execute(
            config, Settings(n_draws=options.draws, device=options.device,
                             readers=options.readers), weights=str(home / "random.safetensors"))
        wall = time.perf_counter() - start
        embedded.stop(home)
    parameters = sum(p.numel() for p in BossNet(SIZES[options.size]).parameters())
    print(f"{options.size}: {parameters / 1e6:.1f} M parameters, {summary.n_done} spectra, "
          f"{options.draws} draws, {summary.device}, {torch.get_num_threads()} threads, torch "
          f"{torch.__version__}")
    print(f"{summary.n_done / wall:.2f} spectra/s end to end ({wall:.1f} s)")
    named = dict(clock.seconds)
    for name, seconds in sorted(named.items(), key=lambda item: -item[1]):
        print(f"{100 * seconds / wall:6.1f} %  {name}")
    print(f"{100 * (wall - sum(named.values())) / wall:6.1f} %  the rest: start, weights, "
          "planning, flags")


if __name__ == "__main__":
    main()
