"""How much of a worker's time goes into sharing the work: claims, signs of life, commits.

    python benchmarks/overhead.py --number 1000 --workers 2

The default network, 20 draws, simulated spectra, the embedded Postgres in a temporary folder; as
the workers themselves measure it (`bossnet_worker.t_database` and `t_work`).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bossnet.config import load as load_config
from bossnet.database import embedded
from bossnet.database.connection import connect
from bossnet.database.initialise import initialise
from bossnet.registry.ingest import ingest
from bossnet.simulation.survey import simulate

ASTRA = Path(sys.executable).parent / "astra"
SHARES = """
    SELECT pk, n_chunks, n_done, t_work, t_database, 100 * t_database / t_work AS share
    FROM bossnet_worker ORDER BY pk
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=1000, help="of spectra")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--draws", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bossnet-") as scratch:
        os.chmod(scratch, 0o755)
        config = load_config(environment={"BOSSNET_HOME": scratch})
        initialise(config)
        simulate(Path(scratch) / "spectra", options.number, 1)
        ingest(config, [f"{scratch}/spectra"], say=lambda text: None)
        try:
            work(scratch, options)
            connection = connect(config)
            report(connection)
            connection.close()
        finally:
            embedded.stop(Path(scratch))


def work(home, options):
    """A run by so many workers on this machine."""
    subprocess.run([ASTRA, "srun", "bossnet", "--draws", str(options.draws), "--local",
                    str(options.workers)], env=os.environ | {"BOSSNET_HOME": home}, check=True)


def report(connection):
    with connection, connection.cursor() as cursor:
        cursor.execute(SHARES)
        for pk, chunks, done, wall, database, share in cursor.fetchall():
            print(f"worker {pk}: {done} spectra in {chunks} chunks, {wall:.1f} s, of which claims, "
                  f"signs of life and commits {database:.3f} s: {share:.2f} %")


if __name__ == "__main__":
    main()
