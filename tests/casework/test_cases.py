"""Cases: their numbers, states, deadlines, photos; statistics, answers, certain pairs, duplicates."""

import csv
import io
import json
import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from matcher.accounts.roles import Right
from matcher.audit.asking import Filter, stream
from matcher.audit.entry import Action
from matcher.audit.verifying import verify
from matcher.casework import erasing, keeping
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import CaseQuery, Claim, Protection, case_id
from matcher.casework.dossier import dossier
from matcher.casework.faults import Confidential, NotAllowed, NotNow
from matcher.casework.features import Feature, Opinion, Seen, read_reasons
from matcher.casework.numbers import NOBODYS, new_number, number_of, number_text
from matcher.casework.references import GalleryReferences
from matcher.casework.statistics import Counted, csv_text, figures, statistics
from matcher.casework.statuses import ENDED, TRANSITIONS, Status, check_transition
from matcher.erasure import search_files
from matcher.errors import AlreadyThere, BadField, NotFound, OnHold
from matcher.records import case_removing, case_tables
from matcher.records.case_counts import Opened, Sent
from matcher.records.case_pairs import certain_pairs
from tests.casework.parts import ANNA, AUDITOR, BORIS, CHEN, CLAIM, DORA, FRIDA, Bureau, Colours, picture

NUMBERS = st.integers(1, 2**50 - 1)


@given(NUMBERS)
def test_numbers_go_there_and_back(number: int) -> None:
    text = number_text("C", number)
    assert re.fullmatch(r"C-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", text)
    assert number_of("C", text) == number
    assert number_of("C", f" {text.lower().replace('-', '')} ") == number
    assert number_of("S", text) == NOBODYS


@given(st.text(max_size=20))
def test_what_is_no_number_is_nobodys(text: str) -> None:
    number = number_of("C", text)
    assert number == NOBODYS or number_text("C", number).replace("-", "") in _canonical(text)


def _canonical(text: str) -> str:
    return text.strip().upper().replace("-", "").replace("O", "0").replace("I", "1").replace("L", "1")


def test_new_numbers_tell_nothing_of_each_other() -> None:
    numbers = [new_number() for _ in range(2000)]
    assert len(set(numbers)) == 2000
    assert all(0 < number < 2**50 for number in numbers)
    # Neither rising nor falling.
    rises = sum(one < other for one, other in pairwise(numbers))
    assert 850 < rises < 1150


def test_every_status_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS) == set(Status)
    reached = {status for after in TRANSITIONS.values() for status in after}
    assert reached == set(Status)
    assert all(TRANSITIONS[status] for status in Status)
    assert all(TRANSITIONS[status] <= {Status.OPEN, Status.CLOSED} for status in ENDED)
    # A document follows a confirmation, a removal a document.
    before = {after: {status for status in Status if after in TRANSITIONS[status]} for after in Status}
    assert before[Status.TRAVEL_DOCUMENT_ISSUED] == {Status.CONFIRMED}
    assert before[Status.REMOVED] == {Status.TRAVEL_DOCUMENT_ISSUED}


@given(st.sampled_from(Status), st.sampled_from(Status))
def test_only_legal_steps_are_taken(before: Status, after: Status) -> None:
    if after in TRANSITIONS[before]:
        check_transition(before, after)
        return
    with pytest.raises(NotNow, match="it may become"):
        check_transition(before, after)


def test_a_case_is_led_with_who_when_and_why(both: Bureau) -> None:
    case = both.case(DORA)
    both.office.cases.move(DORA, case.number, Status.PENDING_DOCUMENTS, reason="no papers", version=case.version)
    both.office.cases.move(DORA, case.number, Status.CLOSED, reason="gave up", version=case.version + 1)
    with pytest.raises(NotNow, match="it may become open"):
        both.office.cases.move(DORA, case.number, Status.SEARCHING, reason="x", version=case.version + 2)
    opened, pending, closed = both.office.cases.get(DORA, case.number).events
    assert (opened.kind, pending.reason, closed.before, closed.after) == (
        "opened",
        "no papers",
        "pending_documents",
        "closed",
    )
    assert closed.actor == DORA.account
    assert opened.at < pending.at < closed.at
    with both.database.reading() as connection:
        assert verify(connection, ()).finding is None


