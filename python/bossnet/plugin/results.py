"""From a result to an instance of the framework's model of results, every field of it set.

Which version's model it is, its fields say: the network's velocity is ``bn_v_r`` in Astra 0.8 and
``v_rad`` before; ``v_astra`` is a number in 0.8 and a text before.
"""

import datetime
import math
from typing import Any

import peewee

from bossnet import __version__, v_astra
from bossnet.plugin.reading import Seen, our_name
from bossnet.task import Result

GENERATED = ("v_astra_major_minor",)  #: what the database fills in by itself


def instance(model: type[peewee.Model], seen: Seen, result: Result, seconds: float) -> Any:
    """The row of a spectrum.

    Every instance has the same fields set, with None where there is no value: a framework that
    writes many of them at once may take the columns from the first.

    Args:
        model: the framework's.
        seen: the spectrum.
        result: of it.
        seconds: that the network took for it.
    """
    known = values(seen, result, seconds)
    if "bn_v_r" not in model._meta.fields:  # before 0.8 the network's own velocity had this name
        known |= {"v_rad": known.get("bn_v_r"), "e_v_rad": known.get("e_bn_v_r")}
    row = {}
    for name, field in model._meta.fields.items():
        if field.primary_key or name in GENERATED:
            continue
        if our_name(field) in known:
            row[name] = known[our_name(field)]
        elif field.default is None:
            row[name] = _otherwise(name, field)
    return model(**row)


def values(seen: Seen, result: Result, seconds: float) -> dict[str, Any]:
    """What is known of a row, by the names of our columns and those that the survey has besides."""
    ours = result.values
    known: dict[str, Any] = ours | {
        "source_pk": seen.row.get("source_pk"), "spectrum_pk": seen.row["spectrum_pk"],
        "t_elapsed": seconds, "t_overhead": seen.seconds, "tag": "",
        "result_flags": result.result_flags,
        "bn_v_r": ours.get("v_rel"), "e_bn_v_r": ours.get("e_v_rel")}
    teff, raw = ours.get("teff"), ours.get("raw_e_log_teff")
    if teff is not None and raw is not None:
        known["raw_e_teff"] = teff * math.log(10) * raw
    return known


def _otherwise(name: str, field: peewee.Field) -> Any:
    """Of a field that nothing is known of and that has no default."""
    if isinstance(field, peewee.DateTimeField):
        return datetime.datetime.now()
    if name == "v_astra":  # of the framework, whose models have it as a default
        return __version__ if isinstance(field, peewee.TextField) else v_astra()
    return None
