"""What the documentation shows is true: its commands run, its links lead somewhere."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.drawn import write_demo

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


def _readme_commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^    \.venv/bin/(matcher .*?)(?:\s+#.*)?$", text, re.MULTILINE)
    return [command.strip() for command in found]


def test_the_readme_shows_commands() -> None:
    assert {command.split()[1] for command in _readme_commands()} >= {
        "enroll",
        "identify",
        "backlog",
        "serve",
        "doctor",
    }


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the files that the README names, made of drawn people."""
    folder = tmp_path_factory.mktemp("readme")
    demo = write_demo(folder, people=6, cases=3, not_enrolled=1, workers=1)
    shutil.copy(demo.backlog, folder / "cases.csv")
    shutil.copy(next((folder / "cases").iterdir()), folder / "photo.jpg")
    return folder


@pytest.mark.long
def test_the_readmes_commands_run(desk: Path) -> None:
    environment = {**os.environ, "MATCHER_HOME": str(desk / "home"), "MATCHER_PORT": "0"}
    for command in _readme_commands():
        arguments = [sys.executable, "-m", "api.cli", *command.split()[1:]]
        if arguments[3] == "serve":
            _serves(arguments, desk, environment)
            continue
        done = subprocess.run(
            arguments, cwd=desk, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert (desk / "out" / "candidates.csv").stat().st_size > 0
    assert (desk / "out" / "report.html").stat().st_size > 0


def _serves(arguments: list[str], desk: Path, environment: dict[str, str]) -> None:
    process = subprocess.Popen(arguments, cwd=desk, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "http://127.0.0.1" in process.stdout.readline()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_named_exist(page: Path) -> None:
    from typer.main import get_command

    from api.cli.main import app

    root = get_command(app)
    known = set(getattr(root, "commands", {}))
    named = set(re.findall(r"`(?:\.venv/bin/)?matcher ([a-z][a-z-]*)", page.read_text(encoding="utf-8")))
    assert named <= known, named - known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_benchmarks_that_are_named_exist(page: Path) -> None:
    named = set(re.findall(r"python -m benchmarks ([a-z]+)", page.read_text(encoding="utf-8")))
    assert all((ROOT / "benchmarks" / f"{name}.py").exists() for name in named), named