def test_only_supervisors_reopen(there: Bureau) -> None:
    case = there.case()
    there.office.cases.move(ANNA, case.number, Status.CLOSED, reason="x", version=case.version)
    with pytest.raises(NotAllowed):
        there.office.cases.move(ANNA, case.number, Status.OPEN, reason="x", version=case.version + 1)
    there.office.cases.move(DORA, case.number, Status.OPEN, reason="x", version=case.version + 1)


def test_the_clock_counts_and_sorts(both: Bureau) -> None:
    office = both.office
    days = {}
    for custody in ("2026-02-20", "", "2025-12-01", "2026-01-10"):
        case = office.cases.open(ANNA, country="VNM", claim=Claim(), custody_date=custody)
        days[case.number] = case.days_left(date(2026, 3, 1))
    listed = office.cases.page(ANNA, CaseQuery(country="VNM")).cases
    assert [days[case.number] for case in listed] == [90, 130, 171, None]
    due = office.cases.page(ANNA, CaseQuery(due_by="2026-06-01")).cases
    assert [case.custody_date for case in due] == ["2025-12-01"]
    page = office.cases.page(ANNA, CaseQuery(), limit=3)
    rest = office.cases.page(ANNA, CaseQuery(), cursor=page.next, limit=3)
    assert [len(page.cases), len(rest.cases), rest.next] == [3, 1, ""]
    with pytest.raises(BadField, match="future"):
        office.cases.open(ANNA, country="CHN", claim=Claim(), custody_date="2027-01-01")
    with pytest.raises(BadField, match="protection"):
        office.cases.open(ANNA, country="CHN", claim=Claim(), protection=Protection.NONE)


def test_what_was_written_down_is_corrected(there: Bureau) -> None:
    case = there.case()
    other = Claim("Lan Ruo Ming", "岚若明")
    there.office.cases.correct(
        ANNA, case.number, version=case.version, reason="misread", claim=other, country="vn", custody_date="2026-02-10"
    )
    now = there.now_is(ANNA, case.number)
    assert (now.claim, now.country, now.deadline) == (other, "VNM", "2026-08-09")
    assert CLAIM.name not in repr(now)


def test_cases_are_taken_and_given(there: Bureau) -> None:
    case = there.case()
    there.office.cases.assign(ANNA, case.number, ANNA.account, version=case.version)
    with pytest.raises(NotAllowed):
        there.office.cases.assign(ANNA, case.number, BORIS.account, version=case.version + 1)
    there.office.cases.assign(DORA, case.number, BORIS.account, version=case.version + 1)
    assert [one.number for one in there.office.cases.page(BORIS, CaseQuery(assignee=BORIS.account)).cases] == [
        case.number
    ]


def test_photos_are_kept_once_and_their_faces_looked_for(there: Bureau) -> None:
    case = there.case(person=4)
    content, kind = there.office.cases.photo(ANNA, case.number, _photos(there, case.number)[0])
    assert (content, kind) == (picture(4, 9), "PNG")
    with pytest.raises(AlreadyThere):
        there.photo(ANNA, case.number, 4)
    black = _black()
    with pytest.raises(BadField, match="no face"):
        there.office.cases.add_photo(ANNA, case.number, there.matcher.prepare(black), black)
    with pytest.raises(NotFound):
        there.office.cases.photo(ANNA, case.number, "0" * 64)


def _photos(bureau: Bureau, number: int) -> list[str]:
    return [photo.sha256 for photo in bureau.office.cases.get(ANNA, number).photos]


def _black() -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stream, "PNG")
    return stream.getvalue()


def _identified(bureau: Bureau) -> int:
    bureau.register("own", 1, 2, 3)
    case = bureau.case(person=1, gallery="own")
    bureau.lift(case.number)
    search, _ = bureau.desk.searches.search(ANNA, case.number, gallery="own")
    bureau.review(ANNA, search.number, 1)
    bureau.review(BORIS, search.number, 1)
    version = bureau.now_is(ANNA, case.number).version
    bureau.office.cases.move(ANNA, case.number, Status.SENT_TO_CONSULATE, reason="found", version=version)
    return case.number


