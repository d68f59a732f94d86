"""Where the real photos for measuring are; they are never part of this repository."""

import os
import random
from pathlib import Path


def test_data() -> Path:
    """The folder that MATCHER_TEST_DATA names; ends the program with the remedy where it is unset."""
    named = os.environ.get("MATCHER_TEST_DATA")
    if not named or not Path(named).is_dir():
        raise SystemExit("benchmarks: set MATCHER_TEST_DATA to the folder with faces/, embeddings/ and models/")
    return Path(named).resolve()


def photos(folder: Path, count: int, *, seed: int = 0) -> list[Path]:
    """A random choice of the photos below a folder, the same for the same seed."""
    found = sorted(folder.rglob("*.jpg"))
    return random.Random(seed).sample(found, min(count, len(found)))
