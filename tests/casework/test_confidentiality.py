"""The gate: what another country supplied, documents, notices and figures never meet a confidential case."""

import json
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sqlalchemy import text

from matcher.audit.asking import ALL, Filter, stream
from matcher.audit.entry import Action
from matcher.casework.case import CaseQuery, Protection, case_subject
from matcher.casework.faults import Confidential, NotAllowed, NotNow, Outdated
from matcher.casework.numbers import new_number
from matcher.casework.statuses import Status
from matcher.errors import BadField, NotFound
from matcher.protection import keys
from matcher.protection.master import FILE_VARIABLE, make_key_file
from matcher.records.sqlite import url_in
from matcher.replay import replay
from tests.casework.parts import ANNA, AUDITOR, BORIS, CLAIM, DORA, EMIL, FRIDA, Bureau, bureau, picture

PDF = b"%PDF-1.7 a signed consent"


def _entries(bureau: Bureau) -> str:
    with bureau.database.reading() as connection:
        return "\n".join(line.body for line in stream(connection, ALL))


def _consent(bureau: Bureau, case: int) -> str:
    return bureau.office.confidentiality.record_consent(
        ANNA, case, given_on="2026-02-20", scope="verification", document=PDF, media_type="application/pdf"
    ).id


def test_foreign_galleries_wait_for_two_people_and_own_ones_do_not(both: Bureau) -> None:
    both.register("theirs", 1, 2, 3, is_foreign=True)
    both.register("ours", 1, 2, 3)
    case = both.case(person=1, gallery="theirs")
    both.office.cases.put_to(ANNA, case.number, "ours", country="CHN", basis="own files")
    search = both.desk.searches.search
    with pytest.raises(Confidential, match="two people"):
        search(ANNA, case.number, gallery="theirs")
    assert search(ANNA, case.number, gallery="ours")[0].candidates == 3
    both.lift(case.number)
    found, answer = search(ANNA, case.number, gallery="theirs")
    assert (found.basis, answer.candidates[0].person.person_id) == ("article 3", "p1")
    assert both.now_is(ANNA, case.number).status is Status.SEARCHING
    both.office.confidentiality.protect(
        ANNA, case.number, reason="a letter", version=both.now_is(ANNA, case.number).version
    )
    with pytest.raises(Confidential):
        search(ANNA, case.number, gallery="theirs")


def test_a_gallery_of_which_nothing_is_stated_is_not_searched(there: Bureau) -> None:
    there.enroll("loose", 1)
    case = there.case(person=1, gallery="loose")
    with pytest.raises(NotNow, match="legal basis"):
        there.desk.searches.search(ANNA, case.number, gallery="loose")
    there.register("other", 1)
    with pytest.raises(NotNow, match="not put to"):
        there.desk.searches.search(ANNA, case.number, gallery="other")


def test_a_confidential_case_is_named_nowhere(there: Bureau) -> None:
    case = there.case()
    number, version = case.number, case.version
    with pytest.raises(Confidential):
        there.office.cases.move(ANNA, number, Status.SENT_TO_CONSULATE, reason="x", version=version)
    with pytest.raises(Confidential):
        there.office.cases.note_notice(
            ANNA, number, country="CHN", kind="notification", reference="x", sent_on="2026-02-03"
        )
    there.lift(number)
    there.office.cases.note_notice(
        ANNA, number, country="CHN", kind="notification", reference="x", sent_on="2026-02-03"
    )
    text_ = _entries(there)
    assert case_subject(number) in text_
    assert CLAIM.name not in text_
    assert "岚若明" not in text_.encode().decode("unicode_escape")


def test_a_protected_case_is_lifted_on_a_consent_in_force(both: Bureau) -> None:
    gate, number = both.office.confidentiality, both.case().number

    def version() -> int:
        return both.now_is(ANNA, number).version

    gate.protect(ANNA, number, reason="asylum", version=version())
    with pytest.raises(BadField, match="consent"):
        gate.ask_to_lift(ANNA, number, reason="x", version=version())
    consent = _consent(both, number)
    assert gate.document(ANNA, number, consent) == (PDF, "application/pdf")
    gate.ask_to_lift(ANNA, number, reason="consented", version=version(), consent=consent)
    with pytest.raises(NotNow, match="already"):
        gate.ask_to_lift(DORA, number, reason="again", version=version(), consent=consent)
    gate.agree_to_lift(DORA, number, version=version())
    assert both.now_is(ANNA, number).protection is Protection.NONE
    gate.withdraw_consent(ANNA, number, consent, reason="taken back")
    assert both.now_is(ANNA, number).protection is Protection.PROTECTED
    with pytest.raises(BadField, match="in force"):
        gate.ask_to_lift(ANNA, number, reason="x", version=version(), consent=consent)


