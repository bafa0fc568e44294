"""A clock's stages add up, and settle what goes on by itself."""

import time

import pytest

from bossnet.clock import Clock


def test_stages_add_up_and_one_within_another_interrupts_it():
    clock = Clock()
    start = time.perf_counter()
    for _ in range(2):
        with clock.stage("outer"):
            time.sleep(0.02)
            with clock.stage("inner"):
                time.sleep(0.03)
            time.sleep(0.01)
    wall = time.perf_counter() - start
    time.sleep(0.02)  # of no stage
    assert set(clock.seconds) == {"outer", "inner"}
    assert clock.seconds["outer"] >= 0.06
    assert clock.seconds["inner"] >= 0.06
    assert sum(clock.seconds.values()) == pytest.approx(wall, abs=0.005)


def test_a_stage_that_fails_is_counted():
    clock = Clock()

    def fail():
        with clock.stage("broken"):
            time.sleep(0.01)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert clock.seconds["broken"] >= 0.01


def test_a_stage_ends_when_what_it_began_has_settled():
    clock = Clock()
    with clock.stage("device", settle=lambda: time.sleep(0.02)):
        pass
    assert clock.seconds["device"] >= 0.02
