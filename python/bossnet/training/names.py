"""Names of stars, so that a star is one whatever a library calls it."""

import re

#: One star, two catalogues: names of the libraries that no rule would bring together.
ALIASES = {"HR4963": "HD114330", "HR718": "HD15318", "HR1544": "HD30739", "HR2422": "HD47129",
           "HR3454": "HD74280", "HR3982": "HD87901", "HR4468": "HD100889", "HR5511": "HD130109",
           "HR7001": "HD172167", "HR7589": "HD188209"}


def canonical(name: str) -> str:
    """A name without spaces, leading zeros, companions' letters: ``HD 048682 A`` -> ``HD48682``."""
    bare = re.sub(r"[\s,_]+", "", name.upper())
    match = re.match(r"^(HD|HR)0*(\d+)(?:[A-C]|LP|SS)?$", bare)
    if match:
        bare = match.group(1) + match.group(2)
    match = re.match(r"^((?:BD|CD)[+-]\d+?)0*(\d{1,5})[AB]?$", bare)
    if match and bare[:2] in ("BD", "CD"):
        bare = re.sub(r"[AB]$", "", bare)
    return ALIASES.get(bare, bare)
