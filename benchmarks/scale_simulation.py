"""A simulation of replicas that answer searches: events in their order, queues that are served first come first served.

A search takes a core of the replica with the fewest searches for its photo, then the scan of its index (one at a time
on a machine: it takes the memory's whole bandwidth; on several index machines at once, the slowest decides), then the
turn of the writers at the one database, for its audit entry.
"""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Then = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Times in milliseconds. answer_ms: drawn from these, of one core. scan_ms: on each of `shards` index machines;
    with 0 of them each replica scans itself. copies: of the whole set of index machines. audit_ms: of the database."""

    replicas: int
    cores: int
    answer_ms: Sequence[float]
    scan_ms: float
    audit_ms: float
    shards: int = 0
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Waited:
    """What clients waited, in milliseconds, and how busy the stations were, 0 to 1."""

    p50: float
    p95: float
    p99: float
    a_second: float
    cores: float
    scans: float
    database: float


class _Events:
    def __init__(self) -> None:
        self.now = 0.0
        self._numbers = itertools.count()
        self._heap: list[tuple[float, int, Then]] = []

    def after(self, ms: float, then: Then) -> None:
        heapq.heappush(self._heap, (self.now + ms, next(self._numbers), then))

    def run(self, until: Callable[[], bool]) -> None:
        while self._heap and not until():
            self.now, _, then = heapq.heappop(self._heap)
            then()


@dataclass(slots=True)
class _Station:
    """Some servers with one queue."""

    events: _Events
    servers: int
    busy: int = 0
    busy_ms: float = 0.0
    waiting: deque[tuple[float, Then]] = field(default_factory=deque)

    def serve(self, ms: float, then: Then) -> None:
        if self.busy == self.servers:
            self.waiting.append((ms, then))
            return
        self.busy += 1
        self.busy_ms += ms
        self.events.after(ms, lambda: self._done(then))

    def _done(self, then: Then) -> None:
        self.busy -= 1
        if self.waiting:
            self.serve(*self.waiting.popleft())
        then()


class _System:
    def __init__(self, plan: Plan, chance: random.Random) -> None:
        self.events = _Events()
        self._plan = plan
        self._chance = chance
        self.photos = [_Station(self.events, plan.cores) for _ in range(plan.replicas)]
        self.scans = [_Station(self.events, 1) for _ in range(plan.shards * plan.copies or plan.replicas)]
        self.database = _Station(self.events, 1)
        self._under_way = [0] * plan.replicas
        self.waited: list[float] = []

    def search(self, then: Then) -> None:
        began, at = self.events.now, min(range(len(self._under_way)), key=self._under_way.__getitem__)
        self._under_way[at] += 1

        def answered() -> None:
            self._under_way[at] -= 1
            self.waited.append(self.events.now - began)
            then()

        def scanned() -> None:
            self.database.serve(self._plan.audit_ms, answered)

        self.photos[at].serve(self._chance.choice(self._plan.answer_ms), lambda: self._scan(at, scanned))

    def _scan(self, at: int, then: Then) -> None:
        if not self._plan.shards:
            self.scans[at].serve(self._plan.scan_ms, then)
            return
        left = self._plan.shards

        def one_done() -> None:
            nonlocal left
            left -= 1
            if not left:
                then()

        sets = [self.scans[first :: self._plan.copies] for first in range(self._plan.copies)]
        for station in min(sets, key=lambda one: sum(len(station.waiting) + station.busy for station in one)):
            station.serve(self._plan.scan_ms, one_done)

    def found(self, first: int) -> Waited:
        ordered, now = sorted(self.waited[first:]), self.events.now
        p50, p95, p99 = (ordered[int(share * len(ordered))] for share in (0.5, 0.95, 0.99))
        return Waited(
            p50,
            p95,
            p99,
            1e3 * len(self.waited) / now,
            sum(one.busy_ms for one in self.photos) / now / len(self.photos) / self._plan.cores,
            sum(one.busy_ms for one in self.scans) / now / len(self.scans),
            self.database.busy_ms / now,
        )


def spread(mean: float) -> tuple[float, ...]:
    """Times around a mean as photos differ: from half to one and a half of it."""
    return tuple(mean * (0.5 + step / 20) for step in range(21))


def arriving(plan: Plan, a_second: float, *, searches: int = 20_000, seed: int = 1) -> Waited:
    """Searches that come by themselves, so many a second (Poisson); the first tenth is not counted."""
    system = _System(plan, random.Random(seed))
    gaps = random.Random(seed + 1)

    def arrive() -> None:
        system.search(lambda: None)
        system.events.after(gaps.expovariate(a_second / 1e3), arrive)

    system.events.after(0, arrive)
    system.events.run(lambda: len(system.waited) >= searches)
    return system.found(searches // 10)


def waiting_clients(plan: Plan, clients: int, *, searches: int = 20_000, seed: int = 1) -> Waited:
    """So many clients, each of which sends its next search when it has the answer to the last."""
    system = _System(plan, random.Random(seed))

    def again() -> None:
        system.search(again)

    for _ in range(clients):
        system.events.after(0, again)
    system.events.run(lambda: len(system.waited) >= searches)
    return system.found(searches // 10)
