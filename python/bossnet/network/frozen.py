"""A frozen network: one safetensors file with its card, and nothing that could run code.

Beside the network's tensors a file may hold the reference of `distance`, with its limit in the
card.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialised

from bossnet.errors import WeightsError
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.card import Card, digest
from bossnet.network.distance import PREFIX, Reference


@dataclass(frozen=True)
class FrozenNetwork:
    """A network in evaluation mode, on the CPU, with its card.

    Attributes:
        module: the network.
        card: what is known of it.
        path: its file.
        reference: of the distance to its training set, where the card has a limit for it.
    """

    module: BossNet
    card: Card
    path: Path
    reference: Reference | None = None


def build(card: Card, tensors: Mapping[str, NDArray[Any]], *, origin: str
          ) -> tuple[BossNet, Reference | None]:
    """The network of a card with these weights, strictly: no tensor too many or too few.

    Also the reference of distances, where there is one.

    Raises:
        WeightsError: they do not fit the card's architecture, or hold values not finite, or of
            the reference and its limit in the card one is there without the other.
    """
    try:
        module = BossNet(Architecture(**card.architecture))
    except (TypeError, ValueError, RuntimeError) as e:
        raise WeightsError(f"{origin}: no such architecture {card.architecture}: {e}") from e
    bad = [name for name, a in tensors.items() if not np.isfinite(a).all()]
    if bad:
        raise WeightsError(f"{origin}: values that are not finite in {', '.join(bad)}")
    state = {name: torch.from_numpy(np.array(a)) for name, a in tensors.items()
             if not name.startswith(PREFIX)}
    try:
        module.load_state_dict(state, strict=True)
    except RuntimeError as e:
        raise WeightsError(f"{origin}: the weights do not fit their architecture: {e}") from e
    if len(card.parameters) != module.architecture.num_targets:
        raise WeightsError(f"{origin}: {module.architecture.num_targets} outputs, but "
                           f"{len(card.parameters)} parameters in the card")
    module.eval().requires_grad_(False)
    others = {name: a for name, a in tensors.items() if name.startswith(PREFIX)}
    return module, _reference(card, others, module, origin)


def _reference(card: Card, arrays: Mapping[str, NDArray[Any]], module: BossNet, origin: str
               ) -> Reference | None:
    if (card.ood_limit is None) != (not arrays):
        there, missing = (("a reference of distances", "an ood_limit in the card") if arrays else
                          ("an ood_limit in the card", "the reference of distances"))
        raise WeightsError(f"{origin}: {there}, but not {missing}, without which it says nothing: "
                           "give both or neither")
    if not arrays:
        return None
    return Reference.of(arrays, width=module.architecture.feature_dim, origin=origin)


def save(path: Path, state: Mapping[str, torch.Tensor], card: Card, *,
         reference: Mapping[str, NDArray[np.float32]] | None = None) -> Card:
    """Writes weights and card as one file, whole or not at all; returns the sealed card.

    Args:
        path: of the file, replaced if there.
        state: the network's tensors.
        card: what is known of it, with an ``ood_limit`` if there is a reference.
        reference: of `training.reference`, to measure distances by.

    Raises:
        WeightsError: they do not fit each other.
    """
    tensors = {name: t.detach().cpu().numpy() for name, t in state.items()} | dict(reference or {})
    build(card, tensors, origin=str(path))
    card = card.sealed(tensors)
    part = path.with_suffix(".part")
    # Not by the library's own writing to a file, which nobody but its owner may read.
    part.write_bytes(serialised(tensors, metadata={"card": card.to_json()}))
    os.replace(part, path)
    return card


def read_card(path: Path) -> Card:
    """The card alone, unverified. Raises WeightsError."""
    return _read(path, tensors=False)[0]


def load(path: Path) -> FrozenNetwork:
    """A frozen network from its file.

    Raises:
        WeightsError: missing, truncated, altered (by its digest), or not fitting.
    """
    card, tensors = _read(path, tensors=True)
    if digest(tensors, card) != card.sha256:
        raise WeightsError(f"{path}: altered since it was made: the digest of its tensors and "
                           f"card is not {card.sha256[:12]}...; get the file anew")
    module, reference = build(card, tensors, origin=str(path))
    return FrozenNetwork(module, card, path, reference)


def _read(path: Path, *, tensors: bool) -> tuple[Card, dict[str, NDArray[Any]]]:
    if not path.is_file():
        raise WeightsError(f"{path}: no such file of weights")
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("card")
            names = file.keys() if tensors else ()
            values = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError, TypeError) as e:
        raise WeightsError(f"{path}: truncated or not a safetensors file: {e}") from e
    if text is None:
        raise WeightsError(f"{path}: has no card; published weights come in by "
                           "`bossnet weights import`")
    try:
        return Card.from_json(text), values
    except WeightsError as e:
        raise WeightsError(f"{path}: {e}") from e
