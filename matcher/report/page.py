"""Writes the page: its looks and its script from the files beside this one, its data as JSON that can't become HTML.

The data are streamed, pictures last, so that memory does not grow with the backlog. A browser runs the one script
whose digest stands in the page, and nothing that a name or a file could bring in.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib import resources
from pathlib import Path
from typing import IO

from matcher.answers import Answer, Lead
from matcher.backlog_table import Listed, Listing, with_people
from matcher.errors import NotFound
from matcher.gallery import Gallery
from matcher.person import Person
from matcher.photo_work import Drawn, DrawTask, PhotoTask, PhotoWorkforce, held_bytes
from matcher.tables import writing_whole
from matcher.wording import counted

PICTURE_BUDGET = 64 * 2**20
"""Bytes that the small pictures of a page may take; a browser opens such a page in a moment."""

_TYPICAL_PICTURE = 5_000
_PictureKey = tuple[str, str, str]
_FIELDS = ("name", "native_name", "date_of_birth", "sex", "nationality")


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What the page says about the run. gallery: its name, empty for all; note: what the scores mean."""

    made_at: datetime
    manifest: str
    engine: str
    gallery: str
    people: int
    note: str


def write_report(
    path: Path,
    listing: Listing,
    gallery: Gallery,
    crew: PhotoWorkforce,
    *,
    facts: ReportFacts,
    budget: int = PICTURE_BUDGET,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Write the page, whole or not at all. Pictures are shown as far as the budget goes: probes, then candidates by
    rank; the page says where they end. Raises OSError and what the gallery raises."""
    chosen = _chosen(listing, budget)
    head, foot = _frame(facts)
    with writing_whole(path) as file:
        file.write(head)
        people = _write_cases(file, with_people(listing(), gallery), chosen)
        _write_data(file, "people", people)
        _write_data(file, "pictures", _pictures(chosen.candidates, gallery, crew, progress))
        file.write(foot)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which pictures are in the page. probes: how many of the first cases. candidates: photo -> its place."""

    probes: int
    candidates: dict[_PictureKey, int]


def _chosen(listing: Listing, budget: int) -> _Chosen:
    probes, left = 0, budget
    by_rank: list[list[_PictureKey]] = []
    for item in listing():
        left -= len(item.answer.picture) * 4 // 3
        if left >= 0:
            probes += 1
        for rank, lead in enumerate(item.answer.leads):
            if rank == len(by_rank):
                by_rank.append([])
            by_rank[rank].append(_picture_key(lead))
    places: dict[_PictureKey, int] = {}
    room = max(0, left) // _TYPICAL_PICTURE
    for key in (key for keys in by_rank for key in keys):
        if len(places) >= room:
            break
        places.setdefault(key, len(places))
    return _Chosen(probes, places)


def _picture_key(lead: Lead) -> _PictureKey:
    return lead.gallery, lead.person_id, lead.best_photo


def _write_cases(
    file: IO[str], items: Iterable[tuple[Listed, dict[tuple[str, str], Person]]], chosen: _Chosen
) -> Iterator[object]:
    """The cases into the page; returns the people that they name, in the order of their numbers."""
    numbers: dict[tuple[str, str], int] = {}
    people: list[list[str]] = []

    def number_of(lead: Lead, person: Person | None) -> int:
        if lead.key not in numbers:
            numbers[lead.key] = len(people)
            people.append([lead.person_id, lead.gallery, *(getattr(person, name, "") for name in _FIELDS)])
        return numbers[lead.key]

    def case_of(place: int, item: Listed, known: dict[tuple[str, str], Person]) -> object:
        answer = item.answer
        return {
            "id": answer.case_id,
            "photo": answer.photo,
            "outcome": answer.outcome,
            "reason": answer.reason,
            "notes": answer.notes,
            "quality": _quality(answer),
            "others": answer.others,
            "same": item.same_photo_as,
            "picture": base64.b64encode(answer.picture).decode("ascii") if place < chosen.probes else "",
            "leads": [
                [
                    number_of(lead, known.get(lead.key)),
                    round(lead.score, 4),
                    chosen.candidates.get(_picture_key(lead), -1),
                    lead.photos,
                    lead.confidence,
                    lead.meaning,
                    lead.agreement,
                ]
                for lead in answer.leads
            ],
        }

    _write_data(file, "cases", (case_of(place, item, known) for place, (item, known) in enumerate(items)))
    return iter(people)


def _quality(answer: Answer) -> object:
    """Score, verdict, what is wrong with what to do about it, and why it would have been refused; null if unknown."""
    if answer.quality is None:
        return None
    reasons = [list(pair) for pair in zip(answer.quality_reasons, answer.advice, strict=True)]
    return [round(answer.quality), answer.verdict, reasons, answer.searched_anyway]


def _pictures(
    keys: dict[_PictureKey, int],
    gallery: Gallery,
    crew: PhotoWorkforce,
    progress: Callable[[int, int], None],
) -> Iterator[str]:
    """Small pictures of the candidates' photos in base64, empty where there is none."""
    if not keys:
        return
    tasks = (_draw_task(gallery, *key) for key in keys)
    with closing(crew.run(tasks, weigh=held_bytes)) as results:
        for done, result in enumerate(results, start=1):
            picture = result.picture if isinstance(result, Drawn) else b""
            progress(done, len(keys))
            yield base64.b64encode(picture).decode("ascii")


def _draw_task(gallery: Gallery, name: str, person_id: str, sha256: str) -> PhotoTask:
    try:
        content = gallery.photo_to_draw(name, person_id, sha256)
        return DrawTask(content, gallery.photo_face(name, person_id, sha256))
    except NotFound:
        # Photos need not be kept, and people may be removed meanwhile: the page shows an empty frame.
        return DrawTask(b"", None)


def _write_data(file: IO[str], name: str, items: Iterable[object]) -> None:
    file.write(f'<script type="application/json" id="{name}">[')
    for place, item in enumerate(items):
        file.write(",\n" if place else "\n")
        file.write(_harmless(item))
    file.write("]</script>\n")


def _harmless(item: object) -> str:
    """JSON in which no text can end its element or begin another; plain ASCII."""
    text = json.dumps(item, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _frame(facts: ReportFacts) -> tuple[str, str]:
    """The page before and after its data."""
    here = resources.files(__package__)
    page, style, script = (here.joinpath(name).read_text("utf-8") for name in ("page.html", "page.css", "page.js"))
    values = {
        "policy": f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'",
        "made_at": f"{facts.made_at:%Y-%m-%d %H:%M %Z}",
        "manifest": facts.manifest.encode("utf-8", "backslashreplace").decode("utf-8"),
        "engine": facts.engine,
        "gallery": facts.gallery or "all galleries",
        "people": counted(facts.people, "person", "people"),
        "note": facts.note,
    }
    for name, value in values.items():
        page = page.replace("{{" + name + "}}", escape(value))
    page = page.replace("{{style}}", style).replace("{{script}}", script)
    head, _, foot = page.partition("{{data}}")
    return head, foot


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
