"""No figure in the manuals without its source: a constant of the code, or a command that measures.

And no file or page that is not there.
"""

import re

import pytest

from bossnet.cli.status import IN_FILE, ON_TERMINAL
from bossnet.config import SELECTION_TIMEOUT
from bossnet.spectra import fetch
from bossnet.spectra.opening import LARGEST_UNPACKED
from bossnet.task import Task
from bossnet.work.heartbeat import BEAT, LAST_MOMENT
from bossnet.work.outage import LEAST, WINDOW
from bossnet.work.plan import CHUNK
from bossnet.work.readers import PATIENCE
from bossnet.work.settings import Settings
from bossnet.work.status import SILENCE
from docs.blocks import DOCS, MANUALS, names

CHECKOUT = DOCS.parent
PAGES = [*MANUALS, CHECKOUT / "CHANGELOG.rst"]
MEASURED = re.compile(r"\b\d[\d.,]*\s(?:ms|s|min|minutes?|hours?|seconds?|[kMG]i?B|[kMG]?B/s"
                      r"|spectra/s|rows/s)(?![\w/])")
#: What a measuring command holds.
MEASURES = ("benchmarks/", "bin/", "bossnet.training", "bossnet bench", "bossnet grid show")
PLACES = ("python", "tests", "docs", "bin", "etc", "benchmarks", ".ci")


def prose(page):
    """The paragraphs of a page that are no code."""
    text = re.sub(r"\.\. code-block:: .*\n\n(?:(?: .*)?\n)+", "\n", page.read_text() + "\n")
    return re.split(r"\n\s*\n", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_measured_figure_stands_beside_the_command_that_measures_it(page):
    settings = {f"{seconds:g} s" for seconds in (PATIENCE, SILENCE, SELECTION_TIMEOUT, BEAT,
                                                 LAST_MOMENT, ON_TERMINAL, IN_FILE, fetch.SILENCE,
                                                 fetch.LONGEST)}
    settings.add(f"{LARGEST_UNPACKED >> 20} MB")
    for paragraph in prose(page):
        figures = set(MEASURED.findall(paragraph)) - settings
        assert not figures or any(command in paragraph for command in MEASURES), paragraph


def test_a_measured_figure_would_be_noticed():
    assert MEASURED.findall("it takes 2.5 s, 12 MB and does 90 spectra/s") \
        == ["2.5 s", "12 MB", "90 spectra/s"]
    assert not MEASURED.findall("off by 5 km/s at 8900 A and 20 draws")


def test_settings_in_the_manual_are_those_of_the_code():
    text = " ".join((DOCS / "operators.rst").read_text().split())
    default = Settings()
    for said in (f"``--max-failures``) of the last {WINDOW} spectra, and at least {LEAST} were",
                 f"chunks of {CHUNK} spectra", f"in hand, of {CHUNK} spectra each, are done",
                 f"is stopped. Default {SELECTION_TIMEOUT:g}.",
                 f"for the uncertainties. Default {default.n_draws};",
                 f"Of the noise. Default {default.seed}.",
                 f"ahead of the network. Default {default.readers}.",
                 f"for an outage. Default {default.max_failures}.",
                 f"a file for {PATIENCE:g} s, or dies, is replaced",
                 f"no sign of life for {SILENCE:g} s",
                 f"in place every {ON_TERMINAL:g} s. Elsewhere it looks every {IN_FILE:g} s and",
                 f"has its limit at {Task.__init__.__kwdefaults__['snr_limit']:g}"):
        assert said in text, said


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_and_files_that_are_named_are_there(page):
    text = page.read_text()
    for link in re.findall(r"<(\S+\.rst)>`_", text):
        assert (page.parent / link).is_file(), link
    there = {str(path.relative_to(CHECKOUT)) for place in PLACES
             for path in (CHECKOUT / place).rglob("*")}
    there |= {"setup.cfg", ".ci/run", "training.yml"}  # the last is in every training's folder
    for name in names(text):
        if re.fullmatch(r"[\w./-]+\.(?:py|sql|yml|cfg)", name) and not name.startswith(("/", "~")):
            assert any(f"/{path}".endswith(f"/{name}") for path in there), name
