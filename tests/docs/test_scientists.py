"""The scientists' manual names every column and flag, and its Python runs."""

import re
import subprocess
import sys

from anywhere.made import csv, star
from bossnet.catalog.layouts import layout
from bossnet.flags import FLAGS
from docs.blocks import DOCS, blocks, names

TEXT = (DOCS / "scientists.rst").read_text()
LITERALS = names(TEXT)


def columns(night, table):
    return {row["name"] for row in night.sql(
        "SELECT attname AS name FROM pg_attribute WHERE attrelid = %s::regclass "
        "AND attnum > 0 AND NOT attisdropped", table)}


def test_every_column_of_the_results_is_explained(night):
    assert columns(night, "boss_net") - LITERALS == set()
    assert columns(night, "boss_net_catalog") - LITERALS == set()


def test_every_flag_is_explained_with_its_bit_and_weight():
    rows = {}
    for row in TEXT.split("   * - ")[1:]:
        cells = [cell.strip() for cell in row.split("\n     -")]
        if cells[0].isdigit():
            rows[int(cells[0])] = (cells[1], cells[2])
    assert rows == {flag.bit: (f"``{flag.name}``", "bad" if flag.bad else "warn" * flag.warn)
                    for flag in FLAGS}


def test_the_python_of_the_manual_runs(night, tmp_path):
    csv(tmp_path / "star.txt", star(), header="", delimiter=" ")
    for block, said in zip(blocks(DOCS / "scientists.rst", "python"),
                           (r"\n *K .*\n-+.*\n *\d+\.\d+ ", "'teff': "), strict=True):
        done = subprocess.run([sys.executable, "-c", block.text], env=night.environment,
                              cwd=tmp_path, capture_output=True, text=True, check=True)
        assert re.search(said, done.stdout), done.stdout


def test_the_columns_of_catalogues_are_named_as_the_manual_says():
    stars = {c.name for c in layout("survey", per_star=True).columns}
    paper = {c.name for c in layout("paper", per_star=True).columns} \
        | {c.name for c in layout("paper", per_star=False).columns}
    section = TEXT.partition("\nCatalogues as files\n")[2].partition("\n\n\n")[0]
    named = {name for name in names(section) if name.isupper() and name != "TNULL"}
    assert named - stars - paper == set()
    assert {"ID", "RA", "Dec", "logTeff", "logg", "FeH", "RV", "f_RV"} <= names(section) & paper
