"""Is anything left of what was removed? Every file of a home is searched for the bytes that stood in the records."""

import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from matcher.audit.entry import Action, Entry, path_text
from matcher.records import tables
from matcher.records.values import PersonKey
from matcher.records.vault import CONTENT, VECTOR, vault_of

_WORD = 8
_LENGTH = 48
"""How many bytes of each trace are looked for; a piece of 8 finds the places, all of them confirm."""
_PIECE = 8 * 2**20
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A file in which something is left, and how many traces."""

    file: Path
    traces: int


@dataclass(frozen=True, slots=True, repr=False)
class Traces:
    """Bytes to look for, from the middle of what was removed, as they stood in the records and as they are in plain.
    digests: SHA-256 in hex of the photos."""

    needles: tuple[bytes, ...] = ()
    photos: int = 0
    templates: int = 0
    digests: tuple[str, ...] = field(default=())

    def __add__(self, other: "Traces") -> "Traces":
        return Traces(
            self.needles + other.needles,
            self.photos + other.photos,
            self.templates + other.templates,
            self.digests + other.digests,
        )


def traces_of(connection: Connection, key: PersonKey) -> Traces:
    """What a person's photos and templates would leave; asked before they are removed."""
    person, photo, content, template = tables.person, tables.photo, tables.photo_content, tables.template
    owned = (
        select(photo.c.id, photo.c.link, photo.c.sha256)
        .join(person, person.c.id == photo.c.owner_id)
        .join(tables.gallery, tables.gallery.c.id == person.c.gallery_id)
        .where(tables.gallery.c.name == key[0], person.c.person_id == key[1])
    )
    vault, needles, templates = vault_of(connection), [], 0
    photos = connection.execute(owned).all()
    for number, link, _ in photos:
        query = select(content.c.content).where(content.c.photo_id == number)
        for blob in connection.execute(query).scalars():
            needles += [bytes(blob), *vault.open(connection, CONTENT, [number], [bytes(blob)])]
        vectors = select(template.c.id, template.c.vector).where(template.c.photo_link == link)
        for template_id, blob in connection.execute(vectors).all():
            needles += [bytes(blob), *vault.open(connection, VECTOR, [template_id], [bytes(blob)])]
            templates += 1
    return traces_from(needles, templates=templates, digests=[bytes(sha256).hex() for *_, sha256 in photos])


def traces_from(blobs: Iterable[bytes], *, templates: int, digests: Sequence[str]) -> Traces:
    """Traces of what is about to be removed. blobs: as it stands in the records, and as it is in plain. digests: of the
    photos among it."""
    middles = dict.fromkeys(_middle(blob) for blob in blobs if len(blob) >= _WORD)
    return Traces(tuple(middles), len(digests), templates, tuple(digests))


def search_files(home: Path, traces: Traces) -> tuple[int, tuple[Found, ...]]:
    """Look through every file of a home: how many bytes that were, and where something is left."""
    searched, found = 0, []
    wanted = _Wanted(traces.needles)
    for path in sorted(home.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        try:
            size = path.stat().st_size
            if size:
                count = wanted.count_in(path)
                searched += size
                if count:
                    found.append(Found(path, count))
        except FileNotFoundError:
            # Files of SQLite and of the index come and go.
            continue
    return searched, tuple(found)


def proof(searched: int, found: Sequence[Found], actor: str) -> Entry:
    """The entry of the audit that says what the search after a purge found: nothing, or where something is left."""
    left = {path_text(one.file): one.traces for one in found[:_MOST_TOLD]}
    details = {"what": "searched", "bytes": searched, "files_left": len(found), "left": left}
    return Entry(Action.PURGE, (), details, actor=actor)


class _Wanted:
    """Traces by their first eight bytes."""

    def __init__(self, needles: tuple[bytes, ...]) -> None:
        self._by_word: dict[int, list[bytes]] = {}
        for needle in needles:
            self._by_word.setdefault(int.from_bytes(needle[:_WORD], "little"), []).append(needle)
        self._words: NDArray[np.uint64] = np.array(sorted(self._by_word), dtype=np.uint64)

    def count_in(self, path: Path) -> int:
        """How many different traces are in a file."""
        if not self._by_word:
            return 0
        seen: set[bytes] = set()
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for start in range(0, len(content), _PIECE):
                piece = content[start : start + _PIECE + _LENGTH]
                for shift in range(_WORD):
                    words = np.frombuffer(piece, dtype="<u8", offset=shift, count=(len(piece) - shift) // _WORD)
                    for place in np.flatnonzero(np.isin(words, self._words)).tolist():
                        at = shift + _WORD * place
                        here = self._by_word[int(words[place])]
                        seen.update(needle for needle in here if piece[at : at + len(needle)] == needle)
        return len(seen)


def _middle(blob: bytes) -> bytes:
    """Bytes that are like no other's: photos of one kind begin alike, and so do seals of one key."""
    start = max(0, len(blob) // 2 - _LENGTH // 2)
    return blob[start : start + _LENGTH]
