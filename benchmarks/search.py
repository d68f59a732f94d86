"""The index against FAISS, hnswlib and USearch, in one run: ``python -m benchmarks search``.

Every engine lives in a process of its own and holds the same gallery, drawn from a mixture fitted to real embeddings.
Queries are other photos of people in the gallery. The truth is what FAISS Flat finds; recall is the share of its 20
nearest. Single queries are measured in turns of a few at a time, engine after engine, so that whatever else the
machine does hits all alike: compare ratios. A graph engine searches as broadly as its recall target takes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import population, search_report
from benchmarks.environment import environment

K = 20
SIZES = (100_000, 1_000_000, 10_000_000)
HUGE = 100_000_000
GRAPHS = ("faiss-hnsw", "hnswlib", "usearch")
# Breadths of graph searches that are tried, and the recall at which their time counts.
REACHES, GRAPH_RECALL = (32, 64, 128, 192, 256, 384, 512, 768, 1024, 2048), 0.98
TURN = 20
ROUNDS = 3
DRAWN_AT_ONCE = 20 * population.CHUNK


class Process:
    """One engine in its own process."""

    def __init__(self, engine: str, count: int, folder: Path, python: str) -> None:
        self.engine, self.reach, self.count = engine, 64, count
        self.raw: dict[str, Any] = {"engine": engine, "count": count, "single_ms": [], "single_cpu_ms": []}
        command = [python, "-m", "benchmarks.search_engines", engine, str(count), str(folder / f"{engine}-{count}")]
        root = Path(__file__).parents[1]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 - our own
        answer = self._answer()
        self.missing: str | None = answer.get("missing")
        self.raw["package"] = answer.get("package", "")
        if self.missing:
            self.end()

    def __call__(self, do: str, **given: Any) -> dict[str, Any]:
        if self._process.stdin is None:
            raise RuntimeError("the engine's process takes no orders")
        self._process.stdin.write(json.dumps({"do": do, **given}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"{self.engine} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        self._process.communicate()


def main(argv: list[str]) -> int:
    options = _options(argv)
    if options.fit:
        population.fit_from(Path(os.environ["MATCHER_TEST_DATA"]))
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {"environment": _environment(), "runs": []}

    def keep() -> None:
        # After every step: what took hours is not lost with what comes after it.
        (options.out / "raw.json").write_text(json.dumps(results))

    for count in [*options.sizes, *([HUGE] if options.huge else [])]:
        folder = Path(tempfile.mkdtemp(prefix="search-", dir=options.temporary))
        run: dict[str, Any] = {"count": count, "missing": {}, "engines": []}
        results["runs"].append(run)
        try:
            (_huge if count > options.flat_up_to else _run)(run, options, folder, keep)
        finally:
            keep()
            shutil.rmtree(folder, ignore_errors=True)
    table = search_report.table(results)
    (options.out / "table.md").write_text(table)
    (options.out / "cost.svg").write_text(search_report.plot(results))
    print(table)
    print(f"raw results, table and plot: {options.out}")
    return 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks search", description=__doc__)
    parser.add_argument("--sizes", type=lambda text: int(float(text)), nargs="*", default=SIZES, help="gallery sizes")
    parser.add_argument("--huge", action="store_true", help="one hundred million entries as well: 33 GB of disk")
    parser.add_argument("--engines", nargs="*", default=["ours", "flat", *GRAPHS])
    parser.add_argument(
        "--graphs-up-to", type=lambda text: int(float(text)), default=1_000_000, help="graphs take long"
    )
    parser.add_argument(
        "--flat-up-to", type=lambda text: int(float(text)), default=10_000_000, help="Flat takes memory"
    )
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter with hnswlib and usearch")
    parser.add_argument("--temporary", type=Path, default=None, help="where indexes are built")
    parser.add_argument("--out", type=Path, default=Path("out") / "search")
    parser.add_argument("--fit", action="store_true", help="fit the population anew, from MATCHER_TEST_DATA")
    return parser.parse_args(argv)


def _environment() -> dict[str, Any]:
    taken = {"malloc": os.environ.get("GLIBC_TUNABLES", ""), "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    return {**environment(), **taken}


def _queries(count: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Probes of people from the gallery's first chunk, and who they are."""
    people = population.load()
    rng = np.random.default_rng(count)
    chosen = np.sort(rng.choice(min(count, population.CHUNK), number, replace=False))
    return people.probes(people.chunk(0)[chosen], count), chosen


