"""The weights' card: what a frozen network is, where it comes from, where it holds.

The card travels in the weights' own file, as the JSON text ``card`` of the safetensors
header, and is protected by the same digest as the tensors.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import WeightsError
from bossnet.network.noise_model import NoiseModel

Status = Literal["demonstration", "science"]


@dataclass(frozen=True)
class Card:
    """All that has to be known of a frozen network beside its tensors.

    Attributes:
        name: short, as in ``--weights NAME``.
        network: the kind of network, ``boss`` or ``apogee``.
        architecture: the keywords of `architecture.Architecture`.
        parameters: labels in the order of the outputs.
        label_mean: of each output, by which it is de-normalised.
        label_std: likewise.
        status: ``science``, or ``demonstration`` where results are not to be published.
        licence: of the weights.
        provenance: how they were made: sources, counts, seed, recipe, command, citations.
        coverage: where they hold, and where not.
        noise_model: turns raw errors into ``e_*`` (`noise_model.NoiseModel`); None: that of the
            network's declaration, where it has one, else they are equal.
        ood_limit: the distance beyond which ``flag_out_of_distribution`` is set; None: never.
        sha256: digest of tensors and card; set by `frozen.save`.
    """

    name: str
    network: str
    architecture: dict[str, Any]
    parameters: list[str]
    label_mean: list[float]
    label_std: list[float]
    status: Status = "demonstration"
    licence: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)
    coverage: dict[str, Any] = field(default_factory=dict)
    noise_model: dict[str, Any] | None = None
    ood_limit: float | None = None
    sha256: str = ""

    def __post_init__(self) -> None:
        n = len(self.parameters)
        if not n == len(self.label_mean) == len(self.label_std):
            raise WeightsError(f"card of {self.name!r}: {n} parameters, but {len(self.label_mean)}"
                               f" means and {len(self.label_std)} standard deviations")
        if self.status not in get_args(Status):
            raise WeightsError(f"card of {self.name!r}: status {self.status!r} is neither "
                               "demonstration nor science")
        limit = self.ood_limit
        if limit is not None and not (isinstance(limit, int | float) and 0 < limit < math.inf):
            raise WeightsError(f"card of {self.name!r}: ood_limit {limit!r} is no positive number")
        if self.noise_model is not None:
            try:
                NoiseModel.from_card(self.noise_model)
            except WeightsError as e:
                raise WeightsError(f"card of {self.name!r}: {e}") from e

    def sealed(self, tensors: Mapping[str, NDArray[Any]]) -> "Card":
        """The card with the digest of itself and of these tensors."""
        return replace(self, sha256=digest(tensors, self))

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Card":
        """Raises WeightsError if the text is not a card."""
        try:
            values = json.loads(text)
            unknown = set(values) - {f.name for f in fields(cls)}
            if unknown:
                raise WeightsError(f"the card has unknown entries {sorted(unknown)}: it was made "
                                   "by a newer version of this software")
            return cls(**values)
        except (TypeError, ValueError) as e:
            raise WeightsError(f"the card cannot be read: {e}") from e


def digest(tensors: Mapping[str, NDArray[Any]], card: Card) -> str:
    """sha256 over names, types, shapes and bytes of the tensors, and the card without digest."""
    sha = hashlib.sha256(replace(card, sha256="").to_json().encode())
    for name in sorted(tensors):
        a = np.ascontiguousarray(tensors[name])
        sha.update(f"{name} {a.dtype.str} {a.shape}".encode())
        sha.update(a.tobytes())
    return sha.hexdigest()
