"""Engines side by side on photos of which it is known who they show: each does the same work as the whole product."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.build import build_engine, with_engine
from matcher.evaluation.fairness import Fairness, fairness
from matcher.evaluation.plan import Plan
from matcher.evaluation.rates import Figure, Point, measure
from matcher.evaluation.running import SeveralFaces, Stage, quietly, run
from matcher.evaluation.searches import Search
from matcher.faces import EngineKey
from matcher.settings import Settings


@dataclass(frozen=True, slots=True)
class Compared:
    """One engine's figures, with 95 % intervals over people.

    people: enrolled in the gallery, which `refused` photos did not enter. found: probes that gave a template. points:
    FNIR where these searches have the target FPIR. milliseconds: median time from bytes to template, other work going
    on. fairness: rates by group; None where fewer than two groups are stated.
    """

    engine: EngineKey
    people: int
    refused: int
    found: Figure
    rank_1: Figure
    points: tuple[Point, ...]
    milliseconds: float
    fairness: Fairness | None


def compare(
    plan: Plan,
    settings: Settings,
    names: Sequence[str],
    *,
    several_faces: SeveralFaces = SeveralFaces.REFUSE,
    stage: Stage = quietly,
) -> tuple[Compared, ...]:
    """The engines' figures in the order of their names; raises EngineUnavailable, BadManifest.

    Every engine is opened before the first one works, so that a missing one is told at once.
    """
    chosen = [with_engine(settings, name) for name in names]
    for one in chosen:
        build_engine(one)
    return tuple(_compared(plan, one, several_faces, stage) for one in chosen)


def _compared(plan: Plan, settings: Settings, several_faces: SeveralFaces, stage: Stage) -> Compared:
    done = run(plan, settings, several_faces=several_faces, stage=stage)
    rates = measure(done.searches, top=settings.top)
    lost = rates.not_acquired
    found = Figure(1 - lost.value, 1 - lost.high, 1 - lost.low, lost.trials - lost.events, lost.trials, lost.people)
    return Compared(
        engine=done.engine,
        people=done.gallery.people,
        refused=len(done.refused),
        found=found,
        rank_1=rates.rank_1,
        points=rates.at_observed,
        milliseconds=_milliseconds(done.searches),
        fairness=fairness(done.searches),
    )


def _milliseconds(searches: Sequence[Search]) -> float:
    """The median of what one probe took up to its template; not a number where no photo gave one."""
    steps = ("decode", "detect", "embed")
    took = [sum(one.milliseconds.get(step, 0.0) for step in steps) for one in searches if one.acquired]
    return statistics.median(took) if took else float("nan")
