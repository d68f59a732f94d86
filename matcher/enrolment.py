"""Many people at once: photos are prepared by all cores, and written in batches that are kept as they come.

A run that is interrupted or killed loses nothing that was written; the next one recognises finished photos by their
SHA-256 before it decodes them, and those that were refused too.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from matcher.errors import BadField
from matcher.gallery import Gallery
from matcher.photo_work import FileTask, Known, PhotoDone, PhotoTask, PhotoWorkforce, Worked, held_bytes, lost_photo
from matcher.pipeline import reference_photo
from matcher.preparing import why_refused
from matcher.quality import Verdict, poor_words
from matcher.records.values import Enrolment, EnrolResult, PersonKey, PersonOutcome, PhotoOutcome, ReferencePhoto
from matcher.refused_before import RefusedPhoto
from matcher.sources import PersonPhotos, PhotoPlace, Refusal, Source
from matcher.workers import Lost

Progress = Callable[[int, int], None]
"""Told how many photos of how many are done."""

Remember = Callable[[Sequence[RefusedPhoto]], None]
"""Told which photos were refused for what is in their bytes."""

_BATCH_PEOPLE = 64
_BATCH_SECONDS = 2.0
_BATCH_BYTES = 64 * 2**20


@dataclass(slots=True)
class Tally:
    """What a run has done so far. photos_known: recognised as done already. refused: rows and photos.

    poor: photos that were prepared to be taken although their quality is not good, and why it is not.
    """

    people_new: int = 0
    people_updated: int = 0
    people_unchanged: int = 0
    photos_new: int = 0
    photos_known: int = 0
    refused: list[Refusal] = field(default_factory=list)
    poor: list[Refusal] = field(default_factory=list)

    @property
    def people(self) -> int:
        return self.people_new + self.people_updated + self.people_unchanged


def enroll_source(
    source: Source,
    gallery: Gallery,
    crew: PhotoWorkforce,
    *,
    tally: Tally,
    keep_photos: bool,
    anyway: bool = False,
    progress: Progress = lambda _done, _total: None,
    remember: Remember = lambda _refused: None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Enroll everyone; tally holds what was done, also where this ends with an error or an interruption.

    keep_photos: keep the photos' bytes. anyway: also take photos whose quality is unfit. Raises RecordsError,
    IndexFault or WorkersUnavailable; all that the tally counts is kept.
    """
    tally.refused += source.refused
    known = _known(gallery, source)
    batch = _Batch(gallery, tally, remember, clock)
    tasks = _tasks(source, known, keep_photos=keep_photos)
    done = 0
    with closing(crew.run(tasks, weigh=held_bytes)) as results:
        try:
            for entry in source.people:
                photos, recognised = [], 0
                for place in entry.photos:
                    result = next(results)
                    done += 1
                    if isinstance(result, Known):
                        recognised += 1
                    elif photo := _reference(entry, place, result, batch, anyway=anyway):
                        photos.append(photo)
                if photos or recognised:
                    batch.add(entry, photos, recognised)
                if batch.is_due:
                    batch.write()
                progress(done, source.photos)
            # Read to its end, so that the crew can go on to other work.
            next(results, None)
        finally:
            # After an interruption too: what is prepared need not be prepared again.
            batch.write()


def _known(gallery: Gallery, source: Source) -> dict[PersonKey, frozenset[str]]:
    """The digests of the photos that these people have a template of already."""
    wanted = {(entry.person.gallery, entry.person.person_id) for entry in source.people}
    found: dict[PersonKey, set[str]] = {}
    for name in {gallery_name for gallery_name, _ in wanted}:
        for person_id, digest in gallery.known_photos(name):
            if (name, person_id) in wanted:
                found.setdefault((name, person_id), set()).add(digest)
    return {key: frozenset(digests) for key, digests in found.items()}


