"""One YAML file describes a training; the weights' card records it whole."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bossnet.described import described
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
        freeze: which weights are frozen: the ``best`` on validation, or the ``last``, as a cycle
            ends with its lowest rates.
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
    freeze: Literal["best", "last"] = "best"
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
    return described(Training, path)
