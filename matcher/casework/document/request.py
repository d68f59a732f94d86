"""Everything that a verification request states, as one JSON value: its shape is schemas/request.schema.json.

What officers remarked for themselves, their own confidence, and whatever else a case holds, is not in it.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from matcher.casework.document.stationery import Stationery
from matcher.casework.document.strength import strength
from matcher.casework.document.words import (
    AGREEMENT,
    COMPARED,
    ERROR,
    FEATURES,
    FOUND_BY_SUPERVISOR,
    LEAD,
    SEARCHED_ANYWAY,
    SEEN,
    Words,
    words,
)
from matcher.casework.dossier import Dossier, Finding
from matcher.casework.numbers import number_text
from matcher.nationality import country_names
from matcher.pictures import jpeg_view

VERSION = 1
_LONGEST = 640
"""Pixels of a photo's longer side, in the document."""

_CLAIM = ("name", "native_name", "date_of_birth", "household_registration")
_RECORD = (
    "name", "native_name", "date_of_birth", "sex", "nationality", "national_id", "household_registration", "source",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pictured:
    """The photos that a document shows: bytes by SHA-256, as they were given."""

    case: Mapping[str, bytes]
    reference: bytes | None


def document_id(number: int) -> str:
    return number_text("D", number)


def request_of(
    dossier: Dossier, pictured: Pictured, stationery: Stationery, *, number: int, now: int
) -> dict[str, Any]:
    """The request. number: the document's. now: seconds since 1970. Raises a kind of PhotoUnreadable."""
    found, person, search = dossier.identification, dossier.person, dossier.search
    return {
        "version": VERSION,
        "document": document_id(number),
        "made_at": _time(now),
        "case": {"reference": dossier.case.id, "reply_wanted_by": dossier.case.deadline},
        "from": {"office": stationery.office, "contact": stationery.contact},
        "to": {
            "country": dossier.request.country,
            "name": _country(dossier.request.country),
            "basis": dossier.request.basis,
        },
        "claimed": {name: getattr(dossier.case.claim, name) for name in _CLAIM},
        "proposed": {
            "register": person.gallery,
            "supplier": dossier.supplier,
            "register_number": person.person_id,
            **{name: getattr(person, name) for name in _RECORD},
        },
        "photos": _photos(dossier, pictured, stationery),
        "comparison": {
            "identification": found.id,
            "search": search.id,
            "concluded_at": _time(found.at),
            "people": dossier.reviews,
            "how": COMPARED if dossier.reviews == 2 else FOUND_BY_SUPERVISOR,
            "examined": _finding(dossier.findings[0]),
            "confirmed": _finding(dossier.findings[1]),
        },
        "strength": {
            **_figures(strength(dossier.scores)),
            "candidates": search.candidates,
            "engine": search.engine,
            "gallery_version": search.version,
            "scores_rest_on": dossier.scoring,
            "error": ERROR,
            **_told(dossier),
        },
        "statement": LEAD,
    }


def person_name(account: str) -> str:
    """An account as documents name a person: without the kind that stands before it."""
    return account.partition(":")[2] or account


def _photos(dossier: Dossier, pictured: Pictured, stationery: Stationery) -> list[dict[str, Any]]:
    """The photo that was searched with, the record's, then the case's others."""
    searched = dossier.photo.sha256
    order = sorted(dossier.photos, key=lambda photo: photo.sha256 != searched)
    shown = [
        _photo("searched" if photo.sha256 == searched else "case", photo.sha256, photo.taken_on,
               pictured.case.get(photo.sha256), stationery)
        for photo in order
    ]  # fmt: skip
    record = _photo("record", dossier.identification.photo_sha256, dossier.record_taken_on, pictured.reference,
                    stationery)  # fmt: skip
    return [shown[0], record, *shown[1:]]


def _photo(what: str, sha256: str, taken_on: str, content: bytes | None, stationery: Stationery) -> dict[str, Any]:
    """sha256: of the original. jpeg: empty where the original was not kept."""
    made = b"" if content is None else jpeg_view(content, limits=stationery.limits, longest=_LONGEST)
    return {
        "shows": "record" if what == "record" else "person",
        "role": what,
        "taken_on": taken_on,
        "original_sha256": sha256,
        "jpeg": base64.b64encode(made).decode("ascii"),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "name": person_name(finding.reviewer),
        **({"full_name": finding.full_name} if finding.full_name else {}),
        "found": finding.final.opinion.value,
        "compared": [
            {
                "feature": reason.feature.value,
                "seen": reason.seen.value,
                "feature_in_words": FEATURES[reason.feature],
                "seen_in_words": SEEN[reason.seen],
            }
            for reason in finding.final.reasons
        ],
    }


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """To three digits: more would pretend to be known, and would differ between machines."""
    return {name: float(f"{value:.3g}") if isinstance(value, float) else value for name, value in found.items()}


def _told(dossier: Dossier) -> dict[str, Any]:
    """What the search says of itself, where it says anything: two engines, a photo that would have been refused."""
    said: dict[str, Any] = {}
    if code := dossier.scores.agreement:
        said |= {"agreement": code, "agreement_in_words": AGREEMENT[code]}
    # Without the remedy, which comes after it: nobody who reads the document can photograph again.
    if reason := dossier.search.searched_anyway.partition(";")[0]:
        said["searched_anyway"] = words(*(text.format(reason=reason) for text in SEARCHED_ANYWAY.values()))
    return said


def _country(code: str) -> Words:
    return words(*country_names(code))


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def all_texts(value: object) -> Sequence[str]:
    """Every text in a request that people are to read."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for name, part in value.items() if name != "jpeg" for text in all_texts(part)]
    return [text for part in value for text in all_texts(part)] if isinstance(value, list) else []
