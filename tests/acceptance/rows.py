"""Rows of results, and whether they are the same (contract, section 5)."""

import math

from bossnet.network import BOSS

_OWN = {"task_pk", "run_pk", "tag", "created", "modified", "t_elapsed", "t_overhead"}


def rows_of(astra, tag=""):
    """Rows of a tag, by spectrum."""
    return astra.sql("SELECT * FROM boss_net WHERE tag = %s ORDER BY spectrum_pk", tag)


def last_run(astra):
    """The record of the last run."""
    return astra.sql("SELECT * FROM bossnet_run ORDER BY pk DESC LIMIT 1")[0]


def assert_same_rows(some, others, *, but=()):
    """Every column that does not say when and by which run it was made is the same.

    Parameters, their medians and errors to 1e-4 of the standard deviation of the labels; all
    others exactly.
    """
    assert len(some) == len(others) > 0
    for one, other in zip(some, others, strict=True):
        allowed = tolerances(one)
        assert one.keys() == other.keys()
        for name in one.keys() - _OWN - set(but):
            a, b = one[name], other[name]
            same = a == b or (name in allowed and None not in (a, b)
                              and math.isclose(a, b, rel_tol=1e-7, abs_tol=allowed[name]))
            assert same, f"spectrum {one['spectrum_pk']}, {name}: {a} and {b}"


def tolerances(row):
    """What rounding may do to each column of a row."""
    parts = {p.column: 1e-4 * p.std for p in BOSS.parameters}
    parts["v_rad"] = parts["v_rel"]
    parts["teff"] = (row["teff"] or 0) * math.log(10) * parts["log_teff"]
    return {prefix + name: tolerance for name, tolerance in parts.items()
            for prefix in ("", "e_", "raw_e_", "med_")} | {
        name: 1e-3 for name in row if name.startswith("rho_")}
