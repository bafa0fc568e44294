"""Whatever goes wrong in a survey's night, within minutes, while workers do a run.

Workers are killed, connections to the database cut, the database stopped and crashed, files
removed and put back. What a test asks for in a few thousand spectra, `benchmarks/chaos.py` does
with many.
"""

import random
import signal
import tempfile
import time
from collections import Counter

from acceptance.inside import run_inside
from acceptance.rows import assert_same_rows, rows_of
from helpers import wait_until
from spectra import layouts

APART = 0.7  #: seconds between two events
AWAY = 1.5  #: seconds that files are gone
DOWN = 1.0  #: seconds that the database is down


class Night:
    """A run that several workers do, and what happens to them.

    Args:
        astra: the commands, on a database of the server.
        server: the Postgres, which nobody else uses.
        folder: of files, some of them in its folder ``removable``.
        workers: how many there are at any time.
        seed: of the choice of what happens when.
        say: is told what happened.
    """

    def __init__(self, astra, server, folder, *, workers=4, seed=0, say=lambda text: None):
        self.astra, self.server, self.say = astra, server, say
        self.removable, self.away = folder / "removable", folder / "away"
        self.number, self.chance = workers, random.Random(seed)
        self.toll = Counter()
        self._processes = {}  # to the file of what each one says
        self._killed = set()
        self._run = None
        self._begun = time.monotonic()
        self._removed = None

    def disturb(self, *, kills, cuts, removals, stops=("fast", "immediate"), within=300):
        """Does the run, in which all this happens; how often each happened.

        Args:
            kills: of workers.
            cuts: of connections to the database.
            removals: of files.
            stops: of the database, how.
            within: seconds.
        """
        happenings = [self._kill] * kills + [self._cut] * cuts + [self._remove] * removals
        self.chance.shuffle(happenings)
        for i, how in enumerate(stops):  # evenly among the others
            place = (i + 1) * len(happenings) // (len(stops) + 1)
            happenings.insert(place + i, lambda how=how: self._restart(how))
        # The first soon, and the last while there is still work to be disturbed.
        due = sorted(self.chance.uniform(0.0, 0.75) for _ in happenings)
        events, last = list(zip(due, happenings, strict=True)), time.monotonic()
        try:
            self._begin()
            while self._processes:
                assert time.monotonic() - self._begun < within, self._heard()
                time.sleep(0.1)
                self._tend()
                if self._removed and time.monotonic() - self._removed > AWAY:
                    self._put_back()
                if events and time.monotonic() - last > APART and self._at_work() \
                        and self._progress() >= events[0][0]:
                    events.pop(0)[1]()
                    last = time.monotonic()
        finally:
            for process in self._processes:
                process.kill()
            if self._removed:
                self._put_back()
        assert not events, f"the run was over before all had happened: {len(events)} were left"
        return self.toll

    def _begin(self):
        first = self._start("run", "bossnet", "--weights", self.astra.weights, "--draws", 2)
        found = wait_until(lambda: first.poll() is not None or self.astra.sql(
            "SELECT max(pk) AS pk FROM bossnet_run WHERE state = 'running' HAVING max(pk) > 0"))
        assert first.poll() is None, self._heard()
        self._run = found[0]["pk"]
        for _ in range(self.number - 1):
            self._start("worker", self._run)
        wait_until(lambda: self.astra.sql(
            "SELECT 1 FROM bossnet_worker HAVING count(*) = %s", self.number))

    def _start(self, *arguments):
        said = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- closed with its process
        process = self.astra.start(*arguments, stdout=said, stderr=said)
        self._processes[process] = said
        self.toll["workers"] += 1
        return process

    def _tend(self):
        """Workers that were killed are replaced, as long as the run goes on."""
        for process, said in list(self._processes.items()):
            status = process.poll()
            if status is None:
                continue
            if process in self._killed:
                assert status == -signal.SIGKILL
                if self._state() == "running":
                    self._start("worker", self._run)
            else:
                assert status == 0, f"a worker ended by itself, {status}: {self._heard()}"
            del self._processes[process]
            said.close()

    def _kill(self):
        victim = self.chance.choice([p for p in self._processes if p not in self._killed])
        self._killed.add(victim)
        victim.kill()
        self._note("kills", f"worker {victim.pid} killed")

    def _cut(self):
        pids = [pid for pid, in self.server(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'bossnet%' ORDER BY 1")]
        some = self.chance.sample(pids, min(2, len(pids)))
        self.server(f"SELECT pg_terminate_backend(pid) FROM unnest(ARRAY{some}::int[]) AS pid")
        self.toll["connections"] += len(some)
        self._note("cuts", f"{len(some)} of {len(pids)} connections cut")

    def _restart(self, how):
        self.server.stop(how)
        time.sleep(DOWN)
        self.server.start()
        self._note("restarts", f"the database was stopped ({how}) and started again")

    def _remove(self):
        if self._removed:
            self._put_back()
        self.removable.rename(self.away)
        self._removed = time.monotonic()
        self._note("removals", "files removed")

    def _put_back(self):
        self.away.rename(self.removable)
        self._removed = None
        self.say(f"{self._clock()}  files put back")

    def _at_work(self):
        """Whether at least half of the workers are there, and not still being started."""
        joined = {row["pid"] for row in self.astra.sql(
            "SELECT pid FROM bossnet_worker WHERE state = 'running'")}
        return sum(process.pid in joined for process in self._processes) >= self.number / 2

    def _progress(self):
        return self.astra.sql(
            "SELECT coalesce(sum(n) FILTER (WHERE state = 'done'), 0)::real / sum(n) AS progress "
            "FROM bossnet_chunk WHERE run_pk = %s", self._run)[0]["progress"]

    def _state(self):
        return self.astra.sql("SELECT state FROM bossnet_run WHERE pk = %s", self._run)[0]["state"]

    def _heard(self):
        heard = []
        for process, said in self._processes.items():
            said.seek(0)
            heard.append(f"{process.args[3:]}, pid {process.pid}: {said.read()[-3000:]}")
        return "\n".join(heard)

    def _note(self, what, text):
        self.toll[what] += 1
        self.say(f"{self._clock()} {self._progress():4.0%}  {text}")

    def _clock(self):
        return f"{time.monotonic() - self._begun:6.1f} s"


def spread_files(folder):
    """A few small BOSS files of different lengths, the last two in the folder ``removable``."""
    (folder / "removable").mkdir(parents=True)
    return [layouts.spec((folder / "removable" if i > 6 else folder) / f"spec-{i}.fits",
                         pixels=1800 + 100 * i) for i in range(9)]


def assert_nothing_is_lost(astra, night):
    """After failures were tried again: each spectrum has the one row of an undisturbed run."""
    assert not astra.sql("SELECT * FROM bossnet_chunk WHERE state <> 'done'")
    runs = astra.sql("SELECT * FROM bossnet_run ORDER BY pk")
    assert {run["state"] for run in runs} == {"done"}
    assert runs[0]["n_done"] == runs[0]["n_selected"] == len(night)
    assert sum(run["n_done"] for run in runs[1:]) == runs[0]["n_failed"]
    assert not astra.sql("SELECT * FROM bossnet_worker WHERE state = 'running'")
    rows = rows_of(astra)
    assert [row["spectrum_pk"] for row in rows] == night
    assert not any(row["result_flags"] & 1 for row in rows)
    run_inside(astra, "--tag", "undisturbed")
    assert_same_rows(rows, rows_of(astra, "undisturbed"))
