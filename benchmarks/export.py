"""Catalogues of a large survey: how long they take, how much memory, and whether they are right.

    python benchmarks/export.py FOLDER --rows 1000000

The embedded Postgres in FOLDER gets made-up results by SQL. Then `astra export` is run, a process
for each format and each of `--per`; shown are its time and its largest memory. Parquet and FITS
files are read again, and every number of every column is compared; checksums of some columns are
compared with the database's own. FOLDER holds database and files afterwards; delete it.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from astropy.io import fits
from psycopg2 import sql

from bossnet import v_astra
from bossnet.bench.machine import this_machine
from bossnet.catalog.layouts import layout
from bossnet.config import Config
from bossnet.database.connection import connect
from bossnet.database.initialise import initialise

STATEMENT = (Path(__file__).resolve().parent / "export.sql").read_text().partition("-- name: ")[2]
SUMS = ("spectrum_pk", "result_flags", "teff", "v_rad")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="+", default=["fits", "parquet", "csv"])
    options = parser.parse_args()
    home = options.folder.resolve()
    home.mkdir(parents=True, exist_ok=True)
    (home / "bossnet.yml").write_text("{}\n")
    expected = filled(Config(home), options.rows)
    exports = []
    for end in options.formats:
        for per in ("spectrum", "star"):
            exports.append(exported(home, end, per))
            print(json.dumps(exports[-1]), file=sys.stderr, flush=True)
    found = {"machine": this_machine(), "rows": options.rows, "exports": exports}
    if {"fits", "parquet"} <= set(options.formats):
        found["read_back_equal"] = all(same(home, per) for per in ("spectrum", "star"))
        found["sums_equal"] = np.allclose(sums(home), expected, rtol=1e-9, atol=0)
    print(json.dumps(found, indent=2, default=str))


def filled(config, rows):
    """Makes the survey, if it is not there; sums of some columns, by the database."""
    initialise(config)
    with closing(connect(config)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM boss_net")
        there = cursor.fetchone()[0]
        if there not in (0, rows):
            sys.exit(f"{config.home} holds {there} rows: take another folder")
        if not there:
            started = time.perf_counter()
            cursor.execute(sql.SQL(STATEMENT.partition("\n")[2]).format(
                rows=sql.Literal(rows), version=sql.Literal(v_astra())))
            print(f"made in {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
        cursor.execute(sql.SQL("SELECT {} FROM boss_net").format(sql.SQL(", ").join(
            sql.SQL("sum({}::float8)").format(sql.Identifier(name)) for name in SUMS)))
        return list(cursor.fetchone())


def exported(home, end, per):
    """One export: seconds, those of its own work, MiB of its largest memory, MB of the file."""
    path = home / f"{per}.{end}"
    command = [sys.executable, "-c", "from bossnet.cli.dispatch import main; main()", "export",
               "bossnet", str(path), "--per", per, "--overwrite", "--json"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BOSSNET_")} | {
        "BOSSNET_HOME": str(home), "BOSSNET_CONFIG": str(home / "bossnet.yml")}
    started, peak, before = time.perf_counter(), 0.0, resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE)
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = max(peak, *(int(kb) / 1024 for kb in re.findall(r"VmHWM:\s*(\d+) kB", status)), 0.0)
        time.sleep(0.1)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if process.returncode:
        sys.exit(f"{end}, {per}: exit status {process.returncode}")
    said = json.loads(process.stdout.read())
    return {"format": end, "per": per, "rows": said["rows"], "seconds": round(seconds, 1),
            "cpu_seconds": round(cpu, 1), "peak_MiB": round(peak),
            "MB": round(said["bytes"] / 1e6, 1)}


def same(home, per):
    """Whether the FITS and the Parquet file hold the same in every column and row."""
    import pyarrow.parquet as pq

    columns = layout("survey", per_star=per == "star").columns
    parquet = pq.ParquetFile(home / f"{per}.parquet")
    with fits.open(home / f"{per}.fits", memmap=True) as opened:
        table = opened[1].data
        return len(table) == parquet.metadata.num_rows and all(
            equal(c, table[c.name], parquet.read([c.name])[c.name]) for c in columns)


def equal(column, in_fits, in_parquet):
    if column.kind == "text":
        return in_parquet.fill_null("").to_pylist() == [str(text) for text in in_fits]
    if column.has_missing:
        in_parquet = in_parquet.fill_null(-1)
    elif column.kind != "bool":
        in_parquet = in_parquet.fill_null(float("nan"))
    return np.array_equal(in_fits, in_parquet.to_numpy(), equal_nan=column.kind != "text")


def sums(home):
    """The same sums of the Parquet file."""
    import pyarrow.parquet as pq

    table = pq.read_table(home / "spectrum.parquet", columns=[name.upper() for name in SUMS])
    return [table[name.upper()].to_numpy().astype(float).sum() for name in SUMS]


if __name__ == "__main__":
    main()
