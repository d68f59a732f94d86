"""What goes into the records and what comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from matcher.faces import EngineKey, Face, Template
from matcher.person import Person

PersonKey = tuple[str, str]
"""A person's gallery and person_id."""


NO_BYTES = "no_bytes"
"""Why an engine made no template: the photo's bytes were not kept."""


@dataclass(frozen=True, slots=True, repr=False)
class Made:
    """What an engine made of a photo: a template and where the face is, or why it could make none.

    code, reason: for programs and for people; empty with a template.
    """

    engine: EngineKey
    template: Template | None
    face: Face | None = None
    code: str = ""
    reason: str = ""

    def __repr__(self) -> str:
        return f"Made(engine={self.engine!r}, code={self.code!r}, <masked>)"


@dataclass(frozen=True, slots=True, repr=False)
class ReferencePhoto:
    """A photo to keep, and what an engine made of it.

    sha256: hex digest of the original bytes, or of the vector's bytes where there never was a photo.
    content: the original bytes; None where they are not to be kept. width, height: pixels, 0 where not known.
    also: what other engines of the home made of it.
    """

    sha256: str
    template: Template
    face: Face | None = None
    format: str = ""
    width: int = 0
    height: int = 0
    content: bytes | None = None
    also: tuple[Made, ...] = ()

    def __repr__(self) -> str:
        return f"ReferencePhoto(sha256={self.sha256[:12]}..., engine={self.template.engine!r}, <masked>)"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A person with photos; none is allowed, and then only the fields are kept.

    taken_on: SHA-256 -> the day it was taken, ISO, of these photos or of recorded ones; left out where not known. A
    photo that is neither is passed over.
    """

    person: Person
    photos: Sequence[ReferencePhoto] = ()
    taken_on: Mapping[str, str] = field(default_factory=dict)


class PersonOutcome(StrEnum):
    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class PhotoOutcome(StrEnum):
    NEW = "new"
    COMPLETED = "completed"
    """The photo was there; what was missing of it (this engine's template, its bytes) is now there too."""
    ALREADY_THERE = "already_there"


@dataclass(frozen=True, slots=True)
class EnrolResult:
    """What one enrolment did; photos: one outcome for each of its photos, in their order. dated: how many photos that
    were there have another date of taking now."""

    gallery: str
    person_id: str
    person: PersonOutcome
    photos: tuple[PhotoOutcome, ...]
    dated: int = 0


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """What is kept of one photo. added_at: seconds since 1970, UTC. engines: those with a template of it.

    taken_on: an ISO date; empty where it is not known.
    """

    sha256: str
    format: str
    width: int
    height: int
    added_at: int
    has_content: bool
    engines: tuple[EngineKey, ...]
    taken_on: str = ""


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A person in a list: the fields, and how many photos are recorded."""

    person: Person
    photos: int


@dataclass(frozen=True, slots=True)
class IndexStep:
    """Where records and index stand. recorded, indexed: the position in the change log that each has reached;
    templates, entries: how many templates of the engine the records, and the index, hold."""

    recorded: int
    indexed: int
    templates: int
    entries: int

    @property
    def is_in_step(self) -> bool:
        # An index that has gone on meanwhile has been in step.
        return self.indexed > self.recorded or (self.indexed == self.recorded and self.templates == self.entries)


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person as recorded; photos by time of adding. Times are seconds since 1970, UTC."""

    person: Person
    photos: tuple[PhotoRecord, ...]
    added_at: int
    changed_at: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose photo a template was made of."""

    gallery: str
    person_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class GallerySize:
    """How much one gallery holds; templates: a count for each engine."""

    people: int
    photos: int
    templates: Mapping[EngineKey, int]


@dataclass(frozen=True, slots=True)
class TemplateHit:
    """One template found. distance: Euclidean, in the engine's own unit."""

    template_id: int
    gallery: str
    person_id: str
    sha256: str
    distance: float


@dataclass(frozen=True, slots=True)
class GalleryState:
    """Sizes at one moment. version: the position in the change log, which rises with every change of a template."""

    engine: EngineKey
    version: int
    galleries: Mapping[str, GallerySize]

    @property
    def people(self) -> int:
        return sum(size.people for size in self.galleries.values())

    @property
    def photos(self) -> int:
        return sum(size.photos for size in self.galleries.values())

    @property
    def templates(self) -> int:
        """Those of this gallery's engine, which searches can find."""
        return sum(size.templates.get(self.engine, 0) for size in self.galleries.values())
