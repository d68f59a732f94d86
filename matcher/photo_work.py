"""What a worker process does with one photo: read it, recognise it by its digest, prepare it, draw it small."""

import hashlib
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from matcher.beside import Beside
from matcher.build import build_appraiser, build_engine, engine_opener, photo_limits
from matcher.engines.base import Engine
from matcher.errors import PhotoUnreadable
from matcher.faces import EngineKey, Face
from matcher.photo import PhotoLimits, PhotoMissing, decode
from matcher.places import SOURCE_GONE, SourceGone, place_of, read_place
from matcher.preparing import PhotoState, PreparedPhoto, prepare_decoded, unusable
from matcher.quality import Appraiser
from matcher.records.serving import NO_ENGINE
from matcher.records.values import Made
from matcher.refused_before import RefusedBefore
from matcher.settings import Settings
from matcher.thumbnails import thumbnail
from matcher.workers import Crew, Lost, Workforce


@dataclass(frozen=True, slots=True)
class FileTask:
    """Prepare the photo at path, or at a place as `matcher.places` writes it, unless its SHA-256 is among `known`.

    keep: whether the bytes are wanted back. draw: whether a small picture is.
    """

    path: str
    known: frozenset[str] = frozenset()
    keep: bool = False
    draw: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class ContentTask:
    """The same for a photo whose bytes are here already: from an archive, or from where a process can't read."""

    content: bytes
    known: frozenset[str] = frozenset()
    keep: bool = False
    draw: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class DrawTask:
    """Draw a small picture of a photo that is kept. face: in pixels of that photo."""

    content: bytes
    face: Face | None


@dataclass(frozen=True, slots=True)
class Known:
    """The photo's digest was among the known ones; it was not decoded."""

    sha256: str


@dataclass(frozen=True, slots=True, repr=False)
class Worked:
    """A photo prepared. content: its bytes, where they were wanted. picture: a small JPEG, where one was wanted and
    the photo could be decoded; empty otherwise. also: what a second engine made of it."""

    prepared: PreparedPhoto
    content: bytes = b""
    picture: bytes = b""
    also: tuple[Made, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Drawn:
    """A small JPEG; empty where the photo could not be decoded."""

    picture: bytes


PhotoTask = FileTask | ContentTask | DrawTask
PhotoDone = Known | Worked | Drawn
PhotoWorkforce = Workforce[PhotoTask, PhotoDone]
"""Who prepares photos: a `photo_crew`, or whatever else runs a `photo_desk` in each of its processes."""

NOTHING_REFUSED = RefusedBefore()


def photo_crew(
    settings: Settings, *, photos: int, beside: EngineKey = NO_ENGINE, refused: RefusedBefore = NOTHING_REFUSED
) -> Crew[PhotoTask, PhotoDone]:
    """Processes for about so many photos: one a core, fewer where there is little to do.

    beside: a second engine, of which templates are made too; see `matcher.beside`. refused: photos that are refused
    again without being decoded.
    """
    workers = max(1, min(settings.worker_count, photos // 4))
    # One thread each: the cores are shared by the processes already.
    alone = settings.model_copy(update={"threads": 1})
    return Crew(partial(photo_desk, alone, beside, refused), workers=workers)


def held_bytes(done: PhotoDone) -> int:
    """The bytes that a result keeps in memory while it waits."""
    if isinstance(done, Worked):
        return len(done.content) + len(done.picture)
    return len(done.picture) if isinstance(done, Drawn) else 0


def lost_photo(lost: Lost) -> Worked:
    """A photo whose process was lost, as an unusable one."""
    return Worked(PreparedPhoto(PhotoState.UNUSABLE, code=lost.code, reason=lost.reason))


@dataclass(frozen=True, slots=True, repr=False)
class Desk:
    """Where photos are worked on, one at a time: all that a process needs for it, loaded once.

    appraiser: None leaves quality out. refused: photos that are refused again without being decoded.
    """

    engine: Engine
    limits: PhotoLimits
    appraiser: Appraiser | None
    beside: Beside
    refused: RefusedBefore = NOTHING_REFUSED

    def __call__(self, task: PhotoTask) -> PhotoDone:
        """Do one task. Unusable photos are results, not errors."""
        if isinstance(task, DrawTask):
            return _drawn(task, self.limits)
        taken = fetched(task, self.limits)
        return self._look(taken, hashlib.sha256(taken.content).hexdigest()) if isinstance(taken, ContentTask) else taken

    def _look(self, task: ContentTask, digest: str) -> Worked:
        data = task.content
        code, reason = self.refused.why(digest)
        if code:
            return Worked(PreparedPhoto(PhotoState.UNUSABLE, sha256=digest, code=code, reason=reason))
        try:
            photo = decode(data, limits=self.limits)
        except PhotoUnreadable as refusal:
            return Worked(unusable(refusal, sha256=digest))
        prepared = prepare_decoded(self.engine, photo, timings={}, appraiser=self.appraiser)
        return Worked(
            prepared,
            content=data if task.keep and prepared.template is not None else b"",
            picture=thumbnail(photo, prepared.face) if task.draw else b"",
            also=self.beside.also(data, prepared.face) if prepared.is_of_one else (),
        )


def fetched(task: FileTask | ContentTask, limits: PhotoLimits) -> ContentTask | Known | Worked:
    """A photo's bytes, read where they are not here already; or what becomes of the task without any further work."""
    if isinstance(task, FileTask):
        try:
            data = read_place(place_of(task.path), limits=limits)
        except PhotoUnreadable as refusal:
            return Worked(unusable(refusal))
        except SourceGone as gone:
            return Worked(PreparedPhoto(PhotoState.UNUSABLE, code=SOURCE_GONE, reason=str(gone)))
        except OSError as exc:
            return Worked(unusable(PhotoMissing(f"the file can't be read ({exc.strerror}); check the disk")))
        task = ContentTask(data, task.known, keep=task.keep, draw=task.draw)
    digest = hashlib.sha256(task.content).hexdigest() if task.known else ""
    return Known(digest) if digest in task.known else task


class Drawing:
    """A workforce of this thread alone, for small pictures; nothing has to be loaded for them. limits: of photos."""

    def __init__(self, limits: PhotoLimits) -> None:
        self._limits = limits

    def run(
        self,
        tasks: Iterable[PhotoTask],
        *,
        weigh: Callable[[Any], int] = lambda _value: 0,  # noqa: ARG002
    ) -> Generator[PhotoDone | Lost, None, None]:
        """The small picture of each task; other tasks are lost."""
        for task in tasks:
            yield (
                _drawn(task, self._limits) if isinstance(task, DrawTask) else Lost("failed", "nothing can do that here")
            )

    def close(self) -> None:
        """Nothing to end."""


def _drawn(task: DrawTask, limits: PhotoLimits) -> Drawn:
    try:
        return Drawn(thumbnail(decode(task.content, limits=limits), task.face))
    except PhotoUnreadable:
        return Drawn(b"")


def photo_desk(settings: Settings, second: EngineKey = NO_ENGINE, refused: RefusedBefore = NOTHING_REFUSED) -> Desk:
    """All that a process needs to work on photos, loaded once; its arguments can be pickled.

    Raises EngineUnavailable. settings: with one thread for each of several processes. second, refused: `photo_crew`.
    """
    import cv2

    cv2.setNumThreads(1)
    limits = photo_limits(settings)
    beside = Beside(lambda: second, engine_opener(settings), limits=limits)
    return Desk(build_engine(settings), limits, build_appraiser(settings), beside, refused)
