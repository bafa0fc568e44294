"""A file of every layout."""

import pytest

from . import layouts

MAKERS = {
    "spec": layouts.spec,
    "specFull": layouts.spec_full,
    "LAMOST DR1": lambda path: layouts.lamost_image(path, release=1),
    "LAMOST DR2": lambda path: layouts.lamost_image(path, release=2, dtype=">f8"),
    "LAMOST DR7": layouts.lamost_image,
    "LAMOST DR9": layouts.lamost_table,
    "mwmStar": layouts.mwm,
    "mwmVisit": lambda path: layouts.mwm(path, visits=1),
    "mwmStar of APOGEE": lambda path: layouts.mwm(path, boss=False, apogee=1),
    "MaStar": layouts.mastar,
    "apStar": layouts.ap_star,
}


@pytest.fixture(params=MAKERS)
def any_file(request, tmp_path):
    """A small file of each layout in turn."""
    return MAKERS[request.param](tmp_path / "any.fits")
