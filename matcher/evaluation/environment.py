"""What a measurement was made on: processor, cores, memory, Python, and the packages that decide results and speed."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

PROGRAM = "identity-matcher"
PACKAGES = ("dlib-bin", "faiss-cpu", "face-recognition", "numpy", "onnxruntime", "opencv-python-headless", "pillow")


def environment() -> dict[str, Any]:
    """The facts as JSON values; a package that is not there is "missing"."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_average": os.getloadavg(),
        "python": platform.python_version(),
        "packages": {name: version_of(name) for name in PACKAGES},
    }


def version_of(package: str) -> str:
    """A package's version, "missing" where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
