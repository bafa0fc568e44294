"""What a noise model makes of errors that were mis-stated on purpose, and visits combined.

    python benchmarks/noise_model.py --stars 1000 --visits 8 --out repeats

Packaged stars, observed again and again by BOSS with known noise. The errors that are told of it
are true, or 0.7 or 1.5 times the true ones; or they are true, and the noise is correlated over 3
pixels; or everything that differs from one real visit to the next is drawn anew (`survey`). A model
is fitted to the visits of half the stars and tried on the other half's, and the other way round:
the widths of the pulls of visits and the next, before and after, are of visits that the model was
not fitted to. 1 is right. Then visits are combined as `astra export --per star`
does it, in two halves: the width of the difference in its error, the median difference of the whole
from the parameters of the spectrum without noise, in errors of the whole, and its width, and the
fraction of stars whose visits are said to disagree; the same of binaries, whose velocity changes by
100 km/s from one visit to the next.

What the network made of the spectra is kept in the folder, and used again where it is there.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from bossnet.catalog.layouts import PARAMETERS, layout
from bossnet.catalog.stars import VISIT, combine
from bossnet.evaluation import drawing, noise_fit, text
from bossnet.evaluation.noise_pulls import SKY_LEVEL
from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.repeats import Differences, Measured, pairs
from bossnet.evaluation.sample import run
from bossnet.evaluation.statistics import robust_sigma
from bossnet.network.fast import FastPredictor
from bossnet.network.frozen import load
from bossnet.network.installed import find
from bossnet.network.noise_model import NoiseModel
from bossnet.observation import Observation
from bossnet.simulation.instruments import BOSS, LAMOST
from bossnet.simulation.observe import USUAL, observe
from bossnet.simulation.templates import packaged
from bossnet.spectra.spectrum import Spectrum
from bossnet.task import BossNetTask

#: The told errors in true ones, how many pixels share their noise.
MADE = {"true": (1.0, 1), "0.7 of true": (0.7, 1), "1.5 of true": (1.5, 1),
        "correlated": (1.0, 3), "binaries": (1.0, 1)}
CASES = (*MADE, "survey", "survey, LAMOST")
SNR = (5.0, 100.0)
BRIGHT = 20.0  #: S/N
SWING = 50.0  #: km/s, of binaries, to either side
STILL = replace(USUAL, sky_level=SKY_LEVEL, flux_error=0.0, resolution=0.0, telluric_residual=0.0,
                spikes=0.0)
NOISELESS = 1e7  #: S/N


def visits(case, star, number, seed):
    """A star's visits; where their noise is known, the spectrum without it comes first."""
    rng = np.random.default_rng([seed, star])
    template = TEMPLATES[star % len(TEMPLATES)]
    rv, ebv = rng.uniform(-200, 200), rng.exponential(0.05)
    snrs = np.exp(rng.uniform(*np.log(SNR))) * rng.uniform(0.7, 1.4, number)
    if case == "binaries":
        snrs = snrs[:2]
    if case.startswith("survey"):
        instrument = LAMOST if case.endswith("LAMOST") else BOSS
        level = float(np.exp(rng.uniform(*np.log(instrument.flux_range))))
        for snr in snrs:
            yield observe(template, instrument, rv, snr, ebv, rng,
                          conditions=replace(USUAL, flux_level=level))
        return
    told, pixels = MADE[case]
    state = int(rng.integers(1 << 62))

    def seen(snr, velocity=rv):
        # The same state: all that is drawn but the noise, which is made here, is the same.
        return observe(template, BOSS, velocity, snr, ebv, np.random.default_rng(state),
                       conditions=STILL)

    clean = seen(NOISELESS)
    if case != "binaries":
        yield clean
    for i, snr in enumerate(snrs):
        if case == "binaries":
            clean = seen(NOISELESS, rv + SWING * (-1) ** i)
        error = seen(snr).error.astype(float)
        noise = rng.standard_normal(error.size + pixels - 1)
        noise = np.convolve(noise, np.full(pixels, pixels**-0.5), mode="valid")
        error_told = np.where(clean.usable, told * error, np.inf)
        yield Spectrum.from_ivar(clean.flux + error * noise, error_told**-2.0, clean.wavelength,
                                 snr=snr, survey="boss")


def measured(case, options, task):
    """Results (star, visit, column) of the visits, raw errors, S/N; NaN where there is none."""
    path = options.out / f"{case.replace(' ', '_').replace(',', '')}.npz"
    number = 2 if case == "binaries" else options.visits + (case in MADE)
    if not path.exists():
        observations = (Observation(s, noise_key=star * 1000 + i) for star in range(options.stars)
                        for i, s in enumerate(visits(case, star, options.visits, options.seed)))
        (outcomes,) = run([task], observations, progress=said(case, options.stars * number))
        of = [[r.values.get(name) for name in (*COLUMNS, *(f"raw_e_{c}" for c in COLUMNS), "snr")]
              for r in outcomes.results]
        flags = np.array([r.result_flags for r in outcomes.results])
        np.savez(path, flags=flags, found=np.array(of, float).reshape(options.stars, number, -1))
        print()
    with np.load(path) as file:
        return file["found"]


