"""How often each flag is set, and what the limits of flags 13 to 19 rest on.

    python benchmarks/flags.py dataset --files spectra --out flags

Stars of a dataset's validation split as BOSS and LAMOST would see them: a survey with S/N from 2 to
100, evenly in its logarithm; cool dwarfs and white dwarfs at S/N 1 to 20; hot stars behind dust;
stars of any velocity up to 1,000 km/s. `far` is the part of spectra whose log Teff is more than 0.1
or whose log g more than 1 away from the label. Rates are of spectra. With --files also the rates of
real spectra. What the network made of them is kept in the folder, and used again where it is there.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from bossnet.errors import SpectrumError
from bossnet.evaluation.quantities import COLUMNS, LOG_TEFF, LOGG
from bossnet.evaluation.statistics import robust_sigma
from bossnet.flags import FLAGS
from bossnet.network.fast import FastPredictor
from bossnet.network.frozen import load
from bossnet.network.installed import find
from bossnet.observation import Observation
from bossnet.simulation.instruments import BOSS, LAMOST
from bossnet.simulation.observe import observe
from bossnet.spectra import SURVEYS, read
from bossnet.task import BossNetTask
from bossnet.training.dataset import Dataset

A_G = 2.74  #: over E(B-V), Casagrande & VandenBerg 2018
SNR_EDGES = (2, 3, 4, 5, 7, 10, 20, 50, 100)
NAMES = {f.bit: f.name for f in FLAGS}


class Made:
    """Dressed stars of a split, in turn."""

    def __init__(self, dataset, split, *, seed):
        rows = dataset.rows(split)
        self.rows = rows[np.isfinite(dataset.logg[rows])]
        self.teff, self.logg = dataset.teff[self.rows], dataset.logg[self.rows]
        self.dataset, self.seed = dataset, seed

    def spectra(self, chosen, number, of, *, kind):
        """Observations of these stars and what is true of each: (labels, S/N, A_G)."""
        stars = self.rows[chosen]
        for i in range(number):
            rng = np.random.default_rng([self.seed, kind, i])
            template = self.dataset.template(int(rng.choice(stars)))
            rv, snr, ebv = of(rng, i / number)
            instrument = (BOSS, LAMOST)[i % 2]
            s = observe(template, instrument, rv, snr, ebv, rng)
            labels = {"log_teff": np.log10(template.teff), "logg": template.logg,
                      "fe_h": template.fe_h, "v_rel": rv}
            yield (Observation(s, noise_key=i, a_g=A_G * ebv),
                   [*(labels[c] for c in COLUMNS), snr, A_G * ebv])

    def of_kind(self, kind, number):
        """One of the sets, by name."""
        cool, white = (self.teff < 4500) & (self.logg > 4), self.logg > 7
        hot = (self.teff > 7000) & (self.teff < 30_000) & (self.logg < 6)
        low, high = np.log(SNR_EDGES[0]), np.log(SNR_EDGES[-1])

        def usual(rng, at):
            return rng.normal(0, 80), np.exp(rng.uniform(low, high)), rng.exponential(0.05)

        def faint(rng, at):
            return rng.normal(0, 80), np.exp(rng.uniform(0, np.log(20))), rng.exponential(0.05)

        def extinct(rng, at):
            return rng.normal(0, 80), 50.0, 6 * at / A_G

        def fast(rng, at):
            return (2 * rng.integers(2) - 1) * 1000 * at, 50.0, rng.exponential(0.05)

        sets = {"survey": (np.ones(len(self.rows), bool), usual), "faint": (
            (cool | white) & (self.teff < 12_000), faint), "extinct": (hot, extinct),
            "fast": (self.teff < 30_000, fast)}
        chosen, of = sets[kind]
        return self.spectra(chosen, number, of, kind=list(sets).index(kind))


def results(kind, made, number, options, predictor):
    """Predictions, errors, flags and truths of a set of `Made`, as arrays by name."""
    path = options.out / f"{kind}.npz"
    if not path.exists():
        draws = 20 if kind in ("survey", "faint") else 0
        task = BossNetTask(predictor, n_draws=draws)
        truth = []

        def observations():
            for observation, true in made.of_kind(kind, number):
                truth.append(true)
                yield observation

        found = list(task.run(observations(), at_once=32))

        def column(prefix):
            return np.array([[r.values.get(prefix + c) for c in COLUMNS] for r in found], float)

        np.savez(path, predicted=column(""), error=column("e_"), median=column("med_"),
                 flags=np.array([r.result_flags for r in found]), truth=np.array(truth),
                 v_rad=np.array([r.values["v_rad"] for r in found], float))
    with np.load(path) as file:
        return dict(file)


def rates(title, flags):
    print(f"\n{title}: {len(flags)} spectra; flagged, in per cent")
    for bit, name in NAMES.items():
        print(f"  {bit:2} {name:26}{100 * np.mean(flags >> bit & 1):6.1f}")


def far(found):
    off = np.abs(found["predicted"] - found["truth"][:, :4])
    return (off[:, LOG_TEFF] > 0.1) | (off[:, LOGG] > 1)


def by_snr(found):
    """Flag 13 and 19: what becomes of results at low S/N."""
    snr, off = found["truth"][:, 4], found["predicted"] - found["truth"][:, :4]
    bias = (found["flags"] >> 19 & 1).astype(bool)
    print("\nS/N            n  far [%]  offset log g  sigma log g  log Teff    RV  flag 19 [%]  "
          "far of those [%], of others")
    for low, high in pairwise(SNR_EDGES):
        in_ = (snr >= low) & (snr < high)
        f, b = far(found)[in_], bias[in_]
        print(f"{low:3}-{high:<5} {in_.sum():8} {100 * f.mean():8.1f} "
              f"{np.nanmedian(off[in_, LOGG]):13.2f} {robust_sigma(off[in_, LOGG]):12.2f} "
              f"{robust_sigma(off[in_, LOG_TEFF]):9.3f} {robust_sigma(off[in_, 3]):5.0f} "
              f"{100 * b.mean():12.1f} {100 * f[b].mean() if b.any() else np.nan:17.0f} "
              f"{100 * f[~b].mean():10.0f}")


def errors(found):
    """What errors are worth against the labels, and at which."""
    snr, off = found["truth"][:, 4], found["predicted"] - found["truth"][:, :4]
    print("\nS/N        width of (result - label) / error, and the median error: log g, log Teff, "
          "[Fe/H], RV")
    for low, high in pairwise((2, 5, 10, 20, 50, 100)):
        in_ = (snr >= low) & (snr < high)
        pull = [(off / found["error"])[in_, i] for i in range(4)]
        print(f"{low:3}-{high:<5}"
              + "".join(f"{robust_sigma(p[np.isfinite(p)]):6.2f}" for p in pull) + "   "
              + "".join(f"{m:9.4f}" for m in np.nanmedian(found["error"][in_], axis=0)))


def cautions(found):
    """Flags 13, 14 and 19: what is far off of those that are flagged, and of others."""
    snr, wrong = found["truth"][:, 4], far(found)
    for bit, rows in ((13, snr > 0), (14, snr > 0), (14, snr > 10), (19, snr > 0), (19, snr > 10)):
        said = (found["flags"] >> bit & 1).astype(bool)
        print(f"{NAMES[bit]}, S/N above {10 if (snr[rows] > 10).all() else 0}: "
              f"{(said & rows).sum()} flagged, far {100 * wrong[said & rows].mean():.1f} %; "
              f"of {(~said & rows).sum()} others {100 * wrong[~said & rows].mean():.1f} %")


def stranded(found):
    """Flag 15: what is predicted between the sequences, by its error."""
    teff = 10 ** found["predicted"][:, LOG_TEFF]
    logg, error = found["predicted"][:, LOGG], found["error"][:, LOGG]
    truth = found["truth"][:, LOGG]
    cool = teff < 7000
    between = cool & (logg > 5.5) & (logg < 7)
    wrong = np.abs(logg - truth) > 0.5
    print(f"\nBelow 7000 K: {cool.sum()}; with 5.5 < log g < 7: {between.sum()}, of which "
          f"{100 * wrong[between].mean():.0f} % are off by more than 0.5 dex "
          f"(of those elsewhere {100 * wrong[cool & ~between].mean():.0f} %)")
    print("e_logg of those between   n  off by > 0.5 [%]  median |off|")
    for low, high in pairwise((0, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0, 9.0)):
        in_ = between & (error >= low) & (error < high)
        if in_.any():
            print(f"{low:8.1f}-{high:<8.1f} {in_.sum():10} {100 * wrong[in_].mean():14.0f} "
                  f"{np.median(np.abs(logg - truth)[in_]):16.2f}")
    for low, high in ((5.5, 7.0), (5.3, 7.2), (5.2, 7.5)):
        for limit in (0.0, 0.1, 0.2, 0.3, 0.5):
            in_ = cool & (logg > low) & (logg < high) & (error > limit)
            lost = (cool & wrong & (logg > 5.2) & (logg < 7.5) & ~in_).sum()
            print(f"  {low} < log g < {high}, e_logg > {limit}: {in_.sum()} flagged, "
                  f"{100 * wrong[in_].mean():.0f} % of them wrong; {lost} wrong ones are not")


def against(found, x, edges, title):
    """Flags 16 and 18: offsets over dust or velocity."""
    off = found["predicted"] - found["truth"][:, :4]
    print(f"\n{title}          n  far [%]  offset, sigma: log Teff     log g         RV")
    for low, high in pairwise(edges):
        in_ = (x >= low) & (x < high)
        told = "  ".join(f"{np.nanmedian(off[in_, i]):+.{d}f} {robust_sigma(off[in_, i]):.{d}f}"
                         for i, d in ((LOG_TEFF, 3), (LOGG, 2), (3, 0)))
        print(f"{low:5g}-{high:<5g} {in_.sum():8} {100 * far(found)[in_].mean():8.1f}     {told}")


def white(found):
    """Flag 17: cool white dwarfs."""
    labels, predicted = found["truth"][:, :4], found["predicted"]
    for name, (low, high) in {"cooler than 7000 K": (0, 3.845), "hotter": (3.845, 4.1)}.items():
        in_ = (labels[:, LOGG] > 7) & (labels[:, LOG_TEFF] > low) & (labels[:, LOG_TEFF] < high)
        if in_.sum() < 5:
            print(f"White dwarfs {name}: {in_.sum()}")
            continue
        off = (predicted - labels)[in_]
        said = 100 * np.mean(found["flags"][in_] >> 17 & 1)
        print(f"White dwarfs {name}: {in_.sum()}, log Teff {np.median(off[:, LOG_TEFF]):+.3f} "
              f"{robust_sigma(off[:, LOG_TEFF]):.3f}, log g {np.median(off[:, LOGG]):+.2f} "
              f"{robust_sigma(off[:, LOGG]):.2f}, flag 17 {said:.0f} %")


def of_files(folder, predictor):
    """Flags of real spectra, and their results."""
    def observations():
        for path in sorted(p for p in folder.rglob("*.fits*") if "templates" not in p.parts):
            try:
                s = read(path)
            except SpectrumError:
                continue
            if SURVEYS[s.survey].table in BossNetTask.network.spectrum_tables:
                yield Observation(s, in_rest_frame=SURVEYS[s.survey].frame == "rest")
    return np.array([r.result_flags for r in BossNetTask(predictor).run(observations())])


def draw(path, survey, faint, extinct, fast):
    figure = Figure(figsize=(12, 7), layout="constrained")
    axes = figure.subplots(2, 3)
    snr, wrong = survey["truth"][:, 4], far(survey)
    middle = [np.sqrt(low * high) for low, high in pairwise(SNR_EDGES)]
    parts = [(snr >= low) & (snr < high) for low, high in pairwise(SNR_EDGES)]
    a = axes[0][0]
    a.plot(middle, [100 * wrong[p].mean() for p in parts], "o-", color="#d95f02", label="far off")
    a.axvline(5, color="0.5", ls="--", label="flag_low_snr")
    a.set(xscale="log", xlabel="S/N", ylabel="spectra [%]", title="13: far off by S/N")
    a.legend(frameon=False)
    a = axes[0][1]
    for found, colour, name in ((survey, "#1b9e77", "survey"), (faint, "#7570b3", "faint")):
        cool = 10 ** found["predicted"][:, LOG_TEFF] < 7000
        a.plot(found["predicted"][cool, LOGG], found["error"][cool, LOGG], ".", ms=3,
               color=colour, label=name, alpha=0.6)
    a.plot([5.5, 5.5, 7, 7], [3, 0.3, 0.3, 3], color="0.2", lw=1)
    a.set(yscale="log", xlabel="log g", ylabel="e_logg", title="15: cooler than 7000 K")
    a.legend(frameon=False)
    a = axes[0][2]
    a.plot(faint["truth"][:, LOGG], faint["predicted"][:, LOGG], ".", ms=3, color="#7570b3")
    a.axhspan(5.5, 7, color="0.9", zorder=0)
    a.set(xlabel="label log g", ylabel="log g", title="15, 17: faint cool and white dwarfs")
    for a, found, x, name, limit in (
            (axes[1][0], extinct, extinct["truth"][:, 5], "16: hot stars behind dust", 3),
            (axes[1][1], fast, np.abs(fast["truth"][:, 3]), "18: fast stars", 600)):
        i = LOG_TEFF if limit == 3 else 3
        off = found["predicted"][:, i] - found["truth"][:, i]
        a.plot(x, off, ".", ms=3, color="#1b9e77")
        a.axvline(limit, color="0.5", ls="--")
        reach = np.percentile(np.abs(off), 97)
        a.set(xlabel="A_G [mag]" if i == LOG_TEFF else "|v| [km/s]", ylim=(-reach, reach),
              title=name, ylabel="log Teff - label" if i == LOG_TEFF else "RV - label [km/s]")
    a = axes[1][2]
    bias = survey["flags"] >> 19 & 1
    a.plot(middle, [100 * bias[p].mean() for p in parts], "o-", color="#d95f02", label="flagged")
    for name, those, colour in (("far off, of flagged", bias == 1, "#1b9e77"),
                                ("far off, of others", bias == 0, "#7570b3")):
        a.plot(middle, [100 * wrong[p & those].mean() if (p & those).sum() > 4 else np.nan
                        for p in parts], "o:", color=colour, label=name)
    a.set(xscale="log", xlabel="S/N", ylabel="spectra [%]", title="19: noise bias")
    a.legend(frameon=False)
    for a in (axes[0][0], axes[1][2]):
        a.set_xticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
        a.minorticks_off()
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--split", default="validation")
    parser.add_argument("--files", type=Path)
    parser.add_argument("--number", type=int, default=1600, help="spectra of the survey")
    parser.add_argument("--weights", default="bossnet-1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("flags"))
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True, parents=True)
    predictor = FastPredictor(load(find(options.weights, options.out)), BossNetTask.network)
    made = Made(Dataset.open(options.dataset), options.split, seed=options.seed)
    survey, faint, extinct, fast = (results(kind, made, number, options, predictor)
                                    for kind, number in (("survey", options.number),
                                                         ("faint", options.number // 2),
                                                         ("extinct", options.number // 3),
                                                         ("fast", options.number // 3)))
    rates("Simulated survey", survey["flags"])
    errors(survey)
    by_snr(survey)
    cautions(survey)
    stranded({k: np.concatenate([survey[k], faint[k]]) for k in survey})
    against(extinct, extinct["truth"][:, 5], (0, 1, 2, 3, 4, 5, 6), "A_G")
    against(fast, np.abs(fast["truth"][:, 3]), (0, 200, 400, 500, 600, 700, 800, 1000), "|v|")
    white({k: np.concatenate([survey[k], faint[k]]) for k in survey})
    if options.files:
        rates("Files", of_files(options.files, predictor))
    draw(options.out / "flags.png", survey, faint, extinct, fast)
