"""Parameters of spectra from anywhere: the task of the weights' network, around it no database."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

from astropy.table import Table

from bossnet import config, declared
from bossnet.anywhere.catalogue import catalogue
from bossnet.anywhere.hints import Hints
from bossnet.anywhere.network import network_of
from bossnet.anywhere.objects import is_spectrum
from bossnet.anywhere.reading import Found, found_in
from bossnet.config import Config
from bossnet.errors import ConfigurationError
from bossnet.flags import names
from bossnet.network import BOSS
from bossnet.network.declaration import Network
from bossnet.network.frozen import FrozenNetwork, load
from bossnet.network.installed import DEFAULTS, find
from bossnet.task import Result, Task
from bossnet.work.equipment import predictor_for, settle_device
from bossnet.work.settings import Settings

AT_ONCE = 64  #: spectra that are handed to the task together


@dataclass(frozen=True, slots=True)
class Prediction:
    """A spectrum's parameters, or why it has none.

    Attributes:
        name: of its file, with its number where that holds several.
        result: as a row of the results table has it.
        notes: what was assumed of the spectrum, and what it lacks.
        is_last: no more of its file follow.
    """

    name: str
    result: Result
    notes: tuple[str, ...] = ()
    is_last: bool = True

    @property
    def failed(self) -> bool:
        return "teff" not in self.result.values

    def as_dict(self) -> dict[str, Any]:
        """Every value, with the flags by name."""
        result = self.result
        return {"spectrum": self.name, **result.values, "result_flags": result.result_flags,
                "flag_bad": result.flag_bad, "flag_warn": result.flag_warn,
                "flags": names(result.result_flags), "notes": list(self.notes),
                "error_message": result.error_message or None}


def equip(weights: str | None = None, *, network: Network = BOSS, draws: int = 20, seed: int = 0,
          precision: str = "float32", device: str = "auto") -> Task:
    """The task of frozen weights, ready to predict.

    Args:
        weights: name or path; else the configuration's, else those that come with the package.
        network: whose weights are taken where none are named.
        draws: noise realisations of each spectrum; 0 for none.
        seed: of the noise, 32 bits.
        precision: ``float32``, ``tf32`` or ``bfloat16``.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        ConfigurationError: there are no such weights, or no task for them here; or one of the
            others cannot be used.
        WeightsError: they are damaged.
    """
    if draws == 1 or draws < 0:
        raise ConfigurationError(f"{draws} draws: use 0 for none, or at least 2")
    configuration = config.load()
    frozen = weights_named(weights or default_weights(network, configuration), configuration)
    task = task_of(frozen)
    settings = Settings(n_draws=draws, seed=seed, precision=precision)
    predictor = predictor_for(frozen, task.network, settings, settle_device(device),
                              configuration.home)
    return task(predictor, n_draws=draws, seed=seed)


def weights_named(name: str, configuration: Config) -> FrozenNetwork:
    """Frozen weights by name or path.

    Raises:
        ConfigurationError: there are no such weights.
        WeightsError: they are damaged.
    """
    return load(find(name, configuration.home))


def default_weights(network: Network, configuration: Config) -> str:
    """The configuration's weights of a network, else those that come with the package.

    Raises ConfigurationError if there are none.
    """
    name = configuration.weights_for(network.kind) or DEFAULTS.get(network.kind)
    if name is None:
        raise ConfigurationError(f"no weights for {network.title} come with the package: name "
                                 "some by --weights, or in the configuration")
    return name


def task_of(frozen: FrozenNetwork) -> type[Task]:
    """The task of a frozen network. Raises ConfigurationError if there is none here."""
    tasks = {task.network.kind: task
             for task in (*Task.__subclasses__(), *declared.of_others(declared.TASKS))}
    task = tasks.get(frozen.card.network)
    if task is None:
        raise ConfigurationError(f"weights {frozen.card.name} are of a network "
                                 f"{frozen.card.network}, for which there is no task here; there "
                                 f"is {', '.join(tasks)}")
    return task


def predictions(items: Iterable[Any], task: Task, hints: Hints | None = None
                ) -> Iterator[Prediction]:
    """The parameters of each spectrum of each path or object, in their order."""
    waiting: deque[Found] = deque()

    def observations() -> Iterator[Any]:
        for found in found_in(items, hints or Hints(), task.network):
            waiting.append(found)
            yield found.observation

    for result in task.run(observations(), at_once=AT_ONCE):
        found = waiting.popleft()
        if found.is_topocentric and "v_rad" in result.values:
            result = replace(result, values=result.values | {"v_rad": None, "e_v_rad": None})
        yield Prediction(found.name, result, found.notes, found.is_last)


def predict(spectra: Any, *, weights: str | None = None, draws: int = 20, seed: int = 0,
            precision: str = "float32", device: str = "auto", air: bool | None = None,
            frame: str | None = None, columns: Mapping[str, str] | None = None,
            units: Mapping[str, str] | None = None) -> Table:
    """See `bossnet.predict`, which this is."""
    hints = Hints(columns or {}, units or {}, air, frame)
    is_one = isinstance(spectra, str | Mapping | Table) or hasattr(spectra, "__fspath__") \
        or is_spectrum(spectra)
    items = iter([spectra] if is_one else spectra)
    first = list(islice(items, 1))
    task = equip(weights, network=network_of(*first) if first else BOSS, draws=draws, seed=seed,
                 precision=precision, device=device)
    return catalogue([p.as_dict() for p in predictions(chain(first, items), task, hints)], task)
