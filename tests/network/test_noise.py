import numpy as np
import pytest
import torch

from bossnet.network import noise
from network import reference

ONES = 0xFFFFFFFF


@pytest.mark.parametrize(("word", "expected"), [
    (0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    (ONES, "408f276d 41c83b0e a20bc7c6 6d5451fd")])
def test_philox_gives_its_published_test_vectors(word, expected):
    w = torch.tensor([word])
    words = noise.philox((w, w, w, w), (w, w))
    assert " ".join(f"{int(x):08x}" for x in words) == expected
    assert " ".join(f"{x:08x}" for x in reference.philox([word] * 4, [word] * 2)) == expected


@pytest.mark.parametrize("key", [0, 7, ONES, (5 << 32) + 9, (1 << 62) + 3])
def test_normals_agree_with_the_plain_statement(key):
    got = noise.normals(torch.tensor([key]), 42, range(2, 4), 11)[0].numpy()
    for row, draw in zip(got, (2, 3), strict=True):
        np.testing.assert_allclose(row, reference.normals(42, key, draw, 11), atol=2e-6)


def test_a_draw_depends_neither_on_its_batch_nor_on_further_draws_nor_on_the_length():
    many = noise.normals(torch.tensor([3, 5, 8]), 1, range(20), 401)
    alone = noise.normals(torch.tensor([5]), 1, range(4, 6), 399)
    assert torch.equal(many[1, 4:6, :399], alone[0])


def test_noise_is_standard_normal_and_differs_by_seed_key_and_draw():
    n = noise.normals(torch.arange(10), 0, range(20), 4000).double()
    assert abs(n.mean()) < 0.005
    assert abs(n.std() - 1) < 0.005
    assert abs((n**4).mean() - 3) < 0.05
    other = noise.normals(torch.arange(10), 1, range(20), 4000)
    rows = torch.cat([n.flatten(0, 1).float(), other.flatten(0, 1)])
    correlation = torch.corrcoef(rows) - torch.eye(len(rows))
    assert correlation.abs().max() < 6 / 4000**0.5
