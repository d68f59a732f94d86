"""Real photos for tests: their place comes from MATCHER_TEST_DATA, and tests that need them skip without it."""

import csv
import os
from pathlib import Path

import pytest

from matcher.photo import Photo, decode

_SET = os.environ.get("MATCHER_TEST_DATA")
DATA = Path(_SET) if _SET else None

needs_real_photos = pytest.mark.skipif(DATA is None, reason="MATCHER_TEST_DATA names no folder with real photos")


def faces_folder() -> Path:
    if DATA is None:
        pytest.skip("MATCHER_TEST_DATA names no folder with real photos")
    return DATA / "faces"


def open_set(name: str) -> list[dict[str, str]]:
    """The rows of an open-set split: photo, person_id, role, probe_kind."""
    with (faces_folder() / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def some_photos(count: int, *, step: int = 7) -> list[Photo]:
    """Every step-th photo of both sets in turn, decoded; always the same ones."""
    rows = open_set("portraits_open_set")[::step][: count // 3]
    rows += open_set("lfw_open_set")[::step][: count - len(rows)]
    return [decode((faces_folder() / row["photo"]).read_bytes()) for row in rows]
