"""``python -m benchmarks quality``: does a photo's quality predict that its search misses?

Searches with the mated probes of open-set lists as they are and with worse copies of them (blur, shake, small, JPEG,
dark, over-exposed, shaded, flat, noise, tilted, cut, and with a hand, dark glasses, a mask or a stamp over the face).
A miss is a mate below the score that the list's other probes, as they are, reach in 3 of 100 searches. The weights of
the score were fitted on one half of the people (by a checksum of the name); the figures are of the other half.
"""

import argparse
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import test_data
from benchmarks.environment import keep
from benchmarks.quality_figures import (
    Flags,
    Floats,
    auc_with_interval,
    bands,
    error_versus_discard,
    fitted,
    perfect_discard,
    shift,
)
from benchmarks.quality_report import show
from benchmarks.quality_searches import AS_IT_IS, Copy, Sought, copies, searches
from matcher.evaluation import NonMatedSearches, threshold_for_fpir
from matcher.evaluation.plan import Kind, read_plan
from matcher.quality import DEFAULT_POLICY, Measure, Quality, Verdict
from matcher.quality.overall import losses

_SETS = ("lfw_open_set.csv", "portraits_open_set.csv")
_FPIR = 0.03
_EDGES = (0, 5, 10, 20, 40, 55, 70, 80, 90, 101)


@dataclass(frozen=True, slots=True)
class _Row:
    """A mated search whose photo has a face."""

    split: str
    person: str
    damage: str
    quality: Quality
    detection: float
    mate: float
    missed: bool

    @property
    def held_out(self) -> bool:
        return zlib.crc32(self.person.encode()) % 2 == 1


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks quality", description=__doc__)
    parser.add_argument("csv", type=Path, nargs="*", help="open-set lists; default: those of MATCHER_TEST_DATA")
    parser.add_argument("--damages", type=int, default=6, help="worse copies of each mated probe")
    parser.add_argument("--non-mated-damages", type=int, default=2, help="worse copies of each non-mated probe")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--refit", action="store_true", help="fit the weights anew on the half that they are fitted on")
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), help="folder for the raw results")
    arguments = parser.parse_args(argv)
    rows: list[_Row] = []
    results: dict[str, Any] = {}
    for path in arguments.csv or [test_data() / "faces" / name for name in _SETS]:
        counts = {"damages": arguments.damages, "non_mated_damages": arguments.non_mated_damages}
        made = copies(read_plan(path), **counts, workers=arguments.workers)
        sought = searches(made)
        threshold = _threshold(sought)
        rows += [row for one in sought if (row := _row(path.stem, one, threshold)) is not None]
        results[path.stem] = {
            "threshold": threshold,
            "verdicts": _verdicts(made),
            "no_face": _no_face(sought),
            "false_alarms": _false_alarms(sought, threshold),
        }
    found: dict[str, Any] = {
        "sets": results,
        "prediction": _prediction(rows),
        "mates": _mates(rows),
        "kinds": _kinds(rows),
    }
    found["rows"] = _raw(rows)
    if arguments.refit:
        base, weights = _refit(rows)
        print(f"base {base:.3f}, weights", {name: round(weight, 3) for name, weight in weights.items()})
    show(found)
    print(f"raw results: {keep('quality', found, arguments.out)}")
    return 0


def _threshold(sought: Sequence[Sought]) -> float:
    tops = [one.stranger for one in sought if _is(one.copy, Kind.NON_MATED) and one.copy.damage == AS_IT_IS]
    return threshold_for_fpir(NonMatedSearches.of(tops), _FPIR)


def _is(copy: Copy, kind: Kind) -> bool:
    return copy.entry.kind is kind


def _row(split: str, one: Sought, threshold: float) -> _Row | None:
    made = one.copy.prepared
    if not _is(one.copy, Kind.MATED) or made.quality is None or made.face is None:
        return None
    person, detection = one.copy.entry.person_id, made.face.detection_score
    return _Row(split, person, one.copy.damage, made.quality, detection, one.mate, one.mate < threshold)


def _verdicts(made: Sequence[Copy]) -> dict[str, dict[str, float]]:
    """Of the photos as they are, by what they are for: how many, and the shares that are poor and unfit."""
    table = {}
    for kind in Kind:
        found = [c.prepared.quality for c in made if _is(c, kind) and c.damage == AS_IT_IS and c.prepared.quality]
        table[kind.value] = {
            "photos": len(found),
            **{
                each.value: float(np.mean([q.verdict is each for q in found])) for each in (Verdict.POOR, Verdict.UNFIT)
            },
        }
    return table


def _no_face(sought: Sequence[Sought]) -> dict[str, float]:
    """The share of each kind's photos in which no face is found; these are in no other figure."""
    kinds = sorted({one.copy.damage for one in sought})
    return {
        kind: float(np.mean([one.copy.prepared.face is None for one in sought if one.copy.damage == kind]))
        for kind in kinds
    }


