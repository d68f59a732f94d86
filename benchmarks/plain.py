"""face_recognition as its users know it: its own detector and encoding, the nearest photo by Euclidean distance."""

import numpy as np
from numpy.typing import NDArray

from matcher.evaluation.plan import Entry, Kind, Plan
from matcher.evaluation.searches import Search, Standing
from matcher.photo_work import FileTask, Worked, photo_crew
from matcher.preparing import PhotoState, PreparedPhoto
from matcher.settings import Settings

Vectors = NDArray[np.float32]
_LOST = PreparedPhoto(PhotoState.UNUSABLE, code="worker_died")


def plain_searches(plan: Plan, settings: Settings, *, top: int) -> tuple[tuple[Search, ...], int]:
    """Every probe's search, and how many people are in the gallery. settings: with the engine to use.

    Nothing is normalised, refused for several faces or calibrated; the score is minus the distance.
    """
    entries = (*plan.gallery, *plan.probes)
    with photo_crew(settings, photos=len(entries)) as crew:
        done = list(crew.run([FileTask(entry.path) for entry in entries]))
    photos = [one.prepared if isinstance(one, Worked) else _LOST for one in done]
    enrolled = [
        (entry.person_id, photo.template.vector)
        for entry, photo in zip(plan.gallery, photos[: len(plan.gallery)], strict=True)
        if photo.template is not None
    ]
    names, vectors = np.array([name for name, _ in enrolled]), np.stack([vector for _, vector in enrolled])
    probes = zip(plan.probes, photos[len(plan.gallery) :], strict=True)
    return tuple(_search(entry, photo, vectors, names, top) for entry, photo in probes), np.unique(names).size


def _search(entry: Entry, photo: PreparedPhoto, vectors: Vectors, names: NDArray[np.str_], top: int) -> Search:
    ranked = [] if photo.template is None else _ranked(photo.template.vector, vectors, names)[:top]
    return Search(
        person_id=entry.person_id,
        photo=entry.photo,
        line=entry.line,
        mated=entry.kind is Kind.MATED,
        group=entry.group,
        acquired=photo.template is not None,
        outcome="candidates" if ranked else photo.state.value,
        code="" if ranked else photo.code or photo.state.value,
        first=ranked[0][1] if ranked else None,
        mate=next((one for name, one in ranked if name == entry.person_id), None),
        milliseconds=dict(photo.timings),
    )


def _ranked(probe: Vectors, vectors: Vectors, names: NDArray[np.str_]) -> list[tuple[str, Standing]]:
    """Each person once, nearest first."""
    away = np.linalg.norm(vectors.astype(np.float64) - probe, axis=1)
    nearest: dict[str, float] = {}
    for place in np.argsort(away, kind="stable"):
        nearest.setdefault(str(names[place]), float(away[place]))
    return [(name, Standing(rank, -distance)) for rank, (name, distance) in enumerate(nearest.items(), start=1)]
