"""What tests of the sources share: the unpacked packages, where there are any."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sources() -> Path:
    """The folder into which the sources' wheels were unpacked."""
    folder = os.environ.get("BOSSNET_SOURCES", "")
    if not folder:
        pytest.skip("BOSSNET_SOURCES names no folder of unpacked wheels: needed for this test")
    return Path(folder)
