"""What workers have counted of their searches, for the metrics of the service: totals, no photo and nobody's name."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from matcher.identification import Identification
from matcher.records.job_tables import job_tally

SEARCHES, STEPS, ALARMS = "searches", "steps", "alarms"
_ADD = text(
    "INSERT INTO job_tally (name, label, count, total) VALUES (:name, :label, :count, :total) "
    "ON CONFLICT (name, label) DO UPDATE SET count = job_tally.count + excluded.count, "
    "total = job_tally.total + excluded.total"
)


@dataclass(frozen=True, slots=True)
class Tally:
    """name: what was counted. label: the outcome, or the step. count: how often; total: seconds of a step, or the sum
    of the FPIR that searches were held to."""

    name: str
    label: str
    count: int
    total: float


def add(connection: Connection, answers: Iterable[Identification]) -> None:
    """Count these searches, in the transaction that keeps their answers."""
    found: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0])
    for answer in answers:
        for key, value in _parts(answer):
            found[key][0] += 1
            found[key][1] += value
    # In one order, so that no two workers wait for each other.
    rows = [
        {"name": name, "label": label, "count": int(count), "total": total}
        for (name, label), (count, total) in sorted(found.items())
    ]
    if rows:
        connection.execute(_ADD, rows)


def tallies(connection: Connection) -> tuple[Tally, ...]:
    """Everything that was counted, in order."""
    rows = connection.execute(select(job_tally).order_by(job_tally.c.name, job_tally.c.label)).all()
    return tuple(Tally(*row) for row in rows)


def _parts(answer: Identification) -> Iterable[tuple[tuple[str, str], float]]:
    yield (SEARCHES, answer.outcome.value), 0.0
    for step, milliseconds in answer.timings.items():
        yield (STEPS, step), milliseconds / 1000
    if answer.scoring.fpir is not None and answer.scoring.calibrated:
        yield (ALARMS, ""), answer.scoring.fpir
