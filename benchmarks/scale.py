"""A survey's release in a real database: planning, claims, writing, going on, sizes, queries.

    python benchmarks/scale.py FOLDER --rows 10000000

The embedded Postgres in FOLDER, with its settings as they come; rows are registered by SQL. Then
all is the software's own. A run is planned over all of them; processes claim its chunks and write
made-up results; further chunks are filled by SQL, until 99 % are done. The run is planned again, as
`astra run` does when it goes on, and the rest is written. The worked queries of docs/scientists.rst
are asked by the reader role. No spectrum is read and no network is used: what is left is what the
database has to do. FOLDER holds the database afterwards; delete it.
"""

import argparse
import json
import multiprocessing
import os
import re
import sys
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
import psutil
from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from bossnet import v_astra
from bossnet.config import load
from bossnet.database import embedded
from bossnet.database.connection import connect, connect_reader
from bossnet.database.initialise import initialise
from bossnet.database.reconnecting import Reconnecting
from bossnet.database.writer import columns_of
from bossnet.network import BOSS
from bossnet.work import plan, provenance, selection
from bossnet.work.claims import Claims
from bossnet.work.member import Member
from bossnet.work.queries import query
from bossnet.work.settings import Decisive, Settings
from bossnet.work.states import INTERRUPTED, STOPPED

HERE = Path(__file__).resolve().parent
WRITERS = 4
OTHERS = 40  #: workers of a run beside
FIRST = 0.99  #: of the chunks, done before the run is planned again
DECISIVE = Decisive("made-up", "0" * 64, 20, 0)
STATEMENTS = dict(re.findall(r"^-- name: (\w+)\n(.*?)(?=^-- name|\Z)",
                             (HERE / "scale.sql").read_text(), re.MULTILINE | re.DOTALL))
MANUAL = HERE.parent / "docs" / "scientists.rst"
QUERY = re.compile(r"^\*\*(\d+)\. .*?\n\n\.\. code-block:: sql\n\n((?:    .*\n|\n)+)", re.MULTILINE)


@contextmanager
def timed(figures, name):
    start = time.perf_counter()
    yield
    figures[name] = round(time.perf_counter() - start, 3)
    print(f"{name:44} {figures[name]:10.3f} s", file=sys.stderr, flush=True)


def register(connection, rows):
    with connection, connection.cursor() as cursor:
        cursor.execute(STATEMENTS["generate"], {"rows": rows})


def vacuum(connection):
    connection.rollback()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    connection.autocommit = False


def planned(config, where=None):
    """What `astra run` does before its first claim."""
    settings = Settings(where=where)
    with closing(connect(config)) as writer, closing(connect_reader(config)) as reader:
        selected = selection.settle(reader, BOSS.spectrum_tables, where)
        plan.refuse_mixture(writer, BOSS.table, BOSS.name, settings.tag, DECISIVE)
        plan.refuse_beside_others(writer, BOSS.name, settings.tag, DECISIVE)
        todo = plan.todo(writer, BOSS.table, BOSS.name, settings, DECISIVE, selected, config.roots)
        record = provenance.of_this_process() | asdict(DECISIVE) | {
            "task": BOSS.name, "tables": list(selected.tables), "selection": where,
            "tag": settings.tag, "weights_status": "demonstration"}
        with writer, writer.cursor() as cursor:
            cursor.execute(query(
                "insert_run", columns=sql.SQL(", ").join(map(sql.Identifier, record)),
                values=sql.SQL(", ").join(map(sql.Literal, record.values()))))
            run_pk, = cursor.fetchone()
            number = plan.add_chunks(writer, run_pk, reader, selected, todo)
            cursor.execute(query("plan_run"), {"run": run_pk, "n_selected": number})
    return run_pk, number


