"""The report of a simulated survey: how long it takes, how large the page is.

    python benchmarks/report.py FOLDER --rows 100000

The embedded Postgres in FOLDER gets spectra of two surveys, two or three of a star, with results
that scatter by their errors, written by the software's own writer; twice, the second time (tag
`again`) slightly otherwise. `bossnet simulate` makes the few files that stand for all of them. Then
`bossnet report` is run on either. FOLDER holds database, files and pages afterwards; delete it.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
from astropy.table import Table
from psycopg2 import sql

from bossnet import v_astra
from bossnet.bench.machine import this_machine
from bossnet.config import Config
from bossnet.database.connection import connect
from bossnet.database.copying import copy
from bossnet.database.initialise import initialise
from bossnet.database.writer import upsert
from bossnet.flags import Case, Outcome, judge

STATEMENTS = dict(re.findall(r"^-- name: (\w+)\n(.*?)(?=^-- name|\Z)",
                             Path(__file__).with_suffix(".sql").read_text(), re.M | re.S))
FILES, BATCH = 300, 20_000
#: Rows of each spectrum table, the formats of its files, the median S/N.
TABLES = {"boss_visit_spectrum": (0.5, ("specFull", "spec"), 15.0),
          "lamost_spectrum": (0.4, ("lamost-table", "lamost-image"), 40.0),
          "boss_combined_spectrum": (0.1, ("mwmStar",), 25.0)}
#: Of each parameter: its error at S/N 30 of a cool star, and what is added in quadrature.
ERRORS = {"log_teff": (0.004, 0.002), "logg": (0.06, 0.03), "fe_h": (0.05, 0.02),
          "v_rel": (5.0, 2.0)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    home = options.folder.resolve()
    home.mkdir(parents=True, exist_ok=True)
    (home / "bossnet.yml").write_text("{}\n")
    filled(Config(home), options.rows)
    pages = [reported(home, "first.html", "--tag", ""), reported(home, "again.html", "--tag",
                                                                "again")]
    print(json.dumps({"machine": this_machine(), "rows": options.rows, "pages": pages}, indent=2,
                     default=str))


def filled(config, rows):
    """Makes the survey, if it is not there."""
    initialise(config)
    with closing(connect(config)) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM boss_net")
            there, = cursor.fetchone()
        if there not in (0, 2 * rows):
            sys.exit(f"{config.home} holds {there} rows: take another folder")
        if there:
            return
        started = time.perf_counter()
        files = config.home / "files"
        if not files.exists():
            subprocess.run([sys.executable, "-m", "bossnet", "simulate", files, "--number",
                            str(FILES)], check=True, stderr=subprocess.DEVNULL)
        survey = Survey(Table.read(files / "truth.ecsv"), files, rows)
        survey.register(connection)
        for tag in ("", "again"):
            survey.write(connection, tag)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
        print(f"made in {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)


class Survey:
    """Spectra of a survey and what is true of them; stars are like those of the files."""

    def __init__(self, truth, folder, rows):
        self.rng, self.rows, self.stars = np.random.default_rng(0), rows, max(1, rows * 2 // 5)
        rng, like = self.rng, self.rng.integers(len(truth), size=self.stars)
        self.true = {
            "log_teff": np.log10(truth["teff"][like]) + rng.normal(0, 0.015, self.stars),
            "logg": truth["logg"][like] + rng.normal(0, 0.12, self.stars),
            "fe_h": np.nan_to_num(truth["fe_h"][like], nan=-0.2) + rng.normal(0, 0.1, self.stars),
            "v_rel": rng.normal(-7, 60, self.stars)}
        white = rng.random(self.stars) < 0.02
        self.true["logg"][white] = rng.normal(8, 0.2, white.sum())
        self.true["log_teff"][white] = rng.normal(4.15, 0.12, white.sum())
        self.table = rng.choice(list(TABLES), rows, p=[part for part, *_ in TABLES.values()])
        self.star = rng.integers(self.stars, size=rows)
        self.snr = np.empty(rows)
        self.path = np.empty(rows, object)
        for table, (_, formats, typical) in TABLES.items():
            own = np.flatnonzero(self.table == table)
            self.snr[own] = typical * np.exp(rng.normal(0, 0.7, own.size))
            of = np.flatnonzero(np.isin(truth["format"], formats))
            order = of[np.argsort(truth["teff"][of])]
            nearest = np.searchsorted(np.log10(truth["teff"][order]),
                                      self.true["log_teff"][self.star[own]]).clip(0, of.size - 1)
            self.path[own] = [str(folder / name) for name in truth["file"][order[nearest]]]

    def register(self, connection):
        with connection, connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(sql.SQL(STATEMENTS["stars"]).format(
                stars=sql.Literal(self.stars), rows=sql.Literal(self.rows)))
            for table, of in (("boss_visit_spectrum", self._visit),
                              ("lamost_spectrum", self._lamost),
                              ("boss_combined_spectrum", self._coadd)):
                rows = [of(int(i)) for i in np.flatnonzero(self.table == table)]
                copy(cursor, sql.Identifier(table), list(rows[0]),
                     [list(row.values()) for row in rows])

    def _common(self, i):
        return {"spectrum_pk": i + 1, "source_pk": int(self.star[i]) + 1, "path": self.path[i]}

    def _visit(self, i):
        own = self.rng.normal(self.true["v_rel"][self.star[i]], 4)
        return self._common(i) | {
            "release": "dr20", "filetype": "specFull", "run2d": "v6_2_0", "mjd": 59000 + i % 1500,
            "fieldid": 100000 + i % 3000, "catalogid": 27021598000000000 + i,
            "telescope": "apo25m", "snr": float(self.snr[i]), "xcsao_v_rad": float(own),
            "xcsao_e_v_rad": 4.0, "xcsao_rxc": float(self.rng.uniform(2, 20))}

    def _lamost(self, i):
        return self._common(i) | {
            "release": "DR9", "obsid": i, "planid": f"HD{i // 4000}", "spid": 1 + i // 250 % 16,
            "fiberid": 1 + i % 250, "lmjd": 56000 + i // 400, "mjd": 56001 + i // 400,
            "snr": float(self.snr[i]), "class": "STAR",
            "z": float(self.rng.normal(self.true["v_rel"][self.star[i]], 8) / 299792.458)}

    def _coadd(self, i):
        return self._common(i) | {
            "release": "dr20", "filetype": "mwmStar", "sdss_id": 54000000000 + i,
            "telescope": "apo25m", "snr": float(self.snr[i]),
            "v_rad": float(self.true["v_rel"][self.star[i]])}

    def write(self, connection, tag):
        """All results, by the writer."""
        with connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL(STATEMENTS["run"]).format(
                version=sql.Literal(v_astra()), tag=sql.Literal(tag), rows=sql.Literal(self.rows)))
            run, = cursor.fetchone()
        fixed = {"run_pk": run, "tag": tag, "v_astra": v_astra(), "weights": "made-up",
                 "n_draws": 20, "t_elapsed": 0.01, "t_overhead": 0.002}
        rows = (fixed | row for row in self._results(0.0 if not tag else 0.02))
        while some := list(islice(rows, BATCH)):
            with connection:
                upsert(connection, "boss_net", some)

    def _results(self, offset):
        """Results of every spectrum; one in a hundred failed."""
        rng, values = self.rng, {}
        hot = self.true["log_teff"][self.star] > np.log10(6700)
        for name, (error, floor) in ERRORS.items():
            true = self.true[name][self.star]
            if name == "v_rel":
                true = np.where(self.table == "boss_combined_spectrum", 0, true)
            spread = np.hypot(error * np.where(hot, 2.5, 1) * 30 / self.snr, floor)
            values[f"e_{name}"] = spread * rng.uniform(0.8, 1.25, self.rows)
            values[name] = true + spread * rng.normal(0, 1, self.rows)
        values["logg"] += offset
        for name in ERRORS:
            values[f"raw_e_{name}"] = values[f"e_{name}"]
            values[f"med_{name}"] = values[name] + 0.3 * values[f"e_{name}"] * rng.normal(
                0, 1, self.rows)
        values["teff"] = 10 ** values["log_teff"]
        values["e_teff"] = values["teff"] * np.log(10) * values["e_log_teff"]
        frame = np.where(self.table == "boss_combined_spectrum",
                         self.true["v_rel"][self.star], 0)
        values |= {"v_rad": values["v_rel"] + frame, "e_v_rad": values["e_v_rel"],
                   "snr": self.snr}
        columns = {name: column.astype(np.float32).tolist() for name, column in values.items()}
        failed = rng.random(self.rows) < 0.01
        kinds = rng.choice([Outcome.MISSING_FILE, Outcome.BAD_FILE, Outcome.NO_DATA], self.rows)
        for i in range(self.rows):
            keys = {"spectrum_pk": i + 1, "source_pk": int(self.star[i]) + 1}
            if failed[i]:
                yield keys | {"result_flags": judge(Case(kinds[i])), "error_message":
                              f"{self.path[i]}: {kinds[i].value} (block {i % 7})"}
                continue
            row = {name: column[i] for name, column in columns.items()}
            yield keys | row | {"uncertainty_method": "draws",
                                "result_flags": judge(Case(Outcome.DONE, row))}


def reported(home, name, *options):
    """One report: seconds, and the size of the page."""
    command = [sys.executable, "-m", "bossnet", "report", "bossnet", str(home / name),
               "--overwrite", "--json", *options]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BOSSNET_")} | {
        "BOSSNET_HOME": str(home), "BOSSNET_CONFIG": str(home / "bossnet.yml")}
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, check=True)
    seconds = time.perf_counter() - started
    said = json.loads(done.stdout)
    return {"page": name, "seconds": round(seconds, 1), "MB": round(said["bytes"] / 1e6, 2),
            "said": said["sections"]["summary"]["sentence"]}


if __name__ == "__main__":
    main()
