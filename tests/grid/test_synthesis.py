"""One spectrum by the external program: its input, its failures, and the real thing."""

import os
from pathlib import Path

import numpy as np
import pytest

from bossnet.errors import GridError
from bossnet.grid.plan import Labels
from bossnet.grid.program import Tools
from bossnet.grid.run import spectrum
from bossnet.grid.synthesis import Settings, abundances, microturbulence
from bossnet.simulation.wavelengths import between
from grid.made import tools

SUN = Labels(5777.0, 4.44, 0.0, 0.0)


def made(folder, behaviour, labels=SUN, settings=None):
    program = tools(folder / "tools", behaviour)
    (folder / "scratch").mkdir()
    return spectrum(labels, program, program.atmospheres(), settings or Settings(),
                    folder / "scratch")


def test_a_spectrum_is_on_the_templates_grid_in_vacuum(tmp_path):
    flux = made(tmp_path, "good")
    # the program's flux is Eddington's, and its wavelengths are of air
    assert np.median(flux[between(6095.0, 6105.0)]) == pytest.approx(
        4 * np.pi * 5777 * 6098.3 / 6000, rel=1e-4)
    assert flux[between(6000.0, 6003.3)].min() < 0.6 * flux[between(6020.0, 6030.0)].min()
    assert not list((tmp_path / "scratch").iterdir())


@pytest.mark.parametrize(("behaviour", "reason"), [
    ("fail-above 5000", "ended with status 3: STOP no convergence"),
    ("dark", "without a positive flux"),
    ("short", "to 5535.0 angstrom, not"),
])
def test_what_the_program_gets_wrong_is_said(tmp_path, behaviour, reason):
    with pytest.raises(GridError, match=reason):
        made(tmp_path, behaviour)
    assert not list((tmp_path / "scratch").iterdir())


def test_a_program_that_never_ends_is_ended(tmp_path):
    with pytest.raises(GridError, match="longer than 1 s"):
        made(tmp_path, "spin", settings=Settings(timeout=1))


def test_alpha_elements_follow_their_own_abundance():
    sun, rich = abundances(0.0, 0.0), abundances(-1.0, 0.4)
    assert sun[0] == 1.0
    assert sun[1] == pytest.approx(10 ** -1.07)
    np.testing.assert_allclose(rich[[0, 1]] / sun[[0, 1]], 1.0)
    assert rich[25] / sun[25] == pytest.approx(0.1)  # iron
    assert rich[11] / sun[11] == pytest.approx(10 ** -0.6)  # magnesium


def test_microturbulence_is_lowest_in_cool_dwarfs():
    assert microturbulence(4000.0, 4.8) == 1.0
    assert microturbulence(4000.0, 1.0) == microturbulence(9000.0, 4.5) == 2.0


@pytest.fixture
def real():
    folder = os.environ.get("BOSSNET_GRID_TOOLS")
    if folder is None:
        pytest.skip("BOSSNET_GRID_TOOLS is not set: it names the folder of `bossnet grid build`")
    return Tools(Path(folder))


def test_the_sun_has_the_suns_flux_and_lines(real, tmp_path):
    """Hydrogen, calcium and magnesium are where they are, and the flux is the Sun's."""
    flux = spectrum(SUN, real, real.atmospheres(), Settings(step=0.3), tmp_path)
    # 1.87 W/m2/nm at the Earth (ASTM E-490), 215.03 solar radii away
    assert np.mean(flux[between(5450.0, 5550.0)]) == pytest.approx(187.0 * 215.03**2, rel=0.05)
    for line, depth in ((6564.6, 0.3), (8544.4, 0.45), (5185.0, 0.3)):
        core = flux[between(line - 1.0, line + 1.0)].min()
        assert core < (1 - depth) * np.median(flux[between(line - 30, line + 30)])


def test_the_hottest_star_reaches_over_the_whole_grid_and_has_ionised_helium(real, tmp_path):
    hottest = Labels(50000.0, 4.9, -4.0, 0.35)
    flux = spectrum(hottest, real, real.atmospheres(), Settings(step=0.3), tmp_path)
    core = flux[between(4686.0, 4688.0)].min()  # He II 4686
    assert core < 0.9 * np.median(flux[between(4660.0, 4710.0)])
