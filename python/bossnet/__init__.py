"""BOSS Net (Sizemore et al. 2024) as a task of a survey's processing framework."""

import re
from importlib.metadata import version

__version__ = version("astra-bossnet")


def v_astra(version: str = __version__) -> int:
    """The version as the integer of the results table: major x 10^6 + minor x 10^3 + patch.

    Source: contract, section 7. A suffix such as ``rc1`` does not count.
    """
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    if found is None:
        raise ValueError(f"{version!r} is no version such as 1.2.3")
    major, minor, patch = (int(part or 0) for part in found.groups())
    return major * 1_000_000 + minor * 1_000 + patch
