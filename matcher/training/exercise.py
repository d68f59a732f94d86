"""An exercise as its grade and seed have it: who is in custody, which photos there are, who is listed, what is true."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from random import Random

from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import Claim, Protection
from matcher.drawn.biography import biography
from matcher.drawn.chance import traits
from matcher.drawn.shots import Shot, shot
from matcher.drawn.traits import Traits
from matcher.person import Person
from matcher.training.grades import ABSENT, TERMS, Grade, Range, Terms
from matcher.training.looks import alike, differences

EDITION = 1
"""Rises when a seed begins to mean another exercise, so that one that was begun before is not gone on with."""

PEOPLE = range(200_000, 300_000)
"""The numbers of the people drawn here: none of them is in the demo or in a control case."""
PHOTOS = 2
"""How many photos of the person in custody there are to choose from."""
_LEAST_TOLD = 0.45
"""Deviations by which a look-alike differs in two features at least: less can't be seen in a drawn face."""


class Note(StrEnum):
    """What the file says of the person's protection."""

    CLEARED = "cleared"
    """Two people have checked that there is no matter of asylum."""
    SILENT = "silent"
    """Nothing is said."""
    ASYLUM = "asylum"
    """The person has asked for asylum."""


PROTECTION = {
    Note.CLEARED: Protection.NONE, Note.SILENT: Protection.UNKNOWN, Note.ASYLUM: Protection.PROTECTED,
}  # fmt: skip


class Sending(StrEnum):
    """What an officer may do with the practice document."""

    SEND = "send"
    HOLD_PROTECTED = "hold_protected"
    """Nothing may leave while the protection is not lifted."""
    HOLD_WRONG = "hold_wrong"
    """The document names another record than the one that was found."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What the consulate answers. wording: which of the letters of this kind."""

    kind: AnswerKind
    reason: Rejection | None
    wording: int


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """Somebody who is listed. papers: of the record. is_same: whether it is the person in custody."""

    looks: Traits
    sitting: Shot
    papers: Person
    is_same: bool


@dataclass(frozen=True, slots=True, repr=False)
class Exercise:
    """One exercise. probes: two sittings of the person in custody, one of which is better. entries: in the order in
    which they are shown blind. slip: whether the document that is drawn up names another record's number."""

    grade: Grade
    seed: int
    note: Note
    claim: Claim
    country: str
    looks: Traits
    probes: tuple[Shot, ...]
    entries: tuple[Entry, ...]
    slip: bool
    reply: int

    @property
    def truth(self) -> int | None:
        """The place of the person among the entries; None where nobody is."""
        return next((place for place, entry in enumerate(self.entries) if entry.is_same), None)

    @property
    def protection(self) -> Protection:
        return PROTECTION[self.note]

    def letter(self, place: int) -> Letter:
        """What the consulate answers when asked whether the person is this entry's."""
        wording = self.reply % 3
        if self.reply % 5 == 0:
            return Letter(AnswerKind.NEED_MORE, None, wording)
        if self.entries[place].is_same:
            return Letter(AnswerKind.CONFIRMED, None, wording)
        return Letter(AnswerKind.REJECTED, Rejection.ANOTHER_PERSON, wording)

    @property
    def sending(self) -> Sending:
        """What is right to do with the document."""
        if self.protection is not Protection.NONE:
            return Sending.HOLD_PROTECTED
        return Sending.HOLD_WRONG if self.slip else Sending.SEND

    def stated(self, place: int) -> Person:
        """The record that the document states for this entry: another one's number where there is a slip."""
        papers = self.entries[place].papers
        if not self.slip:
            return papers
        other = self.entries[(place + 1) % len(self.entries)].papers
        return replace(papers, person_id=other.person_id, national_id=other.national_id)


