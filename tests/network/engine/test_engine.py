import numpy as np
import pytest
import torch
from torch.nn import functional

from bossnet.network.engine import Engine
from bossnet.network.engine.engine import cuts
from bossnet.network.engine.stack import bins
from network.engine.made import settled

#: Of the features' own spread, which in networks of random weights is far below their size: a
#: trained network's outputs, of spread 1, are rounded by less than 1e-5 either way.
ROUNDING = 3e-5
SHAPES = {
    "as published, fewer bins": {"model_dim": 4, "dim_mults": (1, 2, 4, 8, 16), "kernel_size": 30,
                                 "adapt_pool_output_dim": 32, "num_linear": 3, "linear_dim": 64},
    "as shipped": {"model_dim": 4, "dim_mults": (1, 2, 4, 8), "kernel_size": 15,
                   "adapt_pool_output_dim": 128, "num_linear": 3, "linear_dim": 256},
    "odd kernel": {"kernel_size": 7},
    "kernel of one": {"kernel_size": 1},
    "kernel of two": {"kernel_size": 2},
    "long kernel": {"kernel_size": 101, "dim_mults": (1, 2)},
    "channels that shrink by one": {"dim_mults": (1, 2, 3), "model_dim": 3},
    "no block": {"dim_mults": (2,)},
    "no linear layer": {"num_linear": 0},
}


def inputs(number, length, seed=0):
    """Like logarithms of fluxes: around 2, some at the floor."""
    x = torch.randn(number, length, generator=torch.Generator().manual_seed(seed)) * 0.3 + 2
    x[0, : length // 4] = np.log(1e-6)
    return x


def compared(module, engine, x):
    """The largest difference of features and outputs, in units of the features' own spread."""
    with torch.inference_mode():
        want, got = module.features(x.unsqueeze(1)), engine.features(x)
        assert got.shape == want.shape
        outputs, others = module.head(want), module.head(got)
    return ((got - want).abs().max() / want.std(), (outputs - others).abs().max() / want.std())


@pytest.mark.parametrize("measure", [True, False], ids=["measured", "counted"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_engine_is_the_module(shape, measure):
    module = settled(**shape)
    for length in (300, 301):
        features, outputs = compared(module, Engine(module, measure=measure), inputs(5, length))
        assert features < ROUNDING
        assert outputs < ROUNDING


@pytest.mark.parametrize("length", [3900, 8575])
@pytest.mark.parametrize("kernel", [15, 30])
def test_the_engine_is_the_module_at_the_surveys_lengths(length, kernel):
    module = settled(kernel_size=kernel, dim_mults=(1, 2, 4), model_dim=4,
                     adapt_pool_output_dim=64, num_linear=2)
    assert max(compared(module, Engine(module, measure=False), inputs(3, length))) < ROUNDING


@pytest.mark.parametrize(("pixels", "number"), [(150, 8), (150, 50), (150, 149), (150, 200), (7, 3),
                                                (3, 7), (5, 1)])
def test_bins_are_those_of_the_adaptive_pool(pixels, number):
    x = torch.randn(pixels)
    groups = bins(pixels, number)
    assert [group.first for group in groups] == np.cumsum(
        [0, *(len(group.means) for group in groups[:-1])]).tolist()
    got = torch.cat([group.means @ x[group.start:group.start + group.means.shape[1]]
                     for group in groups])
    np.testing.assert_allclose(got, functional.adaptive_avg_pool1d(x[None], number)[0], atol=1e-6)


@pytest.mark.parametrize("bins_", [200, 149, 75])
def test_more_bins_than_pixels_or_not_divisible(bins_):
    module = settled(adapt_pool_output_dim=bins_)
    assert max(compared(module, Engine(module, measure=False), inputs(4, 301))) < ROUNDING


@pytest.mark.parametrize("number", [1, 2, 17, 64, 65, 150])
def test_any_number_of_inputs_is_taken_one_after_the_other_too(number):
    module = settled()
    engine = Engine(module, measure=False)
    x = inputs(150, 200)
    whole = engine.features(x)
    got = engine.features(x[:number])
    np.testing.assert_allclose(got, whole[:number], atol=1e-5)
    np.testing.assert_allclose(engine.features(x), whole, atol=1e-6)


def test_an_input_that_is_not_finite_harms_no_companion_and_nothing_after_it():
    module = settled()
    engine = Engine(module, measure=False)
    x = inputs(20, 200)
    whole = engine.features(x)
    bad = x.clone()
    bad[3], bad[7, 5] = torch.inf, torch.nan
    got = engine.features(bad)
    good = [i for i in range(20) if i not in (3, 7)]
    np.testing.assert_allclose(got[good], whole[good], atol=1e-5)
    assert got[7].isnan().any()
    np.testing.assert_allclose(engine.features(x), whole, atol=1e-6)


def test_the_threads_numbers_are_those_of_one():
    module = settled()
    x = inputs(150, 200)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = Engine(module, measure=False).features(x)
        torch.set_num_threads(2)
        two = Engine(module, measure=False).features(x)
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_allclose(one, two, atol=1e-6)


@pytest.mark.parametrize(("number", "threads", "sizes"), [
    (1, 1, [1]), (16, 2, [16]), (128, 1, [128]), (129, 1, [64, 65]), (64, 2, [32, 32]),
    (336, 1, [112, 112, 112]), (336, 2, [80, 80, 80, 96])])
def test_inputs_are_cut_alike_for_all_threads(number, threads, sizes):
    parts = cuts(number, threads)
    assert [p.stop - p.start for p in parts] == sizes
    assert [p.start for p in parts[1:]] == [p.stop for p in parts[:-1]]
    assert (parts[0].start, parts[-1].stop) == (0, number)
