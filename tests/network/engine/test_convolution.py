import numpy as np
import pytest
import torch
from torch.nn import functional

from bossnet.network.engine.choice import ways
from bossnet.network.engine.convolution import Direct, Spectral
from bossnet.network.engine.scratch import Scratch

ALL = [Way for kernel in (1, 2, 6, 7, 15, 30, 100) for Way in ((w, kernel) for w in ways(kernel))]


def rows(x):
    """(pixels,) numbers -> (pixels, 1 channel, 1 input)."""
    return torch.tensor(x, dtype=torch.float32).view(-1, 1, 1)


@pytest.mark.parametrize("convolution", [
    Direct(np.array([[[1.0, 2.0]]]), np.array([10.0]), 2),
    Spectral(np.array([[[1.0, 2.0]]]), np.array([10.0]), 2, 2),
    Spectral(np.array([[[1.0, 2.0]]]), np.array([10.0]), 4, 1)])
def test_a_kernel_of_two_by_hand(convolution):
    # out[i] = 1 x[i] + 2 x[i + 1] + 10
    x = np.zeros(convolution.reads)
    x[:4] = [1, 2, 5, 3]
    y = convolution(rows(x), Scratch())
    np.testing.assert_allclose(y[:3].flatten(), [15, 22, 21], atol=1e-5)
    assert y.shape == (convolution.step, 1, 1)


def test_channels_are_summed_by_hand():
    weight = np.array([[[1.0, 0, 0], [0, 0, 2.0]], [[0, 1.0, 0], [0, 0, 0]]])
    for convolution in (Direct(weight, np.zeros(2), 4), Spectral(weight, np.zeros(2), 4, 2)):
        x = torch.zeros(convolution.reads, 2, 1)
        x[:4, 0, 0] = torch.tensor([1.0, 2, 3, 4])
        x[:4, 1, 0] = torch.tensor([5.0, 6, 7, 8])
        y = convolution(x, Scratch())
        np.testing.assert_allclose(y[:2, :, 0], [[1 + 14, 2], [2 + 16, 3]], atol=1e-5)


@pytest.mark.parametrize(("way", "kernel"), ALL, ids=lambda v: str(v).replace(" ", "-"))
@pytest.mark.parametrize("width", [1, 5, 64])
def test_every_way_is_torchs_convolution(way, kernel, width):
    rng = np.random.default_rng(kernel)
    weight, bias = rng.normal(size=(5, 3, kernel)), rng.normal(size=5)
    convolution = way.built(weight, bias)
    # Rows of a longer input, as it is called: not at the beginning of their storage.
    whole = torch.from_numpy(rng.normal(size=(convolution.reads + 7, 3, width)).astype("f4"))
    x = whole[4:4 + convolution.reads]
    got = convolution(x, Scratch())
    want = functional.conv1d(x.permute(2, 1, 0).double(), torch.from_numpy(weight),
                             torch.from_numpy(bias)).permute(2, 1, 0)
    assert convolution.step == convolution.reads - kernel + 1
    np.testing.assert_allclose(got, want, atol=3e-6 * np.sqrt(3 * kernel))


def test_an_input_does_not_depend_on_its_companions():
    rng = np.random.default_rng(0)
    convolution = Spectral(rng.normal(size=(4, 4, 9)), np.zeros(4), 8, 4)
    x = torch.from_numpy(rng.normal(size=(32, 4, 16)).astype("f4"))
    alone = convolution(x[:, :, :1].contiguous(), Scratch()).clone()
    x[:, :, 1:] *= 1e6
    x[:, :, 3] = torch.nan
    beside = convolution(x, Scratch())
    np.testing.assert_allclose(beside[:, :, :1], alone, atol=1e-5)