def _run(run: dict[str, Any], options: argparse.Namespace, folder: Path, keep: Callable[[], None]) -> None:
    count: int = run["count"]
    queries, chosen = _queries(count, options.queries)
    names = [name for name in options.engines if name not in GRAPHS or count <= options.graphs_up_to]
    if "flat" not in names:
        names.append("flat")
    processes = []
    for name in names:
        process = Process(name, count, folder, options.peers_python if name in GRAPHS else sys.executable)
        if process.missing:
            run["missing"][name] = process.missing
            print(f"{name}: {process.missing} is not installed, so it is not measured", flush=True)
            continue
        processes.append(process)
        run["engines"].append(process.raw)
        _build(process, keep)
    flat = next(process for process in processes if process.engine == "flat")
    truth = np.array(flat("batch", queries=queries.tolist(), k=K, reach=0)["ids"])
    for process in processes:
        _measure_recall(process, queries, truth, chosen)
    _in_turns(processes, queries, keep)
    _at_once(processes, queries, keep)
    for process in processes:
        if process.engine == "ours":
            _change(process, queries[:50])
        process.end()


def _build(process: Process, keep: Callable[[], None]) -> None:
    for step in ("build", "restart"):
        _note(process, step, process(step))
        keep()


def _in_turns(processes: Sequence[Process], queries: np.ndarray, keep: Callable[[], None]) -> None:
    """Single queries, a few at a time, process after process."""
    for start in range(0, len(queries), TURN):
        turn = queries[start : start + TURN].tolist()
        for process in processes:
            taken = process("single", queries=turn, k=K, reach=process.reach)
            process.raw["single_ms"] += taken["ms"]
            process.raw["single_cpu_ms"] += taken["cpu_ms"]
        keep()


def _at_once(processes: Sequence[Process], queries: np.ndarray, keep: Callable[[], None]) -> None:
    """All queries in one call, process after process; by now each has its pages at hand. The median of the rounds."""
    seconds: dict[int, list[float]] = {}
    for _ in range(ROUNDS):
        for number, process in enumerate(processes):
            taken = process("batch", queries=queries.tolist(), k=K, reach=process.reach)
            seconds.setdefault(number, []).append(taken["seconds"] * 1e3 / len(queries))
    for number, process in enumerate(processes):
        process.raw.update(batch_ms_per_query=float(np.median(seconds[number])), batches_ms_per_query=seconds[number])
    keep()


def _change(process: Process, queries: np.ndarray) -> None:
    process.raw.update(process("changes", queries=queries.tolist()))
    process.raw.update(process("stats"))


def _measure_recall(process: Process, queries: np.ndarray, truth: np.ndarray, chosen: np.ndarray) -> None:
    for reach in REACHES if process.engine in GRAPHS else (0,):
        process.reach = reach
        batch = process("batch", queries=queries.tolist(), k=K, reach=reach)
        ids = np.array(batch["ids"])
        recall = float(np.mean([np.isin(one, other).mean() for one, other in zip(truth, ids, strict=True)]))
        process.raw.update(
            recall=recall,
            reach=reach,
            mate_at_rank_1=float((ids[:, 0] == chosen).mean()),
        )
        if recall >= GRAPH_RECALL:
            return


def _huge(run: dict[str, Any], options: argparse.Namespace, folder: Path, keep: Callable[[], None]) -> None:
    """Ours alone, beside ours at a tenth of the size; the truth is found chunk by chunk while the gallery is drawn.

    Both in 16 bits and with the recall target of so large a gallery, so that they differ in size alone.
    """
    count: int = run["count"]
    queries, chosen = _queries(count, min(options.queries, 100))
    processes = [Process("ours-huge", size, folder, sys.executable) for size in (count // 10, count)]
    run["engines"] = [process.raw for process in processes]
    for process in processes:
        _build(process, keep)
        _measure_recall(process, queries, _truth_by_chunks(process.count, queries), chosen)
        keep()
    _in_turns(processes, queries, keep)
    _at_once(processes, queries, keep)
    for process in processes:
        _change(process, queries[:20])
        process.end()


def _truth_by_chunks(count: int, queries: np.ndarray) -> np.ndarray:
    import faiss

    people = population.load()
    best = np.full((len(queries), K), np.inf, dtype=np.float32)
    ids = np.full((len(queries), K), -1, dtype=np.int64)
    for start in range(0, count, DRAWN_AT_ONCE):
        drawn = people.gallery(min(DRAWN_AT_ONCE, count - start), first=start // population.CHUNK)
        distances, found = faiss.knn(queries, drawn, K)
        best, ids = np.concatenate([best, distances], axis=1), np.concatenate([ids, found + start], axis=1)
        order = np.argsort(best, axis=1)[:, :K]
        best, ids = np.take_along_axis(best, order, axis=1), np.take_along_axis(ids, order, axis=1)
    return ids


def _note(process: Process, what: str, answer: dict[str, Any]) -> None:
    process.raw.update(answer)
    shown = {name: round(value, 3) for name, value in answer.items()}
    print(f"{process.count:,} {process.engine} {what}: {shown}", flush=True)
