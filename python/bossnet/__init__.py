"""BOSS Net (Sizemore et al. 2024) as a task of a survey's processing framework."""

from importlib.metadata import version

__version__ = version("astra-bossnet")


def v_astra(version: str = __version__) -> int:
    """The version as the integer of the results table: major x 10^6 + minor x 10^3 + patch.

    Source: contract, section 7. A suffix such as ``rc1`` does not count.
    """
    major, minor, patch = (int("".join(c for c in part if c.isdigit())) for part in
                           version.split("+")[0].split(".")[:3])
    return major * 1_000_000 + minor * 1_000 + patch
