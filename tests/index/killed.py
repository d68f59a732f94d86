"""The processes of test_kills.py: a writer that is killed at any moment, and a reader that watches it.

Both speak by a journal, one line for each step: ``a 7`` before and ``A 7`` after the addition of id 7 was
acknowledged, ``r 7`` and ``R 7`` for its removal. Each id is used once.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from index.compressed.building import FEWEST_CODED
from index.compressed.compaction import Limits
from index.compressed.index import CompressedIndex

DIMENSION = 8
# A compaction every few changes, so that many kills fall into one; in most of them codes are made anew.
LIMITS = Limits(flush_rows=10, bulk_rows=30, coded_rows=FEWEST_CODED, worn_rows=4)
MOST = FEWEST_CODED + 250


def vectors_of(ids: np.ndarray) -> np.ndarray:
    return np.stack([np.random.default_rng(id_).standard_normal(DIMENSION) for id_ in ids.tolist()]).astype(np.float32)


def opened(folder: Path, *, background: bool) -> CompressedIndex:
    return CompressedIndex(folder, DIMENSION, tag="t", key=b"k" * 16, limits=LIMITS, background=background)


class Journal:
    """What was tried and what was acknowledged, as far as the file goes now."""

    def __init__(self, path: Path) -> None:
        self.steps: dict[str, set[int]] = {"a": set(), "A": set(), "r": set(), "R": set()}
        for line in path.read_text().split("\n")[:-1]:
            step, *ids = line.split()
            self.steps[step].update(map(int, ids))


def faults(before: Journal, found: set[int], after: Journal) -> list[str]:
    """What the ids found between two looks at the journal contradict."""
    lost = before.steps["A"] - after.steps["r"] - found
    risen = before.steps["R"] & found
    unknown = found - after.steps["a"]
    named = (("lost", lost), ("risen", risen), ("unknown", unknown))
    return [f"{what}: {sorted(ids)}" for what, ids in named if ids]


def write(folder: Path, journal: Path, seed: int) -> None:
    """Add and remove until killed."""
    rng = np.random.default_rng(seed)
    handle = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    next_id = max(Journal(journal).steps["a"], default=0) + 1

    def note(step: str, ids: np.ndarray) -> None:
        os.write(handle, f"{step} {' '.join(map(str, ids.tolist()))}\n".encode())

    with opened(folder, background=True) as index:
        while True:
            present = index.ids()
            if len(present) < MOST and (rng.random() < 0.6 or not len(present)):
                # Few at a time once there are many; before that, many at once.
                ids = np.arange(next_id, next_id + rng.choice([1, 2, 8, 40] if len(present) >= FEWEST_CODED else [200]))
                next_id = int(ids[-1]) + 1
                note("a", ids)
                index.add(ids, vectors_of(ids))
                note("A", ids)
            else:
                ids = rng.choice(present, min(len(present), int(rng.choice([1, 3, 20]))), replace=False)
                note("r", ids)
                index.remove(ids)
                note("R", ids)


def read(folder: Path, journal: Path) -> None:
    """Search until the file `stop` appears; any fault ends this with an error."""
    rng = np.random.default_rng(os.getpid())
    with opened(folder, background=False) as index:
        searches = 0
        while not (folder.parent / "stop").exists():
            before = Journal(journal)
            hits = index.search(np.zeros((1, DIMENSION), dtype=np.float32), 1000)
            found = set(hits.ids[hits.ids >= 0].tolist())
            wrong = faults(before, found, Journal(journal)) + _asked_for_one(index, journal, rng)
            if wrong:
                raise AssertionError("; ".join(wrong))
            searches += 1
            time.sleep(0.002)
    sys.stdout.write(f"{searches}\n")


def _asked_for_one(index: CompressedIndex, journal: Path, rng: np.random.Generator) -> list[str]:
    """Search for somebody who is there, a few nearest: that few are looked for by the codes, where there are any."""
    before = Journal(journal)
    there = sorted(before.steps["A"] - before.steps["r"])
    if not there:
        return []
    one = int(rng.choice(there))
    hits = index.search(vectors_of(np.array([one])), 3)
    found = set(hits.ids[hits.ids >= 0].tolist())
    after = Journal(journal)
    gone = one not in found and one not in after.steps["r"]
    wrong = [*(found & before.steps["R"]), *(found - after.steps["a"]), *([one] if gone else [])]
    return [f"of the nearest of {one}: {sorted(wrong)}"] if wrong else []


if __name__ == "__main__":
    role, folder, journal = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if role == "write":
        write(folder, journal, int(sys.argv[4]))
    else:
        read(folder, journal)
