"""`bossnet evaluate` as a network's keeper uses it."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from astropy.table import Table
from click.testing import CliRunner

from bossnet.cli.bossnet import COMMANDS, program
from bossnet.simulation.survey import TRUTH, simulate
from bossnet.simulation.templates import packaged
from network.made import TINY, random_network, random_reference

DEMONSTRATION = "bossnet-1"
FIGURES = ("versus_labels.png", "uncertainties.png", "pulls.png")


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Twelve simulated files and a table that names one more, which is not there."""
    folder = tmp_path_factory.mktemp("survey")
    simulate(folder, 12, 5, snr=(40.0, 100.0))
    truth = Table.read(folder / TRUTH)
    truth.add_row(truth[0])
    truth["file"] = [*truth["file"][:-1], "gone.fits"]
    truth.write(folder / "labels.ecsv", overwrite=True)
    return folder


@pytest.fixture
def other(tmp_path):
    """The file of another network, with random weights."""
    return random_network(tmp_path / "other.safetensors", seed=4, **TINY).path


@pytest.fixture
def evaluate(tmp_path, monkeypatch):
    """`bossnet evaluate`, within this process, with two draws."""
    (tmp_path / "bossnet.yml").write_text("{}\n")
    monkeypatch.setenv("BOSSNET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOSSNET_CONFIG", str(tmp_path / "bossnet.yml"))

    def run(*arguments, status=0):
        done = CliRunner().invoke(
            program("bossnet", tuple(COMMANDS), ""),
            ["evaluate", "--out", str(tmp_path / "judged"), "--draws", "2", "--device", "cpu",
             *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done
    return run


def test_a_labelled_set_is_judged_and_what_is_missing_is_said(evaluate, survey, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra report")
    done = evaluate(survey / "labels.ecsv", "--weights", DEMONSTRATION, "--column",
                    "subset=format")
    out = tmp_path / "judged"
    assert "gone.fits: cannot be opened" in done.stderr
    assert "13 of 13 spectra" in done.stderr
    assert "13 spectra, 1 without parameters; 1 missing_file" in done.stdout
    assert (out / "table.txt").read_text() == done.stdout
    for name in FIGURES:
        assert (out / name).read_bytes().startswith(b"\x89PNG")
        assert (out / name).stat().st_size > 20_000
    rows = Table.read(out / "results.ecsv")
    assert len(rows) == 13
    gone = rows[rows["name"] == "gone.fits"][0]
    assert "flag_missing_file" in gone["flags"]
    assert np.isnan(gone["log_teff"])
    record = json.loads((out / "evaluation.json").read_text())
    (network,) = record["networks"]
    assert (network["weights"], network["status"]) == (DEMONSTRATION, "demonstration")
    assert record["spectra"] == {"number": 13, "failed": 1, "reasons": {"missing_file": 1}}
    assert record["sources"][0]["columns"]["rv"] == "v_rel"
    every = network["table"][0]
    assert every["spectra"] == 12
    # The numbers are those of the rows.
    for column, limit in (("log_teff", 0.03), ("v_rel", 30.0)):
        difference = np.asarray(rows[column] - rows[f"label_{column}"], float)
        difference = difference[np.isfinite(difference)]
        low, middle, high = np.percentile(difference, [16, 50, 84])
        assert every["of"][column]["number"] == 12
        assert every["of"][column]["sigma"] == pytest.approx((high - low) / 2, abs=2e-5)
        assert every["of"][column]["offset"] == pytest.approx(middle, abs=2e-5)
        assert every["of"][column]["sigma"] < limit
    assert {row["name"] for row in network["table"] if row["kind"] == "survey"} == {
        "boss", "lamost", "mwm"}


def test_two_networks_stand_side_by_side(evaluate, survey, other, tmp_path):
    done = evaluate(survey / TRUTH, "--weights", DEMONSTRATION, "--weights", other, "--no-figures")
    lines = done.stdout.splitlines()
    head = lines[lines.index("log Teff [dex]") + 1]
    assert head.split() == [DEMONSTRATION, "random"]
    numbers = next(line for line in lines[lines.index(head):] if line.startswith("all"))
    assert numbers.split()[1].endswith("*")  # a random network is worse
    record = json.loads((tmp_path / "judged" / "evaluation.json").read_text())
    assert [network["name"] for network in record["networks"]] == [DEMONSTRATION, "random"]
    assert record["figures"] == []
    assert set(Table.read(tmp_path / "judged" / "results.ecsv")["weights"]) == {
        DEMONSTRATION, "random"}


def test_json_on_standard_output_is_the_record(evaluate, survey, other, tmp_path):
    done = evaluate(survey / TRUTH, "--weights", other, "--json", "--no-figures", "--above",
                    "teff=5500")
    record = json.loads(done.stdout)
    assert record == json.loads((tmp_path / "judged" / "evaluation.json").read_text())
    assert 0 < record["spectra"]["number"] < 12


def test_without_draws_there_are_no_uncertainties(evaluate, survey, other, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra report")
    evaluate(survey / TRUTH, "--weights", other, "--draws", 0)
    record = json.loads((tmp_path / "judged" / "evaluation.json").read_text())
    of = record["networks"][0]["table"][0]["of"]["logg"]
    assert of["sigma"] > 0
    assert (of["error"], of["pull"]) == (None, None)
    assert record["figures"] == ["versus_labels.png"]


def test_the_same_command_gives_the_same_rows(evaluate, survey, other, tmp_path):
    def rows():
        evaluate(survey / TRUTH, "--weights", other, "--no-figures")
        return (tmp_path / "judged" / "results.ecsv").read_text()
    assert rows() == rows()


def test_a_dataset_is_dressed_and_its_noise_is_pulled(evaluate, other, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra report")
    from bossnet.training.dataset import Entry, write

    write(tmp_path / "set", [Entry(t, "train" if i == 0 else "test")
                             for i, t in enumerate(packaged()[:5])], made_from={})
    done = evaluate("--dataset", tmp_path / "set", "--weights", other, "--snr", "10,100",
                    "--instrument", "BOSS", "--instrument", "LAMOST", "--pulls", 5,
                    "--pull-stars", 2)
    assert "Pulls of noise, random" in done.stdout
    out = tmp_path / "judged"
    record = json.loads((out / "evaluation.json").read_text())
    assert record["spectra"]["number"] == 4 * 2 * 2
    assert record["sources"][0]["snr"] == [10.0, 100.0]
    found = record["networks"][0]["noise_pulls"]
    assert (found["stars"], found["realisations"]) == (2, 5)
    assert found["table"][0]["of"]["v_rel"]["number"] == 2 * 2 * 2 * 5
    assert len(Table.read(out / "noise_pulls.ecsv")) == 40
    assert (out / "noise_pulls.png").stat().st_size > 20_000


def test_foreign_spectra_are_counted_for_networks_with_a_limit(evaluate, survey, other, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra report")
    limited = random_network(tmp_path / "limited.safetensors", reference=random_reference(),
                             ood_limit=1.0, **TINY).path
    done = evaluate(survey / TRUTH, "--weights", other, "--weights", limited, "--draws", 0,
                    "--foreign", 2)
    assert re.search(r"Foreign spectra, random \(\w+\): it has no ood_limit", done.stdout)
    assert re.search(r"random \(\w+\): 2 of each kind and S/N", done.stdout)
    record = json.loads((tmp_path / "judged" / "evaluation.json").read_text())
    without, having = record["networks"]
    assert "foreign" not in without
    assert len(having["foreign"]) == 1 + 11 * 3
    for rate in having["foreign"]:
        assert rate["number"] == 2
        assert rate["flagged"] in (0.0, 0.5, 1.0)
    assert record["foreign"] == {"number": 2, "stars": len(packaged()),
                                 "origin": "the packaged templates"}
    assert "foreign.png" in record["figures"]
    assert (tmp_path / "judged" / "foreign.png").stat().st_size > 20_000


def test_foreign_spectra_without_any_limit_are_refused(evaluate, survey, other, tmp_path):
    said = evaluate(survey / TRUTH, "--weights", other, "--no-figures", "--foreign", 2, status=2)
    assert "without an ood_limit nothing is flagged, and there is none in random" in said.stderr
    assert not (tmp_path / "judged").exists()


def test_foreign_spectra_are_made_of_the_splits_real_stars(evaluate, tmp_path):
    from bossnet.training.dataset import Entry, write

    limited = random_network(tmp_path / "limited.safetensors", reference=random_reference(),
                             ood_limit=1.0, **TINY).path
    stars = packaged()
    model = replace(stars[0], library="thedoppler", star="a model")
    write(tmp_path / "set", [*(Entry(t, "test") for t in (*stars[:-1], model)),
                             Entry(stars[-1], "validation")], made_from={})
    arguments = ("--dataset", tmp_path / "set", "--weights", limited, "--snr", 30, "--draws", 0,
                 "--limit", 3, "--foreign", 1, "--no-figures")
    record = json.loads(evaluate(*arguments, "--json").stdout)
    assert record["foreign"]["stars"] == len(stars) - 1
    assert record["foreign"]["origin"].endswith("test: miles, stelib")
    failed = evaluate(*arguments, "--split", "validation", status=2)
    assert "no template of 3500 to 5000 K" in failed.stderr  # its only star is hot


@pytest.mark.parametrize(("arguments", "said"), [
    ([], "one of the two"),
    (["{labels}", "--dataset", "."], "one of the two"),
    (["{labels}", "--pulls", 5], "--pulls is for --dataset"),
    (["--dataset", ".", "--column", "teff=a"], "--column is for tables"),
    (["--dataset", "."], "is no dataset"),
    (["{labels}", "--column", "teff=nonesuch"], "no column 'nonesuch' for teff"),
    (["{labels}", "--column", "age=teff"], "the keys are file, teff"),
    (["{labels}", "--column", "teff"], "KEY=VALUE"),
    (["{labels}", "--above", "snr=many"], "KEY=NUMBER"),
    (["{labels}", "--above", "snr=-inf"], "KEY=NUMBER"),
    (["{labels}", "--draws", 1], "one draw has no scatter"),
    (["--dataset", ".", "--draws", 0, "--pulls", 5], "--pulls needs some"),
    (["--dataset", ".", "--snr", "10,-3"], "positive numbers"),
    (["{labels}", "--foreign", 0], "'--foreign'"),
    (["{labels}", "--weights", "nonesuch"], "installed: apogeenet-1, bossnet-1"),
    (["{labels}", "--weights", DEMONSTRATION], "is given twice")])
def test_what_cannot_be_used_is_said_before_any_work(evaluate, survey, arguments, said, tmp_path):
    words = [str(word).format(labels=survey / TRUTH) for word in arguments]
    assert said in evaluate("--weights", DEMONSTRATION, "--no-figures", *words, status=2).stderr
    assert not (tmp_path / "judged").exists()


def test_weights_are_named(evaluate, survey):
    assert "Missing option '--weights'" in evaluate(survey / TRUTH, status=2).stderr


def test_if_nothing_can_be_read_the_evaluation_fails(evaluate, survey, tmp_path):
    (tmp_path / "labels.csv").write_text("file,teff\na.fits,5000\nb.fits,6000\n")
    failed = evaluate(tmp_path / "labels.csv", "--weights", DEMONSTRATION, "--no-figures", status=1)
    assert "none of 2 spectra has parameters" in failed.stderr
    assert "a.fits" in failed.stderr
