"""The validation split dressed once: what a training is watched, stopped and compared by."""

from collections.abc import Sequence

import numpy as np

from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.simulation.instruments import LAMOST, of_kind
from bossnet.training.dataset import Dataset
from bossnet.training.draws import Drawn, dress, on_grid, suits
from bossnet.training.habits import HABITS
from bossnet.training.judge import Labelled

STARS = ("miles", "stelib")  #: libraries of real stars with labels
MODELS = 150  #: of a library of models, at most


def validation(dataset: Dataset, libraries: Sequence[str], network: Network, *,
               seed: int) -> Labelled:
    """Validation spectra at one S/N: each real star four times, models once.

    Of a real star's four the last is as a fair to poor LAMOST spectrum, the others are as those
    of the kind's usual instrument. Groups are by library and, for the real stars, by temperature.

    Raises:
        ConfigurationError: there are no validation templates of these libraries, or the dataset
            is for another kind of network.
    """
    suits(dataset, network)
    habits, usual = HABITS[network.kind], next(iter(of_kind(network.kind).values()))
    drawn: list[Drawn] = []
    groups: list[str] = []
    for library in libraries:
        rows = one_a_star(dataset, "validation", library)
        repeats = 4 if library in STARS else 1
        for number, row in enumerate(rows[:None if library in STARS else MODELS]):
            for repeat in range(repeats):
                rng = np.random.default_rng([seed, *library.encode(), number, repeat])
                rv, ebv = rng.uniform(-usual.fastest, usual.fastest), rng.exponential(0.05)
                poor = repeat == 3
                drawn.append(dress(
                    dataset.template(row), LAMOST if poor else usual, rv, habits.snr, ebv, rng,
                    conditions=habits.weather(rng, fair=0.0) if poor else habits.usual))
                groups.append("stars, LAMOST, fair to poor" if poor
                              else "stars" if library in STARS else library)
    if not drawn:
        raise ConfigurationError(f"{dataset.folder} has no validation templates of "
                                 f"{', '.join(libraries)}: nothing would tell when to stop")
    labels = np.array([d.labels(network) for d in drawn])
    teff = 10.0 ** np.array([d.log_teff for d in drawn])
    kinds = np.array(groups)
    cool, hot = (teff > 4000) & (teff < 7500), teff >= 7500
    chosen = {"stars 4000-7500 K": (kinds == "stars") & cool,
              "stars above 7500 K": (kinds == "stars") & hot,
              "stars below 4000 K": (kinds == "stars") & (teff <= 4000),
              "stars 4000-7500 K, LAMOST, fair to poor":
                  (kinds == "stars, LAMOST, fair to poor") & cool}
    chosen |= {name: kinds == name for name in libraries if name not in STARS}
    return Labelled(np.array([on_grid(d.spectrum, network) for d in drawn]), labels,
                    {name: rows for name, rows in chosen.items() if rows.any()})


def one_a_star(dataset: Dataset, split: str, library: str) -> list[int]:
    """The first row of each star of a split: its best red end."""
    rows = dataset.rows(split, library)
    return [int(rows[i]) for i in np.sort(np.unique(dataset.star[rows], return_index=True)[1])]
