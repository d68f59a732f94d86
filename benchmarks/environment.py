"""Raw results, kept with what they were measured on."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matcher.evaluation.environment import environment

__all__ = ["environment", "keep"]


def keep(name: str, results: Mapping[str, Any], folder: Path) -> Path:
    """Write the raw results with their environment to a JSON file of their own; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{time.strftime('%Y%m%dT%H%M%S')}.json"
    path.write_text(json.dumps({"environment": environment(), **results}, indent=1), encoding="utf-8")
    return path
