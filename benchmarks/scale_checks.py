"""Is the simulation to be believed? What it predicts of things that were measured, or that theory knows."""

import math
from dataclasses import dataclass

from benchmarks.scale_costs import SERVICES, Costs, service_run
from benchmarks.scale_simulation import Plan, arriving, spread, waiting_clients

_THREADS = 2


@dataclass(frozen=True, slots=True)
class Check:
    """Both in milliseconds. source: where the second comes from."""

    what: str
    predicted: float
    known: float
    source: str

    @property
    def ratio(self) -> float:
        return self.predicted / self.known


def checks(costs: Costs) -> list[Check]:
    return [*_scans(costs), *_services(), *_theory()]


def _scans(costs: Costs) -> list[Check]:
    codes = costs.codes_1e7_bytes.value / costs.codes_1e6_bytes.value
    return [
        Check(
            "a scan of 1e7 entries, from that of 1e6 and the bytes of their codes",
            costs.scan_1e6_ms.value * 10 * codes,
            costs.scan_1e7_ms.value,
            costs.scan_1e7_ms.file,
        ),
        Check(
            "a scan of 1e8 entries, from that of 1e7 (int16)",
            costs.scan_1e7_short_ms.value * 10,
            costs.scan_1e8_short_ms.value,
            costs.scan_1e8_short_ms.file,
        ),
    ]


def _services() -> list[Check]:
    """Waiting of clients, from the processor time of an answer and the share of the machine that the service got."""
    found = []
    for name in SERVICES:
        for clients in (4, 50):
            run = service_run(name, clients)
            cores = run["answers_a_second"] * run["service_cpu_ms_an_answer"] / 1e3
            each = run["service_cpu_ms_an_answer"] / (cores / _THREADS)
            plan = Plan(1, _THREADS, spread(each), 0.0, 0.0)
            waited = waiting_clients(plan, clients, searches=5_000)
            found += [
                Check(f"{clients} clients, median wait", waited.p50, run["ms"]["p50"], name),
                Check(f"{clients} clients, 95 of 100 wait at most", waited.p95, run["ms"]["p95"], name),
            ]
    return found


def _theory() -> list[Check]:
    """A queue with one server and equal times of service (M/D/1), of which the quantiles are known."""
    ms, busy = 10.0, 0.8
    plan = Plan(1, 1, (ms,), 0.0, 0.0)
    waited = arriving(plan, busy * 1e3 / ms, searches=100_000)
    return [
        Check("one queue, 80 % busy, equal times: 95 of 100 wait at most", waited.p95, _md1(ms, busy, 0.95), "theory")
    ]


def _md1(ms: float, busy: float, share: float) -> float:
    """The quantile of the time in an M/D/1 queue, milliseconds, service included (Erlang's formula, by bisection)."""

    def at_most(wait: float) -> float:
        whole = math.floor(wait)
        terms = (
            math.exp(busy * (wait - number)) * (busy * (number - wait)) ** number / math.factorial(number)
            for number in range(whole + 1)
        )
        return (1 - busy) * sum(terms)

    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(middle) < share else (low, middle)
    return ms * (1 + low)
