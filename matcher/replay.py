"""A search that the audit holds, made once more: the same result, or what has changed since.

With the same engine, gallery version, settings and calibration a photo's answer is the same to the last bit, whatever
was searched in between. The photo is one that is kept, in a case or of a person, or is given; its digest says that it
is the one that was searched with.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from matcher.among import Among
from matcher.audit import asking
from matcher.audit.asking import Filter, Line
from matcher.audit.entry import Action, Entry
from matcher.audit.searches import search_entry
from matcher.casework.case import case_id
from matcher.casework.faults import Confidential
from matcher.errors import BadField, NotFound
from matcher.pipeline import Matcher
from matcher.records import case_files, case_photos, gallery_terms, reading

_CONDITIONS = ("engine", "version", "people", "templates", "scoring", "prior", "threshold")
_WORDS = {
    "engine": "the engine",
    "version": "the version of the records",
    "people": "the number of people searched",
    "templates": "the number of templates searched",
    "scoring": "the scores and their calibration",
    "prior": "the prior",
    "threshold": "the threshold",
    "outcome": "the outcome",
    "code": "why the photo is unusable",
}
_STANDING = (Action.SETTING_CHANGED, Action.MODEL_CHANGED, Action.THRESHOLD_CHANGED)
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a search gave when it was made again.

    sequence: the entry of the first one. same: whether the result is the same to the last bit. changed: what the search
    rested on and is otherwise now, in words. differs: in what the results differ; empty where they are the same.
    """

    sequence: int
    same: bool
    changed: tuple[str, ...]
    differs: tuple[str, ...]

    @property
    def is_explained(self) -> bool:
        """Whether the result is the same, or something that it rests on has changed."""
        return self.same or bool(self.changed)


def replay(matcher: Matcher, sequence: int, *, photo: bytes = b"") -> Replayed:
    """Make the search of this entry again, which is recorded as every search. photo: its bytes; empty to look for them.

    Raises NotFound for no such entry, or where the photo is not kept; BadField for an entry of something else or
    another photo; Confidential where the photo is a protected case's and the gallery another country's; and what
    `Matcher.identify` raises.
    """
    with matcher.gallery.database.reading() as connection:
        said = _searched(connection, sequence)
        details = said["details"]
        among = _among(details)
        sha256 = _photo_of(said)
        _must_be_open(connection, sha256, among)
        content = _given(said, photo) if photo else _kept(connection, sha256)
        since = tuple(_since(connection, sequence))
    asked = {name: details[name] for name in ("top", "fpir", "anyway")}
    again = matcher.identify(content, among=among, **asked)
    found = search_entry(again, among, **asked)
    changed = (*_conditions(details, found.details), *since)
    same = details["result"] == found.details["result"]
    differs = () if same else tuple(_differences(said, found))
    told = {"what": "replayed", "entry": sequence, "same": same, "changed": len(changed)}
    matcher.gallery.trail.record(Entry(Action.AUDIT_VIEWED, (), told))
    return Replayed(sequence, same, changed, differs)


def _searched(connection: Connection, sequence: int) -> dict[str, Any]:
    """The entry of a search, as it was recorded."""
    found = asking.following(connection, asking.ALL, after=sequence - 1, limit=1)
    if not found or found[0].sequence != sequence:
        raise NotFound(f"the audit has no entry {sequence}; matcher audit show --action search lists searches")
    said: dict[str, Any] = json.loads(found[0].body)
    if said["action"] == Action.SEARCH and said["details"].get("what") == "in a case":
        raise BadField(
            "entry", f"entry {sequence} says which case a search belongs to; the search itself is an entry before it"
        )
    if said["action"] != Action.SEARCH or "result" not in said["details"] or "top" not in said["details"]:
        raise BadField("entry", f"entry {sequence} is no search but {said['action']}; name the entry of a search")
    return said


def _among(details: Mapping[str, Any]) -> Among:
    years = details["birth_years"]
    return Among(
        details["gallery"], tuple(details["nationalities"]), tuple(details["sexes"]),
        None if years is None else (years[0], years[1]),
    )  # fmt: skip


def _photo_of(said: Mapping[str, Any]) -> str:
    found = [subject.removeprefix("photo:") for subject in said["subjects"] if subject.startswith("photo:")]
    if not found:
        raise NotFound(f"entry {said['sequence']} names no photo: it could not be read, so nobody was searched for")
    return str(found[0])


def _given(said: Mapping[str, Any], photo: bytes) -> bytes:
    wanted, found = _photo_of(said), hashlib.sha256(photo).hexdigest()
    if wanted != found:
        raise BadField(
            "photo", f"entry {said['sequence']} was a search with photo {wanted[:12]}..., not {found[:12]}..."
        )
    return photo


def _kept(connection: Connection, sha256: str) -> bytes:
    of_cases = case_photos.of_digest(connection, sha256)
    found = of_cases[0][1] if of_cases else reading.content_of_digest(connection, sha256)
    if found is None:
        raise NotFound(f"photo {sha256[:12]}... is not kept, in no case and of no person; give the photo itself")
    return found


def _must_be_open(connection: Connection, sha256: str, among: Among) -> None:
    """The gate of casework: a protected case's photo meets the operator's own galleries only."""
    if among.gallery is not None and not gallery_terms.terms(connection, among.gallery).is_foreign:
        return
    for number, _ in case_photos.of_digest(connection, sha256):
        case = case_files.find(connection, number, account="", sees_all=True)
        if case is not None and case.is_confidential:
            raise Confidential(
                f"the photo is of case {case_id(number)}, which is {case.protection.value}, and the search was in what "
                "another country may have supplied: it can't be made again"
            )


def _since(connection: Connection, sequence: int) -> Iterator[str]:
    """Settings, models and calibrations that were changed after an entry."""
    for action in _STANDING:
        wanted = Filter(action=action)
        for line in asking.following(connection, wanted, after=sequence, limit=_MOST_TOLD):
            yield f"{_what(line)} (entry {line.sequence}, {action.value})"


def _what(line: Line) -> str:
    details = json.loads(line.body)["details"]
    changed = details.get("changed")
    return ", ".join(sorted(changed)) if isinstance(changed, dict) else ", ".join(sorted(details))


def _conditions(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in _CONDITIONS:
        if _plain(before[name]) != _plain(now[name]):
            yield f"{_WORDS[name]} was {_shown(before[name])}, is {_shown(now[name])}"


def _differences(said: Mapping[str, Any], found: Entry) -> Iterator[str]:
    before, now = said["details"], found.details
    for name in ("outcome", "code"):
        if before[name] != now[name]:
            yield f"{_WORDS[name]} was {_shown(before[name])}, is {_shown(now[name])}"
    then = [subject for subject in said["subjects"] if subject.startswith("person:")]
    today = [subject for subject in found.subjects if subject.startswith("person:")]
    told = 0
    for place in range(max(len(then), len(today))):
        old, new = _ranked(then, before["scores"], place), _ranked(today, now["scores"], place)
        if old != new:
            told += 1
            if told <= _MOST_TOLD:
                yield f"rank {place + 1} was {old}, is {new}"
    if told > _MOST_TOLD:
        yield f"{told - _MOST_TOLD} more ranks differ"


def _ranked(people: list[str], scores: list[float], place: int) -> str:
    return f"{people[place]} with {scores[place]!r}" if place < len(people) else "nobody"


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(str(part) for part in value if part)
    return "nothing" if value in (None, "") else str(value)
