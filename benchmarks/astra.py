"""The network as a task of the survey's framework beside our own run: speed, and the numbers.

    OMP_NUM_THREADS=2 python benchmarks/astra.py --number 1000 --rounds 3

The same files for both, in turn: `astra run bossnet` from our tables into our tables, and the task
`boss_net` of `bossnet.plugin` from models in the survey's shapes (those of the tests, whose pixels
astropy reads when they are asked for) into a table in the survey's shape, by the batch of 1,000.
Both in an embedded Postgres in a temporary folder. Loading the network, and planning, come before
the clock starts.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import peewee
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from bossnet.bench.night import Night
from bossnet.bench.pipeline import Ours
from bossnet.bench.timing import Stopwatch, in_turn, median, ratio, warm_up
from bossnet.database import embedded
from bossnet.network.frozen import load
from bossnet.network.installed import find
from bossnet.plugin import task_for
from bossnet.work.settings import Settings
from plugin import framework
from plugin.shapes import models

OURS, THEIRS = "astra run", "inside Astra"
COLUMNS = {"teff": "teff", "e_teff": "e_teff", "logg": "logg", "e_logg": "e_logg", "fe_h": "fe_h",
           "bn_v_r": "v_rel", "e_bn_v_r": "e_v_rel", "result_flags": "result_flags"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=1000, help="of spectra")
    parser.add_argument("--files", type=int, default=100, help="that are made, and taken in turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--weights", default="bossnet-1")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bossnet-") as scratch, Night(Path(scratch)) as night:
        night.register_again(night.observe(options.files, snr=(10, 40), formats=("spec",)),
                             options.number)
        compare(night, options)


def compare(night, options):
    weights = find(options.weights, night.home)
    with Framework(night, weights) as theirs:
        ours = Ours(night, load(weights), Settings(device="cpu"))
        few = min(options.number, 40)
        warm_up({OURS: lambda: ours(few), THEIRS: lambda: theirs(few)})
        taken = in_turn({OURS: lambda: ours(options.number),
                         THEIRS: lambda: theirs(options.number)}, rounds=options.rounds, say=print)
        print(f"{options.number} spectra, {options.rounds} rounds, {torch.get_num_threads()} "
              "threads; median")
        for way, times in taken.items():
            print(f"{way:14} {median(times):7.1f} s  {options.number / median(times):6.1f} "
                  f"spectra/s  {1000 * processor(times) / options.number:6.1f} ms of processors "
                  "each")
        print(f"{THEIRS} takes {ratio(taken[THEIRS], taken[OURS]):.3f} of the time of {OURS}, "
              f"{processor(taken[THEIRS]) / processor(taken[OURS]):.3f} of that of processors")
        print(f"rows that differ beyond 1e-6 of their values: {theirs.different()}")


def processor(times):
    """Seconds of processors, median."""
    return statistics.median(t.processor for t in times)


class Framework:
    """The survey's tables beside ours, with the same spectra, and the task on them."""

    def __init__(self, night, weights):
        self._night, self._weights = night, str(weights)
        self._database = peewee.PostgresqlDatabase(embedded.start(night.home))
        self._models = models("0.8", self._database, "astra")
        self._database.execute_sql("CREATE SCHEMA astra")
        self._database.create_tables(self._models.tables)
        spectra = self._models.BossVisitSpectrum
        self._database.execute_sql(
            "INSERT INTO astra.spectrum (pk, spectrum_flags) SELECT pk, 0 FROM bossnet.spectrum")
        self._database.execute_sql(
            "INSERT INTO astra.boss_visit_spectrum (spectrum_pk, release, filetype, run2d, mjd, "
            "fieldid, catalogid, spec_file, zwarning_flags) SELECT spectrum_pk, 'dr17', 'spec', "
            "'v5_13_2', mjd, plateid, fiberid, path, 0 FROM bossnet.boss_visit_spectrum")
        spectra.path = property(lambda self: self.spec_file)
        self._task = task_for("boss_net", self._models)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._database.close()

    def __call__(self, number):
        """What the first spectra take."""
        self._models.BossNet.delete().execute()
        spectra, source = self._models.BossVisitSpectrum, self._models.Source
        query = spectra.select(spectra, source).join(source, peewee.JOIN.LEFT_OUTER).order_by(
            spectra.spectrum_pk).limit(number)
        watch = Stopwatch()

        def begun(*arguments, **options):
            for result in self._task(*arguments, **options):
                if result is ...:  # the network is loaded
                    watch.start()
                yield result

        written = framework.task(begun)(query.iterator(), weights=self._weights, device="cpu",
                                        batch_size=1000)
        assert sum(1 for _ in written) == number
        return watch.read()

    def different(self):
        """How many rows of the last runs are not the same."""
        apart = " OR ".join(f"abs(a.{a}::float8 - b.{b}) > 1e-6 * abs(b.{b}) OR "
                            f"(a.{a} IS NULL) <> (b.{b} IS NULL)" for a, b in COLUMNS.items())
        cursor = self._database.execute_sql(
            f"SELECT count(*), count(*) FILTER (WHERE {apart}) FROM astra.boss_net AS a "  # noqa: S608
            "JOIN bossnet.boss_net AS b USING (spectrum_pk) WHERE b.run_pk = "
            "(SELECT max(run_pk) FROM bossnet.boss_net)")
        both, differ = cursor.fetchone()
        return f"{differ} of {both}"


if __name__ == "__main__":
    main()
