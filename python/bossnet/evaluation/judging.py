"""Takes labelled spectra through frozen networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bossnet.errors import ConfigurationError, SpectrumError
from bossnet.evaluation.dressed import Dressing
from bossnet.evaluation.noise_pulls import Realisations, realise
from bossnet.evaluation.sample import Outcomes, Sample, run
from bossnet.network.card import Card
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import DirectPredictor
from bossnet.simulation.templates import Template
from bossnet.task import BossNetTask


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A network, and what it made of the spectra.

    Attributes:
        name: by which tables and figures tell it from the others.
        path: of its file.
        card: its card.
        outcomes: what it made of the sample.
        realisations: what it made of noise realisations, where it was asked.
    """

    name: str
    path: Path
    card: Card
    outcomes: Outcomes
    realisations: Realisations | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NoisePulls:
    """Which stars are observed again and again.

    Attributes:
        template: the template at a place.
        todo: the observations.
        number: of noise realisations of each.
    """

    template: Callable[[int], Template]
    todo: Sequence[Dressing]
    number: int

    def __len__(self) -> int:
        return len(self.todo) * self.number


def judge(networks: Sequence[FrozenNetwork], sample: Sample, *, n_draws: int = 20, seed: int = 0,
          device: str = "cpu", pulls: NoisePulls | None = None,
          progress: Callable[[int, int], None] = lambda done, failed: None) -> list[Judged]:
    """Every network on the same spectra.

    Args:
        networks: of BOSS Net.
        sample: the labelled spectra.
        n_draws: noise realisations for each uncertainty; 0 for none.
        seed: of the noise.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        pulls: pulls of noise, if they are wanted.
        progress: told how many more spectra are done, and how many of them have no parameters.

    Raises:
        ConfigurationError: a network is given twice.
        WeightsError: a network is of another kind.
        SpectrumError: not one spectrum has parameters.
    """
    names = distinct([n.card.name for n in networks], [n.card.sha256 for n in networks])
    tasks = [BossNetTask(DirectPredictor(n, BossNetTask.network, device=device), n_draws=n_draws,
                         seed=seed) for n in networks]
    outcomes = run(tasks, sample.observations(), progress=progress)
    if not any(np.isfinite(o.predicted).any() for o in outcomes):
        reason = next((r.error_message for r in outcomes[0].results), "there are none")
        raise SpectrumError(f"none of {len(sample)} spectra has parameters; the first: {reason}")
    realised: Sequence[Realisations | None] = [None] * len(networks)
    if pulls is not None:
        realised = realise(pulls.template, pulls.todo, pulls.number, tasks, progress=progress)
    return [Judged(name, n.path, n.card, o, r)
            for name, n, o, r in zip(names, networks, outcomes, realised, strict=True)]


def distinct(names: Sequence[str], digests: Sequence[str]) -> list[str]:
    """Names of networks, with the start of the digest where one is borne by several.

    Raises:
        ConfigurationError: one network is there twice.
    """
    for name, digest in zip(names, digests, strict=True):
        if list(digests).count(digest) > 1:
            raise ConfigurationError(f"the network {name} ({digest[:12]}) is given twice")
    return [name if list(names).count(name) == 1 else f"{name} ({digest[:8]})"
            for name, digest in zip(names, digests, strict=True)]