def test_a_document_names_both_reviewers_and_stands_behind_the_gate(both: Bureau) -> None:
    number = _identified(both)
    references = GalleryReferences(both.database)
    (found,) = both.office.reviews.identifications(ANNA, number)
    made = dossier(both.office.files, references, ANNA, number, found.id)
    assert [one.reviewer for one in made.findings] == [ANNA.account, BORIS.account]
    assert [str(reason) for reason in made.findings[1].final.reasons] == ["ears:similar", "nose:similar"]
    assert made.findings[0].blind == made.findings[0].final
    assert (made.person.person_id, made.request.basis, made.photo.taken_on) == ("p1", "article 3", "2026-02-02")
    assert made.scores.rank == 1
    with pytest.raises(NotFound):
        dossier(both.office.files, references, ANNA, number, "I-00000-00001")
    version = both.now_is(ANNA, number).version
    both.office.confidentiality.protect(ANNA, number, reason="a letter", version=version)
    with pytest.raises(Confidential, match="document"):
        dossier(both.office.files, references, ANNA, number, found.id)


@pytest.mark.parametrize(
    ("kind", "reason", "status", "labels"),
    [
        (AnswerKind.CONFIRMED, None, Status.CONFIRMED, [True]),
        (AnswerKind.REJECTED, Rejection.ANOTHER_PERSON, Status.NOT_CONFIRMED, [False]),
        (AnswerKind.REJECTED, Rejection.NOT_A_NATIONAL, Status.NOT_CONFIRMED, []),
        (AnswerKind.NO_RECORD, None, Status.NOT_CONFIRMED, []),
        (AnswerKind.NEED_MORE, None, Status.PENDING_DOCUMENTS, []),
    ],
)
@pytest.mark.long
def test_what_follows_from_an_answer(
    there: Bureau, kind: AnswerKind, reason: Rejection | None, status: Status, labels: list[bool]
) -> None:
    number = _identified(there)
    answer = there.office.answers.record(
        ANNA, number, kind=kind, country="CHN", received_on="2026-03-01", reason=reason
    )
    assert there.now_is(ANNA, number).status is Status.SENT_TO_CONSULATE
    with pytest.raises(NotAllowed):
        there.office.answers.check(ANNA, number, answer)
    there.office.answers.check(CHEN, number, answer)
    with pytest.raises(NotNow):
        there.office.answers.check(DORA, number, answer)
    assert there.now_is(ANNA, number).status is status
    with there.database.reading() as connection:
        pairs = list(certain_pairs(connection, Colours.spec.key, 16))
    assert [(pair.mated, pair.key) for pair in pairs] == [(label, ("own", "p1")) for label in labels]
    for pair in pairs:
        expected = there.matcher.prepare(picture(1, 9)).template
        assert expected is not None
        assert np.array_equal(pair.probe, expected.vector)


def test_an_answer_needs_a_case_that_was_sent_and_a_reason_where_it_rejects(there: Bureau) -> None:
    case = there.case()
    record = there.office.answers.record
    with pytest.raises(NotNow, match="never sent"):
        record(ANNA, case.number, kind=AnswerKind.CONFIRMED, country="CHN", received_on="2026-03-01")
    with pytest.raises(BadField, match="reason"):
        record(ANNA, case.number, kind=AnswerKind.REJECTED, country="CHN", received_on="2026-03-01")
    with pytest.raises(BadField, match="reason"):
        record(
            ANNA, case.number, kind=AnswerKind.CONFIRMED, country="CHN", received_on="2026-03-01",
            reason=Rejection.OTHER,
        )  # fmt: skip


def test_the_same_detainee_twice_is_found(both: Bureau) -> None:
    first, second, other = (both.case(person=person) for person in (5, 5, 6))
    both.photo(ANNA, second.number, 5, shot=30)
    found = both.desk.duplicates.look(ANNA, second.number)
    assert found[0].other == first.number
    assert found[0].score > found[1].score
    assert found[1].other == other.number
    both.desk.duplicates.decide(ANNA, second.number, first.number, same=True)
    assert both.desk.duplicates.known(ANNA, first.number)[0].state == "same"
    # What was decided stays decided when it is looked for again.
    assert both.desk.duplicates.look(ANNA, second.number)[0].state == "same"


