"""Predictions and draws against the published implementation's results (contract, section 4).

    python benchmarks/parity.py ../shared --draws 10000

Prints a line a spectrum: the largest difference of a prediction, in units of the label's
standard deviation, and of the draws' spread (half the 16-84 % range), as a ratio with its own
scatter from a bootstrap. Exit status 1 where a limit is missed by more than that.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from bossnet.network import APOGEE, BOSS
from bossnet.network.frozen import load
from bossnet.network.importer import import_folder
from bossnet.network.prediction import DirectPredictor, Exposure
from bossnet.spectra import read

FOLDERS = {"boss": ("sdss",), "lamost_dr7": ("dr7", "dr5", "dr2_float64"), "lamost_dr8": ("dr9",),
           "apogee": ("apogee",)}
LIMIT, LIMIT_AT_FLOOR, FLOOR = 1e-4, 2e-3, 0.01
SPREAD_LIMIT = 0.06


class Recorded(DirectPredictor):
    """Keeps the outputs of every draw, of which the spread is taken here."""

    def _statistics(self, normalised, outputs):
        self.outputs = outputs[0].numpy()
        return super()._statistics(normalised, outputs)


def spread(outputs):
    """Half the 16-84 % range of each column."""
    low, high = np.percentile(outputs, [16, 84], axis=0)
    return (high - low) / 2


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--folder", choices=FOLDERS, action="append")
    options = parser.parse_args()
    missed = 0
    for name in options.folder or FOLDERS:
        network = APOGEE if name == "apogee" else BOSS
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / f"{name}.safetensors"
            import_folder(options.shared / "parity" / name, network, name=name, out=path)
            predictor = Recorded(load(path), network)
        reference = json.loads((options.shared / "parity" / name / "expected.json").read_text())
        files = {p.name.split(".fits")[0]: p for p in (options.shared / "data").rglob("*.fits*")
                 if p.parent.name in FOLDERS[name]}
        std = np.array([p.std for p in network.parameters])
        labels = [p.label for p in network.parameters]
        for file, expected in reference["spectra"].items():
            s = read(files[file.split(".fits")[0]])
            got = predictor.predict([Exposure(s.flux, s.error, s.wavelength)],
                                    n_draws=options.draws, seed=0)
            want = np.array([expected["prediction"][label] for label in labels])
            difference = np.abs((got.parameters[0] - want) / std).max()
            outputs = predictor.outputs * std
            want = np.array([expected["spread"][label] for label in labels])
            ratio = spread(outputs) / want
            # Where the 84 % point lies between a core and a tail, even 10,000 draws leave scatter.
            rng = np.random.default_rng(0)
            scatter = np.std([spread(outputs[rng.integers(0, len(outputs), len(outputs))])
                              for _ in range(50)], axis=0) / want
            at_floor = expected["fraction_of_grid_at_floor"] > FLOOR
            bad = (difference > (LIMIT_AT_FLOOR if at_floor else LIMIT)
                   or (np.abs(ratio - 1) > np.maximum(SPREAD_LIMIT, 3 * scatter)).any())
            missed += bad
            print(f"{name:11} {file:45} prediction {difference:.1e} std  spread "
                  f"{ratio.min():.3f}..{ratio.max():.3f} (scatter {scatter.max():.3f})"
                  f"{'  MISSED' if bad else ''}", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
