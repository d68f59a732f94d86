"""How many machines a number of people needs: from the measured costs, by the simulation."""

import math
from dataclasses import dataclass

from benchmarks.scale_costs import Costs
from benchmarks.scale_simulation import Plan, Waited, arriving, spread

SIZES = (1_000_000, 10_000_000, 100_000_000, 1_400_000_000)
LARGEST_LOCAL = 100_000_000
"""The most entries that the index on one machine was measured with."""

CORES = 16
MEMORY_GIB = 128
SEARCHES_A_SECOND = 20.0
BUSY = 0.6
PHOTO_BYTES = 60_000
SEARCHES_A_YEAR = 10_000_000
_SHORT_FROM = 50_000_000


@dataclass(frozen=True, slots=True)
class Sizing:
    """replicas: machines; shards: index machines of one copy of the index, 0 where each replica has it; copies: of it
    on index machines. flat_ms: one scan that compares with every vector. Bytes are of one machine, of the database in
    all. searches_a_second: at most, at BUSY of the busiest station."""

    people: int
    replicas: int
    shards: int
    copies: int
    scan_ms: float
    flat_ms: float
    index_disk_bytes: float
    index_memory_bytes: float
    database_bytes: float
    photo_bytes: float
    waited: Waited
    searches_a_second: float
    bottleneck: str
    enroll_core_hours: float
    enroll_turn_hours: float
    build_core_hours: float


def scan_ms(costs: Costs, entries: float) -> float:
    """One scan of so many entries on one machine: by proportion from the measured size below."""
    if entries >= LARGEST_LOCAL:
        return costs.scan_1e8_short_ms.value * entries / 1e8
    nearest, size = (costs.scan_1e7_ms, 1e7) if entries >= 1e7 else (costs.scan_1e6_ms, 1e6)
    return nearest.value * entries / size


def size(costs: Costs, people: int) -> Sizing:
    """Machines for so many people with one photo each, SEARCHES_A_SECOND, and one replica more than is needed."""
    shards = math.ceil(people / LARGEST_LOCAL) if people > LARGEST_LOCAL else 0
    entries = people / (shards or 1)
    scan = scan_ms(costs, entries)
    limits = _limits(costs, scan, on_replicas=not shards)
    needed = max(1, math.ceil(SEARCHES_A_SECOND / min(limits["processor"], limits.get("scan", math.inf))))
    replicas, copies = needed + 1, max(1, math.ceil(SEARCHES_A_SECOND * scan / BUSY / 1e3))
    plan = Plan(replicas, CORES, spread(costs.answer_ms.value), scan, costs.audit_ms.value, shards, copies)
    ceilings = {
        "processors of the replicas": limits["processor"] * replicas,
        "scans": (limits["scan"] * replicas) if not shards else BUSY * 1e3 / scan * copies,
        "audit entries": BUSY * 1e3 / costs.audit_ms.value,
    }
    bottleneck = min(ceilings, key=lambda name: ceilings[name])
    is_short = entries >= _SHORT_FROM
    disk, cached = (
        (costs.disk_short_bytes, costs.cached_short_bytes) if is_short else (costs.disk_bytes, costs.cached_bytes)
    )
    return Sizing(
        people,
        replicas,
        shards,
        copies,
        scan,
        costs.flat_1e7_ms.value * entries / 1e7,
        entries * disk.value,
        entries * cached.value,
        people * costs.record_bytes.value + SEARCHES_A_YEAR * costs.entry_bytes.value,
        people * PHOTO_BYTES,
        arriving(plan, min(SEARCHES_A_SECOND, ceilings[bottleneck]), searches=10_000),
        ceilings[bottleneck],
        bottleneck,
        people * costs.answer_ms.value / 3.6e6,
        people * costs.bulk_ms.value / 3.6e6,
        people * costs.build_ms.value / 3.6e6 * (copies if shards else replicas),
    )


def _limits(costs: Costs, scan: float, *, on_replicas: bool) -> dict[str, float]:
    """Searches a second of one replica, by what it is limited by."""
    limits = {"processor": BUSY * 1e3 * CORES / costs.answer_ms.value}
    return {**limits, "scan": BUSY * 1e3 / scan} if on_replicas else limits