@pytest.mark.long
def test_cases_that_ended_leave_nothing(both: Bureau, tmp_path: Path) -> None:
    number = _identified(both)
    stays = both.case(person=7)
    both.desk.duplicates.look(ANNA, number)
    both.office.confidentiality.record_consent(
        ANNA, number, given_on="2026-02-20", scope="x", document=b"%PDF-1.7 " + b"a signed consent " * 9,
        media_type="application/pdf",
    )  # fmt: skip
    answer = both.office.answers.record(
        ANNA, number, kind=AnswerKind.CONFIRMED, country="CHN", received_on="2026-03-01"
    )
    both.office.answers.check(BORIS, number, answer)
    both.office.cases.move(ANNA, number, Status.CLOSED, reason="done", version=both.now_is(ANNA, number).version)
    files, asked = both.office.files, {"statuses": [Status.CLOSED], "days": 30}
    assert erasing.purge(files, DORA, tmp_path, **asked).cases == ()
    both.clock.now += timedelta(days=31)
    assert erasing.due(files, **asked) == (case_id(number),)
    with both.database.reading() as connection:
        there = _everything(connection)
        traces = case_removing.traces_of(connection, number)
    assert traces.photos == traces.templates == 1
    with pytest.raises(NotAllowed):
        erasing.purge(files, ANNA, tmp_path, **asked)
    done = erasing.purge(files, DORA, tmp_path, **asked)
    assert (done.cases, done.photos, done.found) == ((case_id(number),), 1, ())
    with pytest.raises(NotFound):
        both.office.cases.get(DORA, number)
    assert both.office.cases.get(ANNA, stays.number).case.number == stays.number
    with both.database.reading() as connection:
        left = _everything(connection)
        assert verify(connection, ()).finding is None
    # Every table had rows of the case, but those of notices, controls, documents, presence and retention, which have a
    # test of their own; what is left is the other case's.
    assert {name for name, count in there.items() if count == 0} == {
        "case_notice", "case_control", "case_document", "case_response", "case_hold", "case_retention",
        "case_presence",
    }  # fmt: skip
    assert {name: count for name, count in left.items() if count} == {
        "case_file": 2, "case_access": 1, "case_event": 2, "case_photo": 1, "case_photo_content": 1, "case_template": 1,
    }  # fmt: skip
    with pytest.raises(BadField, match="not purged"):
        erasing.due(files, statuses=[Status.SEARCHING], days=30)


def test_rules_by_outcome_purge_and_a_hold_keeps(both: Bureau, tmp_path: Path) -> None:
    files, numbers = both.office.files, []
    for status in (Status.CLOSED, Status.CLOSED, Status.OUT_OF_JURISDICTION):
        case = both.case(person=1)
        both.office.cases.move(ANNA, case.number, status, reason="done", version=both.now_is(ANNA, case.number).version)
        numbers.append(case.number)
    closed, held, elsewhere = numbers
    with pytest.raises(NotAllowed):
        keeping.set_rule(files, ANNA, Status.CLOSED, 30)
    with pytest.raises(BadField, match="worked on"):
        keeping.set_rule(files, FRIDA, Status.OPEN, 30)
    keeping.set_rule(files, FRIDA, Status.CLOSED, 30)
    with pytest.raises(NotAllowed):
        keeping.hold(files, ANNA, held, reason="order 5")
    keeping.hold(files, DORA, held, reason="order 5")
    with pytest.raises(AlreadyThere):
        keeping.hold(files, DORA, held, reason="order 6")
    assert keeping.due(files) == ()
    both.clock.now += timedelta(days=31)
    assert keeping.due(files) == (case_id(closed),)
    assert held not in erasing.due(files, statuses=[Status.CLOSED], days=30)
    with pytest.raises(OnHold, match="order 5"), both.database.writing() as connection:
        case_removing.remove(connection, held)
    assert erasing.purge_by_rules(files, DORA, tmp_path).cases == (case_id(closed),)
    keeping.release(files, DORA, held, reason="order 5 ended")
    assert keeping.due(files) == (case_id(held),)
    keeping.set_rule(files, FRIDA, Status.CLOSED, None)
    assert keeping.due(files) == ()
    with both.database.reading() as connection:
        assert verify(connection, ()).finding is None
        said = [json.loads(line.body) for line in stream(connection, Filter(action=Action.LEGAL_HOLD))]
    assert [(one["details"], one["subjects"]) for one in said] == [
        ({"held": state}, [f"case:{case_id(held)}"]) for state in (True, False)
    ]
    assert both.now_is(DORA, elsewhere).status is Status.OUT_OF_JURISDICTION


def test_the_search_for_what_is_left_can_find_something(there: Bureau, tmp_path: Path) -> None:
    case = there.case(person=3)
    with there.database.reading() as connection:
        traces = case_removing.traces_of(connection, case.number)
    assert search_files(tmp_path, traces)[1]


