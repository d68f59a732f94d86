"""What a measurement was made on, kept with its raw results."""

import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PACKAGES = ("dlib-bin", "faiss-cpu", "face-recognition", "numpy", "onnxruntime", "opencv-python-headless", "pillow")


def environment() -> dict[str, Any]:
    """Processor, cores, memory, Python and the packages that decide speed."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "missing"
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_average": os.getloadavg(),
        "python": platform.python_version(),
        "packages": versions,
    }


def keep(name: str, results: Mapping[str, Any], folder: Path) -> Path:
    """Write the raw results with their environment to a JSON file of their own; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{time.strftime('%Y%m%dT%H%M%S')}.json"
    path.write_text(json.dumps({"environment": environment(), **results}, indent=1), encoding="utf-8")
    return path


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