@lru_cache(maxsize=64)
def exercise(grade: Grade, seed: int) -> Exercise:
    """The exercise of a grade and a seed, the same every time."""
    rng, terms = Random(f"{EDITION}/{grade.value}/{seed}"), TERMS[grade]
    number, *others = rng.sample(PEOPLE, 1 + terms.candidates)
    papers = biography(number)
    looks = traits(number, papers)
    is_absent = rng.random() < ABSENT
    listed = [_look_alike(rng, looks, papers, other, terms) for other in others]
    if not is_absent:
        listed[0] = Entry(looks, shot(number, 0), _record(papers, number), is_same=True)
    rng.shuffle(listed)
    claim = Claim(papers.name, papers.native_name, papers.date_of_birth, papers.household_registration)
    return Exercise(
        grade=grade, seed=seed, note=rng.choice([Note.CLEARED, Note.CLEARED, Note.SILENT, Note.ASYLUM]), claim=claim,
        country=papers.nationality, looks=looks, probes=_probes(rng, number, terms), entries=tuple(listed),
        slip=rng.random() < 0.3, reply=rng.randrange(1_000),
    )  # fmt: skip


def _look_alike(rng: Random, looks: Traits, papers: Person, number: int, terms: Terms) -> Entry:
    """Somebody else who resembles the person as nearly as the grade says, and can be told apart."""
    while True:
        own = biography(number)
        if own.sex == papers.sex:
            near = alike(looks, traits(number, own), rng.uniform(*terms.nearness))
            if rng.random() < terms.same_marks:
                near = replace(near, moles=looks.moles, freckles=looks.freckles)
            if _can_be_told(looks, near):
                return Entry(near, shot(number, 0), _papers(rng, papers), is_same=False)
        number = rng.choice(PEOPLE)


def _papers(rng: Random, like: Person) -> Person:
    """Papers that could be the person's: of the same country and sex, and about the same age."""
    while True:
        number = rng.choice(PEOPLE)
        own = biography(number)
        if bool(own.native_name) == bool(like.native_name):
            return replace(
                _record(own, number), nationality=like.nationality, sex=like.sex,
                date_of_birth=_near(rng, like.date_of_birth),
            )  # fmt: skip


def _can_be_told(one: Traits, other: Traits) -> bool:
    features = {found.feature for found in differences(one, other) if found.size >= _LEAST_TOLD}
    return len(features) >= 2


def _record(papers: Person, number: int) -> Person:
    """The papers of a register's record; its number says what it is."""
    return replace(papers, person_id=f"training-{number}", gallery="training", national_id="", source="drawn")


def _near(rng: Random, date: str) -> str:
    """A date of birth within three years."""
    year, month = int(date[:4]) + rng.randint(-3, 3), rng.randint(1, 12)
    return f"{year}-{month:02d}-{rng.randint(1, 28):02d}"


def _probes(rng: Random, number: int, terms: Terms) -> tuple[Shot, ...]:
    """Two sittings, in either order: one as the grade has it, one that a search should not be made with."""
    years = rng.uniform(*terms.years)
    fit = _sitting(rng, shot(number, 1), terms, years)
    if rng.random() < 0.5:
        spoilt = replace(fit, blur=rng.uniform(5.0, 7.0), seed=fit.seed + 1)
    else:
        spoilt = replace(fit, exposure=rng.uniform(0.25, 0.35), noise=14, blur=max(fit.blur, 1.2), seed=fit.seed + 1)
    probes = [fit, spoilt]
    rng.shuffle(probes)
    return tuple(probes)


def _sitting(rng: Random, base: Shot, terms: Terms, years: float) -> Shot:
    return replace(
        base, years=years, yaw=_either_way(rng, terms.turn), pitch=_either_way(rng, terms.nod),
        blur=rng.uniform(*terms.blur), noise=rng.uniform(*terms.noise), exposure=rng.uniform(*terms.exposure),
        contrast=rng.uniform(*terms.contrast), fading=0.0, quality=88,
    )  # fmt: skip


def _either_way(rng: Random, size: Range) -> float:
    return rng.choice((-1, 1)) * rng.uniform(*size)
