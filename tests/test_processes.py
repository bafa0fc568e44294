"""Helper processes: their answers, their replacement, and their end with whoever asked."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from bossnet.processes import AnswerFailed, ProcessDied, Processes, ProcessHung
from helpers import helpers_of, is_helper, wait_until

PARENT = """
import signal, time
from bossnet.processes import Processes
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup may have left ignored
with Processes(time.sleep, number=2, patience=300) as processes:
    processes.submit(0).result()
    processes.submit(300)
    print("ready", flush=True)
    time.sleep(300)
"""


def test_a_function_is_called_with_its_fixed_arguments_and_the_question():
    with Processes(pow, 2, number=2, patience=30) as processes:
        answers = [processes.submit(k) for k in range(20)]
        assert [a.result() for a in answers] == [2**k for k in range(20)]
        assert 1 <= len(helpers_of(os.getpid())) <= 2
    assert helpers_of(os.getpid()) == []


def test_an_error_of_the_function_is_the_answer_and_the_process_goes_on():
    with Processes(divmod, 1, number=1, patience=30) as processes:
        with pytest.raises(AnswerFailed, match="ZeroDivisionError: "):
            processes.submit(0).result()
        before = helpers_of(os.getpid())
        assert processes.submit(1).result() == (1, 0)
        assert helpers_of(os.getpid()) == before


def test_patience_is_for_one_answer_and_not_for_the_queue():
    with Processes(time.sleep, number=1, patience=1) as processes:
        hung, *others = [processes.submit(seconds) for seconds in (20, 0.4, 0.4, 0.4, 0.4)]
        assert [a.result() for a in others] == [None] * 4
        with pytest.raises(ProcessHung, match="no answer for 1 s"):
            hung.result()


def test_a_question_is_asked_again_when_its_process_is_killed():
    with Processes(time.sleep, number=1, patience=30) as processes:
        answer = processes.submit(1.5)
        wait_until(lambda: helpers_of(os.getpid()))[0].kill()
        assert answer.result() is None


def test_a_question_that_ends_its_process_is_given_up_and_said():
    with (Processes(os._exit, number=1, patience=30) as processes,
          pytest.raises(ProcessDied, match="exit status 7")):
        processes.submit(7).result()
    with (Processes(os.abort, number=1, patience=30) as processes,
          pytest.raises(ProcessDied, match="SIGABRT")):
        processes.submit().result()


def test_processes_that_die_while_idle_are_replaced():
    with Processes(abs, number=2, patience=30) as processes:
        for _ in range(2):
            assert [processes.submit(-i).result() for i in range(8)] == list(range(8))
            for helper in helpers_of(os.getpid()):
                helper.kill()
                wait_until(lambda: not is_helper(helper))  # noqa: B023 -- called here


def test_the_end_of_the_context_waits_for_no_answer():
    with Processes(time.sleep, number=2, patience=300) as processes:
        answers = [processes.submit(300) for _ in range(5)]
        wait_until(lambda: len(helpers_of(os.getpid())) == 2)
        start = time.monotonic()
    assert time.monotonic() - start < 10
    assert helpers_of(os.getpid()) == []
    assert all(a.done() for a in answers)


def test_nothing_that_a_function_prints_reaches_the_output(capfd):
    with Processes(print, number=1, patience=30) as processes:
        processes.submit("noise").result()
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_helpers_end_with_their_parent_whatever_they_do(number):
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout.readline() == "ready\n"
        helpers = wait_until(lambda: helpers_of(parent.pid))
        parent.send_signal(number)
        parent.wait(10)
        wait_until(lambda: not any(map(is_helper, helpers)), 5)


def test_signals_of_the_terminal_are_left_to_the_parent():
    with Processes(abs, number=1, patience=30) as processes:
        processes.submit(1).result()
        helper, = helpers_of(os.getpid())
        for number in (signal.SIGINT, signal.SIGTERM):
            helper.send_signal(number)
        assert processes.submit(-2).result() == 2
        assert helpers_of(os.getpid()) == [psutil.Process(helper.pid)]
