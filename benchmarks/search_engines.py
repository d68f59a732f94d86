"""The engines that benchmarks.search measures, each in a process of its own that takes orders by lines of JSON.

    python -m benchmarks.search_engines ENGINE COUNT FOLDER

Every engine draws the same gallery from the same population. hnswlib and usearch are optional: where one is not
installed, its process says so.
"""

import json
import resource
import shutil
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks import population

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]

# Galleries up to this size are built in one call; larger ones in parts of it, to stay within memory.
AT_ONCE = 10_000_000
HUGE_PART = 10_000_000
LINKS, BUILD_WIDTH = 32, 200


class Engine(Protocol):
    """One way of searching. reach: the breadth of a graph search, where there is one."""

    reach: int

    def build(self, gallery: Vectors) -> None: ...
    def search(self, queries: Vectors, k: int) -> Ids: ...
    def store(self) -> None: ...
    def load(self) -> None: ...


class Flat:
    """FAISS, every entry at full precision: the truth."""

    reach = 64

    def __init__(self, _count: int, folder: Path, dimension: int) -> None:
        import faiss

        self._faiss, self._file = faiss, str(folder / "flat")
        self._index = self._made(dimension)

    def _made(self, dimension: int) -> Any:
        return self._faiss.IndexFlatL2(dimension)

    def build(self, gallery: Vectors) -> None:
        self._index.add(gallery)

    def search(self, queries: Vectors, k: int) -> Ids:
        return np.asarray(self._index.search(queries, k)[1])

    def store(self) -> None:
        self._faiss.write_index(self._index, self._file)

    def load(self) -> None:
        self._index = None
        self._index = self._faiss.read_index(self._file)


class FaissHnsw(Flat):
    """FAISS, a graph of neighbours."""

    def _made(self, dimension: int) -> Any:
        index = self._faiss.IndexHNSWFlat(dimension, LINKS)
        index.hnsw.efConstruction = BUILD_WIDTH
        return index

    def search(self, queries: Vectors, k: int) -> Ids:
        self._index.hnsw.efSearch = self.reach
        return super().search(queries, k)


class Hnswlib:
    """hnswlib, a graph of neighbours."""

    reach = 64

    def __init__(self, count: int, folder: Path, dimension: int) -> None:
        # By name, for the type checker knows neither peer.
        self._made: Any = import_module("hnswlib").Index
        self._file, self._count = str(folder / "hnswlib"), count
        self._index = self._made(space="l2", dim=dimension)
        self._dimension = dimension

    def build(self, gallery: Vectors) -> None:
        self._index.init_index(max_elements=self._count, ef_construction=BUILD_WIDTH, M=LINKS)
        self._index.add_items(gallery)

    def search(self, queries: Vectors, k: int) -> Ids:
        self._index.set_ef(max(self.reach, k))
        return np.asarray(self._index.knn_query(queries, k)[0]).astype(np.int64)

    def store(self) -> None:
        self._index.save_index(self._file)

    def load(self) -> None:
        self._index = self._made(space="l2", dim=self._dimension)
        self._index.load_index(self._file)


class Usearch:
    """USearch, a graph of neighbours."""

    reach = 64

    def __init__(self, _count: int, folder: Path, dimension: int) -> None:
        settings = {"ndim": dimension, "metric": "l2sq", "dtype": "f32", "connectivity": LINKS}
        self._file = str(folder / "usearch")
        self._index: Any = import_module("usearch.index").Index(**settings, expansion_add=BUILD_WIDTH)

    def build(self, gallery: Vectors) -> None:
        self._index.add(np.arange(len(gallery), dtype=np.uint64), gallery)

    def search(self, queries: Vectors, k: int) -> Ids:
        self._index.expansion_search = self.reach
        keys = np.asarray(self._index.search(queries, k).keys).astype(np.int64)
        return keys.reshape(len(queries), -1)

    def store(self) -> None:
        self._index.save(self._file)

    def load(self) -> None:
        self._index.load(self._file)


class Ours:
    """The compressed index of this project; it needs no breadth."""

    reach = 0
    precision, recall_target = "float32", 0.999

    def __init__(self, _count: int, folder: Path, dimension: int) -> None:
        from index.compressed.index import CompressedIndex
        from index.compressed.manifest import Precision

        # Made anew for each opening, with whatever the subclass says.
        self._open: Callable[[], CompressedIndex] = lambda: CompressedIndex(
            folder / "ours",
            dimension,
            tag="benchmark",
            key=b"a key for measuring",
            precision=Precision(self.precision),
            recall_target=self.recall_target,
            background=False,
        )
        self._index = self._open()

    def build(self, gallery: Vectors) -> None:
        first = len(self._index)
        self._index.add(np.arange(first, first + len(gallery)), gallery)

    def search(self, queries: Vectors, k: int) -> Ids:
        return self._index.search(queries, k).ids

    def store(self) -> None:
        """It is stored as it is built."""

    def load(self) -> None:
        self._index.close()
        self._index = self._open()

    def add(self, vector: Vectors, number: int) -> None:
        self._index.add(np.array([number]), vector)

    def remove(self, number: int) -> None:
        self._index.remove(np.array([number]))

    def stats(self) -> dict[str, object]:
        stats = self._index.stats()
        return {"recall_stated": stats.recall, "recall_target": stats.recall_target, **stats.details}


