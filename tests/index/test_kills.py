"""Writers killed at random moments, readers in other processes beside them: nothing acknowledged is lost.

MATCHER_KILLS sets how many (default 5).
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.index import killed

KILLS = int(os.environ.get("MATCHER_KILLS", "5"))


def started(role: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.index.killed", role, *map(str, arguments)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.timeout(60 + 10 * KILLS)
@pytest.mark.long
def test_nothing_acknowledged_is_lost_by_kills(tmp_path: Path) -> None:
    folder, journal = tmp_path / "index", tmp_path / "journal"
    journal.touch()
    killed.opened(folder, background=False).close()
    readers = [started("read", folder, journal) for _ in range(2)]
    chance = random.Random(KILLS)
    try:
        for number in range(KILLS):
            size = journal.stat().st_size
            writer = started("write", folder, journal, number)
            while journal.stat().st_size == size and writer.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.4))
            writer.kill()
            _, errors = writer.communicate()
            assert writer.returncode == -9, errors
            check(folder, journal)
    finally:
        (tmp_path / "stop").touch()
        results = [reader.communicate() for reader in readers]
    for reader, (output, errors) in zip(readers, results, strict=True):
        assert reader.returncode == 0, errors
        assert int(output) > KILLS
    with killed.opened(folder, background=False) as index:
        index.compact()
        index.verify()
    check(folder, journal)


def check(folder: Path, journal: Path) -> None:
    with killed.opened(folder, background=False) as index:
        ids = index.ids()
        steps = killed.Journal(journal)
        assert killed.faults(steps, set(ids.tolist()), steps) == []
        assert len(index) == len(ids)
        if len(ids):
            np.testing.assert_allclose(index.vectors(ids), killed.vectors_of(ids), atol=1e-5)
            assert index.search(killed.vectors_of(ids), 1).ids[:, 0].tolist() == ids.tolist()
