"""A dataclass from a YAML file: what is unknown, missing or of another type is refused."""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from itertools import repeat
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import yaml

from bossnet.errors import ConfigurationError

Described = TypeVar("Described")


def described(kind: type[Described], path: Path) -> Described:
    """The dataclass that a file describes, and so on inwards.

    Raises:
        ConfigurationError: the file cannot be read, or what is wrong in it, and where.
    """
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    made: Described = _made(kind, values, str(path))
    return made


def _made(kind: Any, values: Any, where: str) -> Any:
    """A dataclass of a mapping."""
    _expect(isinstance(values, dict), "entries", values, where)
    known = [f.name for f in fields(kind)]
    unknown = [str(key) for key in values if key not in known]
    if unknown:
        raise ConfigurationError(f"{where}: no entry {', '.join(unknown)}; there are "
                                 f"{', '.join(known)}")
    missing = [f.name for f in fields(kind) if f.name not in values
               and f.default is MISSING and f.default_factory is MISSING]
    if missing:
        raise ConfigurationError(f"{where}: needs the entry {', '.join(missing)}")
    types = get_type_hints(kind)
    made = {key: _value(types[key], value, f"{where}: {key}") for key, value in values.items()}
    try:
        return kind(**made)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from error


#: What is expected of an entry of a type, and whether a value is.
_PLAIN: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda v: isinstance(v, bool)),
    int: ("a whole number", lambda v: isinstance(v, int) and not isinstance(v, bool)),
    float: ("a number (an exponent needs a point before it: 1.0e-4)",
            lambda v: isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)),
    str: ("text", lambda v: isinstance(v, str)),
}


def _value(kind: Any, value: Any, where: str) -> Any:
    """A value of a dataclass's field, if it is of the field's type."""
    inner = get_args(kind)
    if kind is Any:
        return value
    if is_dataclass(kind):
        return _made(kind, value, where)
    if get_origin(kind) is UnionType:  # a type or None
        kind = next(one for one in inner if one is not NoneType)
        return None if value is None else _value(kind, value, where)
    if get_origin(kind) is tuple:
        return _tuple(inner, value, where)
    if get_origin(kind) is Mapping:
        _expect(isinstance(value, dict), "entries", value, where)
        return {str(key): _value(inner[1], v, f"{where}: {key}") for key, v in value.items()}
    if get_origin(kind) is Literal:
        _expect(value in inner, " or ".join(inner), value, where)
    else:
        expected, test = _PLAIN[kind]
        _expect(test(value), expected, value, where)
    return value


def _tuple(inner: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    """A list of so many values, or of any number where the types end in an ellipsis."""
    many = inner[-1] is ...
    _expect(isinstance(value, list) and (many or len(value) == len(inner)),
            "a list" if many else f"a list of {len(inner)}", value, where)
    kinds = repeat(inner[0]) if many else inner
    return tuple(_value(one, v, where) for one, v in zip(kinds, value, strict=False))


def _expect(good: bool, expected: str, value: Any, where: str) -> None:
    if not good:
        raise ConfigurationError(f"{where}: expected {expected}, not {value!r}")
