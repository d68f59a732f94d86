"""Changes beside searches: ``python -m benchmarks updates``.

One process searches, one query at a time, in turns: a turn alone, a turn while another process adds one entry and
removes one, again and again with a pause in between. Each change is timed until a search of the changing process finds
the entry, or no longer finds it. What counts is the ratio of the turns, which share whatever else the machine does.
"""

import argparse
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import numpy as np

from benchmarks import population
from benchmarks.environment import keep
from benchmarks.search_engines import AT_ONCE, Ours

K = 20
# Far from everyone, so that it is the nearest of itself and of no other query.
APART = np.float32(1)
FIRST_ID = 2**40


def main(argv: list[str]) -> int:
    if argv and argv[0] == "changes":
        return _changes(int(argv[1]), Path(argv[2]), float(argv[3]))
    options = _options(argv)
    folder = Path(tempfile.mkdtemp(prefix="updates-", dir=options.temporary))
    try:
        results = _measured(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    path = keep(f"updates-{options.size}", results, options.out)
    print(_told(results))
    print(f"raw results: {path}")
    return 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks updates", description=__doc__)
    parser.add_argument("--size", type=lambda text: int(float(text)), default=10_000_000, help="entries")
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--searches", type=int, default=300, help="searches in each turn")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between changes")
    parser.add_argument("--temporary", type=Path, default=None, help="where the index is built")
    parser.add_argument("--out", type=Path, default=Path("out") / "benchmarks")
    return parser.parse_args(argv)


def _measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    people = population.load()
    engine = Ours(options.size, folder, people.dimension)
    for start in range(0, options.size, AT_ONCE):
        count = min(AT_ONCE, options.size - start)
        engine.build(people.gallery(count, first=start // population.CHUNK))
    queries = people.probes(people.chunk(0, min(options.size, options.searches)), 1)
    command = [sys.executable, "-m", "benchmarks", "updates", "changes", str(options.size), str(folder)]
    pipe = subprocess.PIPE
    alone: list[float] = []
    beside: list[float] = []
    changes: dict[str, list[float]] = {"add_and_find_ms": [], "remove_and_miss_ms": []}
    with subprocess.Popen(  # noqa: S603 - our own
        [*command, str(options.pause)], cwd=Path(__file__).parents[1], stdin=pipe, stdout=pipe, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the changing process takes no orders")
        process.stdout.readline()
        _turn(engine, queries, options.searches)
        for _ in range(options.turns):
            alone += _turn(engine, queries, options.searches)
            _say(process.stdin, "go")
            beside += _turn(engine, queries, options.searches)
            _say(process.stdin, "stop")
            for name, taken in json.loads(process.stdout.readline()).items():
                changes[name] += taken
        process.stdin.close()
    return {"entries": options.size, "pause_s": options.pause, "alone_ms": alone, "beside_ms": beside, **changes}


def _turn(engine: Ours, queries: np.ndarray, searches: int) -> list[float]:
    taken = []
    for number in range(searches):
        began = time.perf_counter()
        engine.search(queries[number % len(queries)][np.newaxis], K)
        taken.append((time.perf_counter() - began) * 1e3)
    return taken


def _say(pipe: IO[str], word: str) -> None:
    pipe.write(word + "\n")
    pipe.flush()


def _changes(size: int, folder: Path, pause: float) -> int:
    """The changing process: between ``go`` and ``stop`` it adds and removes, then reports how long each took."""
    people = population.load()
    engine = Ours(size, folder, people.dimension)
    vectors = people.chunk(1, 1_000) + APART
    print("ready", flush=True)
    number = 0
    while _ordered() == "go":
        taken: dict[str, list[float]] = {"add_and_find_ms": [], "remove_and_miss_ms": []}
        while True:
            vector, id_ = vectors[number % len(vectors)][np.newaxis], FIRST_ID + number
            number += 1
            began = time.perf_counter()
            engine.add(vector, id_)
            _must(engine.search(vector, 1)[0, 0] == id_, f"{id_} was added and not found")
            added = time.perf_counter()
            engine.remove(id_)
            _must(engine.search(vector, 1)[0, 0] != id_, f"{id_} was removed and found")
            taken["add_and_find_ms"].append((added - began) * 1e3)
            taken["remove_and_miss_ms"].append((time.perf_counter() - added) * 1e3)
            if select.select([sys.stdin], [], [], pause)[0]:
                break
        _ordered()
        print(json.dumps(taken), flush=True)
    return 0


def _ordered() -> str:
    """The next order, read byte by byte: a stream would read ahead, and select sees nothing of what it holds."""
    line = b""
    while (byte := os.read(sys.stdin.fileno(), 1)) not in (b"", b"\n"):
        line += byte
    return line.decode()


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RuntimeError(otherwise)


def _told(results: dict[str, Any]) -> str:
    lines = [f"{results['entries']:,} entries; a change every {results['pause_s']:g} s beside the searches"]
    for name in ("alone_ms", "beside_ms", "add_and_find_ms", "remove_and_miss_ms"):
        p50, p95, p99 = np.percentile(results[name], [50, 95, 99])
        lines.append(f"  {name:20} p50 {p50:8.2f}  p95 {p95:8.2f}  p99 {p99:8.2f}  n {len(results[name]):,}")
    ratio = np.percentile(results["beside_ms"], 99) / np.percentile(results["alone_ms"], 99)
    lines.append(f"  p99 of searches beside changes over p99 alone: {ratio:.2f}")
    return "\n".join(lines)
