"""Four workers over many spectra while everything goes wrong, and what was lost: nothing.

    python benchmarks/chaos.py --number 20000

A tiny network, 2 draws, a Postgres of its own. Workers are killed at random and replaced,
connections cut, Postgres stopped and crashed, files removed and put back; then failures are tried
again, and every row is compared with that of an undisturbed run. `tests/acceptance/test_chaos.py`
is the same with fewer spectra.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from acceptance.altered import AlteredCommands
from acceptance.chaos import Night, assert_nothing_is_lost, spread_files
from bossnet.config import Config
from bossnet.database.initialise import initialise
from network.made import TINY, random_network
from postgres_server import PostgresServer, folder_for_postgres


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=20_000, help="of spectra")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--chunk", type=int, default=200, help="spectra a chunk")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--cuts", type=int, default=20, help="of connections")
    parser.add_argument("--removals", type=int, default=6, help="of files")
    parser.add_argument("--stops", nargs="*", default=["fast", "immediate"],
                        choices=["fast", "immediate"], help="of Postgres, how each")
    parser.add_argument("--seed", type=int, default=0, help="of what happens when")
    options = parser.parse_args()
    with folder_for_postgres() as folder, tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        server = PostgresServer(folder)
        try:
            initialise(Config(home, database_url=server.url()))
            astra = AlteredCommands(server.url(), home, random_network(
                home / "tiny.safetensors", **TINY).path, predicted=str(home / "predicted"),
                constants={"work.plan.CHUNK": options.chunk})
            files = spread_files(home / "spectra")
            night = astra.register((files * options.number)[:options.number])
            run(astra, server, home, night, options)
        finally:
            server.stop()


def run(astra, server, home, night, options):
    start = time.monotonic()
    toll = Night(astra, server, home / "spectra", workers=options.workers, seed=options.seed,
                 say=print).disturb(kills=options.kills, cuts=options.cuts,
                                    removals=options.removals, stops=options.stops, within=3600)
    disturbed = time.monotonic() - start
    failed = astra.sql("SELECT n_failed FROM bossnet_run")[0]["n_failed"]
    astra("run", "bossnet", "--weights", astra.weights, "--draws", 2, "--retry-failed")
    predicted = len((home / "predicted").read_text().splitlines())
    start = time.monotonic()
    assert_nothing_is_lost(astra, night)
    print(f"{len(night)} spectra, chunks of {options.chunk}, {options.workers} workers at a time, "
          f"{toll['workers']} in all: {disturbed:.0f} s")
    print(f"{toll['kills']} workers killed, {toll['connections']} connections cut, "
          f"{toll['restarts']} stops of Postgres, {toll['removals']} removals of files")
    print(f"{failed} failures, tried again; {predicted - len(night)} spectra predicted "
          "more than once")
    print(f"one row a spectrum, the same as of an undisturbed run in every column "
          f"({time.monotonic() - start:.0f} s to make and compare it), no chunk left claimed")


if __name__ == "__main__":
    main()
