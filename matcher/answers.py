"""The finished answers of a backlog, a line of JSON each: written as they come, found again after an interruption."""

import base64
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from matcher.errors import BadManifest
from matcher.records.values import PersonKey
from matcher.tables import naming

_FORMAT = "identity-matcher backlog 1"
CaseKey = tuple[str, str]
"""A case's id and its photo as the manifest names it."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what a backlog is searched; answers are used again under equal conditions only.

    gallery: its name, empty for all. version: of the records, which rises with every change of a template.
    scoring: what the scores are, with all that they rest on. photos: the limits, since they decide what is refused.
    """

    engine: str
    gallery: str
    version: int
    top: int
    scoring: str
    photos: str


@dataclass(frozen=True, slots=True)
class Lead:
    """A candidate as it is kept: who, how likely, by which photo (SHA-256), out of how many; see `Candidate`."""

    gallery: str
    person_id: str
    score: float
    distance: float
    best_photo: str
    photos: int
    false_alarm_probability: float | None = None
    false_alarm_reach: str = ""
    log10_likelihood_ratio: float | None = None
    likelihood_bound: str = ""
    confidence: float | None = None
    meaning: str = ""
    agreement: str = ""

    @property
    def key(self) -> PersonKey:
        return self.gallery, self.person_id


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What a search of one case found. version: of the records it was searched in. others: further faces in the
    photo. picture: a small JPEG of the probe, or empty.
    nobody: the probability that the person is not in the gallery, None where that is not known.
    quality: the photo's, 0 to 100, None where it was not measured; verdict: what that means; quality_reasons, advice:
    what is wrong with it and what to do, the worst first. searched_anyway: why it would have been refused otherwise.
    template: of the probe as its bytes, where a backlog's folder keeps it; jobs keep theirs apart."""

    case_id: str
    photo: str
    sha256: str
    version: int
    outcome: str
    code: str
    reason: str
    notes: tuple[str, ...]
    others: int
    leads: tuple[Lead, ...]
    picture: bytes
    nobody: float | None = None
    quality: float | None = None
    verdict: str = ""
    quality_reasons: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    searched_anyway: str = ""
    template: bytes = b""

    @property
    def key(self) -> CaseKey:
        return self.case_id, self.photo


class AnswerFile:
    """Answers on disk, by case and photo; only their places and digests are in memory. Use as a context manager."""

    def __init__(self, path: Path, conditions: Conditions) -> None:
        """Opens or begins the file; answers of other conditions are dropped, `outdated` says how many.

        Raises BadManifest where the file is not one of these, OSError where it can't be written.
        """
        self.outdated = 0
        self._path = path
        self._conditions = conditions
        self._places: dict[CaseKey, int] = {}
        self._digests: dict[CaseKey, str] = {}
        begun = path.exists()
        if begun:
            self.outdated = sum(not usable for usable, _ in self._load())
        if self.outdated or not begun:
            self._begin(line for usable, line in (self._load() if begun else ()) if usable)
        self._end = 0
        self._file: IO[bytes] = path.open("r+b", buffering=0)
        self._reader: IO[bytes] = path.open("rb")
        self._index()

    def __len__(self) -> int:
        return len(self._places)

    def digest(self, key: CaseKey) -> str:
        """The SHA-256 of the photo that was answered; empty where there is no answer."""
        return self._digests.get(key, "")

    def add(self, answers: Iterable[Answer]) -> None:
        """Keep answers; they are on disk when this returns. Interrupted anywhere, it has kept none of them."""
        places, data = [], bytearray()
        for answer in answers:
            places.append((answer, self._end + len(data)))
            data += _line(answer)
        with naming(self._path):
            self._file.seek(self._end)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            self._file.truncate()
            os.fsync(self._file.fileno())
        self._reader.close()
        self._reader = self._path.open("rb")
        for answer, place in places:
            self._note(answer, place)
        self._end += len(data)

    def get(self, key: CaseKey) -> Answer | None:
        """The answer of a case, None where it was not searched yet."""
        place = self._places.get(key)
        if place is None:
            return None
        self._reader.seek(place)
        return _answer(json.loads(self._reader.readline()))

    def close(self) -> None:
        self._file.close()
        self._reader.close()

    def __enter__(self) -> "AnswerFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _note(self, answer: Answer, place: int) -> None:
        self._places[answer.key] = place
        self._digests[answer.key] = answer.sha256

    def _index(self) -> None:
        self._end = len(self._reader.readline())
        for line in self._reader:
            if not line.endswith(b"\n"):
                # The process was killed while it wrote this one; the next answers take its place.
                return
            self._note(_answer(json.loads(line)), self._end)
            self._end += len(line)

    def _load(self) -> Iterator[tuple[bool, bytes]]:
        """Each line, and whether it can be used again."""
        with self._path.open("rb") as file:
            head = _parsed(file.readline(), self._path)
            if not isinstance(head, dict) or head.get("format") != _FORMAT:
                raise BadManifest(
                    f"{self._path} is not the answers of a backlog; choose another --out, or move it away"
                )
            same = head == self._head()
            for line in file:
                if line.endswith(b"\n"):
                    kept = _parsed(line, self._path)
                    yield same and kept.get("version") == self._conditions.version, line

    def _begin(self, lines: Iterable[bytes]) -> None:
        part = self._path.with_suffix(".part")
        # What was found about people is for its owner's eyes alone.
        with naming(self._path):
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(json.dumps(self._head()).encode() + b"\n")
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)

    def _head(self) -> dict[str, Any]:
        conditions = asdict(self._conditions)
        del conditions["version"]
        return {"format": _FORMAT, **conditions}


def answer_bytes(answer: Answer) -> bytes:
    """An answer in a few kilobytes, for a column of the records."""
    values = asdict(answer)
    del values["picture"], values["template"]
    head = zlib.compress(json.dumps(values, separators=(",", ":")).encode("ascii"), 1)
    return len(head).to_bytes(4, "big") + head + answer.picture


def answer_of(data: bytes) -> Answer:
    """What answer_bytes made."""
    end = 4 + int.from_bytes(data[:4], "big")
    values = json.loads(zlib.decompress(data[4:end]))
    return _answer({**values, "picture": base64.b64encode(data[end:])})


def _parsed(line: bytes, path: Path) -> Any:
    try:
        return json.loads(line)
    except ValueError as exc:
        raise BadManifest(f"{path} is damaged or not the answers of a backlog; move it away to begin anew") from exc


def _line(answer: Answer) -> bytes:
    values = asdict(answer)
    for name in ("picture", "template"):
        values[name] = base64.b64encode(values[name]).decode("ascii")
    return json.dumps(values, separators=(",", ":")).encode("ascii") + b"\n"


def _answer(values: dict[str, Any]) -> Answer:
    leads = tuple(Lead(**lead) for lead in values.pop("leads"))
    picture = base64.b64decode(values.pop("picture"))
    # Answers of earlier versions hold none.
    template = base64.b64decode(values.pop("template", ""))
    for name in ("notes", "quality_reasons", "advice"):
        values[name] = tuple(values[name])
    return Answer(**values, leads=leads, picture=picture, template=template)
