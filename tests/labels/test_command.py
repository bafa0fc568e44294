"""`bossnet labels assemble`, as a keeper runs it."""

import json

import pytest
from astropy.table import Table
from click.testing import CliRunner
from tests.labels.made import EXPECTED, write

from bossnet.cli.labels import labels


@pytest.fixture
def run(tmp_path):
    write(tmp_path)

    def command(*arguments):
        return CliRunner().invoke(labels, ["assemble", str(tmp_path / "boss.yml"), *arguments])

    return command


@pytest.mark.parametrize("end", ["ecsv", "fits", "csv"])
def test_the_table_is_written_and_read_again(run, tmp_path, end):
    out = tmp_path / f"labels.{end}"
    result = run("--out", str(out))
    assert result.exit_code == 0, result.output
    assert "16 of 23 spectra, 15 of 22 stars have labels" in result.output
    assert len(Table.read(out)) == len(EXPECTED)


def test_a_program_reads_the_numbers(run, tmp_path):
    result = run("--out", str(tmp_path / "x.ecsv"), "--json")
    assert json.loads(result.stdout)["catalogues"]["HotPayne"]["labelled"] == 2


def test_the_figure_is_drawn(run, tmp_path):
    pytest.importorskip("matplotlib")
    result = run("--out", str(tmp_path / "x.ecsv"), "--figure", str(tmp_path / "x.png"))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "x.png").stat().st_size > 10_000


def test_nothing_that_is_there_is_replaced_unasked(run, tmp_path):
    out = tmp_path / "x.ecsv"
    out.write_text("mine")
    result = run("--out", str(out))
    assert (result.exit_code, out.read_text()) == (2, "mine")
    assert "--overwrite" in result.output
    assert run("--out", str(out), "--overwrite").exit_code == 0


def test_another_ending_is_refused(run, tmp_path):
    result = run("--out", str(tmp_path / "x.xlsx"))
    assert result.exit_code == 2
    assert ".ecsv" in result.output
