"""Times are taken in turn; medians and ratios are of the rounds."""

import time

import pytest

from bossnet.bench.timing import Taken, cores, in_turn, median, ratio, timed, warm_up


def test_ways_take_turns():
    order = []
    calls = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    warm_up(calls)
    times = in_turn(calls, rounds=2)
    assert order == ["a", "b"] * 3
    assert {name: len(of) for name, of in times.items()} == {"a": 2, "b": 2}


def test_what_a_call_says_of_itself_counts():
    assert timed(lambda: Taken(3.0, 1.0)) == Taken(3.0, 1.0)


def test_waiting_takes_time_by_the_clock_and_none_of_a_processor():
    taken = timed(lambda: time.sleep(0.2))
    assert taken.wall >= 0.2
    assert taken.processor < 0.1


def test_a_ratio_is_the_median_of_those_of_the_rounds():
    slow = [Taken(2, 2), Taken(9, 9), Taken(4, 2)]
    fast = [Taken(1, 1), Taken(3, 3), Taken(1, 1)]
    assert ratio(slow, fast) == 3
    assert median(slow) == 4
    assert cores(slow) == pytest.approx(1)