def said(case, total):
    done = [0]

    def progress(number, failed):
        done[0] += number
        print(f"\r{case}: {done[0]} of {total}", end="", flush=True)
    return progress


def as_measured(found):
    """The last visits (all of them, but for the spectrum without noise), as a table has them."""
    stars, number, _ = found.shape
    rows = found.reshape(stars * number, -1)
    return Measured(np.repeat(np.arange(stars), number).astype(str), rows[:, -1],
                    10.0 ** rows[:, COLUMNS.index("log_teff")],
                    dict(zip(COLUMNS, rows.T, strict=False)),
                    dict(zip(COLUMNS, rows.T[4:], strict=False)))


def calibrated(case, found, options):
    """Fits to half the stars and prints what it does to the others; a model, and the pulls."""
    halves = noise_fit.split(pairs(as_measured(found)), 0.5, seed=options.seed)
    print(f"\n{case}: {len(halves[0])} and {len(halves[1])} pairs")
    models, pulls = [], []
    for some, held in (halves, halves[::-1]):
        fitted = noise_fit.fit(some, None)
        models.append(NoiseModel({c: f.law for c, f in fitted.items() if f.law is not None}))
        pulls.append([noise_fit.pulls(held, model) for model in (NoiseModel(), models[-1])])
        for column, law in models[-1].laws.items():
            print(f"  {column}: factor {law.factor} at S/N {law.snr}, floor {law.floor[0]}, "
                  f"{100 * fitted[column].outliers:.1f} % beyond all noise")
    held = every(halves[::-1])
    raw, modelled = (np.concatenate(those) for those in zip(*pulls, strict=True))
    for name, those in (("Raw", raw), ("Modelled", modelled)):
        print(f"{name} errors\n" + text.noise(noise_fit.table(held, those)))
    return models[0], (case, held.snr.min(axis=1), raw, modelled)


def every(parts):
    """Differences as one."""
    first, second = parts
    return Differences(*(np.concatenate([getattr(p, name) for p in parts])
                         for name in ("star", "snr", "teff")),
                       *({c: np.concatenate([getattr(first, name)[c], getattr(second, name)[c]])
                          for c in COLUMNS} for name in ("difference", "raw")))


def combined(case, clean, found, model):
    """Visits made stars, in two halves."""
    columns = tuple(c for c in layout("survey", per_star=True).columns if c.origin == "star")
    stars, number, _ = found.shape
    halves = [combine(batch(found[:, i::2], model), columns) for i in (0, 1)]
    whole = combine(batch(found, model), columns)
    print(f"Combined, {case}: {stars} stars of {number} visits")
    for p in PARAMETERS:
        a, b = halves
        pull = (a[p] - b[p]) / np.hypot(a[f"e_{p}"], b[f"e_{p}"])
        said, bright = whole[f"flag_discrepant_{p}"], found[:, :, -1].min(axis=1) > BRIGHT
        line = (f"  {p:9} width {robust_sigma(pull[np.isfinite(pull)]):.2f}, discrepant "
                f"{100 * said.mean():.1f} %, above S/N {BRIGHT:g} "
                f"{100 * said[bright].mean():.1f} %")
        if clean is not None:
            off = (whole[p] - clean[:, COLUMNS.index(p.replace("v_rad", "v_rel"))]) \
                / whole[f"e_{p}"]
            line += ", from noise-free " + ", ".join(
                f"{np.nanmedian(off[some]):+.2f} (width {robust_sigma(off[some]):.2f}) {name}"
                for name, some in (("all", bright | True), (f"above S/N {BRIGHT:g}", bright)))
        print(line)


def batch(found, model):
    """Visits as the database gives them."""
    stars, number, _ = found.shape
    rows = found.reshape(stars * number, -1)
    made = {c.key: np.zeros(len(rows), {"float32": "f8", "int64": "i8"}[c.kind]) for c in VISIT}
    made["source_pk"], made["snr"] = np.repeat(np.arange(stars), number), rows[:, -1]
    made["n_draws"][:] = 20
    for i, column in enumerate(COLUMNS):
        name = column.replace("v_rel", "v_rad")
        made[name], raw = rows[:, i], rows[:, 4 + i]
        law = model.laws.get(column)
        made[f"e_{name}"] = raw if law is None else law(raw, snr=made["snr"], teff=5000.0)
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stars", type=int, default=1000)
    parser.add_argument("--visits", type=int, default=8)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES, metavar="CASE")
    parser.add_argument("--weights", default="bossnet-1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("repeats"))
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True, parents=True)
    TEMPLATES = packaged()
    task = BossNetTask(FastPredictor(load(find(options.weights, options.out)), BossNetTask.network))
    drawn = []
    for case in options.cases:
        found = measured(case, options, task)
        if case == "binaries":
            combined(case, None, found, NoiseModel())
            continue
        clean, found = (found[:, 0], found[:, 1:]) if case in MADE else (None, found)
        model, pulls = calibrated(case, found, options)
        drawn.append(pulls)
        combined(case, clean, found, model)
    if drawn:
        drawing.calibration(options.out / "pulls.png", drawn)
