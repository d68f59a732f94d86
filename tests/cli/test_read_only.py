"""A home that can only be read: one line with the remedy, for searches too, since each leaves its audit record."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, one_line_of_error


@pytest.fixture
def locked(enrolled: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the home that nobody can write: by a mount for root, whom rights don't hold back, by rights else."""
    home, shown = tmp_path / "copy", tmp_path / "locked"
    shutil.copytree(enrolled, home)
    if os.geteuid() != 0:
        for path in (*home.rglob("*"), home):
            path.chmod(0o500 if path.is_dir() else 0o400)
        yield home
        for path in (home, *home.rglob("*")):
            path.chmod(0o700)
        return
    shown.mkdir()
    for options in (["--bind", str(home), str(shown)], ["-o", "remount,bind,ro", str(shown)]):
        if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
            subprocess.run(["umount", str(shown)], check=False, capture_output=True)
            pytest.skip("root without the right to mount: nothing can be made read-only for this process")
    yield shown
    subprocess.run(["umount", str(shown)], check=True)


def test_every_command_says_that_it_needs_to_write(asking: Shell, locked: Path, drawn: DemoSet, tmp_path: Path) -> None:
    photo = sorted((drawn.backlog.parent / "cases").iterdir())[0]
    for words in (
        ("identify", photo),
        ("backlog", drawn.backlog, "--out", tmp_path / "out"),
        ("enroll", drawn.people),
        ("person", "list"),
        ("stats",),
    ):
        ended = asking(*words, home=locked)
        one_line_of_error(ended, 4, str(locked), "recorded", "change the rights, or copy")
        assert "Errno" not in ended.err
        assert not ended.out
    found = asking("doctor", "--json", home=locked)
    assert found.code == 1
    (problem,) = (finding for finding in found.objects if finding["level"] == "problem")
    assert (problem["about"], "can't be written" in problem["message"]) == ("home", True)
