"""`bossnet bench` on a tiny network: every way is measured, on a database of its own."""

import json

import pytest
from click.testing import CliRunner

from bossnet.cli.bossnet import COMMANDS, program
from bossnet.network import APOGEE
from bossnet.network.gate import LIMIT
from network.made import TINY, random_network

NAIVE = ["one at a time", "draw by draw"]
ALONE = [*NAIVE, "module, best batch", "engine", "engine"]
END_TO_END = [*NAIVE, "astra run", "astra run, linear"]


@pytest.fixture
def bench(tiny, tmp_path, monkeypatch):
    """`bossnet bench` with a tiny network, in one round; no database of the user's is in reach."""
    monkeypatch.setenv("BOSSNET_CONFIG", str(tmp_path / "bossnet.yml"))
    (tmp_path / "bossnet.yml").write_text("database: postgresql://nobody@127.0.0.1:1/none\n")

    def run(*options):
        done = CliRunner().invoke(
            program("bossnet", tuple(COMMANDS), ""),
            ["bench", "--weights", str(tiny.path), "--draws", "3", "--rounds", "1",
             "--threads", "1", *map(str, options)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_every_way_is_measured_from_files_to_rows(bench):
    report = json.loads(bench("--spectra", 6, "--snr", 150, 200, "--json"))
    assert report["machine"]["threads"] == 1
    assert report["machine"]["processor"]
    assert report["products"].keys() == {"float32", "bfloat16"}
    alone = [row for row in report["rows"] if row["part"] == "network alone"]
    whole = [row for row in report["rows"] if row["part"] == "end to end"]
    assert [row["way"] for row in alone] == ALONE
    # By draws in float32, and in any other precision that the gate lets pass.
    assert list(dict.fromkeys(row["way"] for row in whole)) == END_TO_END
    allowed = [row["precision"] for row in alone if row["notes"].get("gate", 1) < LIMIT]
    assert [row["precision"] for row in whole] == ["float32"] * 2 + allowed + ["float32"]
    assert "float32" in allowed
    for row in report["rows"]:
        assert row["spectra_per_second"] > 0
        assert row["ratios"]["draw by draw"] > 0
        assert len(row["times"]) == 1
    assert alone[2]["ratios"]["module"] == whole[0]["ratios"]["one at a time"] == 1
    assert {row["spectra"] for row in whole} == {6}
    assert whole[2]["notes"]["linear"] == 0
    assert whole[-1]["notes"]["linear"] > 0
    assert all(0 < row["notes"]["network"] < 1 for row in whole[2:])


def test_the_table_names_what_was_measured_and_on_what(bench):
    text = bench("--spectra", 0)
    for said in ("1 threads", "torch", "GFLOP/s", "3 draws", "float32", "network alone", *ALONE):
        assert said in text, said
    assert "end to end" not in text


def test_a_network_for_apogee_is_measured_on_files_of_its_own(bench, tmp_path):
    weights = random_network(tmp_path / "a.safetensors", network=APOGEE, **TINY).path
    report = json.loads(bench("--weights", weights, "--spectra", 3, "--snr", 150, 200, "--json"))
    assert [row["way"] for row in report["rows"]
            if row["part"] == "end to end"][:3] == END_TO_END[:3]
