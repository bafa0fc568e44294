"""A finished network on reserved stars, dressed as BOSS spectra with known labels.

    python benchmarks/reserved_stars.py ../shared/benchmark

For judging only: nothing may be trained, chosen or tuned on these. Sigma is half the 16-84 %
width of predicted minus label, the offset its median, the error the median of the reported
uncertainties.
"""

import argparse
from pathlib import Path

import numpy as np
from astropy.table import Table

from bossnet import config
from bossnet.network.frozen import load
from bossnet.network.installed import DEFAULTS, find
from bossnet.network.prediction import DirectPredictor
from bossnet.simulation.recovered import compare
from bossnet.spectra import read
from bossnet.task import BossNetTask

PARAMETERS = (("log Teff", "log_teff", "log_teff", 4), ("log g", "logg", "logg_dex", 3),
              ("[Fe/H]", "fe_h", "feh_dex", 3), ("RV", "v_rel", "rv_kms", 1))
REGIONS = (("below 4000 K", 0, 4000), ("4000-7500 K", 4000, 7500), ("above 7500 K", 7500, np.inf))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", default=DEFAULTS["boss"])
    options = parser.parse_args()
    labels = Table.read(options.folder / "labels.csv", format="ascii.csv")
    frozen = load(find(options.weights, config.load().home))
    task = BossNetTask(DirectPredictor(frozen, BossNetTask.network))
    spectra = (read(options.folder / row["file"]) for row in labels)
    results = [r.values for r in task.run(spectra)]
    labels["log_teff"] = np.log10(labels["teff_K"])
    print(f"{frozen.card.name} ({frozen.card.sha256[:12]}), {len(results)} spectra")
    for snr in sorted(set(labels["snr"])):
        for region, low, high in REGIONS:
            inside = np.flatnonzero((labels["snr"] == snr) & (labels["teff_K"] >= low)
                                    & (labels["teff_K"] < high))
            for name, column, label, digits in PARAMETERS if inside.size else ():
                values = np.array([[results[i][column] - labels[label][i],
                                    results[i][f"e_{column}"]]
                                   if not np.ma.is_masked(labels[label][i]) else [np.nan] * 2
                                   for i in inside], float)
                c = compare(values[:, 0], values[:, 1])
                print(f"S/N {snr:<4} {region:14}{name:9} sigma {c.sigma:8.{digits}f}  offset "
                      f"{c.offset:8.{digits}f}  error {c.error:8.{digits}f}  number {c.number}")


if __name__ == "__main__":
    main()
