import numpy as np
import pytest
import torch

from bossnet.errors import WeightsError
from bossnet.network.distance import Reference, terms
from network.made import random_reference


def parabola():
    """In three features: the first is the coordinate, the second its square, the third none."""
    return {"reference.centre": np.zeros(3, np.float32),
            "reference.axes": np.array([[1], [0], [0]], np.float32),
            "reference.surface": np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)}


def test_terms_are_one_the_components_and_their_products():
    got = terms(torch.tensor([[2.0, 3.0, 5.0]]))
    assert got.tolist() == [[1, 2, 3, 5, 4, 6, 10, 9, 15, 25]]


def test_the_distance_is_what_the_sheet_leaves_over():
    reference = Reference.of(parabola(), width=3, origin="here")
    features = torch.tensor([[2.0, 4.0, 0.0], [2.0, 4.0, -3.0], [2.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    distance = reference.distance(features)
    assert distance.dtype == torch.float64
    assert distance.tolist() == [0.0, 3.0, 5.0, 0.0]


def test_components_are_counted_from_the_centre():
    arrays = parabola() | {"reference.centre": np.array([1, 7, 7], np.float32)}
    reference = Reference.of(arrays, width=3, origin="here")
    # at 3 the component is 2, so the sheet is at (2, 4, 0)
    assert reference.distance(torch.tensor([[3.0, 4.0, 0.0]])).tolist() == [1.0]


def test_the_distance_is_the_same_whatever_the_batch():
    reference = Reference.of(random_reference(256, 20), width=256, origin="here")
    features = torch.randn(33, 256, generator=torch.Generator().manual_seed(1))
    whole = reference.distance(features)
    alone = torch.cat([reference.distance(row[None]) for row in features])
    torch.testing.assert_close(alone, whole, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(reference.distance(features.flip(0)).flip(0), whole,
                               rtol=1e-9, atol=1e-9)


def test_a_reference_goes_to_a_file_and_comes_back_as_it_was():
    arrays = random_reference(8, 3)
    back = Reference.of(arrays, width=8, origin="here").arrays()
    assert back.keys() == arrays.keys()
    for name, values in arrays.items():
        assert back[name].dtype == np.float32
        np.testing.assert_array_equal(back[name], values)


@pytest.mark.parametrize("change", [
    {"reference.centre": np.zeros(4, np.float32)},
    {"reference.centre": np.zeros(3)},
    {"reference.axes": np.zeros((3, 0), np.float32)},
    {"reference.axes": np.zeros((3, 2), np.float32)},
    {"reference.axes": np.zeros(3, np.float32)},
    {"reference.axes": np.float32(1.0)},
    {"reference.surface": np.zeros((4, 3), np.float32)},
    {"reference.surface": np.zeros((3, 4), np.float32)},
])
def test_tensors_that_do_not_fit_the_features_or_each_other_are_refused(change):
    with pytest.raises(WeightsError, match=r"net: .*does not fit features of width 3"):
        Reference.of(parabola() | {k: np.asarray(v) for k, v in change.items()}, width=3,
                     origin="net")


@pytest.mark.parametrize("names", [
    ["reference.centre", "reference.axes"],
    ["reference.centre", "reference.axes", "reference.surface", "reference.more"]])
def test_a_tensor_too_few_or_too_many_is_refused(names):
    arrays = parabola() | {"reference.more": np.zeros(3, np.float32)}
    with pytest.raises(WeightsError, match="needs exactly"):
        Reference.of({name: arrays[name] for name in names}, width=3, origin="net")
