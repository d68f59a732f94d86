"""Twelve drawn people, enrolled once for the tests that only ask."""

import shutil
import signal
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from api.cli.main import main
from matcher.drawn import DemoSet, write_demo
from tests.cli.parts import Shell


@pytest.fixture(autouse=True)
def quiet_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting of this machine reaches a test, and refused.csv is written into a folder of its own."""
    for name in ("HOME", "ENGINE", "WORKERS", "TOP", "TRACEBACK", "PORT", "HOST"):
        monkeypatch.delenv(f"MATCHER_{name}", raising=False)
    # Starting a process takes longer than a test's few photos; where several matter, a test asks for them.
    monkeypatch.setenv("MATCHER_WORKERS", "1")
    monkeypatch.setattr("sys.stdin", StringIO(""))
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> DemoSet:
    """Twelve people to enroll, eight cases, of which three show people who are not among them."""
    return write_demo(tmp_path_factory.mktemp("drawn"), people=12, cases=8, not_enrolled=3, workers=1)


@pytest.fixture(scope="session")
def enrolled(drawn: DemoSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the twelve people; not to be changed."""
    home = tmp_path_factory.mktemp("enrolled") / "home"
    before = signal.getsignal(signal.SIGTERM)
    code = main(["enroll", str(drawn.people), "--home", str(home), "--refused", str(home.parent / "refused.csv")])
    signal.signal(signal.SIGTERM, before)
    assert code == 0
    # Before anybody asks: what is asked in the shared home stays in its audit.
    shutil.copytree(home, home.parent / "untouched")
    return home


@pytest.fixture
def asking(enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Commands in the shared home, for questions only."""
    return Shell(enrolled, tmp_path, capsys)


@pytest.fixture
def shell(enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Commands in a copy of the home with the twelve people, in which nothing was asked before."""
    home = tmp_path / "home"
    shutil.copytree(enrolled.parent / "untouched", home)
    return Shell(home, tmp_path, capsys)


@pytest.fixture
def fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Commands in a home that does not exist yet."""
    return Shell(tmp_path / "home", tmp_path, capsys)
