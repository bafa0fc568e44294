"""Takes labelled spectra through frozen networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bossnet.errors import ConfigurationError, SpectrumError
from bossnet.evaluation.dressed import Dressing
from bossnet.evaluation.flagging import Rate, flagged_rates, spectra
from bossnet.evaluation.foreign import kinds_of
from bossnet.evaluation.noise_pulls import Realisations, realise
from bossnet.evaluation.sample import Outcomes, Sample, run
from bossnet.network.card import Card
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.gate import allowed
from bossnet.simulation.templates import Template
from bossnet.task import TASKS


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A network, and what it made of the spectra.

    Attributes:
        name: by which tables and figures tell it from the others.
        path: of its file.
        card: its card.
        outcomes: what it made of the sample.
        realisations: what it made of noise realisations, where it was asked.
        rates: how often it flags foreign spectra, where it was asked and has a limit.
    """

    name: str
    path: Path
    card: Card
    outcomes: Outcomes
    realisations: Realisations | None = None
    rates: list[Rate] | None = None


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


@dataclass(frozen=True, slots=True, eq=False)
class Foreign:
    """Foreign spectra, to be flagged.

    Attributes:
        stars: that they are made of.
        number: of spectra of each kind at each S/N.
        origin: of the stars, for the record.
    """

    stars: Sequence[Template]
    number: int
    origin: str

    def __len__(self) -> int:
        return spectra(self.number, kinds=kinds_of(self.stars))


def judge(networks: Sequence[FrozenNetwork], sample: Sample, *, home: Path, n_draws: int = 20,
          seed: int = 0, device: str = "cpu", pulls: NoisePulls | None = None,
          foreign: Foreign | None = None,
          progress: Callable[[int, int], None] = lambda done, failed: None) -> list[Judged]:
    """Every network on the same spectra.

    Args:
        networks: of one kind.
        sample: the labelled spectra.
        home: where `network.gate` remembers what it measured.
        n_draws: noise realisations for each uncertainty; 0 for none.
        seed: of the noise.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        pulls: pulls of noise, if they are wanted.
        foreign: spectra to be flagged, if they are wanted, for the networks with a limit.
        progress: told how many more spectra are done, and how many of them have no parameters.

    Raises:
        ConfigurationError: a network is given twice, or they are of several kinds; or there are
            to be foreign spectra and no network has a limit, or no stars that each kind could be
            made of.
        WeightsError: a network does not have its kind's parameters.
        SpectrumError: not one spectrum has parameters.
    """
    names = distinct([n.card.name for n in networks], [n.card.sha256 for n in networks])
    if foreign is not None:
        if all(n.card.ood_limit is None for n in networks):
            raise ConfigurationError(f"--foreign: without an ood_limit nothing is flagged, and "
                                     f"there is none in {', '.join(names)}; leave it out")
        kinds_of(foreign.stars)
    kinds = {n.card.network for n in networks}
    if len(kinds) > 1:
        raise ConfigurationError(f"networks of kinds {', '.join(sorted(kinds))} do not see the "
                                 "same spectra: judge each kind by itself")
    task = TASKS.get(kinds.pop(), TASKS["boss"])  # which refuses a kind that is not known
    tasks = [task(allowed(n, task.network, home=home, device=device), n_draws=n_draws, seed=seed)
             for n in networks]
    outcomes = run(tasks, sample.observations(), progress=progress)
    if not any(np.isfinite(o.predicted).any() for o in outcomes):
        reason = next((r.error_message for r in outcomes[0].results), "there are none")
        raise SpectrumError(f"none of {len(sample)} spectra has parameters; the first: {reason}")
    realised: Sequence[Realisations | None] = [None] * len(networks)
    if pulls is not None:
        realised = realise(pulls.template, pulls.todo, pulls.number, tasks, progress=progress)
    rates = [None if foreign is None or n.card.ood_limit is None else
             flagged_rates(task.predictor, number=foreign.number, stars=foreign.stars, seed=seed,
                           progress=lambda done: progress(done, 0))
             for n, task in zip(networks, tasks, strict=True)]
    return [Judged(name, n.path, n.card, o, r, flagged) for name, n, o, r, flagged
            in zip(names, networks, outcomes, realised, rates, strict=True)]


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
