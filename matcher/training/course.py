"""The path of a case, practised: each step in its turn, as casework has it, with nothing of it in casework.

::

    begin --> protection --> photo --> open and judge all, blind --> reveal --> change or keep --> close
          --> second review --> document --> consulate's answer --> done

Nothing here is written into the audit: it shows nobody, and an audit in which practice stands beside work is harder to
read. Whoever asks for another officer's exercise gets the answer of one that is not there.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection

from matcher.accounts.roles import Right
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import Protection
from matcher.casework.faults import NotNow
from matcher.casework.features import Opinion, read_reasons
from matcher.casework.files import Clock, utc_now
from matcher.casework.numbers import NewNumber, new_number
from matcher.casework.officer import Officer
from matcher.errors import BadField, NotFound
from matcher.records import training as kept
from matcher.records.database import Database
from matcher.training.exercise import EDITION, PHOTOS, Exercise, Sending, exercise
from matcher.training.grades import Grade
from matcher.training.machine import Machine
from matcher.training.pictures import entry_photo, probe_photo
from matcher.training.practice import Choices, Looked, Practice, Step, practice_of

NewSeed = Callable[[], int]


def new_seed() -> int:
    """A seed that no officer can foresee."""
    return secrets.randbits(40)


@dataclass(slots=True)
class _Turn:
    """An exercise while a step of it is taken."""

    connection: Connection
    practice: Practice
    now: int

    def go(self, step: Step, choices: Choices | None = None, **values: object) -> None:
        """On to a step; a step that ends the exercise writes what came of it."""
        after = replace(self.practice, step=step, choices=choices or self.practice.choices)
        if choices is not None:
            values["choices"] = choices.stored()
        if step in {Step.DONE, Step.LEFT}:
            values["ended_at"] = self.now
        if step is Step.DONE:
            values["result"] = json.dumps(after.result().stored())
        kept.change(self.connection, self.practice.number, state=step.value, **values)


class Course:
    """What officers do in training. Any number of threads may share it."""

    def __init__(
        self, database: Database, *, clock: Clock = utc_now, new_number: NewNumber = new_number,
        new_seed: NewSeed = new_seed,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._new_number = new_number
        self._new_seed = new_seed

    def under_way(self, who: Officer) -> Practice | None:
        """The exercise that this officer has begun and not ended, if it still means what it meant."""
        who.must_decide(Right.WORK_CASES)
        with self._database.reading() as connection:
            row = kept.under_way(connection, who.account)
            return None if row is None or row.edition != EDITION else practice_of(connection, row)

    def begin(self, who: Officer, machine: Machine, grade: Grade) -> int:
        """Begin an exercise, or go on with the one that is under way; its number."""
        if (open_one := self.under_way(who)) is not None:
            return open_one.number
        seed = self._new_seed()
        photos = _looked(machine, exercise(grade, seed))
        with self._database.writing(flushed=False) as connection:
            row = kept.under_way(connection, who.account)
            if row is not None and row.edition == EDITION:
                # Begun in another window meanwhile.
                return int(row.id)
            if row is not None:
                kept.change(connection, row.id, state=Step.LEFT.value, ended_at=self._now)
            number = self._new_number()
            kept.add(connection, {
                "id": number, "account": who.account, "grade": grade.value, "seed": seed, "edition": EDITION,
                "engine": machine.engine, "state": Step.CASE.value, "photos": photos, "choices": "{}", "scores": "[]",
                "result": "", "begun_at": self._now, "ended_at": None,
            })  # fmt: skip
        return number

    def view(self, who: Officer, number: int) -> Practice:
        """An officer's own exercise; raises NotFound for every other."""
        who.must_decide(Right.WORK_CASES)
        with self._database.reading() as connection:
            return _found(connection, who, number)

    def probe(self, who: Officer, number: int, which: int) -> bytes:
        """A photo of the person in custody, a marked JPEG."""
        made = self.view(who, number).exercise
        if not 0 <= which < PHOTOS:
            raise NotFound(f"the exercise has {PHOTOS} photos of the person in custody, numbered from 0")
        return probe_photo(made.grade, made.seed, which)

    def open(self, who: Officer, number: int, place: int) -> bytes:
        """The photo of a listed record, a marked JPEG; that it was looked at is kept."""
        practice = self.view(who, number)
        made = practice.exercise
        if practice.step in {Step.CASE, Step.PHOTO} or not 0 <= place < len(made.entries):
            raise NotFound("there is no such candidate in this exercise, or not yet")
        if place not in practice.opened:
            with self._turn(who, number, *(set(Step) - {Step.CASE, Step.PHOTO})) as turn:
                kept.note_opened(turn.connection, number, place, now=turn.now)
        return entry_photo(made.grade, made.seed, place)

    def state_protection(self, who: Officer, number: int, protection: Protection) -> None:
        """Say what the file says of the person's protection."""
        with self._turn(who, number, Step.CASE) as turn:
            turn.go(Step.PHOTO, replace(turn.practice.choices, protection=protection))

    def choose_photo(self, who: Officer, number: int, which: int, machine: Machine) -> None:
        """Search with one of the photos. Raises BadField where it shows no face; nothing is lost then."""
        practice = self.view(who, number)
        if practice.step is not Step.PHOTO:
            raise _not_now(practice)
        if not 0 <= which < PHOTOS:
            raise BadField(
                "photo", f"photo {which} is none of the exercise's; choose one of the {PHOTOS} that are shown"
            )
        # Seconds of work, which nobody's transaction should wait for.
        scores = machine.scores(practice.exercise, which)
        if not scores:
            raise BadField("photo", "no face was found in this photo; search with the other one")
        with self._turn(who, number, Step.PHOTO) as turn:
            chosen = replace(turn.practice.choices, photo=which)
            turn.go(Step.BLIND, chosen, scores=json.dumps([asdict(one) for one in scores]))

    def judge(
        self, who: Officer, number: int, place: int, *, opinion: Opinion, confidence: int, reasons: Sequence[str] = ()
    ) -> None:
        """Say what was found of a candidate, or change it, by the rules of real reviews; raises BadField, NotNow."""
        if not 0 <= confidence <= 100:
            raise BadField("confidence", f"confidence is {confidence}; give 0 (a guess) to 100 (certain)")
        given = [str(reason) for reason in read_reasons(tuple(reasons), opinion)]
        with self._turn(who, number, Step.BLIND, Step.SCORED) as turn:
            if not 0 <= place < len(turn.practice.exercise.entries):
                raise NotFound("there is no such candidate in this exercise")
            if place not in turn.practice.opened:
                raise NotNow(f"candidate {place + 1} was not opened yet; look at the photo first")
            kept.add_verdict(
                turn.connection, number, place, stage=turn.practice.step.value, verdict=opinion.value,
                confidence=confidence, reasons=given, now=turn.now,
            )  # fmt: skip

    def reveal(self, who: Officer, number: int) -> None:
        """End the blind stage. Raises NotNow while a verdict is missing."""
        with self._turn(who, number, Step.BLIND) as turn:
            missing = len(turn.practice.exercise.entries) - len(turn.practice.verdicts)
            if missing:
                listed = len(turn.practice.exercise.entries)
                raise NotNow(f"{missing} of {listed} candidates have no verdict yet; look at all of them first")
            turn.go(Step.SCORED)

    def close(self, who: Officer, number: int) -> None:
        """Hand the review in; the colleague's is done then."""
        with self._turn(who, number, Step.SCORED) as turn:
            turn.go(Step.SECOND)

    def go_on(self, who: Officer, number: int) -> None:
        """From the second review to the document, or to the end where nobody was identified."""
        with self._turn(who, number, Step.SECOND) as turn:
            turn.go(Step.DONE if turn.practice.second.identified is None else Step.DOCUMENT)

    def send(self, who: Officer, number: int, sending: Sending) -> None:
        """Send the document or hold it back. One that is held for the person's sake ends the exercise."""
        with self._turn(who, number, Step.DOCUMENT) as turn:
            is_over = Sending.HOLD_PROTECTED in {sending, turn.practice.exercise.sending}
            turn.go(Step.DONE if is_over else Step.ANSWER, replace(turn.practice.choices, sending=sending))

    def answer(self, who: Officer, number: int, kind: AnswerKind, reason: Rejection | None) -> None:
        """Write down what the consulate's letter says; raises BadField for a rejection without a reason."""
        if (kind is AnswerKind.REJECTED) != (reason is not None):
            raise BadField("reason", "a rejection has a reason, and nothing else has one; correct one of the two")
        with self._turn(who, number, Step.ANSWER) as turn:
            turn.go(Step.DONE, replace(turn.practice.choices, kind=kind, reason=reason))

    def leave(self, who: Officer, number: int) -> None:
        """Give an exercise up; it counts neither way."""
        with self._turn(who, number, *(set(Step) - {Step.DONE, Step.LEFT})) as turn:
            turn.go(Step.LEFT)

    @property
    def _now(self) -> int:
        return int(self._clock().timestamp())

    @contextmanager
    def _turn(self, who: Officer, number: int, *steps: Step) -> Iterator[_Turn]:
        """An exercise to change, in one of these steps; raises NotNow in another, as after a click in an old window."""
        who.must_decide(Right.WORK_CASES)
        with self._database.writing(flushed=False) as connection:
            practice = _found(connection, who, number)
            if practice.step not in steps:
                raise _not_now(practice)
            yield _Turn(connection, practice, self._now)


def _found(connection: Connection, who: Officer, number: int) -> Practice:
    row = kept.find(connection, number, account=who.account)
    if row is None or row.edition != EDITION:
        raise NotFound("there is no such exercise of yours; begin one in the list of grades")
    return practice_of(connection, row)


def _not_now(practice: Practice) -> NotNow:
    return NotNow(f"the exercise stands at its step {practice.step.value} now; go on there")


def _looked(machine: Machine, made: Exercise) -> str:
    seen = [machine.look(made, which) for which in range(PHOTOS)]
    return json.dumps([Looked(one.found, one.quality).stored() for one in seen])