def made_up():
    """A thousand results as a worker has them, and pass for a survey's, but for their keys."""
    rng, n = np.random.default_rng(0), plan.CHUNK
    kinds = rng.choice(3, n, p=(0.97, 0.02, 0.01))  # dwarfs and giants, white dwarfs, failures
    logg = np.where(kinds == 1, rng.normal(8, 0.2, n), rng.normal(4, 0.7, n))
    log_teff = np.where(kinds == 1, rng.normal(4.1, 0.1, n), rng.normal(3.73, 0.05, n))
    snr = rng.exponential(40, n)
    columns = {"log_teff": log_teff, "teff": 10 ** log_teff, "logg": logg,
               "fe_h": rng.normal(-0.4, 0.5, n), "v_rel": rng.normal(0, 60, n)}
    columns |= {f"med_{name}": columns[name] for name in ("log_teff", "logg", "fe_h", "v_rel")}
    for name, sigma in (("log_teff", 0.007), ("logg", 0.09), ("fe_h", 0.07), ("v_rel", 7)):
        columns[f"e_{name}"] = columns[f"raw_e_{name}"] = sigma * rng.uniform(0.5, 2, n)
    columns["e_teff"] = columns["teff"] * columns["e_log_teff"]
    columns |= {"v_rad": columns["v_rel"], "e_v_rad": columns["e_v_rel"], "snr": snr}
    for pair in ("log_teff_logg", "log_teff_fe_h", "log_teff_v_rad", "logg_fe_h", "logg_v_rad",
                 "fe_h_v_rad"):
        columns[f"rho_{pair}"] = rng.uniform(-1, 1, n)
    lists = [column.astype(np.float32).tolist() for column in columns.values()]
    flags = (np.where(snr < 5, 1 << 13, 0) | np.where(logg > 5, 1 << 3, 0)).tolist()
    fixed = {"v_astra": v_astra(), "tag": "", "weights": DECISIVE.weights, "n_draws": 20,
             "t_elapsed": 0.01, "t_overhead": 0.002, "file_size": 200_000, "file_mtime": 1.7e9}
    return [fixed | ({"result_flags": 1 | 1 << 8, "error_message": "the file is not there"}
                     if kind == 2 else
                     dict(zip(columns, values, strict=True))
                     | {"result_flags": flag, "uncertainty_method": "draws"})
            for kind, flag, *values in zip(kinds, flags, *lists, strict=True)]


