"""One task in a process of its own: what it makes or raises comes back, and it ends when it should."""

import os
import signal
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from matcher.errors import BadField, PersonDiffers
from matcher.own_process import Inherited, in_own_process
from matcher.team import WorkersUnavailable

SCORE = Path("/proc/self/oom_score_adj")


def _raised(error: Exception) -> None:
    raise error


def _read(upload: Inherited) -> tuple[int, bytes]:
    with upload.file as file:
        return os.getpid(), file.read()


def _killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Odd(Exception):
    """An error that does not come out of its own pickle."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def _odd() -> None:
    raise _Odd("a", "b")


def test_a_value_comes_back_from_another_process_that_read_a_file_without_a_name() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"from elsewhere")
        file.flush()
        process, content = in_own_process(partial(_read, Inherited(file)))
    assert (content, process != os.getpid()) == (b"from elsewhere", True)


@pytest.mark.parametrize("error", [BadField("days", "days is 0"), PersonDiffers("sex", "M then, F now")])
def test_an_error_comes_back_with_its_field(error: BadField | PersonDiffers) -> None:
    with pytest.raises(type(error), match=str(error)) as raised:
        in_own_process(partial(_raised, error))
    assert raised.value.field == error.field


@pytest.mark.skipif(not SCORE.exists(), reason="only Linux says which process it ends where memory runs out")
def test_where_memory_runs_out_it_is_the_first_to_go() -> None:
    assert in_own_process(partial(SCORE.read_text)).strip() == "1000"
    assert SCORE.read_text().strip() != "1000"


def test_an_error_of_any_make_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="_Odd"):
        in_own_process(_odd)


def test_a_process_that_is_killed_is_told_and_not_tried_again() -> None:
    with pytest.raises(WorkersUnavailable, match="was ended"):
        in_own_process(_killed)


@pytest.mark.long
def test_it_ends_with_whoever_waits_for_it() -> None:
    over = threading.Event()
    threading.Timer(1.5, over.set).start()
    with pytest.raises(WorkersUnavailable, match="stopping"):
        in_own_process(partial(time.sleep, 600), is_over=over.is_set)