def _false_alarms(sought: Sequence[Sought], threshold: float) -> list[dict[str, float]]:
    """The share of non-mated searches that reach the threshold, by the photo's quality."""
    others = [one for one in sought if _is(one.copy, Kind.NON_MATED) and one.copy.prepared.quality]
    scores = np.array([one.copy.prepared.quality.score for one in others if one.copy.prepared.quality])
    return bands(scores, np.array([one.stranger >= threshold for one in others]), (0, 40, 70, 85, 101))


def _prediction(rows: Sequence[_Row]) -> dict[str, Any]:
    """For several choices of searches, of held-out people: AUC of each number, and error versus discard."""
    kept = [row for row in rows if row.held_out]
    plain = [row for row in kept if row.damage == AS_IT_IS]
    chosen = {"all": kept, "as they are": plain}
    for split in sorted({row.split for row in kept}):
        chosen[split] = [row for row in kept if row.split == split]
        chosen[f"{split}, as they are"] = [row for row in plain if row.split == split]
    table = {}
    for name, part in chosen.items():
        missed, people = _missed(part), np.array([row.person for row in part])
        table[name] = {
            "searches": len(part),
            "missed": float(missed.mean()),
            "auc": {which: auc_with_interval(number, missed, people) for which, number in _numbers(part).items()},
            "discard": {which: error_versus_discard(number, missed) for which, number in _numbers(part).items()},
            "perfect": perfect_discard(missed),
            "bands": bands(_numbers(part)["overall"], missed, _EDGES),
        }
    return table


def _numbers(rows: Sequence[_Row]) -> dict[str, Floats]:
    """The score, and what simpler programs use in its place."""

    def of(measure: Measure) -> Floats:
        return np.array([row.quality.components[measure].value for row in rows])

    return {
        "overall": np.array([row.quality.score for row in rows]),
        "landmarks alone": -of(Measure.LANDMARKS),
        "sharpness alone": of(Measure.SHARPNESS),
        "size of the face": of(Measure.INTER_EYE_DISTANCE),
        "detector's score": np.array([row.detection for row in rows]),
    }


def _missed(rows: Sequence[_Row]) -> Flags:
    return np.array([row.missed for row in rows], dtype=np.bool_)


def _kinds(rows: Sequence[_Row]) -> dict[str, dict[str, float]]:
    """For each kind of damage, of all people: how many searches, missed, unfit and poor, and missed of the unfit."""
    table = {}
    for kind in sorted({row.damage for row in rows}):
        part = [row for row in rows if row.damage == kind]
        verdicts = [DEFAULT_POLICY.verdict(row.quality.score) for row in part]
        unfit = np.array([verdict is Verdict.UNFIT for verdict in verdicts])
        missed = _missed(part)
        table[kind] = {
            "searches": len(part),
            "missed": float(missed.mean()),
            "unfit": float(unfit.mean()),
            "poor": float(np.mean([verdict is Verdict.POOR for verdict in verdicts])),
            "missed_of_unfit": float(missed[unfit].mean()) if unfit.any() else float("nan"),
        }
    return table


def _mates(rows: Sequence[_Row]) -> dict[str, dict[str, float]]:
    """How far the mate's score moves with logit(overall / 100), where the mate is among the first 100."""
    listed = [row for row in rows if np.isfinite(row.mate)]
    table = {}
    for name, part in {"all": listed, "as they are": [row for row in listed if row.damage == AS_IT_IS]}.items():
        share = np.array([row.quality.score / 100 for row in part]).clip(0.02, 0.95)
        mates, held_out = np.array([row.mate for row in part]), np.array([row.held_out for row in part])
        table[name] = shift(np.log(share / (1 - share)), mates, held_out, np.array([row.person for row in part]))
    return table


def _refit(rows: Sequence[_Row]) -> tuple[float, dict[str, float]]:
    """Both sets weigh the same, and so do photos as they are and worse copies."""
    part = [row for row in rows if not row.held_out]
    cells = [(row.split, row.damage == AS_IT_IS) for row in part]
    weights: NDArray[np.float64] = np.array([1 / cells.count(cell) for cell in cells])
    counted = losses(part[0].quality.components)
    scores = {each.value: np.array([row.quality.components[each].score for row in part]) for each in counted}
    return fitted(scores, _missed(part), weights)


def _raw(rows: Sequence[_Row]) -> list[dict[str, Any]]:
    return [
        {
            "set": row.split,
            "person": row.person,
            "damage": row.damage,
            "mate": row.mate if np.isfinite(row.mate) else None,
            "missed": row.missed,
            "overall": row.quality.score,
            "detection_score": row.detection,
            "values": {measure.value: found.value for measure, found in row.quality.components.items()},
        }
        for row in rows
    ]
