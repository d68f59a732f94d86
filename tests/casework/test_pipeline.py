"""What charts are drawn of: where cases stand, deadlines, months, processing days, false alarms; who is told what."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from matcher.audit.asking import ALL as EVERY_ENTRY
from matcher.audit.asking import page
from matcher.casework.alarms import alarms
from matcher.casework.controls import control_results
from matcher.casework.faults import NotAllowed
from matcher.casework.pipeline import by_days, by_month, pipeline
from matcher.casework.statistics import Counted, statistics
from matcher.casework.statuses import Status
from matcher.errors import BadField
from matcher.records import case_tables as tables
from matcher.records.case_counts import Opened, Sent
from tests.casework.parts import ANNA, AUDITOR, BORIS, CLAIM, DORA, FRIDA, Bureau

PERIOD = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}


def with_deadline(bureau: Bureau, days: int) -> int:
    """A case of Anna's with so many days left."""
    custody = (bureau.office.files.today + timedelta(days=days - 180)).isoformat()
    return bureau.office.cases.open(ANNA, country="CHN", claim=CLAIM, custody_date=custody).number


def test_deadlines_fall_into_their_rooms(both: Bureau) -> None:
    for days in (-20, -1, 0, 7, 8, 30, 31, 90, 91, 180):
        with_deadline(both, days)
    both.office.cases.open(ANNA, country="CHN", claim=CLAIM)
    ended = with_deadline(both, 3)
    both.office.cases.move(ANNA, ended, Status.CLOSED, reason="over", version=both.now_is(ANNA, ended).version)
    found = pipeline(both.office.files, DORA, **PERIOD, with_confidential=True)
    assert found.due == (2, 2, 2, 2, 2, 1)
    assert (found.statuses[Status.OPEN], found.statuses[Status.CLOSED], found.cases) == (11, 1, 12)


def test_everybody_is_told_of_the_cases_that_they_may_know_of(both: Bureau) -> None:
    mine, lifted, others = both.case(ANNA), both.case(ANNA, country="VNM"), both.case(BORIS)
    both.lift(lifted.number)
    asked = {"files": both.office.files, **PERIOD}
    assert pipeline(who=ANNA, **asked).cases == 2
    assert pipeline(who=ANNA, **asked).of_account
    assert pipeline(who=BORIS, **asked).cases == 2
    assert pipeline(who=BORIS, **asked, country="CHN").cases == 1
    for who in (AUDITOR, FRIDA, DORA):
        found = pipeline(who=who, **asked)
        assert (found.cases, found.of_account) == (1, False)
        assert pipeline(who=who, **asked, country="CHN").cases == 0
    assert pipeline(who=DORA, **asked, with_confidential=True).cases == 3
    for who in (ANNA, AUDITOR):
        with pytest.raises(NotAllowed):
            pipeline(who=who, **asked, with_confidential=True)
    with pytest.raises(BadField):
        pipeline(both.office.files, DORA, since=date(2026, 2, 1), until=date(2026, 1, 1))
    both.office.cases.share(ANNA, mine.number, BORIS.account, reason="a review")
    assert pipeline(who=BORIS, **asked).cases == 3
    assert others.is_confidential
    with both.database.reading() as connection:
        told = json.loads(page(connection, EVERY_ENTRY, before=None, limit=1)[0].body)
    assert (told["action"], told["actor"], told["details"]["what"]) == ("export", BORIS.account, "pipeline")


def test_no_difference_of_numbers_tells_an_officer_a_control_case(both: Bureau) -> None:
    real, control = both.case(ANNA), both.case(ANNA)
    with both.database.writing() as connection:
        row = {"case_id": control.number, "person_id": "", "made_by": DORA.account, "made_at": 1}
        connection.execute(insert(tables.case_control), row)
    assert real.number != control.number
    assert pipeline(both.office.files, ANNA, **PERIOD).cases == 2
    assert pipeline(both.office.files, DORA, **PERIOD, with_confidential=True).cases == 1


def test_months_without_a_case_are_there_and_days_fall_into_their_rooms() -> None:
    opened = [Opened("CHN", 20_454, 3), Opened("VNM", 20_460, 1), Opened("CHN", 20_520, 2)]
    sent = [Sent("CHN", 20_454, 7.9), Sent("CHN", 20_454, 8.0), Sent("CHN", 20_520, None), Sent("VNM", 20_460, 400)]
    found = by_month(Counted([], opened, sent, []))
    assert [(one.month, one.cases, one.requests, one.documents) for one in found] == [
        ("2026-01", 4, 3, 3), ("2026-02", 0, 0, 0), ("2026-03", 2, 1, 0),
    ]  # fmt: skip
    assert [one.success_rate for one in found] == [1.0, None, 0.0]
    assert by_days(Counted([], opened, sent, [])) == (1, 1, 0, 0, 0, 0, 1)
    assert by_month(Counted([], [], [], [])) == ()


def test_a_second_sending_does_not_shorten_the_days(both: Bureau) -> None:
    case = both.case(ANNA)
    both.lift(case.number)
    for _ in range(2):
        for status in (Status.SENT_TO_CONSULATE, Status.UNDER_REVIEW):
            version = both.now_is(ANNA, case.number).version
            both.office.cases.move(ANNA, case.number, status, reason="asked", version=version)
        both.clock.now += timedelta(days=10)
    found = statistics(both.office.files, DORA, **PERIOD)
    assert (found.total.requests, found.total.documents, len(found.counted.sent)) == (1, 0, 1)


def test_false_alarms_are_counted_where_nobody_was_found(both: Bureau) -> None:
    both.register("main", 1, 2)
    for place, alarm in enumerate((0.5, 0.05, 0.0005, None)):
        case = both.case(ANNA, person=20 + place, gallery="main")
        search, _ = both.desk.searches.search(ANNA, case.number, gallery="main")
        both.review(ANNA, search.number)
        if search.second_look:
            both.review(DORA, search.number)
        with both.database.writing() as connection:
            one = tables.case_candidate
            scores = {"false_alarm_probability": alarm}
            here = (one.c.search_id == search.number) & (one.c.rank == 1)
            connection.execute(one.update().where(here).values(scores=json.dumps(scores)))
    found = alarms(both.office.files, DORA, **PERIOD, with_confidential=True, target=0.05)
    assert (found.gallery, found.galleries, found.nobody, found.calibrated) == ("main", ("main",), 4, 3)
    assert [(one.level, one.alarms) for one in found.levels] == [
        (0.3, 2), (0.1, 2), (0.05, 2), (0.03, 1), (0.01, 1), (0.003, 1), (0.001, 1),
    ]  # fmt: skip
    strictest = found.levels[-1]
    assert strictest.rate == pytest.approx(1 / 3)
    assert not strictest.agrees
    assert alarms(both.office.files, AUDITOR, **PERIOD).nobody == 0
    with pytest.raises(NotAllowed):
        alarms(both.office.files, ANNA, **PERIOD)


def test_control_results_are_for_supervisors(both: Bureau) -> None:
    assert control_results(both.office.files, DORA) == ()
    for who in (ANNA, AUDITOR, FRIDA):
        with pytest.raises(NotAllowed):
            control_results(both.office.files, who)