def beside(config, run_pk):
    """How long a worker takes to take chunks of a run while another run's hold the same ones."""
    todo = plan.Todo(BOSS.table, Settings())
    with closing(Reconnecting(lambda: connect(config))) as database:
        with closing(connect(config)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(STATEMENTS["copy_run"], {"run": run_pk})
            second, = cursor.fetchone()
        others = [Member(run_pk, device="none") for _ in range(OTHERS)]
        for member in others:
            member.join(database)
            Claims(database, member, todo).claim()
        own, looking, taking = Member(second, device="none"), [], []
        own.join(database)
        claims = Claims(database, own, todo)
        claims._rows = timing(claims._rows, looking)
        claims.claim = timing(claims.claim, taking)
        for _ in range(OTHERS):
            claims.claim()
        for member in (own, *others):
            member.leave(database, STOPPED, run_state=INTERRUPTED)
        with closing(connect(config)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM bossnet_run WHERE pk = %s", (second,))
    figures = {"others": OTHERS, "take_ms": milliseconds(np.subtract(taking, looking))}
    print(figures, file=sys.stderr, flush=True)
    return figures


def fill(connection, run_pk, chunks):
    """So many chunks by SQL, as copies of what there is."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM boss_net")
        written, = cursor.fetchone()
        names = [n for n in columns_of(cursor, "boss_net") if n not in ("spectrum_pk", "source_pk")]
        cursor.execute(sql.SQL(STATEMENTS["fill"]).format(
            run=sql.Literal(run_pk), chunks=sql.Literal(chunks), written=sql.Literal(written),
            columns=sql.SQL(", ").join(map(sql.Identifier, names))))


def server_so_far(config):
    """What the server has used: seconds of processors, and bytes of write-ahead log."""
    with closing(connect(config)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        log, = cursor.fetchone()
        server = psutil.Process(connection.info.backend_pid).parent()
    seconds = sum(server.cpu_times()[:4])  # with those of its processes that have ended
    for process in server.children():
        with suppress(psutil.NoSuchProcess):
            seconds += sum(process.cpu_times()[:2])
    return np.array([seconds, float(log)])


def writer(config, run_pk, quota, barrier, queue):
    """One process: claims and ends ``quota`` chunks, and how long that takes.

    A claim is to take a chunk, and to look up what its spectra are and which are to be done.
    """
    times, looking, results = [], [], made_up()
    database = Reconnecting(lambda: connect(config))
    member = Member(run_pk, device="none")
    with closing(database):
        member.join(database)
        claims = Claims(database, member, plan.Todo(BOSS.table, Settings()))
        claims._rows = timing(claims._rows, looking)
        barrier.wait()
        used = time.process_time()
        while len(times) < quota:
            begun = time.perf_counter()
            chunk = claims.claim()
            claimed = time.perf_counter()
            if chunk is None:
                break
            # Another part of them in each chunk: two visits of a star differ.
            start = 37 * chunk.pk % len(results)
            rows = [result | {"run_pk": run_pk, "spectrum_pk": row["spectrum_pk"],
                              "source_pk": row["source_pk"]}
                    for result, row in zip(results[start:] + results[:start], chunk.rows,
                                           strict=False)]
            made = time.perf_counter()
            claims.end(chunk, rows, done=True)
            over = time.perf_counter()
            times.append((over, len(rows), claimed - begun, looking[-1], made - claimed,
                          over - made))
        used = time.process_time() - used
        member.leave(database, STOPPED, run_state=INTERRUPTED)
    queue.put((times, used))


def timing(function, seconds):
    """The function, noting how long it takes."""
    def timed_function(*args):
        start = time.perf_counter()
        try:
            return function(*args)
        finally:
            seconds.append(time.perf_counter() - start)
    return timed_function


def write(config, run_pk, chunks, writers=WRITERS):
    """So many chunks by so many processes; rates, times, and seconds of processors used."""
    context = multiprocessing.get_context("spawn")
    barrier, queue = context.Barrier(writers + 1), context.Queue()
    quotas = [chunks // writers + (i < chunks % writers) for i in range(writers)]
    processes = [context.Process(target=writer, args=(config, run_pk, quota, barrier, queue))
                 for quota in quotas]
    for process in processes:
        process.start()
    barrier.wait()
    start, server = time.perf_counter(), server_so_far(config)
    answers = [queue.get() for _ in processes]
    for process in processes:
        process.join()
    server, log = server_so_far(config) - server
    done = np.array(sorted(t for times, _ in answers for t in times))
    over, rows, claim, looking, making, end = done.T
    tenth = -max(1, len(done) // 10)
    figures = {
        "writers": writers, "chunks": len(done), "rows": int(rows.sum()),
        "seconds": round(float(over[-1]) - start, 3),
        "rows_s": round(rows.sum() / (over[-1] - start)),
        "take_ms": milliseconds(claim - looking), "look_ms": milliseconds(looking),
        "look_ms_last_tenth": milliseconds(looking[tenth:]), "made_up_ms": milliseconds(making),
        "end_ms": milliseconds(end),
        "processor_ms_a_thousand": {
            "server": round(1e6 * float(server) / float(rows.sum()), 1),
            "writers": round(1e6 * sum(used for _, used in answers) / float(rows.sum()), 1)},
        "log_bytes_a_row": round(log / rows.sum())}
    print(figures, file=sys.stderr, flush=True)
    return figures


def milliseconds(seconds):
    return {"median": round(1000 * float(np.median(seconds)), 2),
            "p99": round(1000 * float(np.percentile(seconds, 99)), 2)}


class Sink:
    """Takes the rows of a COPY and only counts them."""

    lines = 0

    def write(self, text):
        self.lines += text.count(b"\n")


def queries(config):
    """Seconds and rows of each worked query, all of its rows fetched."""
    answers = {}
    with closing(connect_reader(config, timeout=3600)) as reader:
        for number, text in QUERY.findall(MANUAL.read_text()):
            sink, start = Sink(), time.perf_counter()
            with reader, reader.cursor() as cursor:
                body = re.sub(r"--.*", "", text).strip().removesuffix(";")
                cursor.copy_expert(f"COPY ({body}) TO STDOUT", sink)
            answers[number] = {"seconds": round(time.perf_counter() - start, 3),
                               "rows": sink.lines}
            print(f"query {number:>2} {answers[number]}", file=sys.stderr, flush=True)
    return answers


def sizes(connection):
    with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(STATEMENTS["sizes"])
        return [dict(row) for row in cursor.fetchall()]


def measure(folder, rows, written):
    config = load(environment={"BOSSNET_HOME": str(folder)})
    figures = {"rows": rows}
    initialise(config)
    with closing(connect(config)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, current_setting(name) FROM pg_settings WHERE name IN "
                           "('server_version', 'shared_buffers', 'work_mem', 'max_wal_size', "
                           "'fsync', 'synchronous_commit')")
            figures["server"] = dict(cursor.fetchall())
        with timed(figures, "register_s"):
            register(connection, rows)
        with timed(figures, "vacuum_registered_s"):
            vacuum(connection)
        with timed(figures, "plan_s"):
            run_pk, figures["planned"] = planned(config)
        chunks = -(-figures["planned"] // plan.CHUNK)
        alone = max(1, chunks // 100)
        left = int(FIRST * chunks) - alone
        figures["beside"] = beside(config, run_pk)
        figures["one_writer"] = write(config, run_pk, alone, writers=1)
        figures["four_writers"] = write(config, run_pk, min(written, left))
        with timed(figures, "fill_s"):
            fill(connection, run_pk, left - figures["four_writers"]["chunks"])
        with timed(figures, "resume_s"):
            run_pk, figures["resumed"] = planned(config)
        figures["rest"] = write(config, run_pk, chunks)
        with timed(figures, "plan_nothing_left_s"):
            planned(config)
        with timed(figures, "vacuum_s"):
            vacuum(connection)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM boss_net")
            figures["results"], = cursor.fetchone()
        figures["queries"] = queries(config)
        figures["sizes"] = sizes(connection)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="an empty one, with room: 2 kB a row")
    parser.add_argument("--rows", type=int, default=10_000_000, help="registered spectra")
    parser.add_argument("--written", type=int, default=500, metavar="N",
                        help="chunks that four processes write before the rest is filled by SQL")
    options = parser.parse_args()
    folder = options.folder.absolute()
    if folder.exists() and os.listdir(folder):
        parser.error(f"{folder} is not empty")
    try:
        figures = measure(folder, options.rows, options.written)
    finally:
        embedded.stop(folder)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
