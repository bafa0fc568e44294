"""The page: nothing from elsewhere, nothing that the database says is taken for HTML."""

import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from bossnet.errors import ConfigurationError
from bossnet.network import APOGEE
from bossnet.report.page import in_script
from catalog.made import LAMOST
from report.browser import look_at

EVIL = "<script>document.title='evil'</script><img src=x onerror=\"document.title='evil'\">"


class Elements(HTMLParser):
    """The elements of a page, and what is in its scripts."""

    def __init__(self, text):
        super().__init__()
        self.found, self.scripts, self._inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self._inside = tag == "script"

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, text):
        if self._inside:
            self.scripts.append(text)

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def survey(made):
    """A survey with something to show in every section, and a hostile message and tag."""
    before = made.run(tag="before")
    run = made.run(tag=EVIL, weights=EVIL)
    for i in range(8):
        star = made.star()
        for mjd, table in ((59_600, "boss_visit_spectrum"), (59_700 + i, "boss_visit_spectrum"),
                           (59_800, LAMOST)):
            own = {"z": 1e-4, "class": "STAR"} if table == LAMOST else {
                "xcsao_v_rad": 10.0 + i, "xcsao_rxc": 9.0}
            key = made.spectrum(star, mjd=mjd, table=table, **own)
            for of, tag in ((before, "before"), (run, EVIL)):
                made.result(key, star, of, tag=tag, log_teff=3.6 + 0.03 * i, logg=1.5 + 0.4 * i,
                            v_rel=12.5, e_v_rel=5.0)
    key = made.spectrum(star, mjd=59_900)
    made.result(key, star, run, tag=EVIL, failed=True)
    with made.connection, made.connection.cursor() as cursor:
        cursor.execute("UPDATE boss_net SET error_message = %s WHERE spectrum_pk = %s", (EVIL, key))
    made.failed = key
    return made


