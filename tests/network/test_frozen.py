import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from bossnet.errors import WeightsError
from bossnet.network import BOSS
from bossnet.network.frozen import load, read_card
from bossnet.network.importer import import_file
from network.made import TINY, random_network, random_reference


@pytest.fixture
def path(tmp_path):
    """A file of weights with a reference of distances."""
    random_network(tmp_path / "net.safetensors", reference=random_reference(), ood_limit=2.5,
                   **TINY)
    return tmp_path / "net.safetensors"


def contents(path):
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


def test_a_file_without_a_reference_has_none(tiny):
    assert tiny.reference is None
    assert tiny.card.ood_limit is None


def test_a_reference_travels_beside_the_networks_tensors(path):
    frozen = load(path)
    assert frozen.card.ood_limit == 2.5
    assert not any(name.startswith("reference") for name in frozen.module.state_dict())
    for name, values in random_reference().items():
        np.testing.assert_array_equal(frozen.reference.arrays()[name], values)


def test_an_imported_file_keeps_its_reference_and_digest(path, tmp_path):
    out = tmp_path / "random.safetensors"
    card = import_file(path, BOSS, name="random", out=out)
    assert card == load(path).card
    np.testing.assert_array_equal(load(out).reference.surface, load(path).reference.surface)


@pytest.mark.parametrize("name", sorted(random_reference()))
def test_the_digest_notices_an_altered_reference(path, name):
    tensors, metadata = contents(path)
    tensors[name] = tensors[name] + np.float32(1e-3)
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(WeightsError, match="altered since it was made"):
        load(path)


def test_the_digest_notices_an_altered_limit(path):
    tensors, metadata = contents(path)
    card = json.loads(metadata["card"]) | {"ood_limit": 3.0}
    save_file(tensors, path, metadata={"card": json.dumps(card)})
    with pytest.raises(WeightsError, match="altered since it was made"):
        load(path)


def test_a_limit_without_a_reference_is_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    with pytest.raises(WeightsError, match=r"net\.safetensors: an ood_limit in the card, but not "
                                           "the reference"):
        random_network(path, ood_limit=2.5, **TINY)
    assert not path.exists()


def test_a_reference_without_a_limit_is_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    with pytest.raises(WeightsError, match="a reference of distances, but not an ood_limit"):
        random_network(path, reference=random_reference(), **TINY)
    assert not path.exists()


def test_a_loaded_file_is_held_to_the_same(path):
    tensors, metadata = contents(path)
    card = read_card(path)
    bare = {name: a for name, a in tensors.items() if not name.startswith("reference")}
    save_file(bare, path, metadata={"card": card.sealed(bare).to_json()})
    with pytest.raises(WeightsError, match="but not the reference"):
        load(path)
    save_file({"unknown": np.zeros(1, np.float32)} | tensors, path, metadata=metadata | {
        "card": card.sealed({"unknown": np.zeros(1, np.float32)} | tensors).to_json()})
    with pytest.raises(WeightsError, match="do not fit their architecture"):
        load(path)


def test_a_reference_of_another_width_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="does not fit features of width 8"):
        random_network(tmp_path / "net.safetensors", reference=random_reference(9),
                       ood_limit=2.5, **TINY)


def test_a_reference_that_is_not_finite_is_refused(tmp_path):
    reference = random_reference()
    reference["reference.surface"][0, 0] = np.nan
    with pytest.raises(WeightsError, match=r"not finite in reference\.surface"):
        random_network(tmp_path / "net.safetensors", reference=reference, ood_limit=2.5, **TINY)


@pytest.mark.parametrize("ood_limit", [0.0, -1.0, float("nan"), float("inf"), "far"])
def test_a_limit_that_is_no_positive_number_is_refused(tmp_path, ood_limit):
    with pytest.raises(WeightsError, match="is no positive number"):
        random_network(tmp_path / "net.safetensors", reference=random_reference(),
                       ood_limit=ood_limit, **TINY)
