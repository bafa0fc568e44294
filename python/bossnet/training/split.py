"""Training, validation and test: 80, 10 and 10 per cent of the stars, never of the spectra."""

import zlib

from bossnet.training.names import canonical

SPLITS = ("train", "validation", "test")
_IN_TEN = {0: "validation", 1: "test"}  #: tenths that are not for training


def split_of(star: str) -> str:
    """The split of a star by its name alone, so that no star is ever in two."""
    return _IN_TEN.get(zlib.crc32(canonical(star).encode()) % 10, "train")
