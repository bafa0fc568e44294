"""Published weights, strictly and safely, into one file with its card (contract, section 4)."""

import io
import re
from pathlib import Path
from typing import Any

import torch
import yaml

from bossnet.errors import WeightsError
from bossnet.network.card import Card, Status
from bossnet.network.declaration import Network
from bossnet.network.frozen import load, read_card, save

_ARGUMENTS = ("in_channels", "model_dim", "dim_mults", "kernel_size", "num_targets",
              "adapt_pool_output_dim", "num_linear", "linear_dim", "pos_enc")


def import_folder(folder: Path, network: Network, *, name: str, out: Path,
                  status: Status = "demonstration") -> Card:
    """A folder of ``model_args.yaml`` and ``model_chunk_0..9`` becomes the file ``out``.

    The folder says neither which survey nor which label statistics it has: they are those of
    ``network``; nor what it is fit for: ``status`` is whoever imports it's to vouch for. No
    pickled code runs.

    Raises:
        WeightsError: something is missing, truncated, or does not fit.
    """
    architecture = _architecture(folder / "model_args.yaml", network)
    card = Card(
        name=name, network=network.kind, architecture=architecture,
        parameters=[p.label for p in network.parameters],
        label_mean=[p.mean for p in network.parameters],
        label_std=[p.std for p in network.parameters],
        status=status, licence="as published",
        provenance={"imported_from": folder.name,
                    "label_statistics": "published (Sizemore et al. 2024)"})
    return save(out, _state(folder), card)


def import_file(path: Path, network: Network, *, name: str, out: Path) -> Card:
    """A safetensors file with its card, verified and copied to ``out`` under this name.

    Raises:
        WeightsError: it is not one, was altered, or is of another kind.
    """
    frozen = load(path)
    if frozen.card.network != network.kind:
        raise WeightsError(f"{path}: weights of kind {read_card(path).network!r}, not "
                           f"{network.kind!r}")
    if frozen.card.name != name:
        raise WeightsError(f"{path}: its card says {frozen.card.name!r}; import it with "
                           f"--name {frozen.card.name}")
    reference = None if frozen.reference is None else frozen.reference.arrays()
    return save(out, frozen.module.state_dict(), frozen.card, reference=reference)


def _architecture(path: Path, network: Network) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as e:
        raise WeightsError(f"{path}: cannot be read: {e}") from e
    if not isinstance(values, dict) or set(values) != set(_ARGUMENTS):
        raise WeightsError(f"{path}: must hold exactly {', '.join(_ARGUMENTS)}")
    if values.pop("in_channels") != 1 or values.pop("pos_enc") is not True:
        raise WeightsError(f"{path}: only one input channel with positional encoding is read")
    multiples = values["dim_mults"] if isinstance(values["dim_mults"], list) else []
    numbers = [*multiples, *(v for name, v in values.items() if name != "dim_mults")]
    if not multiples or not all(isinstance(v, int) and 0 < v <= 1 << 20 for v in numbers):
        raise WeightsError(f"{path}: an entry is not a positive whole number, or dim_mults is "
                           "not a list of them")
    if values["num_targets"] != len(network.parameters):
        raise WeightsError(f"{path}: {values['num_targets']} outputs, but {network.title} has "
                           f"{len(network.parameters)}: is --kind {network.kind} right?")
    return values


def _state(folder: Path) -> dict[str, torch.Tensor]:
    chunks = {int(m[1]): p for p in folder.glob("model_chunk_*")
              if (m := re.fullmatch(r"model_chunk_(\d+)", p.name))}
    missing = sorted(set(range(10)) - set(chunks))
    if missing:
        raise WeightsError(f"{folder}: missing {', '.join(f'model_chunk_{i}' for i in missing)}")
    try:
        data = b"".join(chunks[i].read_bytes() for i in sorted(chunks))
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as e:  # of altered bytes the unpickler raises nearly everything
        raise WeightsError(f"{folder}: the chunks are truncated, altered, or not plain weights: "
                           f"{str(e).splitlines()[0] if str(e) else type(e).__name__}") from e
    if not isinstance(state, dict) or not all(
            isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in state.items()):
        raise WeightsError(f"{folder}: the chunks hold no state dict of tensors")
    return state
