"""One YAML file describes a training; the weights' card records it whole."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

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
    """

    name: str
    network: str
    drawing: Drawing
    recipe: Recipe
    architecture: Architecture = field(default_factory=Architecture)
    licence: str = "BSD-3-Clause"
    status: Status = "demonstration"
    coverage: Mapping[str, Any] = field(default_factory=dict)

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
    if training.network not in NETWORKS:
        raise ConfigurationError(f"{path}: network {training.network!r}; there are "
                                 f"{', '.join(NETWORKS)}")
    outputs = len(training.declaration.parameters)
    if training.architecture.num_targets != outputs:
        raise ConfigurationError(f"{path}: architecture: num_targets must be {outputs}, the "
                                 f"number of parameters of {training.declaration.title}")
    return training


def _made(kind: Any, values: Any, where: str) -> Any:
    """A dataclass of a mapping, and so on inwards; what is not known is refused."""
    if not isinstance(values, dict):
        raise ConfigurationError(f"{where}: entries were expected, not {values!r}")
    known = [f.name for f in fields(kind)]
    unknown = [str(key) for key in values if key not in known]
    if unknown:
        raise ConfigurationError(f"{where}: no entry {', '.join(unknown)}; there are "
                                 f"{', '.join(known)}")
    types = get_type_hints(kind)
    made = {}
    for key, value in values.items():
        if is_dataclass(types[key]):
            value = _made(types[key], value, f"{where}: {key}")
        elif isinstance(value, list):
            value = tuple(value)
        made[key] = value
    try:
        return kind(**made)
    except TypeError as error:
        raise ConfigurationError(f"{where}: {error}") from error