def _tasks(source: Source, known: dict[PersonKey, frozenset[str]], *, keep_photos: bool) -> Iterator[PhotoTask]:
    for entry in source.people:
        digests = known.get((entry.person.gallery, entry.person.person_id), frozenset())
        for place in entry.photos:
            yield FileTask(place.path, digests, keep=keep_photos)


def _reference(
    entry: PersonPhotos, place: PhotoPlace, result: PhotoDone | Lost, batch: "_Batch", *, anyway: bool
) -> ReferencePhoto | None:
    """The photo as the records keep it; None for a refused one, which is in the tally then."""
    worked = lost_photo(result) if isinstance(result, Lost) else result
    if not isinstance(worked, Worked):
        raise TypeError(f"a photo to enroll came back as {type(worked).__name__}")
    code, reason = why_refused(worked.prepared, anyway=anyway)
    if code:
        batch.refuse(Refusal(place.line, entry.person.person_id, place.given, code, reason), worked.prepared.sha256)
        return None
    quality = worked.prepared.quality
    if quality is not None and quality.verdict is not Verdict.GOOD:
        poor = Refusal(place.line, entry.person.person_id, place.given, quality.verdict.value, poor_words(quality))
        batch.tally.poor.append(poor)
    return reference_photo(worked.prepared, worked.content or None, worked.also)


class _Batch:
    """People that are prepared but not yet written, and refused photos that are not yet remembered."""

    def __init__(self, gallery: Gallery, tally: Tally, remember: Remember, clock: Callable[[], float]) -> None:
        self.tally = tally
        self._gallery = gallery
        self._remember = remember
        self._clock = clock
        self._refused: list[RefusedPhoto] = []
        self._waiting: list[tuple[PersonPhotos, Enrolment, int]] = []
        self._bytes = 0
        self._since = clock()

    @property
    def is_due(self) -> bool:
        waited = self._clock() - self._since
        return len(self._waiting) >= _BATCH_PEOPLE or self._bytes >= _BATCH_BYTES or waited >= _BATCH_SECONDS

    def add(self, entry: PersonPhotos, photos: list[ReferencePhoto], recognised: int) -> None:
        self._waiting.append((entry, Enrolment(entry.person, photos), recognised))
        self._bytes += sum(len(photo.content or b"") for photo in photos)

    def refuse(self, refusal: Refusal, sha256: str) -> None:
        """sha256: of the photo's bytes; empty where they were not read to their end, or their process was lost."""
        self.tally.refused.append(refusal)
        if sha256:
            self._refused.append(RefusedPhoto(sha256, refusal.code, refusal.reason))

    def write(self) -> None:
        self._write_people()
        refused, self._refused = self._refused, []
        self._remember(refused)

    def _write_people(self) -> None:
        waiting, self._waiting, self._bytes, self._since = self._waiting, [], 0, self._clock()
        if not waiting:
            return
        try:
            results: Iterable[EnrolResult] = self._gallery.enroll([enrolment for _, enrolment, _ in waiting])
        except BadField:
            # One of them contradicts what is recorded of the person; the others must not suffer.
            for one in waiting:
                self._write_alone(*one)
            return
        for (_, _, recognised), result in zip(waiting, results, strict=True):
            self._count(result, recognised)

    def _write_alone(self, entry: PersonPhotos, enrolment: Enrolment, recognised: int) -> None:
        try:
            self._count(self._gallery.enroll([enrolment])[0], recognised)
        except BadField as exc:
            self.tally.refused += [
                Refusal(place.line, entry.person.person_id, place.given, "bad_field", str(exc))
                for place in entry.photos
            ]

    def _count(self, result: EnrolResult, recognised: int) -> None:
        tally = self.tally
        tally.people_new += result.person is PersonOutcome.NEW
        tally.people_updated += result.person is PersonOutcome.UPDATED
        tally.people_unchanged += result.person is PersonOutcome.UNCHANGED
        tally.photos_known += recognised
        for photo in result.photos:
            if photo is PhotoOutcome.ALREADY_THERE:
                tally.photos_known += 1
            else:
                tally.photos_new += 1
