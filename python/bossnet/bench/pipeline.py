"""End to end: from files that are registered in Postgres to rows in Postgres."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from bossnet.bench.naive import BATCH, Estimates, Naive
from bossnet.bench.naive_run import naive_run
from bossnet.bench.night import Night
from bossnet.bench.results import DRAW_BY_DRAW, ONE_AT_A_TIME, Row
from bossnet.bench.timing import Stopwatch, Taken, in_turn, warm_up
from bossnet.errors import BossNetError
from bossnet.network.boss import BOSS
from bossnet.network.frozen import FrozenNetwork
from bossnet.task import BossNetTask
from bossnet.work.settings import DRAWS, LINEAR, Settings

PART = "end to end"
WARM = 40  #: spectra of the warm-up


def end_to_end(frozen: FrozenNetwork, night: Night, spectra: int, *, n_draws: int, rounds: int,
               device: str, say: Callable[[str], None] = lambda line: None) -> list[Row]:
    """The naive ways, `astra run`, and that by linear propagation, on the same files in turn.

    Loading the network and planning come before the clock starts, for all of them.

    Args:
        frozen: the network.
        night: with registered spectra.
        spectra: how many of them a run takes.
        n_draws: of each spectrum, at least 2.
        rounds: that count.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        say: told what is measured.

    Raises:
        BossNetError: a run left a spectrum without parameters.
    """
    naive = Naive(frozen, BOSS, device=device)
    settings = Settings(n_draws=n_draws, device=device)
    ours = {method: Ours(night, frozen, replace(settings, uncertainty=method))
            for method in (DRAWS, LINEAR)}
    tags = (f"naive-{i}" for i in count())

    def naively(way: Callable[..., Estimates], together: int, number: int) -> Taken:
        tag = next(tags)
        watch = Stopwatch()
        naive_run(night.config, partial(way, n_draws=n_draws), tag=tag, limit=number,
                  together=together)
        taken = watch.read()
        complete(night, tag, number)
        return taken

    def ways(number: int) -> dict[str, Callable[[], Taken]]:
        return {ONE_AT_A_TIME: partial(naively, naive.one_at_a_time, 1, number),
                DRAW_BY_DRAW: partial(naively, naive.draw_by_draw, BATCH, number),
                "astra run": partial(ours[DRAWS], number),
                "astra run, linear": partial(ours[LINEAR], number)}

    warm_up(ways(min(spectra, WARM)), say)
    taken = in_turn(ways(spectra), rounds=rounds, say=say)
    batches = {ONE_AT_A_TIME: f"1, {n_draws}",
               DRAW_BY_DRAW: str(min(BATCH, spectra))}
    rows = [Row(PART, way, "float32", batches.get(way, "auto"), spectra, times)
            for way, times in taken.items()]
    rows[2].notes.update(ours[DRAWS].notes)
    rows[3].notes.update(ours[LINEAR].notes)
    for row in rows:
        row.ratios.update({"one at a time": row.times_faster(rows[0]),
                           "by draw": row.times_faster(rows[1])})
    return rows


def complete(night: Night, tag: str, spectra: int) -> int:
    """How many results of a tag are by linear propagation.

    Raises:
        BossNetError: not so many spectra have parameters under it.
    """
    found, linear = night.results(tag)
    if found != spectra:
        raise BossNetError(f"only {found} of {spectra} spectra have parameters under tag {tag!r}: "
                           "what was timed is not what was meant")
    return linear


class Ours:
    """`astra run` within this process, again and again, under a tag of its own each time.

    Args:
        night: the spectra.
        frozen: the network.
        settings: of the run.

    Attributes:
        notes: of the last run: seconds of its start, seconds from there to its first results, and
            how many spectra linear propagation did.
    """

    def __init__(self, night: Night, frozen: FrozenNetwork, settings: Settings) -> None:
        self._night, self._frozen, self._settings = night, frozen, settings
        self._runs = count()
        self.notes: dict[str, Any] = {}

    def __call__(self, spectra: int) -> Taken:
        """What the first spectra of the tables take."""
        tag = f"{self._settings.uncertainty}-{next(self._runs)}"
        settings = replace(self._settings, tag=tag, limit=spectra)
        watch = _Watch()
        BossNetTask.execute(self._night.config, settings, weights=str(self._frozen.path),
                            progress=watch.begin)
        taken = watch.read()
        self.notes = {"start": watch.begun, "first": watch.first,
                      "linear": complete(self._night, tag, spectra)}
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
