"""Everything that an evaluation found, as one JSON object; plots and the statement are made from it and nothing else.

A number that there is not (no trial, or a ratio over nothing) is null. Times are under "timing" and "made"; the rest is
the same to the last digit whenever the same photos go through the same program.
"""

import dataclasses
import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from matcher.evaluation.candour import confidence, predictions, ratios
from matcher.evaluation.environment import PROGRAM, environment, version_of
from matcher.evaluation.fairness import fairness
from matcher.evaluation.rates import measure
from matcher.evaluation.running import Run
from matcher.evaluation.searches import Search
from matcher.sources import Refusal

FORMAT = "evaluation/1"


def results_of(run: Run, *, at: datetime) -> dict[str, Any]:
    """The results of a run, as JSON has them. at: the moment they are made."""
    groups = fairness(run.searches)
    found: dict[str, Any] = plain(
        {
            "format": FORMAT,
            "made": {
                "at": at.isoformat(timespec="seconds"),
                "program": PROGRAM,
                "version": version_of(PROGRAM),
                "environment": environment(),
            },
            "data": _data(run),
            "product": _product(run),
            "gallery": _gallery(run),
            "rates": measure(run.searches, top=run.settings.top),
            "predictions": predictions(run.searches, run.gallery.people, run.sizes),
            "confidence": confidence(run.searches, run.settings.prior),
            "likelihood": ratios(run.pairs),
            "groups": groups,
            "timing": _timing(run),
        }
    )
    return found


def plain(value: Any) -> Any:
    """The same as JSON values: dataclasses as objects, and null for what is no finite number."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _data(run: Run) -> dict[str, Any]:
    plan = run.plan
    together = hashlib.sha256("\n".join(sorted(run.photo_digests.values())).encode("ascii")).hexdigest()
    return {
        "manifest": plan.manifest.name,
        "manifest_sha256": plan.manifest_sha256,
        "photos": len(run.photo_digests),
        "photos_sha256": together,
        "mated_searches": len(plan.mated),
        "mated_people": len({entry.person_id for entry in plan.mated}),
        "non_mated_searches": len(plan.non_mated),
        "non_mated_people": len({entry.person_id for entry in plan.non_mated}),
    }


def _product(run: Run) -> dict[str, Any]:
    settings, scoring, calibration = run.settings, run.scoring, run.calibration
    made_with = None
    if scoring.calibrated and calibration is not None:
        made_with = {
            **dataclasses.asdict(calibration.source),
            "sha256": hashlib.sha256(calibration.to_json().encode("utf-8")).hexdigest(),
        }
    return {
        "engine": run.engine,
        "precision": settings.precision.value,
        "list": settings.top,
        "prior": settings.prior,
        "target_fpir": settings.fpir,
        "scoring": scoring.name,
        "basis": scoring.basis,
        "calibrated": scoring.calibrated,
        "calibration": made_with,
        "note": scoring.note,
    }


def _gallery(run: Run) -> dict[str, Any]:
    return {
        "own": bool(run.own_gallery),
        "name": run.own_gallery,
        "people": run.gallery.people,
        "photos": run.gallery.templates,
        "several_faces": run.several_faces.value,
        "people_listed": len({entry.person_id for entry in run.plan.gallery}),
        "photos_listed": len(run.plan.gallery),
        "photos_refused": len(run.refused),
        "reasons": _reasons(run.refused),
    }


def _reasons(refused: Sequence[Refusal]) -> dict[str, int]:
    return dict(sorted(Counter(refusal.code for refusal in refused).items()))


def _timing(run: Run) -> dict[str, Any]:
    """Milliseconds of each step as the product measures them, other work going on; seconds of the run's parts."""
    steps = sorted({step for search in run.searches for step in search.milliseconds})
    return {
        "workers": run.settings.worker_count,
        "seconds": run.seconds,
        "milliseconds": {step: _spread(run.searches, step) for step in steps},
    }


def _spread(searches: Sequence[Search], step: str) -> dict[str, float]:
    values = [search.milliseconds[step] for search in searches if step in search.milliseconds]
    middle, high = np.quantile(values, [0.5, 0.95])
    return {"mean": float(np.mean(values)), "median": float(middle), "p95": float(high)}
