"""What is done with a photo before any gallery is asked: decode, find the face, embed. Fit for worker processes."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from matcher.engines.base import Engine
from matcher.errors import PhotoUnreadable
from matcher.faces import Face, Template
from matcher.photo import DEFAULT_LIMITS, Photo, PhotoLimits, decode
from matcher.selection import select

Clock = Callable[[], float]
"""Seconds, rising; for the time that steps take."""


class PhotoState(StrEnum):
    """What became of a photo."""

    READY = "ready"
    SEVERAL_FACES = "several_faces"
    NO_FACE = "no_face"
    UNUSABLE = "photo_unusable"


@dataclass(frozen=True, slots=True)
class PreparedPhoto:
    """A photo turned into a template, or the reason why not.

    sha256: of the original bytes; empty where they were not read. width, height: pixels, upright; 0 if not decoded.
    face, template: of the chosen face; None without one. others: the other faces, largest first.
    code, reason: why the photo is unusable, for programs and for people; empty otherwise.
    timings: step -> milliseconds.
    """

    state: PhotoState
    sha256: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    notes: tuple[str, ...] = ()
    face: Face | None = None
    others: tuple[Face, ...] = ()
    template: Template | None = None
    code: str = ""
    reason: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)


def unusable(refusal: PhotoUnreadable, *, sha256: str = "") -> PreparedPhoto:
    """The same refusal as a value."""
    return PreparedPhoto(PhotoState.UNUSABLE, sha256=sha256, code=refusal.code, reason=str(refusal))


def prepare(
    engine: Engine, data: bytes, *, limits: PhotoLimits = DEFAULT_LIMITS, clock: Clock = time.perf_counter
) -> PreparedPhoto:
    """One photo's bytes to its template. An unusable photo is a value, not an error; EngineUnavailable is raised."""
    started = clock()
    try:
        photo = decode(data, limits=limits)
    except PhotoUnreadable as refusal:
        return unusable(refusal, sha256=hashlib.sha256(data).hexdigest())
    return prepare_decoded(engine, photo, timings={"decode": 1000 * (clock() - started)}, clock=clock)


def prepare_decoded(
    engine: Engine, photo: Photo, *, timings: Mapping[str, float], clock: Clock = time.perf_counter
) -> PreparedPhoto:
    """The same for a photo that was decoded already; timings: of the steps before."""
    timings = dict(timings)
    decoded = clock()
    faces = engine.detect(photo)
    detected = clock()
    timings["detect"] = 1000 * (detected - decoded)
    if not faces:
        return _prepared(photo, PhotoState.NO_FACE, timings=timings)
    chosen = select(faces, photo.width, photo.height)
    vector = engine.embed(photo, [chosen.face])[0]
    timings["embed"] = 1000 * (clock() - detected)
    return _prepared(
        photo,
        PhotoState.SEVERAL_FACES if chosen.ambiguous else PhotoState.READY,
        timings=timings,
        face=chosen.face,
        others=chosen.others,
        template=Template(engine.spec.key, vector),
    )


def why_refused(prepared: PreparedPhoto) -> tuple[str, str]:
    """Why a photo can't serve as a reference: a code for programs, a reason for people. Empty for one that can."""
    if prepared.state is PhotoState.NO_FACE:
        return "no_face", "no face was found in the photo; give one that shows the face from the front"
    if prepared.state is PhotoState.SEVERAL_FACES:
        return "several_faces", "several faces of similar size are in the photo; cut it to the one that is meant"
    return prepared.code, prepared.reason


def _prepared(
    photo: Photo,
    state: PhotoState,
    *,
    timings: Mapping[str, float],
    face: Face | None = None,
    others: tuple[Face, ...] = (),
    template: Template | None = None,
) -> PreparedPhoto:
    return PreparedPhoto(
        state,
        sha256=photo.sha256,
        format=photo.format,
        width=photo.width,
        height=photo.height,
        notes=photo.notes,
        face=face,
        others=others,
        template=template,
        timings=timings,
    )