def test_the_page_loads_nothing_and_lets_nothing_in(survey, report):
    done = report(tag=EVIL)
    text = done.path.read_text()
    page = Elements(text)
    for tag, attributes in page.found:
        for name in ("src", "href", "data", "action", "srcset"):
            target = attributes.get(name, "")
            assert tag == "a" or not target or target.startswith("data:"), (tag, target)
            assert tag != "a" or not target or target.startswith("#"), (tag, target)
    policy, = (m["content"] for m in page.all("meta") if m.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert not re.search(r"url\(|@import", text.partition("<style>")[2].partition("</style>")[0])


def test_what_the_database_says_is_never_taken_for_html(survey, report):
    done = report(tag=EVIL)
    page = Elements(done.path.read_text())
    assert not page.all("img")
    assert len(page.all("script")) == 4  # figures, commands, the library, the page's own
    json.loads(page.scripts[0])
    commands = json.loads(page.scripts[1])
    assert EVIL.replace("'", "''") in commands["sql"]
    assert "&lt;script&gt;document.title" in done.path.read_text()


def test_ids_are_unique_and_the_contents_lead_to_sections(survey, report):
    page = Elements(report(tag=EVIL).path.read_text())
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"].removeprefix("#") for link in page.all("a")} - {""} <= set(ids)
    assert all(image.get("aria-label") for image in page.all("div") if image.get("role") == "img")


def test_json_within_a_script_cannot_end_it():
    text = in_script({"a": "</script><!--\u2028&"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!--\u2028&"}
    with pytest.raises(ValueError, match="JSON"):
        in_script([float("nan")])


def test_the_library_is_the_one_that_its_notice_names():
    folder = files("bossnet.report").joinpath("vendor")
    digest = hashlib.sha256(folder.joinpath("plotly-cartesian.min.js").read_bytes()).hexdigest()
    assert digest in folder.joinpath("README.txt").read_text()
    assert "</script" not in folder.joinpath("plotly-cartesian.min.js").read_text()


def test_every_section_of_a_full_survey_has_something_to_show(survey, report):
    done = report(tag=EVIL)
    empty = {s.anchor for s in done.sections if s.why_empty}
    assert empty == {"spectra"}  # there are no files
    assert done.sections[-1].numbers["rows"]["both"] == 24
    assert "These results are not sound" not in done.verdict.sentence
    assert done.as_dict()["sections"]["summary"]["rows"] == 25


def test_the_page_opens_in_chromium_without_a_complaint(survey, report, chromium):
    done = report(tag=EVIL)
    figures = [f.name for s in done.sections for f in s.figures]
    looked = look_at(chromium, done.path)
    page = looked.page
    assert page.evaluate("document.documentElement.dataset.drawn") == str(len(figures))
    drawn = page.evaluate("""() => Object.fromEntries([...document.querySelectorAll(
        'div.drawing')].map(d => [d.id.replace('figure-', ''), d.querySelectorAll(
        '.main-svg .xy, .main-svg .plot').length]))""")
    assert list(drawn) == figures
    assert all(drawn.values()), drawn
    assert page.evaluate("""() => [...document.querySelectorAll('div.drawing')].flatMap(
        d => (Plotly.validate(d.data, d.layout) || []).map(e => d.id + ': ' + e.msg))""") == []
    assert page.title().startswith("BOSS Net: version")  # the hostile script would have set it
    assert (looked.complaints, looked.requests) == ([], [])


def test_a_point_and_a_key_lead_to_the_commands_that_show_a_star(survey, report, chromium):
    done = report(tag="before")
    looked = look_at(chromium, done.path, fragment="#spectrum-7")
    page = looked.page
    assert page.input_value("#star-plot") == "bossnet plot --version 0.1 --tag before 7"
    page.click("#star-close")
    assert page.is_hidden("#star")
    point = page.locator("#figure-kiel-snr .point").first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    centre = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*centre)
    page.wait_for_selector("#figure-kiel-snr .hovertext")
    assert "of star" in page.text_content("#figure-kiel-snr .hovertext")
    page.mouse.click(*centre)
    page.wait_for_selector("#star", state="visible")
    key = page.text_content("#star-key")
    assert page.input_value("#star-sql").endswith(f"AND spectrum_pk = {key}")
    page.keyboard.press("Escape")
    assert page.is_hidden("#star")
    page.click("#repeats summary, #velocities summary")
    page.click("button.star:visible")
    assert page.text_content("#star-key") != ""
    assert looked.complaints == []


def test_another_network_is_reported_on_by_its_declaration(made, report, chromium):
    """APOGEE Net: no velocities, one survey; its table is that of the declaration."""
    run = made.run(task=APOGEE.name)
    for i in range(6):
        star = made.star()
        key = made._insert("spectrum", "pk", {"spectrum_flags": 0})
        made._insert("apogee_coadded_spectrum_in_apstar", "pk", {
            "spectrum_pk": key, "source_pk": star, "release": "dr17", "filetype": "apStar",
            "obj": f"2M{i}"})
        made._insert(APOGEE.table, "task_pk", {
            "spectrum_pk": key, "source_pk": star, "run_pk": run, "tag": "", "v_astra": 1000,
            "log_teff": 3.65, "teff": 4467.0, "logg": 2.5, "fe_h": -0.2, "e_log_teff": 0.01,
            "e_logg": 0.1, "e_fe_h": 0.02, "snr": 80.0, "result_flags": 1 << 21})
    done = report(APOGEE)
    why = {s.anchor: s.why_empty for s in done.sections}
    assert why["velocities"] == "This network predicts no velocity."
    assert why["common"] == "The spectra are of one survey alone."
    assert [s.anchor for s in done.sections if not s.why_empty] == [
        "summary", "flags", "kiel", "distributions", "uncertainties"]
    assert look_at(chromium, done.path).complaints == []


def test_a_run_without_rows_has_a_report_that_says_so(survey, report):
    done = report(run=survey.run(state="failed", n_selected=9, error_message="an outage"))
    assert done.verdict.against == ["there are no rows",
                                    "run 3 is failed (an outage), with 9 spectra left"]
    assert all(s.why_empty for s in done.sections[1:])


def test_a_page_is_not_written_over_another_file_unasked(survey, report, tmp_path):
    (tmp_path / "page.html").write_text("mine")
    with pytest.raises(ConfigurationError, match="--overwrite"):
        report(tag=EVIL)
    report(tag=EVIL, overwrite=True)
    assert not list(tmp_path.glob(".*.part"))
    with pytest.raises(ConfigurationError, match=r"ends in \.html"):
        report(name="page.pdf", tag=EVIL)
    with pytest.raises(ConfigurationError, match="is no folder"):
        report(name="none/page.html", tag=EVIL)


def test_the_run_to_compare_with_can_be_named(survey, report):
    assert report(tag=EVIL, against=1).sections[-1].numbers["a"]["pk"] == 1
    assert report(tag="before", name="b.html").sections[-1].why_empty.startswith(
        "There is no run before")
    with pytest.raises(ConfigurationError, match="there is no run 77"):
        report(tag="before", name="c.html", against=77)
