"""`astra report` as a user gives it: of a night, of the shared spectra."""

import json

import pytest
from click.testing import CliRunner

from bossnet.cli.bossnet import OPERATOR, program
from report.browser import look_at, started

MOST = 8e6  #: byte of a page


@pytest.fixture
def report(astra, tmp_path):
    """`astra report bossnet` within this process: exit status, standard output and error."""
    def report(name, *options):
        done = CliRunner().invoke(program("astra", OPERATOR, ""),
                                  ["report", "bossnet", str(tmp_path / name), *options],
                                  env=astra.environment, catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr

    return report


def test_the_report_of_a_run_says_whether_it_is_sound(astra, files, report, tmp_path):
    files.append(tmp_path / "nothing.fits")
    keys = astra.register(files)
    run = astra.run("--max-failures", "1")["run_pk"]
    status, out, said = report("night.html")
    assert (status, out) == (0, "")
    assert "These results are sound, with care: 1 of 6 spectra failed" in said
    assert "the weights random are a demonstration" in said
    assert "night.html: version 0.1, tag ''" in said
    status, out, said = report("run.html", "--run", str(run), "--json")
    assert (status, said) == (0, "")
    done = json.loads(out)
    assert done["bytes"] == (tmp_path / "run.html").stat().st_size < MOST
    assert done["sections"]["summary"]["rows"] == 6
    assert done["sections"]["failures"]["messages"][0]["spectrum_pk"] == keys[-1]
    assert done["sections"]["repeats"]["why_empty"].startswith("No star has")
    astra.run("--tag", "again")
    status, out, said = report("again.html", "--tag", "again", "--json")
    assert json.loads(out)["sections"]["comparison"]["rows"]["same"] == 6


def test_what_cannot_be_reported_on_is_exit_status_2_and_makes_no_file(astra, report, tmp_path):
    before = sorted(tmp_path.iterdir())
    for name, options, words in (
            ("page.html", (), "no such results"), ("page.pdf", (), "ends in .html"),
            ("page.html", ("--run", "3"), "there is no run 3"),
            ("no/page.html", (), "is no folder")):
        status, out, said = report(name, *options)
        assert (status, out) == (2, ""), name
        assert words in said
    assert sorted(tmp_path.iterdir()) == before


def test_the_report_of_the_shared_spectra_opens_without_a_complaint(astra, report, shared,
                                                                    tmp_path):
    astra("ingest", shared / "data" / "sdss", shared / "data" / "lamost")
    astra.run()
    assert report("shared.html")[0] == 0
    assert (tmp_path / "shared.html").stat().st_size < MOST
    with started() as chromium:
        looked = look_at(chromium, tmp_path / "shared.html")
        assert int(looked.page.evaluate("document.documentElement.dataset.drawn")) >= 5
        assert looked.complaints == looked.requests == []
