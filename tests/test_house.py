"""The house rules that a program can check: imports only go down, and nothing foreign stands in the repository."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "index": {"index"},
    "matcher": {"index", "matcher"},
    "api": {"index", "matcher", "api"},
    "benchmarks": {"index", "matcher", "benchmarks"},
}
FLOORS = {*MAY_IMPORT, "tests"}


def _tracked(pattern: str = "") -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *([pattern] if pattern else [])]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def _imports(path: Path) -> set[str]:
    """The floors that a file imports, also under TYPE_CHECKING and inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively; name the floor"
            found.add((node.module or "").split(".")[0])
    return found & FLOORS


@pytest.mark.parametrize("floor", sorted(MAY_IMPORT))
@pytest.mark.long
def test_imports_only_go_down(floor: str) -> None:
    files = [path for path in _tracked("*.py") if path.relative_to(ROOT).parts[0] == floor]
    assert files
    for path in files:
        assert _imports(path) <= MAY_IMPORT[floor], path


def test_no_circles_among_modules() -> None:
    """A module may be imported on its own, so no circle is hidden by the order of imports."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in _tracked("*.py")
        if path.relative_to(ROOT).parts[0] in MAY_IMPORT
    }
    graph = {name: _top_level(path, modules) - {name} for name, path in modules.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail[trail.index(name) :], name])
        if name in done:
            return
        for below in sorted(graph[name]):
            visit(below, (*trail, name))
        done.add(name)

    for name in sorted(graph):
        visit(name, ())


def _top_level(path: Path, modules: dict[str, Path]) -> set[str]:
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {
                f"{node.module}.{name.name}" if f"{node.module}.{name.name}" in modules else node.module
                for name in node.names
            }
    return found & modules.keys()


def test_nothing_large_and_no_photo_is_tracked() -> None:
    for path in _tracked():
        assert path.stat().st_size < 2**20, path
        assert path.suffix not in {".jpg", ".jpeg", ".dat", ".onnx", ".npy"}, path


def test_lock_files_have_hashes_and_no_addresses() -> None:
    for path in (ROOT / "requirements").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search(r"^--(extra-)?index-url|^--find-links|^-f ", text, re.MULTILINE)
        pins = re.findall(r"^[a-z0-9][\w.-]*==", text, re.MULTILINE)
        assert pins
        assert len(re.findall(r"--hash=sha256:", text)) >= len(pins)


@pytest.mark.long
def test_nothing_is_imported_at_a_cost() -> None:
    """The command line answers at once: importing it loads no network and no index."""
    heavy = ("dlib", "faiss", "onnxruntime", "onnx", "face_recognition", "fastapi", "scipy")
    code = f"import sys, api.cli.main; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([ROOT / ".venv/bin/python", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