def test_a_consent_withdrawn_meanwhile_lifts_nothing(there: Bureau) -> None:
    gate, number = there.office.confidentiality, there.case().number
    consent = _consent(there, number)
    gate.ask_to_lift(ANNA, number, reason="x", version=there.now_is(ANNA, number).version, consent=consent)
    with there.database.writing() as connection:
        connection.execute(text("UPDATE case_consent SET withdrawn_at = 1"))
    with pytest.raises(NotNow, match="withdrawn"):
        gate.agree_to_lift(DORA, number, version=there.now_is(DORA, number).version)


def test_a_refused_request_begins_anew(there: Bureau) -> None:
    gate, number = there.office.confidentiality, there.case().number
    for _ in range(2):
        consent = _consent(there, number)
        version = there.now_is(ANNA, number).version
        gate.ask_to_lift(ANNA, number, reason="x", version=version, consent=consent)
        gate.refuse_to_lift(DORA, number, reason="not so", version=version + 1)
        assert gate.state(ANNA, number).waiting is None
        assert there.now_is(ANNA, number).protection is Protection.PROTECTED


def test_whoever_looks_at_a_case_is_recorded(there: Bureau) -> None:
    case = there.case()
    there.office.cases.get(DORA, case.number)
    there.office.cases.page(EMIL, CaseQuery())
    with pytest.raises(NotFound):
        there.office.cases.get(BORIS, case.number)
    with there.database.reading() as connection:
        found = [json.loads(line.body) for line in stream(connection, Filter(subject=case_subject(case.number)))]
    looked = [(one["action"], one["actor"]) for one in found][-3:]
    assert looked == [("case_viewed", DORA.account), ("case_viewed", EMIL.account), ("refusal", BORIS.account)]


def test_two_officers_at_once_are_told(there: Bureau) -> None:
    case = there.case()
    there.office.cases.move(ANNA, case.number, Status.PENDING_DOCUMENTS, reason="x", version=case.version)
    with pytest.raises(Outdated, match=f"version {case.version} then, {case.version + 1} now"):
        there.office.cases.move(DORA, case.number, Status.CLOSED, reason="x", version=case.version)


def test_who_may_not_see_a_case_finds_nothing_of_it(both: Bureau) -> None:
    case = both.case(person=1)
    other, office = both.case(DORA, person=1), both.office
    nothing: list[Callable[[int], object]] = [
        lambda number: office.cases.get(BORIS, number),
        lambda number: office.cases.photo(BORIS, number, "0" * 64),
        lambda number: office.cases.move(BORIS, number, Status.CLOSED, reason="x", version=1),
        lambda number: office.cases.share(BORIS, number, "account:boris", reason="x"),
        lambda number: office.confidentiality.state(BORIS, number),
        lambda number: office.answers.answers(BORIS, number),
        lambda number: both.desk.searches.searches(BORIS, number),
        lambda number: both.desk.duplicates.look(BORIS, number),
    ]
    for asked in nothing:
        said = []
        for number in (case.number, new_number()):
            with pytest.raises(NotFound) as refusal:
                asked(number)
            said.append(str(refusal.value))
        assert said[0] == said[1]
    assert office.cases.page(BORIS, CaseQuery()).cases == ()
    # Told only to who may see both.
    assert both.desk.duplicates.look(ANNA, case.number) == ()
    assert [one.other for one in both.desk.duplicates.look(DORA, case.number)] == [other.number]
    assert both.desk.duplicates.known(ANNA, case.number) == ()
    with pytest.raises(NotAllowed):
        office.cases.get(AUDITOR, case.number)
    with pytest.raises(NotAllowed):
        office.cases.get(FRIDA, case.number)
    office.cases.share(ANNA, case.number, BORIS.account, reason="second review")
    assert office.cases.get(BORIS, case.number).case.number == case.number
    assert office.cases.get(EMIL, case.number).case.number == case.number


