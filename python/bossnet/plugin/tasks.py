"""A network's task as the survey's framework wants it: a generator with annotations.

Astra hands over one spectrum at a time and takes one result at a time. In between, files are read
ahead by threads, a thread predicts whole batches, and results come in the order of the spectra.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import reduce
from importlib.metadata import entry_points
from itertools import islice
from operator import or_
from types import GenericAlias
from typing import Any

from bossnet import config
from bossnet.database import models as ours
from bossnet.errors import ConfigurationError
from bossnet.plugin.ahead import ahead, ending
from bossnet.plugin.reading import Seen, seen
from bossnet.plugin.results import instance
from bossnet.task import Result, Task
from bossnet.work.equipment import predictor_for, settle_device, weights_of
from bossnet.work.settings import DRAWS, PRECISION, Settings
from bossnet.work.worker import one_ahead, together

TASKS = "astra.tasks"  #: the group of entry points in which tasks are
READERS = 2  #: threads that read files
AHEAD = 64  #: spectra read ahead of the network

_log = logging.getLogger(__name__)

Models = Any  #: a module, or whatever else has the framework's models as attributes


def task_for(name: str, models: Models, *, decorate: Callable[[Any], Any] = lambda task: task
             ) -> Any:
    """The task of a network, made of a framework's models.

    Args:
        name: the network's table of results, ``boss_net`` or ``apogee_net``.
        models: has the models of spectra and results under Astra's names, such as
            `BossVisitSpectrum` and `BossNet`.
        decorate: what marks a task.

    Returns:
        A generator function, decorated: spectra are taken as `Iterable` of those of the network's
        models that there are, results are given as `Iterable` of its model of results.

    Raises:
        ConfigurationError: there is no such task, or the framework lacks its models.
    """
    task = _task(name)
    tables = {model._meta.table_name: model.__name__ for model in vars(ours).values()
              if hasattr(model, "_meta")}
    spectra = [getattr(models, tables[table], None) for table in task.network.spectrum_tables]
    inputs = tuple(model for model in spectra if model is not None)
    output = getattr(models, tables[name], None)
    if not inputs or output is None:
        wanted = [tables[table] for table in task.network.spectrum_tables]
        raise ConfigurationError(f"{task.network.title} needs the models {tables[name]} and "
                                 f"{' or '.join(wanted)}, which {models!r} lacks")

    def run(spectra: Any, *, weights: str | None = None, draws: int = 20, seed: int = 0,
            uncertainty: str = DRAWS, precision: str = PRECISION, device: str = "auto",
            **others: Any) -> Generator[Any, None, None]:
        """One result for each spectrum, in their order, whatever happens to any of them.

        Args:
            spectra: instances of the framework's models, whose pixels are read when asked for.
            weights: name or path of the network; by default the configuration's.
            draws: noise realisations of each spectrum, for the uncertainties; 0 for none.
            seed: of the noise.
            uncertainty: ``draws`` or ``linear``.
            precision: of the network's arithmetic.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
            others: what a framework hands to every task, and none of ours needs.

        Yields:
            ``...`` once all is loaded, which marks the time before as overhead; then results.

        Raises:
            ConfigurationError: no weights are named, or an argument cannot be used.
            DeviceLostError: the device fails from now on.
        """
        if others:
            _log.info("%s does nothing with %s", name, ", ".join(others))
        settings = Settings(n_draws=draws, seed=seed, uncertainty=uncertainty,
                            precision=precision, device=device)
        ready, at_once = _equipped(task, settings, weights)
        yield ...
        for spectrum, result, seconds in _results(ready, spectra, at_once):
            yield instance(output, spectrum, result, seconds)

    run.__name__ = run.__qualname__ = name
    run.__module__ = "bossnet.plugin"
    # Types and not their names: the framework asks them which models are meant.
    run.__annotations__ |= {"spectra": _iterable_of(*inputs), "return": _iterable_of(output)}
    return decorate(run)


def _iterable_of(*models: Any) -> GenericAlias:
    """``Iterable[A | B]``."""
    return GenericAlias(Iterable, (reduce(or_, models),))


def _task(name: str) -> type[Task]:
    """The task whose results are in this table, by the entry points."""
    found = {task.network.table: task for task in
             (entry.load() for entry in entry_points(group=TASKS))}
    if name not in found:
        raise ConfigurationError(f"there is no task with results {name!r}; there are those of "
                                 f"{', '.join(sorted(found)) or 'none'}")
    return found[name]


def _equipped(task: type[Task], settings: Settings, weights: str | None) -> tuple[Task, int]:
    """The task with its weights on its device, and how many spectra are handed to it at once."""
    settled = config.load()
    named = weights or settled.weights_for(task.network.kind)
    if named is None:
        raise ConfigurationError("no weights are named for Astra's tables: set BOSSNET_WEIGHTS, or "
                                 "weights in the configuration, or give weights=")
    frozen = weights_of(task, named, settled)
    if frozen.card.status == "demonstration":
        _log.warning("%s: demonstration weights, not for science", frozen.card.name)
    predictor = predictor_for(frozen, task.network, settings, settle_device(settings.device),
                              settled.home)
    return (task(predictor, n_draws=settings.n_draws, seed=settings.seed),
            together(predictor.batch_size, settings.n_draws,
                     on_gpu=predictor.device.type == "cuda"))


def _results(task: Task, spectra: Iterable[Any], at_once: int
             ) -> Iterator[tuple[Seen, Result, float]]:
    """Each spectrum as it was read, with its result and the seconds that it took."""
    def predict(some: list[Seen]) -> tuple[list[Result], float]:
        start = time.perf_counter()
        results = list(task.run((each.observation for each in some), at_once=len(some)))
        return results, (time.perf_counter() - start) / len(some)

    with ending(READERS, "bossnet-reader") as readers, ending(1, "bossnet-device") as device:
        # In this thread, as it may ask the framework's database for them.
        stream = ahead(readers, seen(task.network), spectra, max(AHEAD, 2 * at_once))
        batches = iter(lambda: list(islice(stream, at_once)), [])
        for some, (results, seconds) in one_ahead(device, predict, batches):
            for each, result in zip(some, results, strict=True):
                if result.error_message:
                    _log.warning("spectrum %s: %s", each.row["spectrum_pk"], result.error_message)
                yield each, result, seconds
