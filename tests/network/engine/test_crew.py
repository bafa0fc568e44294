import threading

import pytest
import torch

from bossnet.network.engine.crew import Crew


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_one_thread_is_the_caller():
    names = Crew(1).each(lambda piece, scratch: threading.current_thread().name, [1, 2])
    assert names == [threading.current_thread().name] * 2


def test_threads_work_side_by_side_each_with_a_scratch_and_a_core_of_its_own(two_threads):
    both = threading.Barrier(2, timeout=30)  # passed only if two are there at once

    def work(piece, scratch):
        both.wait()
        return piece, id(scratch), torch.get_num_threads()

    results = Crew(2).each(work, [10, 20])
    assert [r[0] for r in results] == [10, 20]
    assert len({r[1] for r in results}) == 2
    assert [r[2] for r in results] == [1, 1]
    assert torch.get_num_threads() == 2


def test_all_pieces_are_at_an_end_before_the_error_of_one_is_raised(two_threads):
    ended = threading.Event()

    def work(piece, scratch):
        if piece == 0:
            raise ValueError("piece 0")
        ended.set()

    with pytest.raises(ValueError, match="piece 0"):
        Crew(2).each(work, [0, 1])
    assert ended.is_set()
