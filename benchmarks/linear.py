"""Linear propagation against draws: where it agrees, where it is used, and what it saves.

    python benchmarks/linear.py --draws 2000
    python benchmarks/linear.py --files ../shared/data/sdss ../shared/data/lamost

Packaged templates as BOSS and LAMOST would see them, or the files of folders. The uncertainties
of every spectrum are made both ways, also of those that the criterion would leave to draws. A row
a group: how many spectra, how many of them the criterion accepts; then of these, and of the others,
the median and the 84th percentile of |linear / draws - 1| over spectra and parameters, and of the
largest difference of a correlation. 2,000 draws scatter by 1.6 %, 20 draws by 16 %. The time is of
accepted spectra, in turn with that of 20 draws by the plain module and by the engine; the
processor's own time tells more where the machine has other work.
"""

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bossnet.errors import SpectrumError
from bossnet.network import BOSS, noise
from bossnet.network.engine.derivatives import Derivatives
from bossnet.network.fast import FastPredictor
from bossnet.network.frozen import load
from bossnet.network.installed import DEFAULTS, SHIPPED
from bossnet.network.linear import BEND, LinearPredictor, bright, propagate
from bossnet.network.prediction import DirectPredictor, Exposure
from bossnet.network.preparation import collate
from bossnet.quality import assess
from bossnet.simulation.instruments import of_kind
from bossnet.simulation.observe import observe
from bossnet.simulation.templates import packaged
from bossnet.spectra import read

TYPES = {"below 4500 K": (0, 4500), "4500-7000 K": (4500, 7000), "above 7000 K": (7000, np.inf)}
PAIRS = np.triu_indices(len(BOSS.parameters), 1)
TIMED, REPEATS = 64, 5


@dataclass
class Compared:
    """One spectrum: its groups, whether it is accepted, and the differences."""

    exposure: Exposure
    groups: tuple
    accepted: bool = False
    spread: np.ndarray = None
    correlation: float = np.nan


def dressed(options):
    rng = np.random.default_rng(options.seed)
    templates = packaged()
    for kind, (low, high) in TYPES.items():
        stars = rng.choice([i for i, t in enumerate(templates) if low <= t.teff < high],
                           options.stars, replace=False)
        for star in stars:
            for name, instrument in of_kind("boss").items():
                rv, ebv = rng.uniform(-300, 300), rng.exponential(0.05)
                for snr in options.snr:
                    s = observe(templates[star], instrument, rv, snr, ebv, rng)
                    yield Compared(Exposure(s.flux, s.error, s.wavelength),
                                   (f"S/N {snr:g}", kind, name))


def of_files(folders):
    bounds = (0, 5, 10, 20, 50, 100, np.inf)
    for path in sorted(p for folder in folders for p in Path(folder).rglob("*.fits*")):
        try:
            s = read(path)
        except SpectrumError as e:
            print(f"left out: {e}", file=sys.stderr)
            continue
        quality = assess(s, BOSS)
        snr = s.snr if s.snr is not None else quality.snr
        if not quality.has_data or not quality.has_uncertainty or snr is None:
            continue
        above = max(b for b in bounds if b <= max(snr, 0))
        yield Compared(Exposure(s.flux, s.error, s.wavelength),
                       (f"S/N from {above}", s.survey, *(["S/N > 20"] if snr > 20 else [])))


def compare(c, frozen, derive, engine, draws):
    pixels = collate([c.exposure.flux], [c.exposure.error], [c.exposure.wavelength], BOSS.grid,
                     torch.device("cpu"))
    deviates = noise.normals(torch.tensor([c.exposure.noise_key]), 0, range(1),
                             pixels.flux.shape[1])[:, 0]
    made = propagate(derive, pixels, deviates, interpolates=True)
    c.accepted = bool(bright(pixels, interpolates=True) and made.bend <= BEND)
    covariance = made.covariance[0].numpy()
    sigma = np.sqrt(np.diag(covariance))
    drawn = engine.predict([c.exposure], n_draws=draws, seed=1)
    std = np.array(frozen.card.label_std)
    c.spread = np.abs(sigma * std / drawn.spread[0] - 1)
    difference = covariance / np.outer(sigma, sigma) - drawn.correlation[0]
    c.correlation = np.abs(difference[PAIRS]).max()


def told(values, scale, form, unit=""):
    """Median and 84th percentile."""
    if not len(values):
        return "-"
    return f"{scale * np.median(values):{form}} {scale * np.quantile(values, 0.84):{form}}{unit}"


def table(compared):
    print(f"{'group':14}{'spectra':>8}{'accepted':>9} | {'accepted: spread':>17}{'rho':>11} | "
          f"{'others: spread':>17}{'rho':>11}")
    positions = range(max(len(c.groups) for c in compared))
    groups = [g for i in positions for g in dict.fromkeys(c.groups[i] for c in compared
                                                          if i < len(c.groups))]
    for group in ("all", *groups):
        some = [c for c in compared if group in ("all", *c.groups)]
        line = f"{group:14}{len(some):8}{sum(c.accepted for c in some):9}"
        for accepted in (True, False):
            those = [c for c in some if c.accepted == accepted]
            line += (f" | {told(np.ravel([c.spread for c in those]), 100, '.1f', ' %'):>17}"
                     f"{told([c.correlation for c in those], 1, '.2f'):>11}")
        print(line)


def timed(compared, frozen, engine):
    exposures = [c.exposure for c in compared if c.accepted][:TIMED]
    if not exposures:
        print("no spectrum is accepted: nothing to time")
        return
    ways = {"20 draws": DirectPredictor(frozen, BOSS), "20 draws by the engine": engine,
            "linear propagation": LinearPredictor(frozen, BOSS, draws=engine)}
    seconds = {}
    for repeat in range(REPEATS + 1):  # the first is a warm-up
        for name, predictor in ways.items():
            start = time.perf_counter(), time.process_time()
            predictor.predict(exposures, n_draws=20, seed=0)
            if repeat:
                seconds.setdefault(name, []).append((time.perf_counter() - start[0],
                                                     time.process_time() - start[1]))
    each = {name: [1e3 * statistics.median(s) / len(exposures) for s in zip(*some, strict=True)]
            for name, some in seconds.items()}
    least = each["linear propagation"]
    print(f"{'ms a spectrum':24}{'by the clock':>14}{'ratio':>7}{'of processor':>14}{'ratio':>7}")
    for name, (wall, own) in each.items():
        print(f"{name:24}{wall:14.1f}{wall / least[0]:7.2f}{own:14.1f}{own / least[1]:7.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path,
                        default=SHIPPED / f"{DEFAULTS['boss']}.safetensors")
    parser.add_argument("--stars", type=int, default=2, help="of each type")
    parser.add_argument("--snr", type=float, nargs="+", default=[10, 30, 50, 100, 200])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--files", type=Path, nargs="+", metavar="FOLDER")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    frozen = load(options.weights)
    derive, engine = Derivatives(frozen.module), FastPredictor(frozen, BOSS)
    compared = list(of_files(options.files) if options.files else dressed(options))
    for number, c in enumerate(compared, 1):
        compare(c, frozen, derive, engine, options.draws)
        print(f"\r{number} of {len(compared)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    print(f"{frozen.card.name} {frozen.card.sha256[:12]}, {options.draws} draws, "
          f"{options.threads} threads, torch {torch.__version__}")
    table(compared)
    timed(compared, frozen, engine)


if __name__ == "__main__":
    main()
