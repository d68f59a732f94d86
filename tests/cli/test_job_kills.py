"""A job on photos whose process and whose worker processes are killed at random moments ends as if undisturbed.

``MATCHER_JOB_KILLS`` sets how many are killed: now a worker process, now the process of the job itself.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import Shell
from tests.matcher.reembedding_parts import root

KILLS = int(os.environ.get("MATCHER_JOB_KILLS", "2"))
SEED = int(os.environ.get("MATCHER_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
# Photos are answered 64 at a time, in half a second where it is quick: so many that no kill comes too late.
PHOTOS = 100 * (KILLS + 1)


@pytest.fixture
def folder(drawn: DemoSet, tmp_path: Path) -> Path:
    """Photos of eight people, each other bytes: a comment tells them apart."""
    place = tmp_path / "photos"
    place.mkdir()
    shown = [path.read_bytes() for path in sorted((drawn.backlog.parent / "cases").iterdir())]
    for number in range(PHOTOS):
        comment = f"{number:06}".encode()
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        photo = shown[number % len(shown)]
        (place / f"{number:04}.jpg").write_bytes(photo[:2] + segment + photo[2:])
    return place


@pytest.mark.long
@pytest.mark.timeout(300 + 60 * KILLS)
def test_killed_at_random_moments_it_ends_as_if_undisturbed(shell: Shell, folder: Path, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    jobs = [shell("jobs", "add", folder, "--top", 3, "--name", name).out.strip() for name in ("calm", "disturbed")]
    assert shell("work", "--job", jobs[0]).code == 0
    # Which is killed comes by chance, but both kinds are.
    whom = [place % 2 == 0 for place in range(KILLS)]
    chance.shuffle(whom)
    while whom:
        with _working(shell, jobs[1]) as process:
            while whom:
                _wait_for_photos(shell, jobs[1], process)
                time.sleep(chance.uniform(0, 0.4))
                is_worker = whom.pop()
                if is_worker:
                    _kill_worker(process, chance)
                else:
                    process.kill()
                assert _done(shell, jobs[1]) < PHOTOS, f"seed {SEED}: a kill came too late"
                if not is_worker:
                    break
    assert shell("work", "--job", jobs[1]).code == 0
    found = []
    for job in jobs:
        out = tmp_path / job
        assert shell("jobs", "results", job, "--out", out, "--no-report").code == 0
        found.append(((out / "candidates.csv").read_bytes(), pq.read_table(out / "candidates.parquet")))
    assert found[0][0].count(b"\n") > PHOTOS
    assert found[0] == found[1], f"seed {SEED}"
    assert shell("audit", "verify").code == 0


@contextmanager
def _working(shell: Shell, job: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The command that works on a job, with two worker processes; killed at the end."""
    command = [sys.executable, "-m", "api.cli", "--home", str(shell.home), "work", "--job", job]
    with subprocess.Popen(
        command, cwd=root(), env={**os.environ, "MATCHER_WORKERS": "2"}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def _wait_for_photos(shell: Shell, job: str, process: "subprocess.Popen[bytes]") -> None:
    """Until more photos are done than now, so that no photo is under way at two kills."""
    before, deadline = _done(shell, job), time.monotonic() + 240
    while _done(shell, job) == before or not _workers(process.pid):
        assert process.poll() is None, f"seed {SEED}: the command ended by itself with {process.returncode}"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _kill_worker(process: "subprocess.Popen[bytes]", chance: random.Random) -> None:
    """Kills one of the worker processes; after the kill before there may be none for a moment."""
    deadline = time.monotonic() + 120
    while True:
        assert process.poll() is None, f"seed {SEED}: the command ended by itself with {process.returncode}"
        assert time.monotonic() < deadline
        if workers := _workers(process.pid):
            # One that has ended since it was listed is as if it had not been listed.
            with suppress(ProcessLookupError):
                os.kill(chance.choice(workers), 9)
                return
        time.sleep(0.05)


def _done(shell: Shell, job: str) -> int:
    done: int = json.loads(shell("jobs", "show", job, "--json").out)["done"]
    return done


def _workers(pid: int) -> list[int]:
    """The processes that prepare photos for a process."""
    children = [int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()]
    return sorted(one for one in children if b"spawn_main" in _command_line(one))


def _command_line(pid: int) -> bytes:
    """Of a process; empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