class OursHuge(Ours):
    """The same as it is where vectors at full precision would not fit into memory."""

    precision, recall_target = "int16", 0.99


ENGINES: dict[str, Callable[[int, Path, int], Any]] = {
    "ours": Ours,
    "ours-huge": OursHuge,
    "flat": Flat,
    "faiss-hnsw": FaissHnsw,
    "hnswlib": Hnswlib,
    "usearch": Usearch,
}


class Worker:
    """One engine, one gallery, and the orders that the harness gives."""

    def __init__(self, engine: str, count: int, folder: Path) -> None:
        self._people = population.load()
        self._folder, self._count = folder, count
        self._engine = ENGINES[engine](count, folder, self._people.dimension)

    def build(self) -> dict[str, object]:
        """Draw the gallery, which is not counted, and build."""
        seconds, worked = 0.0, 0.0
        part = self._count if self._count <= AT_ONCE else HUGE_PART
        for start in range(0, self._count, part):
            gallery = self._people.gallery(min(part, self._count - start), first=start // population.CHUNK)
            began, before = time.perf_counter(), time.process_time()
            self._engine.build(gallery)
            seconds += time.perf_counter() - began
            worked += time.process_time() - before
        return {
            "build_s": seconds,
            "build_cpu_s": worked,
            "build_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }

    def restart(self) -> dict[str, object]:
        """From the files to the first answer, and what memory that takes."""
        self._engine.store()
        began = time.perf_counter()
        self._engine.load()
        opened = time.perf_counter()
        self._engine.search(self._people.chunk(0, 1), 20)
        ended = time.perf_counter()
        size = sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())
        return {"open_s": opened - began, "first_search_s": ended - began, "disk_bytes": size, **_memory()}

    def batch(self, queries: Vectors, k: int, reach: int) -> dict[str, object]:
        self._engine.reach = reach
        began = time.perf_counter()
        ids = self._engine.search(queries, k)
        return {"seconds": time.perf_counter() - began, "ids": ids.tolist()}

    def single(self, queries: Vectors, k: int, reach: int) -> dict[str, object]:
        """Each query by itself; milliseconds of the clock, and of the processor, which others don't lengthen."""
        times, worked, self._engine.reach = [], [], reach
        for number in range(len(queries)):
            began, before = time.perf_counter(), time.process_time()
            self._engine.search(queries[number : number + 1], k)
            worked.append((time.process_time() - before) * 1e3)
            times.append((time.perf_counter() - began) * 1e3)
        return {"ms": times, "cpu_ms": worked}

    def changes(self, queries: Vectors) -> dict[str, object]:
        """Add and remove one entry at a time, and find it or not; milliseconds."""
        added, removed = [], []
        for number, query in enumerate(queries):
            id_ = 2**40 + number
            began = time.perf_counter()
            self._engine.add(query[np.newaxis] + 1, id_)
            found = self._engine.search(query[np.newaxis] + 1, 1)
            added.append((time.perf_counter() - began) * 1e3)
            if found[0, 0] != id_:
                raise RuntimeError(f"{id_} was added and not found")
            began = time.perf_counter()
            self._engine.remove(id_)
            found = self._engine.search(query[np.newaxis] + 1, 1)
            removed.append((time.perf_counter() - began) * 1e3)
            if found[0, 0] == id_:
                raise RuntimeError(f"{id_} was removed and found")
        return {"add_and_find_ms": added, "remove_and_miss_ms": removed}

    def stats(self) -> dict[str, object]:
        return {"stats": self._engine.stats()} if isinstance(self._engine, Ours) else {}


def _memory() -> dict[str, object]:
    """Resident memory by kind: what the process holds for itself, and its share of the page cache."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    kinds = {"RssAnon": "memory_bytes", "RssFile": "page_cache_bytes"}
    return {name: int(lines[kind].split()[0]) * 1024 for kind, name in kinds.items()}


def _package(engine: str) -> str:
    """The library behind an engine and its version, as this interpreter has it."""
    name = engine if engine in ("hnswlib", "usearch") else "faiss-cpu"
    return f"{name} {version(name)}"


def main(argv: list[str]) -> int:
    engine, count, folder = argv[0], int(argv[1]), Path(argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    try:
        worker = Worker(engine, count, folder)
    except ImportError as exc:
        print(json.dumps({"missing": exc.name or engine}), flush=True)
        return 0
    print(json.dumps({"ready": engine, "package": _package(engine)}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        given = {key: order[key] for key in order.keys() - {"do", "queries"}}
        if "queries" in order:
            given["queries"] = np.array(order["queries"], dtype=np.float32)
        print(json.dumps(getattr(worker, order["do"])(**given)), flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
