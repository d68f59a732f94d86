"""Templates of a second engine: of the one that a home is moving to, or could go back to, besides the serving one."""

import logging
import threading
from collections.abc import Callable

from matcher.engines.base import Engine
from matcher.errors import EngineUnavailable, PhotoUnreadable
from matcher.faces import EngineKey, Face, Template
from matcher.photo import DEFAULT_LIMITS, PhotoLimits, decode
from matcher.records.serving import name_of
from matcher.records.values import Made
from matcher.selection import select

_log = logging.getLogger(__name__)

Opener = Callable[[str], Engine]
"""Opens an engine by its name; raises EngineUnavailable."""

# Detectors draw their boxes differently; those of two faces in one photo do not overlap so much.
_SAME_FACE = 0.15


def made_of(engine: Engine, data: bytes, face: Face | None, *, limits: PhotoLimits = DEFAULT_LIMITS) -> Made:
    """What this engine makes of a reference photo. face: the one that was enrolled, as another engine found it.

    Of several faces the enrolled one is taken, so that both engines' templates are of one person.
    """
    key = engine.spec.key
    try:
        photo = decode(data, limits=limits)
    except PhotoUnreadable as refusal:
        return Made(key, None, code=refusal.code, reason=str(refusal))
    faces = engine.detect(photo)
    if not faces:
        return Made(key, None, code="no_face", reason=f"{key} finds no face in the photo")
    if face is None:
        chosen = select(faces, photo.width, photo.height)
        if chosen.contested:
            reason = f"{key} finds several faces, and which one was enrolled is not recorded"
            return Made(key, None, code="several_faces", reason=reason)
        found = chosen.face
    else:
        found = max(faces, key=lambda one: one.box.overlap(face.box))
        if found.box.overlap(face.box) < _SAME_FACE:
            return Made(key, None, code="other_face", reason=f"{key} finds faces, but not the one that was enrolled")
    return Made(key, Template(key, engine.embed(photo, [found])[0]), found)


def open_second(open_engine: Opener, key: EngineKey) -> Engine:
    """The engine of a key; raises EngineUnavailable where this program has another version of it, or none."""
    engine = open_engine(name_of(key))
    if engine.spec.key != key:
        raise EngineUnavailable(
            f"this program makes templates of {engine.spec.key}, not of {key} any more; discard those with matcher "
            "reembed --discard"
        )
    return engine


class Beside:
    """Makes the second templates of photos that are enrolled, as long as the home wants them.

    Any number of threads may share it. An engine that can't be opened is logged, once: photos that are kept get their
    second template later, and those that are not kept are refused by the records.
    """

    def __init__(
        self, wanted: Callable[[], EngineKey], open_engine: Opener, *, limits: PhotoLimits = DEFAULT_LIMITS
    ) -> None:
        """wanted: which engine's templates the home wants besides now; empty for none."""
        self._wanted = wanted
        self._open_engine = open_engine
        self._limits = limits
        self._opening = threading.Lock()
        self._opened: dict[EngineKey, Engine | None] = {}

    def also(self, data: bytes, face: Face | None) -> tuple[Made, ...]:
        """What `ReferencePhoto.also` needs for a photo's bytes; empty where the home wants nothing."""
        key = self._wanted()
        engine = self._engine(key) if key else None
        return () if engine is None else (made_of(engine, data, face, limits=self._limits),)

    def _engine(self, key: EngineKey) -> Engine | None:
        with self._opening:
            if key not in self._opened:
                try:
                    self._opened[key] = open_second(self._open_engine, key)
                except EngineUnavailable as exc:
                    _log.warning("photos are enrolled without a template of %s: %s", key, exc)
                    self._opened[key] = None
            return self._opened[key]
