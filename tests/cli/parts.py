"""A matcher with drawn people for the tests of the command line, run in this process or in one of its own."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import main

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


class Shell:
    """Runs commands in one home and folder."""

    def __init__(self, home: Path, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.folder = folder
        self._capture = capture

    def __call__(self, *arguments: object, home: Path | None = None) -> Ended:
        """In this process; worker processes are real ones all the same."""
        self._capture.readouterr()
        code = main(["--home", str(home or self.home), *(str(argument) for argument in arguments)])
        said = self._capture.readouterr()
        return Ended(code, said.out, said.err)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "api.cli", *(str(argument) for argument in arguments)]


def started(*arguments: object, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """The same as a process of its own, in `folder`."""
    return subprocess.Popen(
        command(*arguments),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """The rows as a CSV with the columns of the first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def one_line_of_error(ended: Ended, code: int, *words: str) -> None:
    """The command failed as it should: this code, one line with these words, no traceback."""
    lines = [line for line in ended.err.splitlines() if line.startswith("matcher: ")]
    assert ended.code == code, ended.err
    assert len(lines) == 1, ended.err
    assert "Traceback" not in ended.err
    for word in words:
        assert word in lines[0]
