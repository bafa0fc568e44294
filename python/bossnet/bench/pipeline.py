"""End to end: from files that are registered in Postgres to rows in Postgres."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import torch

from bossnet.bench.naive import BATCH, Estimates, Naive
from bossnet.bench.naive_run import naive_run
from bossnet.bench.night import Night
from bossnet.bench.results import DRAW_BY_DRAW, ONE_AT_A_TIME, Row
from bossnet.bench.timing import Stopwatch, Taken, in_turn, warm_up
from bossnet.errors import BossNetError
from bossnet.network.declaration import Network
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import FLOAT32
from bossnet.task import TASKS
from bossnet.work.settings import LINEAR, Settings

PART = "end to end"
WARM = 40  #: spectra of the warm-up


def end_to_end(frozen: FrozenNetwork, night: Night, spectra: int, *, n_draws: int, rounds: int,
               device: str, batch_size: int | None = None,
               precisions: Sequence[str] = (FLOAT32,),
               say: Callable[[str], None] = lambda line: None) -> list[Row]:
    """The naive ways, `astra run`, and that by linear propagation, on the same files in turn.

    The naive ways take the first `BATCH` of them. Loading the network and planning come before the
    clock starts, for all ways.

    Args:
        frozen: the network.
        night: with registered spectra.
        spectra: how many of them a run takes.
        n_draws: of each spectrum, at least 2.
        rounds: that count.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: spectra at once of `astra run`, or None for the default.
        precisions: of `astra run`.
        say: told what is measured.

    Raises:
        BossNetError: a run left a spectrum without parameters.
    """
    task = TASKS[frozen.card.network]
    naive = Naive(frozen, task.network, device=device)
    # On a GPU the profile would cost time: all that was begun is waited for in each stage.
    settings = Settings(n_draws=n_draws, device=device, batch_size=batch_size,
                        profile=device == "cpu")
    runs = {f"astra run, {precision}": replace(settings, precision=precision)
            for precision in precisions}
    # Derivatives take other batches than draws do.
    runs["astra run, linear"] = replace(settings, uncertainty=LINEAR, batch_size=None)
    ours = {way: Ours(night, frozen, of) for way, of in runs.items()}
    tags = (f"naive-{i}" for i in count())

    def naively(way: Callable[..., Estimates], together: int, number: int) -> Taken:
        tag = next(tags)
        watch = Stopwatch()
        naive_run(night.config, task.network, partial(way, n_draws=n_draws), tag=tag,
                  limit=number, together=together)
        taken = watch.read()
        complete(night, task.network, tag, number)
        return taken

    def ways(number: int) -> dict[str, Callable[[], Taken]]:
        few = min(number, BATCH)  # which take as long each as many
        return {ONE_AT_A_TIME: partial(naively, naive.one_at_a_time, 1, few),
                DRAW_BY_DRAW: partial(naively, naive.draw_by_draw, BATCH, few),
                **{way: partial(of, number) for way, of in ours.items()}}

    warm_up(ways(min(spectra, WARM)), say)
    taken = in_turn(ways(spectra), rounds=rounds, say=say)
    few = min(BATCH, spectra)
    rows = [Row(PART, ONE_AT_A_TIME, FLOAT32, f"1, {n_draws}", few, taken[ONE_AT_A_TIME]),
            Row(PART, DRAW_BY_DRAW, FLOAT32, str(few), few, taken[DRAW_BY_DRAW])]
    for way, of in ours.items():
        size = of.settings.batch_size
        batch = "" if size is None else str(size * (n_draws + 1))
        rows.append(Row(PART, way.removesuffix(f", {of.settings.precision}"),
                        of.settings.precision, batch, spectra, taken[way], notes=of.notes))
    for row in rows:
        row.ratios.update({ONE_AT_A_TIME: row.times_faster(rows[0]),
                           DRAW_BY_DRAW: row.times_faster(rows[1])})
    return rows


def complete(night: Night, network: Network, tag: str, spectra: int) -> int:
    """How many results of a tag are by linear propagation.

    Raises:
        BossNetError: not so many spectra have parameters under it.
    """
    found, linear, why = night.results(network, tag)
    if found != spectra:
        raise BossNetError(f"only {found} of {spectra} spectra have parameters, so that what was "
                           f"timed is not what was meant: {why or 'the others were not done'}")
    return linear


class Ours:
    """`astra run` within this process, again and again, under a tag of its own each time.

    Args:
        night: the spectra.
        frozen: the network.
        settings: of the run.

    Attributes:
        notes: of the last run: seconds of its start, seconds from there to its first results,
            how many spectra linear propagation did, and, of a profile, the network's share of
            the time.
    """

    def __init__(self, night: Night, frozen: FrozenNetwork, settings: Settings) -> None:
        self._night, self._frozen, self.settings = night, frozen, settings
        self._runs = count()
        self.notes: dict[str, Any] = {}

    def __call__(self, spectra: int) -> Taken:
        """What the first spectra of the tables take."""
        of = self.settings
        settings = replace(of, limit=spectra,
                           tag=f"{of.uncertainty}-{of.precision}-{next(self._runs)}")
        watch, threads = _Watch(), torch.get_num_threads()
        task = TASKS[self._frozen.card.network]
        summary = task.execute(self._night.config, settings, progress=watch.begin,
                               weights=str(self._frozen.path))
        taken = watch.read()
        torch.set_num_threads(threads)  # a long run takes as many as are fastest for it
        self.notes = {"start": watch.begun, "first": watch.first,
                      "linear": complete(self._night, task.network, settings.tag, spectra)}
        if summary.profile is not None:
            self.notes["network"] = summary.profile["device"]["network"] / taken.wall
        return taken


class _Watch(Stopwatch):
    """Told how a run goes on; measures from its begin.

    Attributes:
        begun: seconds from the call to the begin.
        first: seconds from the begin to the first results.
    """

    begun: float
    first: float | None = None

    def begin(self, summary: object) -> "_Watch":
        self.begun = self.read().wall
        self.start()
        return self

    def advance(self, done: int, failed: int) -> None:
        if self.first is None:
            self.first = self.read().wall