@pytest.mark.long
def test_asking_for_a_case_takes_as_long_whether_or_not_it_is_there(there: Bureau) -> None:
    """Interleaved and in random order; a difference of a tenth of the median would be found nearly always."""
    hidden = [there.case().number for _ in range(8)]
    rng = np.random.default_rng(5)

    def timed(number: int) -> float:
        # Processor time of this thread: what others do on this machine is not in it.
        started = time.thread_time_ns()
        with pytest.raises(NotFound):
            there.office.cases.get(BORIS, number)
        return time.thread_time_ns() - started

    def sample() -> tuple[list[float], list[float]]:
        protected: list[float] = []
        missing: list[float] = []
        for _ in range(300):
            order = [(hidden[int(rng.integers(len(hidden)))], protected), (new_number(), missing)]
            for number, times in order if rng.random() < 0.5 else reversed(order):
                times.append(timed(number))
        return protected, missing

    sample()
    # Chance alone fails one sample in a hundred; a real difference fails all three.
    found = [sample() for _ in range(3)]
    chances = [mannwhitneyu(protected, missing).pvalue for protected, missing in found]
    assert max(chances) > 0.01, chances
    protected, missing = (list(chain(*times)) for times in zip(*found, strict=True))
    assert abs(median(protected) / median(missing) - 1) < 0.1


def test_the_timing_test_would_find_a_shortcut() -> None:
    rng = np.random.default_rng(1)
    slow, quick = rng.gamma(20, 1.1, 300), rng.gamma(20, 1.0, 300)
    assert mannwhitneyu(slow, quick).pvalue < 0.01


def test_claims_photos_and_consents_are_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "key"))
    key = make_key_file(tmp_path / "key")
    home = tmp_path / "home"
    with bureau(url_in(home)) as opened:
        case = opened.case(person=1)
        consent = _consent(opened, case.number)
        assert CLAIM.name.encode() in b"".join(path.read_bytes() for path in home.iterdir())
        keys.begin(opened.database, key)
        keys.encrypt(opened.database)
        opened.photo(ANNA, case.number, 2)
        record = opened.office.cases.get(ANNA, case.number)
        assert record.case.claim == CLAIM
        assert len(record.photos) == 2
        assert opened.office.confidentiality.document(ANNA, case.number, consent)[0] == PDF
        assert len(opened.desk.duplicates.look(ANNA, case.number)) == 0
        with opened.database.reading() as connection:
            for table, column in (
                ("case_photo_content", "content"),
                ("case_template", "vector"),
                ("case_consent", "document"),
            ):
                rows = connection.execute(text(f"SELECT {column} FROM {table}")).scalars().all()
                assert rows
                assert all(bytes(row).startswith(b"\xc5MSEAL") for row in rows)


def test_a_search_is_made_again_with_the_photo_of_its_case_unless_that_was_protected_since(both: Bureau) -> None:
    both.register("theirs", 1, 2, 3, is_foreign=True)
    case = both.case(person=1, gallery="theirs")
    both.lift(case.number)
    both.desk.searches.search(ANNA, case.number, gallery="theirs")
    with both.database.reading() as connection:
        entries = [json.loads(line.body) for line in stream(connection, Filter(action=Action.SEARCH))]
    first, of_case = entries
    again = replay(both.matcher, first["sequence"])
    assert (again.same, again.changed, again.differs) == (True, (), ())
    with pytest.raises(BadField, match="entry before it"):
        replay(both.matcher, of_case["sequence"])
    both.enroll("theirs", 4)
    later = replay(both.matcher, first["sequence"])
    assert not later.same
    assert later.is_explained
    assert "the number of people searched was 3, is 4" in later.changed
    both.office.confidentiality.protect(
        ANNA, case.number, reason="a letter", version=both.now_is(ANNA, case.number).version
    )
    for photo in (b"", picture(1, 9)):
        with pytest.raises(Confidential, match="can't be made again"):
            replay(both.matcher, first["sequence"], photo=photo)
