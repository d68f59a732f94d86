"""The measured costs that a sizing is computed from, each with the file that it stands in."""

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True, slots=True)
class Cost:
    """A measured figure. file: in benchmarks/results."""

    name: str
    value: float
    unit: str
    file: str


@dataclass(frozen=True, slots=True)
class Costs:
    """Milliseconds are of one core where they are of processor time; bytes are of one entry, person or search."""

    answer_ms: Cost
    scan_1e6_ms: Cost
    scan_1e7_ms: Cost
    scan_1e7_short_ms: Cost
    scan_1e8_short_ms: Cost
    flat_1e7_ms: Cost
    codes_1e6_bytes: Cost
    codes_1e7_bytes: Cost
    disk_bytes: Cost
    disk_short_bytes: Cost
    cached_bytes: Cost
    cached_short_bytes: Cost
    build_ms: Cost
    audit_ms: Cost
    enroll_ms: Cost
    bulk_ms: Cost
    record_bytes: Cost
    entry_bytes: Cost

    def __iter__(self) -> Iterator[Cost]:
        return (getattr(self, name) for name in self.__dataclass_fields__)


def load_costs(folder: Path = RESULTS) -> Costs:
    """Read them; raises OSError or KeyError where a file is not there or is another one."""
    small, large = _ours(folder, "search-1e6.json"), _ours(folder, "search-1e7.json")
    flat = _engine(folder, "search-1e7.json", "flat")
    short, huge = _of_size(folder, 10_000_000), _of_size(folder, 100_000_000)
    cached = _read(folder, "search-1e8.json")["memory"]["RssFile"]
    last = _read(folder, "search-1e8.json")["build_last_five"]
    scale = _read(folder, "scale-costs.json")
    services = [_read(folder, name)["clients_4"]["service_cpu_ms_an_answer"] for name in SERVICES]

    def cost(name: str, value: float, unit: str, file: str) -> Cost:
        return Cost(name, float(value), unit, file)

    return Costs(
        cost("a search by photo, all but the scan", statistics.mean(services), "ms CPU", " and ".join(SERVICES)),
        cost("scan, 1e6 entries", _median(small["single_cpu_ms"]), "ms CPU", "search-1e6.json"),
        cost("scan, 1e7 entries", _median(large["single_cpu_ms"]), "ms CPU", "search-1e7.json"),
        cost("scan, 1e7 entries, int16", _median(short["single_cpu_ms"]), "ms CPU", "search-1e8.json"),
        cost("scan, 1e8 entries, int16", _median(huge["single_cpu_ms"]), "ms CPU", "search-1e8.json"),
        cost("FAISS Flat, 1e7 entries", _median(flat["single_cpu_ms"]), "ms CPU", "search-1e7.json"),
        cost("codes of an entry at 1e6", small["stats"]["code_bytes"], "bytes", "search-1e6.json"),
        cost("codes of an entry at 1e7", large["stats"]["code_bytes"], "bytes", "search-1e7.json"),
        cost("index on disk, float32", large["disk_bytes"] / 1e7, "bytes an entry", "search-1e7.json"),
        cost("index on disk, int16", huge["disk_bytes"] / 1e8, "bytes an entry", "search-1e8.json"),
        cost("index in the page cache, float32", large["page_cache_bytes"] / 1e7, "bytes an entry", "search-1e7.json"),
        cost("index in the page cache, int16", cached / 1e8, "bytes an entry", "search-1e8.json"),
        cost(
            "building the index", statistics.mean(one["cpu_seconds"] for one in last) / 1e7 * 1e3, "ms CPU an entry",
            "search-1e8.json",
        ),
        cost("a search's audit entry, the writers' turn", quick(scale["audit_turn_ms"]), "ms", "scale-costs.json"),
        cost("enrolling one person, the writers' turn", quick(scale["enroll_ms"]), "ms", "scale-costs.json"),
        cost("enrolling in bulk, the writers' turn", scale["bulk_ms_a_person"], "ms a person", "scale-costs.json"),
        cost("records of a person without the photo", scale["database_bytes_a_person"], "bytes", "scale-costs.json"),
        cost("audit entry of a search with 20 candidates", scale["audit_bytes_an_entry"], "bytes", "scale-costs.json"),
    )  # fmt: skip


SERVICES = ("service-1e6.json", "service-1e6-again.json")


def quick(values: list[float]) -> float:
    """The fastest tenth: on a machine that others use, what it takes where nobody is in the way."""
    return sorted(values)[len(values) // 10]


def service_run(name: str, clients: int) -> dict[str, Any]:
    """What `benchmarks service` found for so many clients."""
    found: dict[str, Any] = _read(RESULTS, name)[f"clients_{clients}"]
    return found


def _read(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return found


def _engine(folder: Path, name: str, engine: str) -> dict[str, Any]:
    engines = _read(folder, name)["runs"][0]["engines"]
    found: dict[str, Any] = next(one for one in engines if one["engine"] == engine)
    return found


def _ours(folder: Path, name: str) -> dict[str, Any]:
    return _engine(folder, name, "ours")


def _of_size(folder: Path, count: int) -> dict[str, Any]:
    engines = _read(folder, "search-1e8.json")["engines"]
    found: dict[str, Any] = next(one for one in engines if one["count"] == count)
    return found


def _median(values: list[float]) -> float:
    return statistics.median(values)
