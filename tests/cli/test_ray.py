"""``backlog --ray local``: a real cluster of several processes on this machine."""

from pathlib import Path

import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, one_line_of_error
from tests.matcher.ray_parts import need_ray

pytestmark = pytest.mark.long


def test_the_results_are_those_of_a_run_without_it(asking: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    need_ray()
    here, there = tmp_path / "here", tmp_path / "there"
    assert asking("backlog", drawn.backlog, "--out", here).code == 0
    done = asking("backlog", drawn.backlog, "--out", there, "--ray", "local", "--workers", 2)
    assert done.code == 0, done.err
    assert (there / "candidates.csv").read_bytes() == (here / "candidates.csv").read_bytes()
    assert (there / "answers.jsonl").read_bytes() == (here / "answers.jsonl").read_bytes()


def test_an_address_where_nobody_is(asking: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    need_ray()
    ended = asking("backlog", drawn.backlog, "--out", tmp_path / "out", "--ray", "127.0.0.1:9")
    one_line_of_error(ended, 4, "ray start")
