"""The processes of a local Ray cluster that this process began, and how they are lost."""

import importlib.util
import os
import signal
from pathlib import Path

import pytest


def need_ray() -> None:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed; EXTRAS=cluster scripts/setup installs it")


def workers() -> list[int]:
    """The processes of our actors, of this process's own cluster alone."""
    return [pid for pid in _descendants(os.getpid()) if _command(pid).startswith("ray::_Desk")]


def lose_one(chance: float) -> bool:
    """Kill a worker, whichever `chance` (from 0 to below 1) names; whether there was one at this moment."""
    found = workers()
    if found:
        os.kill(found[int(chance * len(found))], signal.SIGKILL)
    return bool(found)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _descendants(ancestor: int) -> list[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found, before = {ancestor}, 0
    while len(found) > before:
        before = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return sorted(found - {ancestor})
