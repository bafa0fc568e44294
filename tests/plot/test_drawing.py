"""The figure: what is said in it, and that nothing lies on anything else."""

import xml.etree.ElementTree as ET
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from bossnet.network import APOGEE, BOSS
from bossnet.observation import Observation
from bossnet.plot.drawing import draw, figure
from bossnet.plot.star import star
from bossnet.plot.subject import Subject
from bossnet.spectra.spectrum import Spectrum
from bossnet.task import BossNetTask, Task
from network.made import TINY, random_network

matplotlib = pytest.importorskip("matplotlib")
DRAWS = 4


@pytest.fixture(scope="module")
def shown(seen, shipped):
    """What there is to show of a star of this temperature."""
    @cache
    def shown(teff, **options):
        spectrum, _ = seen(teff, **options)
        return star(Subject("a star", Observation(spectrum), BOSS), shipped, BossNetTask,
                    draws=DRAWS)
    return shown


def of_its_text(annotation):
    """Where its text is, without the line that leads from it."""
    annotation.update_positions(annotation.figure.canvas.get_renderer())
    return matplotlib.text.Text.get_window_extent(annotation)


@pytest.mark.parametrize(("teff", "snr"), [(3300.0, 30.0), (5800.0, 60.0), (12_000.0, 10.0)])
def test_names_lie_neither_on_each_other_nor_outside(shown, teff, snr):
    one = shown(teff, snr=snr)
    made = figure(one)
    for axis in made.axes[2:2 + len(one.drives)]:
        names = [t for t in axis.texts if t.get_text()]
        assert names
        texts = sorted(map(of_its_text, names), key=lambda box: box.x0)
        for left, right in pairwise(texts):
            assert left.x1 <= right.x0
        frame = axis.get_window_extent()
        for text in texts:
            assert frame.x0 <= text.x0
            assert frame.y0 <= text.y0
            assert text.x1 <= frame.x1
            assert text.y1 <= frame.y1


def test_words_stay_on_the_page(shown):
    made = figure(shown(3300.0, snr=4.0))
    page = made.bbox
    for box in (t.get_window_extent() for t in made.texts if t.get_text()):
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1


def test_the_figure_says_the_result_and_its_flags_in_words(shown):
    one = shown(5800.0, snr=3.0)
    said = " ".join(t.get_text() for t in figure(one).texts)
    assert f"Teff {one.values['teff']:.0f} ± {one.values['e_teff']:.0f} K" in said
    assert "flag_low_snr (warn)" in said
    assert "the signal-to-noise ratio is below the limit" in said
    assert "a demonstration, not for science" in said


def test_the_cloud_is_the_draws_and_the_ellipse_the_reported_errors(shown):
    one = shown(5800.0)
    cloud = figure(one).axes[-3]
    curves = {line.get_label(): line.get_xydata() for line in cloud.lines}
    place = [p.column for p in BOSS.parameters].index("logg")
    np.testing.assert_allclose(curves[f"{DRAWS} draws"][:, 1], one.passes.draws[:, place])
    ellipse, = [xy for xy in curves.values() if len(xy) > 100]
    assert np.ptp(ellipse[:, 1]) == pytest.approx(2 * one.values["e_logg"], rel=1e-3)
    assert np.log10(ellipse[:, 0]).max() - one.values["log_teff"] == pytest.approx(
        one.values["e_log_teff"], rel=1e-3)


def test_a_figure_is_written_by_its_ending(shown, tmp_path):
    one = shown(5800.0)
    draw(one, tmp_path / "star.pdf")
    draw(one, tmp_path / "star.svg")
    assert (tmp_path / "star.pdf").read_bytes().startswith(b"%PDF")
    texts = {e.text for e in ET.parse(tmp_path / "star.svg").iter() if e.tag.endswith("text")}
    assert "a star" in texts


def test_a_spectrum_without_data_is_shown_with_the_reason(shipped, tmp_path):
    wavelength = np.arange(3700.0, 9000.0)
    flat = Spectrum.from_ivar(np.ones(wavelength.size), np.ones(wavelength.size), wavelength)
    one = star(Subject("flat", Observation(flat), BOSS), shipped, BossNetTask, draws=DRAWS)
    assert one.passes is None
    made = figure(one)
    said = " ".join(t.get_text() for t in (*made.texts, *made.axes[0].texts))
    assert "are equal" in said
    assert "flag_no_data (bad)" in said


def test_a_spectrum_of_another_network_has_its_own_panels_and_lines(tmp_path):
    task, = [t for t in Task.__subclasses__() if t.network is APOGEE]
    frozen = random_network(tmp_path / "apogee.safetensors", network=APOGEE, **TINY)
    rng = np.random.default_rng(3)
    flux = 100 * (1 + 0.05 * rng.normal(size=APOGEE.grid.size))
    flux[:200] = np.nan
    spectrum = Spectrum.from_error(flux, np.full(flux.size, 2.0), APOGEE.grid)
    one = star(Subject("a giant", Observation(spectrum, in_rest_frame=True), APOGEE), frozen, task,
               draws=DRAWS)
    assert [d.column for d in one.drives] == ["teff", "logg", "fe_h"]
    assert 1.0 < one.window < 2.5  # angstrom
    made = figure(one)
    assert "in the star's rest frame" in " ".join(a.get_xlabel() for a in made.axes)
    assert len(made.axes) == 2 + 3 + 2
