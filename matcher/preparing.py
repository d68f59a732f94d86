"""What is done with a photo before any gallery is asked: decode, find the face, embed, appraise.

Fit for worker processes.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from matcher.engines.base import Engine
from matcher.errors import PhotoUnreadable
from matcher.faces import Face, Template
from matcher.photo import DEFAULT_LIMITS, Photo, PhotoLimits, decode
from matcher.quality import Appraiser, Quality, Verdict, why_unfit
from matcher.selection import select

QUALITY = "quality"
"""The code of a photo that is refused for its quality, and the name of the step."""

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
    contested: whether one of the others may as well be the face that is meant.
    quality: of the photo for that face; None without a face, or where quality was not asked for.
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
    contested: bool = False
    template: Template | None = None
    quality: Quality | None = None
    code: str = ""
    reason: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_of_one(self) -> bool:
        """Whether it is clear whose template this is: fit for a reference, as far as faces go."""
        return self.template is not None and not self.contested

    @property
    def is_unfit(self) -> bool:
        """Whether the photo was appraised, and found too poor to be searched with unasked."""
        return self.quality is not None and self.quality.verdict is Verdict.UNFIT


def unusable(refusal: PhotoUnreadable, *, sha256: str = "") -> PreparedPhoto:
    """The same refusal as a value."""
    return PreparedPhoto(PhotoState.UNUSABLE, sha256=sha256, code=refusal.code, reason=str(refusal))


def prepare(
    engine: Engine,
    data: bytes,
    *,
    limits: PhotoLimits = DEFAULT_LIMITS,
    appraiser: Appraiser | None = None,
    clock: Clock = time.perf_counter,
) -> PreparedPhoto:
    """One photo's bytes to its template. An unusable photo is a value, not an error; EngineUnavailable is raised.

    appraiser: measures the photo's quality; without one that step is left out.
    """
    started = clock()
    try:
        photo = decode(data, limits=limits)
    except PhotoUnreadable as refusal:
        return unusable(refusal, sha256=hashlib.sha256(data).hexdigest())
    timings = {"decode": 1000 * (clock() - started)}
    return prepare_decoded(engine, photo, timings=timings, appraiser=appraiser, clock=clock)


def prepare_decoded(
    engine: Engine,
    photo: Photo,
    *,
    timings: Mapping[str, float],
    appraiser: Appraiser | None = None,
    clock: Clock = time.perf_counter,
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
    embedded = clock()
    timings["embed"] = 1000 * (embedded - detected)
    quality = None
    if appraiser is not None:
        quality = appraiser.appraise(photo, chosen.face, others=chosen.others)
        timings[QUALITY] = 1000 * (clock() - embedded)
    return _prepared(
        photo,
        PhotoState.SEVERAL_FACES if chosen.ambiguous else PhotoState.READY,
        timings=timings,
        face=chosen.face,
        others=chosen.others,
        contested=chosen.contested,
        template=Template(engine.spec.key, vector),
        quality=quality,
    )


def why_refused(prepared: PreparedPhoto, *, anyway: bool = False) -> tuple[str, str]:
    """Why a photo can't serve as a reference: a code for programs, a reason for people. Empty for one that can.

    anyway: take photos of whatever quality.
    """
    if prepared.state is PhotoState.NO_FACE:
        return "no_face", "no face was found in the photo; give one that shows the face from the front"
    if prepared.contested:
        return "several_faces", "several faces of similar size are in the photo; cut it to the one that is meant"
    if prepared.is_unfit and not anyway:
        return QUALITY, quality_refusal(prepared)
    return prepared.code, prepared.reason


def quality_refusal(prepared: PreparedPhoto) -> str:
    """Why a photo is refused for its quality, in words; empty for one that is not."""
    return why_unfit(prepared.quality) if prepared.quality is not None and prepared.is_unfit else ""


def _prepared(
    photo: Photo,
    state: PhotoState,
    *,
    timings: Mapping[str, float],
    face: Face | None = None,
    others: tuple[Face, ...] = (),
    contested: bool = False,
    template: Template | None = None,
    quality: Quality | None = None,
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
        contested=contested,
        template=template,
        quality=quality,
        timings=timings,
    )
