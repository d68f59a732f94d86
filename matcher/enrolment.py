"""Many people at once: photos are prepared by all cores, and written in batches that are kept as they come.

A run that is interrupted or killed loses nothing that was written; the next one recognises finished photos by their
SHA-256 before it decodes them, and those that were refused too.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from matcher.errors import BadField
from matcher.gallery import Gallery
from matcher.photo_work import FileTask, Known, PhotoDone, PhotoTask, PhotoWorkforce, Worked, held_bytes, lost_photo
from matcher.pipeline import reference_photo
from matcher.preparing import QUALITY, why_refused
from matcher.quality import Verdict, poor_words
from matcher.records.values import Enrolment, EnrolResult, PersonKey, PersonOutcome, PhotoOutcome, ReferencePhoto
from matcher.refused_before import RefusedPhoto
from matcher.sources import PersonPhotos, PhotoPlace, Refusal, Source
from matcher.workers import Lost

Progress = Callable[[int, int], None]
"""Told how many photos of how many are done."""

Remember = Callable[[Sequence[RefusedPhoto]], None]
"""Told which photos were refused for what is in their bytes."""

_NO_BETTER = ". There is no better photo of this person; add one when there is, and remove this"

_BATCH_PEOPLE = 64
_BATCH_SECONDS = 2.0
_BATCH_BYTES = 64 * 2**20


@dataclass(slots=True)
class Tally:
    """What a run has done so far. photos_known: recognised as done already. dated: of recorded photos, those that got
    another date of taking. refused: rows and photos.

    poor: photos that were prepared to be taken although their quality is not good, and why it is not.
    """

    people_new: int = 0
    people_updated: int = 0
    people_unchanged: int = 0
    photos_new: int = 0
    photos_known: int = 0
    dated: int = 0
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

    keep_photos: keep the photos' bytes. anyway: also take photos whose quality is unfit; else one is taken of who
    has no better. Raises RecordsError, IndexFault or WorkersUnavailable; all that the tally counts is kept.
    """
    tally.refused += source.refused
    known = _known(gallery, source)
    batch = _Batch(gallery, tally, remember, clock)
    tasks = _tasks(source, known, keep_photos=keep_photos)
    done = 0
    with closing(crew.run(tasks, weigh=held_bytes)) as results:
        try:
            for entry in source.people:
                looked, recognised, dated = [], 0, []
                for place in entry.photos:
                    result = next(results)
                    done += 1
                    if isinstance(result, Known):
                        recognised += 1
                        dated.append((place, result.sha256))
                    else:
                        looked.append((place, _worked(result)))
                alone = not known.get((entry.person.gallery, entry.person.person_id))
                photos = _references(entry, looked, batch, alone=alone, anyway=anyway)
                if photos or recognised:
                    taken = {photo.sha256 for photo in photos}
                    dated += [(place, one.prepared.sha256) for place, one in looked if one.prepared.sha256 in taken]
                    batch.add(entry, photos, recognised, _dates(entry, dated, batch))
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


def _worked(result: PhotoDone | Lost) -> Worked:
    worked = lost_photo(result) if isinstance(result, Lost) else result
    if not isinstance(worked, Worked):
        raise TypeError(f"a photo to enroll came back as {type(worked).__name__}")
    return worked


def _references(
    entry: PersonPhotos, looked: Sequence[tuple[PhotoPlace, Worked]], batch: "_Batch", *, alone: bool, anyway: bool
) -> list[ReferencePhoto]:
    """The photos as the records keep them; refused ones are in the tally then.

    alone: no photo of the person is recorded yet. Who has no better photo is enrolled with the best of the unfit ones.
    """
    fit = [place for place, worked in looked if not why_refused(worked.prepared)[0]]
    last_resort = None if fit or not alone else _best_unfit(looked)
    photos = []
    for place, worked in looked:
        code, reason = why_refused(worked.prepared, anyway=anyway or place is last_resort)
        if code:
            batch.refuse(Refusal(place.line, entry.person.person_id, place.given, code, reason), worked.prepared.sha256)
            continue
        photos.append(reference_photo(worked.prepared, worked.content or None, worked.also))
        quality = worked.prepared.quality
        if quality is not None and quality.verdict is not Verdict.GOOD:
            words = poor_words(quality) + (_NO_BETTER if place is last_resort else "")
            batch.tally.poor.append(
                Refusal(place.line, entry.person.person_id, place.given, quality.verdict.value, words)
            )
    return photos


def _dates(entry: PersonPhotos, dated: Sequence[tuple[PhotoPlace, str]], batch: "_Batch") -> dict[str, str]:
    """SHA-256 -> date of those photos whose date is stated; one that has two in the source keeps the first."""
    known: dict[str, str] = {}
    for place, sha256 in sorted(dated, key=lambda one: one[0].line):
        if place.taken_on and (first := known.setdefault(sha256, place.taken_on)) != place.taken_on:
            reason = (
                f"the same photo stands in another row with taken_on {first}, not {place.taken_on}; make them agree"
            )
            batch.refuse(Refusal(place.line, entry.person.person_id, place.given, "rows_disagree", reason), "")
    return known


def _best_unfit(looked: Sequence[tuple[PhotoPlace, Worked]]) -> PhotoPlace | None:
    """The best of the photos that would serve, were it not for their quality."""
    scores = [
        (worked.prepared.quality.score, -number)
        for number, (_, worked) in enumerate(looked)
        if worked.prepared.quality is not None and not why_refused(worked.prepared, anyway=True)[0]
    ]
    return looked[-max(scores)[1]][0] if scores else None


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

    def add(
        self, entry: PersonPhotos, photos: list[ReferencePhoto], recognised: int, taken_on: Mapping[str, str]
    ) -> None:
        self._waiting.append((entry, Enrolment(entry.person, photos, taken_on), recognised))
        self._bytes += sum(len(photo.content or b"") for photo in photos)

    def refuse(self, refusal: Refusal, sha256: str) -> None:
        """sha256: of the photo's bytes; empty where they were not read to their end, or their process was lost."""
        self.tally.refused.append(refusal)
        # Whether a photo is too poor is asked anew: that hangs on the person's other photos.
        if sha256 and refusal.code != QUALITY:
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
        tally.dated += result.dated
        for photo in result.photos:
            if photo is PhotoOutcome.ALREADY_THERE:
                tally.photos_known += 1
            else:
                tally.photos_new += 1
