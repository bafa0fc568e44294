"""One YAML file describes a training; the weights' card records it whole."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import yaml

from bossnet.errors import ConfigurationError
from bossnet.network import NETWORKS, Network
from bossnet.network.architecture import Architecture
from bossnet.network.card import Status
from bossnet.training.draws import Drawing
from bossnet.training.fit import Recipe


@dataclass(frozen=True)
class Training:
    """What is trained, on what, and how.

    Attributes:
        name: of the weights.
        network: kind of network, ``boss`` or ``apogee``.
        drawing: what spectra are drawn.
        recipe: how the weights are found.
        architecture: the network's shape.
        licence: of the weights.
        status: of the weights, ``demonstration`` or ``science``.
        coverage: where the weights hold, for the card.

    Raises:
        ConfigurationError: they do not fit each other, or cannot be kept in a card.
    """

    name: str
    network: str
    drawing: Drawing
    recipe: Recipe
    architecture: Architecture = field(default_factory=Architecture)
    licence: str = "BSD-3-Clause"
    status: Status = "demonstration"
    coverage: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]+", self.name):
            raise ConfigurationError(f"name {self.name!r}: use letters, digits, - _ . only")
        if self.network not in NETWORKS:
            raise ConfigurationError(f"network {self.network!r}; there are {', '.join(NETWORKS)}")
        outputs, shape = len(self.declaration.parameters), self.architecture
        if shape.num_targets != outputs:
            raise ConfigurationError(f"architecture: num_targets must be {outputs}, the number of "
                                     f"parameters of {self.declaration.title}")
        if not shape.dim_mults or min(shape.model_dim, *shape.dim_mults, shape.kernel_size,
                                      shape.adapt_pool_output_dim, shape.linear_dim,
                                      shape.num_linear + 1) < 1:
            raise ConfigurationError("architecture: every size must be 1 or more, num_linear 0")
        columns = [p.column for p in self.declaration.parameters]
        foreign = [name for name in self.drawing.weighting.parameters if name not in columns]
        if foreign:
            raise ConfigurationError(f"drawing: weighting: parameters: no parameter "
                                     f"{', '.join(foreign)}; there are {', '.join(columns)}")
        try:
            json.dumps(self.coverage, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"coverage: a card keeps text, numbers, lists and entries "
                                     f"alone ({error})") from error

    @property
    def declaration(self) -> Network:
        return NETWORKS[self.network]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"architecture": self.architecture.as_dict()}


def load(path: Path) -> Training:
    """The training that a file describes.

    Raises:
        ConfigurationError: the file cannot be read, or what is wrong in it.
    """
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    training: Training = _made(Training, values, str(path))
    return training


def _made(kind: Any, values: Any, where: str) -> Any:
    """A dataclass of a mapping, and so on inwards; what is not known or missing is refused."""
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
