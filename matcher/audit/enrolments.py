"""Changes of the gallery as the audit keeps them: whom, how much, and a digest of which photos; never a name."""

from collections import Counter
from collections.abc import Iterator, Sequence

from matcher.audit.entry import MOST_SUBJECTS, Action, Entry, digest_of, person_subject, photo_subject
from matcher.faces import EngineKey
from matcher.records.bulk import in_parts
from matcher.records.values import Enrolment, EnrolResult, PersonKey, PersonOutcome, PhotoOutcome

_Done = tuple[Enrolment, EnrolResult]


def enrolled_entries(
    engine: EngineKey, entries: Sequence[Enrolment], results: Sequence[EnrolResult], *, action: Action
) -> Iterator[Entry]:
    """What an enrolment changed, a thousand people an entry; nothing where it changed nothing.

    photos: SHA-256 of the canonical JSON of [gallery, person_id, sha256, outcome] of every photo that was not there
    already, in order: it shows later whether a list of photos is the one that was enrolled.
    """
    changed = [done for done in zip(entries, results, strict=True) if _changed(done[1])]
    for part in in_parts(changed, MOST_SUBJECTS):
        # A person may come twice in one call.
        people = dict.fromkeys(person_subject((result.gallery, result.person_id)) for _, result in part)
        outcomes = Counter(f"people_{result.person.value}" for _, result in part)
        outcomes.update(f"photos_{outcome.value}" for _, result in part for outcome in result.photos)
        if dated := sum(result.dated for _, result in part):
            outcomes["photos_dated"] = dated
        yield Entry(action, list(people), {"engine": engine, **outcomes, "photos": digest_of(_new_photos(part))})


def removed_person_entry(key: PersonKey) -> Entry:
    """A person with every photo went."""
    return Entry(Action.PERSON_REMOVED, [person_subject(key)])


def removed_photo_entry(key: PersonKey, sha256: str) -> Entry:
    """One photo of a person went."""
    return Entry(Action.PHOTO_REMOVED, [person_subject(key), photo_subject(sha256.lower())])


def viewed_photo_entry(key: PersonKey, sha256: str) -> Entry:
    """A reference photo was handed out, to be shown or drawn."""
    return Entry(Action.PHOTO_VIEWED, [person_subject(key), photo_subject(sha256.lower())])


def _changed(result: EnrolResult) -> bool:
    new = any(photo is not PhotoOutcome.ALREADY_THERE for photo in result.photos)
    return new or bool(result.dated) or result.person is not PersonOutcome.UNCHANGED


def _new_photos(part: Sequence[_Done]) -> list[tuple[str, str, str, str]]:
    return [
        (result.gallery, result.person_id, photo.sha256, outcome.value)
        for entry, result in part
        for photo, outcome in zip(entry.photos, result.photos, strict=True)
        if outcome is not PhotoOutcome.ALREADY_THERE
    ]
