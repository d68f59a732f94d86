"""A search as the audit keeps it: what is needed to repeat it on the same state and to see that it is the same."""

from collections.abc import Iterator
from typing import Any

from matcher.among import Among
from matcher.audit.entry import MOST_SUBJECTS, Action, Entry, digest_of, gallery_subject, person_subject, photo_subject
from matcher.errors import MatcherError
from matcher.gallery_audit import Audit
from matcher.identification import Identification
from matcher.records.bulk import in_parts

_LONGEST_REASON = 500


def search_entry(answer: Identification, among: Among, *, top: int, fpir: float | None, anyway: bool = False) -> Entry:
    """The entry of one photo's search. subjects: the photo, then the candidates by rank; `scores` in their order.

    The template is not kept: the photo's digest tells whether a photo is the one that was searched with.
    """
    scoring = answer.scoring
    details: dict[str, Any] = {
        "outcome": answer.outcome.value,
        "code": answer.code,
        "anyway": anyway,
        "engine": answer.engine,
        "version": answer.gallery.version,
        "people": answer.gallery.people,
        "templates": answer.gallery.templates,
        **_asked(among, top, fpir),
        "scoring": [scoring.name, scoring.mode, scoring.basis, scoring.calibration],
        "threshold": scoring.threshold,
        "prior": scoring.prior,
        "scores": [candidate.score for candidate in answer.candidates],
        "result": result_digest(answer),
    }
    photo = [photo_subject(answer.photo_sha256)] if answer.photo_sha256 else []
    people = [person_subject((one.person.gallery, one.person.person_id)) for one in answer.candidates]
    return Entry(Action.SEARCH, [*photo, *people], details)


def refusal_entry(error: MatcherError, among: Among, *, top: int, fpir: float | None, photos: tuple[str, ...]) -> Entry:
    """The entry of a search that was refused as a whole. photos: SHA-256 of those it was asked with.

    Of more photos than an entry holds the first are named, and all are counted.
    """
    galleries = [gallery_subject(among.gallery)] if among.gallery else []
    asked = [photo_subject(sha256) for sha256 in dict.fromkeys(photos) if sha256]
    subjects = [*galleries, *asked][:MOST_SUBJECTS]
    reason = " ".join(str(error).split())[:_LONGEST_REASON]
    refused = {"refused": "search", "error": type(error).__name__, "reason": reason, "photos": len(asked)}
    return Entry(Action.REFUSAL, subjects, {**refused, **_asked(among, top, fpir)})


def audited_entries(found: Audit, gallery: str | None) -> Iterator[Entry]:
    """The entries of a look through a gallery: the people whom it named."""
    pairs = [key for pair in found.pairs for key in (pair.one, pair.other)]
    named = dict.fromkeys(person_subject(key) for key in (*pairs, *(stray.person for stray in found.strays)))
    details = {"gallery": gallery, "people": found.people, "pairs": len(found.pairs), "strays": len(found.strays)}
    for part in list(in_parts(named, MOST_SUBJECTS)) or [[]]:
        yield Entry(Action.GALLERY_AUDITED, part, details)


def result_digest(answer: Identification) -> str:
    """SHA-256, in hex, of the candidates in order with everything that the search found of each."""
    found = [
        (one.rank, one.person.gallery, one.person.person_id, one.score, one.distance, one.best_photo)
        for one in answer.candidates
    ]
    return digest_of([answer.outcome.value, found])


def _asked(among: Among, top: int, fpir: float | None) -> dict[str, Any]:
    return {
        "gallery": among.gallery,
        "nationalities": list(among.nationalities),
        "sexes": list(among.sexes),
        "birth_years": list(among.birth_years) if among.birth_years else None,
        "top": top,
        "fpir": fpir,
    }