def _everything(connection: Connection) -> dict[str, int]:
    """How many rows every table of cases has."""
    names = [name for name in case_tables.metadata.tables if name.startswith("case_")]
    return {
        name: connection.execute(select(func.count()).select_from(case_tables.metadata.tables[name])).scalar_one()
        for name in names
    }


DAYS = st.integers(0, 400)


@given(st.lists(st.tuples(st.none() | DAYS, st.sampled_from(Status)), max_size=30))
def test_figures_count_what_there_is(cases: list[tuple[int | None, Status]]) -> None:
    standing = [("CHN", status.value, 1) for _, status in cases]
    sent = [Sent("CHN", 20_000, took) for took, _ in cases]
    found = figures("CHN", Counted(standing, [Opened("CHN", 20_000, len(cases))], sent, []))
    days = [took for took, _ in cases if took is not None]
    assert (found.cases, found.requests, found.documents) == (len(cases), len(cases), len(days))
    shares = [found.share(status) for status in Status]
    assert not cases or abs(sum(share or 0 for share in shares) - 1) < 1e-9
    if days:
        assert found.mean_days == pytest.approx(np.mean(days))
        assert found.median_days == pytest.approx(np.median(days))
        assert found.success_rate == len(days) / len(cases)


def test_statistics_by_country_and_period(both: Bureau) -> None:
    number = _identified(both)
    answer = both.office.answers.record(
        ANNA, number, kind=AnswerKind.CONFIRMED, country="CHN", received_on="2026-03-01"
    )
    both.office.answers.check(BORIS, number, answer)
    both.clock.now += timedelta(days=30)
    version = both.now_is(ANNA, number).version
    both.office.cases.move(ANNA, number, Status.TRAVEL_DOCUMENT_ISSUED, reason="came", version=version)
    lifted = both.case(country="VNM")
    both.lift(lifted.number)
    both.case(country="VNM")
    asked = {"since": date(2026, 3, 1), "until": date(2026, 4, 30)}
    found = statistics(both.office.files, AUDITOR, **asked)
    assert [one.country for one in found.countries] == ["CHN", "VNM"]
    china = found.countries[0]
    assert (china.cases, china.requests, china.documents, china.success_rate) == (1, 1, 1, 1.0)
    assert china.mean_days == pytest.approx(30, abs=0.01)
    assert china.answers == {"confirmed": 1}
    assert found.total.cases == 2
    assert statistics(both.office.files, DORA, **asked, with_confidential=True).total.cases == 3
    with pytest.raises(NotAllowed):
        statistics(both.office.files, AUDITOR, **asked, with_confidential=True)
    with pytest.raises(NotAllowed):
        statistics(both.office.files, ANNA, **asked)
    rows = list(csv.DictReader(io.StringIO(csv_text(found))))
    assert [row["country"] for row in rows] == ["all", "CHN", "VNM"]
    assert rows[1]["share_travel_document_issued"] == "1.0000"
    before = statistics(both.office.files, DORA, since=date(2025, 1, 1), until=date(2026, 2, 28))
    assert (before.total.cases, before.total.success_rate) == (0, None)


def test_reasons_carry_their_verdict() -> None:
    same = read_reasons(["ears:similar", "nose:similar", "cheeks:explained"], Opinion.SAME_PERSON)
    assert [str(reason) for reason in same] == ["ears:similar", "nose:similar", "cheeks:explained"]
    assert read_reasons([], Opinion.PHOTO_UNUSABLE) == ()
    for texts, opinion in (
        (["ears:similar"], Opinion.SAME_PERSON),
        (["ears:similar", "nose:similar", "chin:different"], Opinion.SAME_PERSON),
        (["ears:similar"], Opinion.DIFFERENT_PERSON),
        ([], Opinion.INCONCLUSIVE),
        (["ears:similar", "ears:different"], Opinion.DIFFERENT_PERSON),
        (["aura:similar"], Opinion.DIFFERENT_PERSON),
        (["ears"], Opinion.DIFFERENT_PERSON),
    ):
        with pytest.raises(BadField):
            read_reasons(texts, opinion)
    assert len(Feature) == 18
    assert set(Seen) == {"similar", "different", "explained", "not_comparable"}


def test_rights_are_those_of_the_accounts() -> None:
    assert ANNA.may(Right.WORK_CASES)
    assert not AUDITOR.may(Right.WORK_CASES)
