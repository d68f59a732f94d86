"""What consulates answer: one person records it, another checks it, then status and certain labels follow."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, insert, update

from matcher.accounts.roles import Right
from matcher.casework.case import checked_country, checked_date, checked_text
from matcher.casework.decisions import Identification
from matcher.casework.faults import NotAllowed, NotNow
from matcher.casework.files import Change, Files, must_not_be_ended
from matcher.casework.numbers import number_of, number_text
from matcher.casework.officer import Officer
from matcher.casework.searching import lead_to
from matcher.casework.statuses import Status
from matcher.errors import BadField, NotFound
from matcher.records import case_facts, case_pairs, case_searches
from matcher.records import case_tables as tables
from matcher.records.case_facts import Answer


class AnswerKind(StrEnum):
    """What a consulate says."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    NO_RECORD = "no_record"
    NEED_MORE = "need_more"


class Rejection(StrEnum):
    """Why a consulate rejects; "another person" alone is a label of the comparison."""

    ANOTHER_PERSON = "another_person"
    NOT_A_NATIONAL = "not_a_national"
    DOCUMENT_NOT_GENUINE = "document_not_genuine"
    OTHER = "other"


_FOLLOWS = {
    AnswerKind.CONFIRMED: Status.CONFIRMED,
    AnswerKind.REJECTED: Status.NOT_CONFIRMED,
    AnswerKind.NO_RECORD: Status.NOT_CONFIRMED,
    AnswerKind.NEED_MORE: Status.PENDING_DOCUMENTS,
}


def answer_id(number: int) -> str:
    return number_text("A", number)


class Answers:
    """What is done with consulates' answers."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def record(
        self,
        who: Officer,
        number: int,
        *,
        kind: AnswerKind,
        country: str,
        received_on: str,
        reference: str = "",
        reason: Rejection | None = None,
        identification: str = "",
    ) -> str:
        """Write down an answer; its number. Nothing follows from it until another person has checked it.

        reason: why it rejects. identification: whom the answer is about; the case's only one if empty.
        Raises BadField, NotNow where the case was never sent, or NotFound.
        """
        given = given_answer(
            self._files, kind=kind, country=country, received_on=received_on, reference=reference, reason=reason
        )
        with self._files.changing(who, number) as change:
            return answer_id(write_down(change, given, number=self._files.new_number(), identification=identification))

    def check(self, who: Officer, number: int, answer: str) -> None:
        """Confirm, as another person than the one who wrote it down, that a consulate said so; then the case follows.

        Raises NotAllowed for the same person, NotNow for an answer that is checked already, or NotFound.
        """
        with self._files.changing(who, number) as change:
            who.must_decide(Right.WORK_CASES)
            wanted = number_of("A", answer)
            found = next((one for one in case_facts.answers(change.connection, number) if one.number == wanted), None)
            if found is None:
                raise NotFound(f"case {change.case.id} has no answer of that number")
            if found.checked_by:
                raise NotNow(f"answer {answer} was checked by {found.checked_by}")
            if who.is_same(found.recorded_by):
                raise NotAllowed("whoever wrote an answer down can't check it; another person has to")
            table = tables.case_answer
            change.connection.execute(
                update(table).where(table.c.id == found.number).values(checked_by=who.account, checked_at=change.now)
            )
            kind = AnswerKind(found.kind)
            change.happened("answer checked", before=found.recorded_by, after=f"{answer}: {kind.value}")
            lead_to(change, _FOLLOWS[kind], after={Status.SENT_TO_CONSULATE})
            _label(change, found)

    def answers(self, who: Officer, number: int) -> tuple[Answer, ...]:
        """What consulates said of a case, in the order of recording."""
        with self._files.reading(who, number) as (connection, _):
            return case_facts.answers(connection, number)


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What a consulate is said to have answered, checked."""

    kind: AnswerKind
    country: str
    received_on: str
    reference: str
    reason: Rejection | None


def given_answer(
    files: Files, *, kind: AnswerKind, country: str, received_on: str, reference: str, reason: Rejection | None
) -> GivenAnswer:
    """Raises BadField."""
    if (kind is AnswerKind.REJECTED) != (reason is not None):
        raise BadField("reason", f"{kind} goes {'with' if reason is None else 'without'} a reason; correct it")
    return GivenAnswer(
        kind,
        checked_country(country),
        checked_date("received_on", received_on, today=files.today, required=True),
        checked_text("reference", reference, required=False),
        reason,
    )


def write_down(change: Change, given: GivenAnswer, *, number: int, identification: str) -> int:
    """Write an answer into a case while it is changed, for another person to check; its number, as given.

    Raises NotNow where the case was never sent, NotAllowed for somebody who may be the one who checks it, or NotFound.
    """
    must_not_be_ended(change.case)
    change.who.must_be_known()
    if not case_facts.was_sent(change.connection, change.case.number):
        raise NotNow(f"case {change.case.id} was never sent to a consulate; send it first")
    about = _about(change.connection, change.case.number, identification)
    row = {"id": number, "case_id": change.case.number, "kind": given.kind.value, "country": given.country,
           "reason": given.reason.value if given.reason else "", "reference": given.reference,
           "received_on": given.received_on, "identification_id": about.number if about else None,
           "recorded_by": change.who.account, "recorded_at": change.now}  # fmt: skip
    change.connection.execute(insert(tables.case_answer), row)
    change.happened("answer recorded", given.reference, after=f"{answer_id(number)}: {given.kind.value}")
    return number


def _about(connection: Connection, number: int, identification: str) -> Identification | None:
    known = case_searches.identifications(connection, number)
    if identification:
        wanted = number_of("I", identification)
        found = next((one for one in known if one.number == wanted), None)
        if found is None:
            raise NotFound("the case has no identification of that number")
        return found
    return known[0] if len(known) == 1 else None


def _label(change: Change, answer: Answer) -> None:
    """A pair of photos of which the consulate says for certain whether they show one person, for calibration."""
    certain = answer.kind == AnswerKind.CONFIRMED or answer.reason == Rejection.ANOTHER_PERSON
    if answer.identification is None or not certain:
        return
    known = case_searches.identifications(change.connection, change.case.number)
    found = next(one for one in known if one.number == answer.identification)
    search = case_searches.search(change.connection, found.search)
    case_pairs.add(
        change.connection,
        answer.number,
        change.case.number,
        probe=search.photo_sha256,
        key=found.key,
        reference=found.photo_sha256,
        mated=answer.kind == AnswerKind.CONFIRMED,
        now=change.now,
    )
