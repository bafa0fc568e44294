"""Makes the templates that come with the package: `simulation/data/templates.npz`.

    python -m bossnet.training.package_templates --libraries DIR --models DIR --reserved CSV \\
        --out templates.npz

They are validation stars, so that what the quickstart shows is not what was learnt by heart.
"""

from pathlib import Path

import click
import numpy as np

from bossnet.cli.common import said
from bossnet.network.boss import FIRST, LAST
from bossnet.simulation.templates import Template, save
from bossnet.simulation.wavelengths import between
from bossnet.training.continuation import FROM
from bossnet.training.store import Store, build

NUMBER = 48  #: of templates; 0.8 MB
RANGE = (3500.0, 20000.0)  #: K
SCALE = np.array([0.05, 0.7, 0.6])  #: of log Teff, log g and [Fe/H], in which distance is counted


def choose(store: Store, number: int) -> tuple[list[Template], list[float | None]]:
    """Validation stars spread over the Kiel diagram, and where each one's continuation begins.

    Each next star is the one farthest from those chosen; the first is nearest to the Sun.
    """
    optical = between(FIRST, LAST)
    stars = [star for star in store.of("validation")
             if RANGE[0] < star.template.teff < RANGE[1] and np.isfinite(star.template.fe_h)
             and np.isfinite(star.best.flux[optical]).all()]
    labels = np.array([[np.log10(s.template.teff), s.template.logg, s.template.fe_h]
                       for s in stars]) / SCALE
    sun = np.array([np.log10(5772.0), 4.44, 0.0]) / SCALE
    chosen = [int(np.argmin(((labels - sun) ** 2).sum(axis=1)))]
    while len(chosen) < min(number, len(stars)):
        distance = ((labels[:, None] - labels[chosen]) ** 2).sum(axis=2).min(axis=1)
        chosen.append(int(np.argmax(distance)))
    chosen.sort(key=lambda i: stars[i].template.teff)
    picked = [stars[i] for i in chosen]
    return [s.best for s in picked], [FROM if s.red_ends else None for s in picked]


@click.command()
@click.option("--libraries", type=click.Path(exists=True, path_type=Path), required=True,
              help="Folder of the unpacked wheel of sdss-mangadap.")
@click.option("--models", type=click.Path(exists=True, path_type=Path), required=True,
              help="Folder of the unpacked wheel of thedoppler.")
@click.option("--reserved", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              required=True, help="CSV (library, file, star) of the stars kept for evaluation.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="The .npz file to write.")
@click.option("--number", default=NUMBER, show_default=True)
@said
def main(libraries: Path, models: Path, reserved: Path, out: Path, *, number: int) -> None:
    """Make the packaged templates.

    \b
    python -m bossnet.training.package_templates --libraries . --models . \\
        --reserved RESERVED.csv --out python/bossnet/simulation/data/templates.npz
    """
    templates, continued_from = choose(build(libraries, models, reserved), number)
    save(out, templates, continued_from=continued_from)
    click.echo(f"{out}: {len(templates)} templates, {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
