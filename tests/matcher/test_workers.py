"""Worker processes: order, bounds, deaths and ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from matcher.workers import Crew, Lost, WorkersUnavailable
from tests.matcher import worker_parts


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew[tuple[str, str], str]]:
    with Crew(worker_parts.obedient, workers=2, patience=30) as made:
        yield made


@pytest.mark.long
def test_results_come_in_the_order_of_the_tasks_and_no_task_is_read_far_ahead() -> None:
    read = 0

    def tasks() -> Iterator[int]:
        nonlocal read
        for number in range(300):
            read += 1
            yield number

    with Crew(worker_parts.square, workers=2) as crew, closing(crew.run(tasks())) as results:
        given = []
        for value in results:
            given.append(value)
            assert read <= len(given) + 2 * 32 + 2
        assert given == [number * number for number in range(300)]
        # The same processes serve again.
        assert list(crew.run([7])) == [49]


def test_a_killed_process_costs_one_task_only_after_a_second_attempt(
    crew: Crew[tuple[str, str], str], tmp_path: Path
) -> None:
    tasks = [("echo", str(number)) for number in range(12)]
    tasks[4] = ("die", "")
    tasks[8] = ("die once", str(tmp_path / "died"))
    results = list(crew.run(tasks))
    lost = results.pop(4)
    assert isinstance(lost, Lost)
    assert lost.code == "worker_died"
    assert results == [argument for place, (_, argument) in enumerate(tasks) if place != 4]


def test_what_a_task_raises_is_its_own_affair(crew: Crew[tuple[str, str], str]) -> None:
    failed, exhausted, fine = crew.run([("fail", "it broke"), ("exhaust", ""), ("echo", "fine")])
    assert failed == Lost("failed", "unexpected ValueError: it broke")
    assert isinstance(exhausted, Lost)
    assert exhausted.code == "out_of_memory"
    assert fine == "fine"


@pytest.mark.long
def test_a_task_that_never_ends_is_given_up() -> None:
    with Crew(worker_parts.obedient, workers=1, patience=0.3) as crew:
        slow, fine = crew.run([("sleep", "60"), ("echo", "fine")])
    assert isinstance(slow, Lost)
    assert slow.code == "took_too_long"
    assert fine == "fine"


def test_what_makes_all_work_impossible_is_raised(crew: Crew[tuple[str, str], str]) -> None:
    with Crew(worker_parts.broken, workers=2) as broken, pytest.raises(WorkersUnavailable, match="weights are missing"):
        list(broken.run([1, 2, 3]))
    with Crew(worker_parts.dying, workers=1) as dying, pytest.raises(WorkersUnavailable, match="end while they start"):
        list(dying.run([1]))
    with Crew(worker_parts.obedient, workers=1) as other, pytest.raises(WorkersUnavailable, match="no weights"):
        list(other.run([("engine", "no weights")]))
    with Crew(worker_parts.square, workers=1) as one, pytest.raises(ZeroDivisionError):
        list(one.run(1 // number for number in (1, 0)))


def test_leaving_early_ends_the_processes() -> None:
    with Crew(worker_parts.obedient, workers=2) as crew:
        with closing(crew.run([("pid", ""), ("sleep", "60"), ("echo", "never")])) as results:
            pid = int(str(next(results)))
        assert _gone(pid)


_PARENT = """
import sys
from tests.matcher import worker_parts
from matcher.workers import Crew
if __name__ == "__main__":
    with Crew(worker_parts.obedient, workers=1) as crew:
        run = crew.run([("pid", ""), ("sleep", "60")])
        print(next(run), flush=True)
        next(run)
"""


def test_processes_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT, encoding="utf-8")
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    assert _gone(pid)


def _gone(pid: int, seconds: float = 10) -> bool:
    """Whether the process ends in time; one that nobody has waited for yet has ended too."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False
