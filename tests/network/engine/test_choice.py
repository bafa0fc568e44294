import numpy as np

from bossnet.network.engine import choice
from bossnet.network.engine.choice import Way, choose, ways


def test_thin_layers_are_direct_and_wide_ones_spectral_where_nothing_is_measured():
    def counted(out, channels, kernel):
        return choose(np.ones((out, channels, kernel)), np.zeros(out), length=1950, width=64,
                      measure=False)[1]

    assert counted(4, 1, 30) == Way("direct", (2,))
    assert counted(64, 64, 30).name == "spectral"
    assert counted(8, 8, 3) == Way("direct", (2,))


def test_what_is_measured_once_is_remembered(monkeypatch):
    calls = []
    monkeypatch.setattr(choice, "_measured", {})
    monkeypatch.setattr(choice, "_seconds", lambda convolution, layer: calls.append(layer) or
                        float(len(calls)))
    weight = np.ones((2, 2, 6))
    way = choose(weight, np.zeros(2), length=100, width=64)[1]
    assert way == ways(6)[0]
    assert len(calls) == len(ways(6))
    choose(2 * weight, np.zeros(2), length=100, width=64)
    assert len(calls) == len(ways(6))
    choose(weight, np.zeros(2), length=101, width=64)
    assert len(calls) == 2 * len(ways(6))


def test_a_ways_name_says_all_of_it():
    assert str(Way("direct", (4,))) == "direct 4"
    assert str(Way("spectral", (16, 8))) == "spectral 16x8"
