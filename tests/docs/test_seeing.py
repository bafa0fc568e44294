"""What the operators' manual shows of runs, their differences and the log is what is printed."""

import json
import re

import pytest

from bossnet import log
from bossnet.cli import showing
from docs.blocks import DOCS, blocks

MANUAL = DOCS / "operators.rst"
SHOWN = [block for language in ("text", "json") for block in blocks(MANUAL, language)]


def shown(beginning):
    """The block of the manual that begins so."""
    return next(block.text for block in SHOWN if block.text.startswith(beginning))


def words(text):
    """The lines of a text without numbers, names of runs, and the width of columns."""
    lines = (re.sub(r"[-+]?\d[\d.]*( %)?", "", line) for line in text.splitlines())
    return [" ".join(line.split()) for line in lines if line.split()]


@pytest.fixture(scope="module")
def compared(night):
    """`astra runs diff` on a night that was run twice, where one parameter has changed."""
    night.run("--tag", "again", "--seed", "1")
    night.sql("UPDATE boss_net SET logg = logg + 0.1 WHERE tag = 'again'")
    return night("runs", "diff", 1, 2, "--worst", 2)


def test_a_difference_has_the_form_of_the_manual(compared):
    printed, example = words(compared.stdout), words(shown("A: run"))
    titles = [line for line in example
              if line.split()[0] not in ("A", "A:", "B:", "settings:", "tag", "rows:")
              and not line.startswith(("flag_", "log g", "log Teff", "[Fe/H]", "RV", "cooler",
                                       "hotter", "to K"))]
    assert len(titles) == 8
    assert [title for title in titles if title not in printed] == []
    for line in ("log g [dex]", "log Teff [dex]", "[Fe/H] [dex]", "RV [km/s]"):
        assert line in printed
        assert line in example


def test_what_the_manual_says_of_the_example_is_in_it():
    example = shown("A: run")
    rows = {re.split(r"  +", line.strip())[0]: line.split() for line in example.splitlines()}
    assert rows["flag_unreliable_fe_h"][1:] == ["3", "0", "0", "3"]
    assert rows["flag_noise_bias"][3] == "5"
    assert rows["[Fe/H] [dex]"][2:5] == ["197", "200", "197"]
    cool = next(line for line in example.splitlines() if "cooler than" in line).split()
    assert (cool[4], cool[7], cool[10]) == ("12", "+0.179", "100.0")


def test_a_line_of_the_watch_has_the_form_of_the_manual():
    worker = {"state": "running", "pk": 31, "hostname": "node7", "pid": 4242, "slurm_job": "881_3",
              "silent": 126.0, "error_message": None}
    run = {"pk": 12, "state": "running", "n_done": 6000, "n_selected": 20000, "n_failed": 12,
           "rate": 31.0, "seconds_left": 450, "error_message": None,
           "workers": [worker | {"silent": silent} for silent in (1.0, 8.2, 3.0)]
           + [worker | {"state": "died"}]}
    lines = shown("15:04:11").splitlines()
    assert lines[1].removeprefix("15:04:41 ") == showing.line(run)
    assert lines[2].removeprefix("15:04:41 ") == f"run 12: {showing.troubles_of(run)[0]}"


def test_a_line_of_the_log_has_the_fields_of_the_manual(night):
    night.environment["BOSSNET_LOG"] = "json"
    try:
        said = night("ingest", night.environment["BOSSNET_HOME"] + "/bad.fits", "--json").stderr
    finally:
        del night.environment["BOSSNET_LOG"]
    line = json.loads(said.splitlines()[0])
    assert "bad.fits" in line["message"]
    assert list(line) == list(json.loads(shown('{"time"')))
    assert set(log.FIELDS) < set(line)
