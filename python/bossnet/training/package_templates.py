"""Makes the templates that come with the package: `simulation/data/templates.npz`.

    python -m bossnet.training.package_templates --dataset DIR --out templates.npz

They are validation stars, so that what the quickstart shows is not what was learnt by heart; of a
dataset for APOGEE, which has no stars, validation models.
"""

from pathlib import Path

import click
import numpy as np

from bossnet.cli.common import said
from bossnet.errors import ConfigurationError
from bossnet.network import NETWORKS
from bossnet.simulation.templates import save
from bossnet.simulation.wavelengths import OPTICAL_GRID
from bossnet.training.dataset import Dataset
from bossnet.training.validation import STARS, one_a_star

NUMBER = 48  #: of templates; 0.8 MB
RANGE = (3500.0, 20000.0)  #: K
SCALE = np.array([0.05, 0.7, 0.6])  #: of log Teff, log g and [Fe/H], in which distance is counted


def choose(dataset: Dataset, number: int) -> list[int]:
    """Rows of validation stars spread over the Kiel diagram.

    Each next star is the one farthest from those chosen; the first is nearest to the Sun.

    Raises:
        ConfigurationError: no star is known over the network's range with all its labels.
    """
    network = NETWORKS[dataset.grid.kind]
    first, last = float(network.grid[0]), float(network.grid[-1])
    seen = (first < dataset.grid.wavelength) & (last > dataset.grid.wavelength)
    libraries = STARS if dataset.grid is OPTICAL_GRID else tuple(dataset.counts())
    rows = np.array([row for library in libraries
                     for row in one_a_star(dataset, "validation", library)
                     if RANGE[0] < dataset.teff[row] < RANGE[1]
                     and np.isfinite(dataset.fe_h[row])
                     and np.isfinite(dataset.flux[row, seen]).all()], np.intp)
    if not rows.size:
        raise ConfigurationError(f"{dataset.folder} has no validation star with all its labels "
                                 f"that is known from {first:.0f} to {last:.0f} angstrom")
    labels = np.array([np.log10(dataset.teff[rows]), dataset.logg[rows], dataset.fe_h[rows]]).T
    labels /= SCALE
    sun = np.array([np.log10(5772.0), 4.44, 0.0]) / SCALE
    chosen = [int(np.argmin(((labels - sun) ** 2).sum(axis=1)))]
    while len(chosen) < min(number, len(rows)):
        distance = ((labels[:, None] - labels[chosen]) ** 2).sum(axis=2).min(axis=1)
        distance[chosen] = -1.0  # not again, whatever others have the same labels
        chosen.append(int(np.argmax(distance)))
    return sorted(rows[chosen].tolist(), key=lambda row: float(dataset.teff[row]))


@click.command()
@click.option("--dataset", type=click.Path(exists=True, file_okay=False, path_type=Path),
              required=True, help="Folder of `bossnet dataset build`.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="The .npz file to write.")
@click.option("--number", default=NUMBER, show_default=True)
@said
def main(dataset: Path, out: Path, *, number: int) -> None:
    """Make the packaged templates.

    \b
    python -m bossnet.training.package_templates --dataset dataset \\
        --out python/bossnet/simulation/data/templates.npz
    python -m bossnet.training.package_templates --dataset near-infrared --number 32 \\
        --out python/bossnet/simulation/data/templates-apogee.npz
    """
    opened = Dataset.open(dataset)
    rows = choose(opened, number)
    ends = opened.continued_from[rows].tolist()
    save(out, [opened.template(row) for row in rows],
         continued_from=[None if np.isnan(end) else end for end in ends])
    click.echo(f"{out}: {len(rows)} templates, {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
