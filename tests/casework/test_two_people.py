"""What takes two people takes two different ones, whatever is said to the database itself."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from matcher.accounts.passwords import Passwords
from matcher.accounts.register import Register
from matcher.accounts.roles import Role
from matcher.casework.case import Protection
from matcher.casework.decisions import Stage
from matcher.casework.faults import NotAllowed, NotNow
from matcher.casework.galleries import GalleryKind
from matcher.casework.officer import Officer
from matcher.casework.statuses import Status
from matcher.errors import NotFound, RecordsError
from matcher.records import case_searches, migrating
from matcher.records.copying import without_rules
from matcher.records.database import Database
from matcher.records.sqlite import url_in
from tests.casework.parts import ANNA, BORIS, DORA, EMIL, FRIDA, GUSTAV, Bureau
from tests.postgresql import Server


def _refused(bureau: Bureau, statement: str, **values: object) -> None:
    """The database refuses this, said to it directly."""
    with pytest.raises(RecordsError, match="a rule of the database"), bureau.database.writing() as connection:
        connection.execute(text(statement), values)


def _spellings(bureau: Bureau, name: str) -> list[object]:
    """Texts that look like this account's name, or mean it, and are other texts."""
    account = f"account:{name}"
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in name)
    blanks = ("\t", "\n", " ", "\u00a0", "\u2003", "\u200b", "\u00ad", "\ufeff")
    found: list[object] = [account, account.upper(), f"account:{name.upper()}", f"account:{wide}", f"Account:{name}",
                           f"account:{name}\u0301", f"account:{name.replace('a', chr(0x430))}?", name]  # fmt: skip
    found += [f"{account}{blank}" for blank in blanks] + [f"{blank}{account}" for blank in blanks]
    # What only SQLite can hold in a column of text: bytes, and a text that goes on behind its end.
    return [*found, account.encode(), f"{account}\0"] if bureau.database.engine.dialect.name == "sqlite" else found


def _nobody(bureau: Bureau) -> list[object]:
    """What is nobody's name."""
    found: list[object] = ["", " ", "\t", "\u00a0", "account:", "account: ", "account:\t", "os:", "os: ", "boris",
                           "http:127.0.0.1"]  # fmt: skip
    return [*found, b""] if bureau.database.engine.dialect.name == "sqlite" else found


def _searched(bureau: Bureau, *people: int) -> tuple[int, int]:
    """A case of person 1 that was searched in a register of these people; its number and the search's."""
    bureau.register("own", *people)
    case = bureau.case(person=1, gallery="own")
    bureau.lift(case.number)
    search, _ = bureau.desk.searches.search(ANNA, case.number, gallery="own")
    return case.number, search.number


def _stage(bureau: Bureau, search: int) -> Stage:
    with bureau.database.reading() as connection:
        return case_searches.search(connection, search).stage


def test_two_reviewers_identify(both: Bureau) -> None:
    case, search = _searched(both, 1, 2, 3)
    both.review(ANNA, search, 1)
    assert _stage(both, search) is Stage.SECOND
    assert both.office.reviews.identifications(ANNA, case) == ()
    with pytest.raises(NotAllowed, match="another person"):
        both.office.reviews.begin(ANNA, search)
    both.review(BORIS, search, 1)
    (found,) = both.office.reviews.identifications(ANNA, case)
    assert found.key == ("own", "p1")
    assert (found.first_reviewer, found.second_reviewer) == (ANNA.account, BORIS.account)
    assert _stage(both, search) is Stage.SETTLED


def test_one_person_cannot_confirm_in_sql(both: Bureau) -> None:
    case, search = _searched(both, 1, 2, 3)
    number = both.review(ANNA, search, 1)
    with both.database.reading() as connection:
        candidate = next(one.number for one in case_searches.candidates(connection, search) if one.key == ("own", "p1"))
    insert = (
        "INSERT INTO case_identification (id, case_id, search_id, candidate_id, first_review, first_reviewer, "
        "second_review, second_reviewer, at) VALUES (5, :case, :search, :candidate, :first, :one, :second, :other, 0)"
    )
    said = {"case": case, "search": search, "candidate": candidate, "first": number, "one": ANNA.account}
    _refused(both, insert, **said, second=number, other=ANNA.account)
    _refused(both, insert, **said, second=number, other=BORIS.account)
    for name in (*_spellings(both, "anna"), *_nobody(both)):
        _refused(both, insert, **said, second=number, other=name)
    _refused(both, "UPDATE case_file SET status = 'confirmed' WHERE id = :case", case=case)
    _refused(both, "UPDATE case_file SET status = 'travel_document_issued' WHERE id = :case", case=case)
    _refused(both, "UPDATE case_review SET reviewer = 'account:boris' WHERE id = :number", number=number)
    _refused(both, "UPDATE case_verdict SET verdict = 'same_person'")
    # A second review by another one that is not closed, or found something else, does not do either.
    other = both.review(BORIS, search, 2, close=False)
    _refused(both, insert, **said, second=other, other=BORIS.account)
    both.office.reviews.reveal(BORIS, other)
    both.office.reviews.close(BORIS, other)
    _refused(both, insert, **said, second=other, other=BORIS.account)
    # Nor does a review in which the same person sits twice.
    again = "INSERT INTO case_review (id, search_id, round, reviewer, seed, state, begun_at) VALUES (9, :s, 3, :r, 1, 'blind', 0)"  # noqa: E501
    for name in (*_spellings(both, "anna"), *_nobody(both)):
        _refused(both, again, s=search, r=name)
    with pytest.raises(NotNow, match="two reviewers"):
        _lead(both, case, Status.SENT_TO_CONSULATE, Status.CONFIRMED)


def _lead(bureau: Bureau, case: int, *statuses: Status) -> None:
    for status in statuses:
        version = bureau.now_is(DORA, case).version
        bureau.office.cases.move(DORA, case, status, reason="as said", version=version)


def test_a_supervisor_settles_what_two_see_differently(both: Bureau) -> None:
    case, search = _searched(both, 1, 2, 3)
    both.review(ANNA, search, 1)
    both.review(BORIS, search, 2)
    assert _stage(both, search) is Stage.SUPERVISOR
    assert search not in [one.number for one in both.office.reviews.waiting(BORIS)]
    with pytest.raises(NotAllowed):
        both.office.reviews.begin(Officer("account:zoe", BORIS.rights), search)
    assert [one.number for one in both.office.reviews.waiting(EMIL)] == [search]
    with pytest.raises(NotNow, match="not settled"):
        both.office.reviews.of_settled(DORA, search)
    both.review(EMIL, search, 1)
    settled = both.office.reviews.of_settled(DORA, search)
    assert [review.reviewer for review, _ in settled] == [ANNA.account, BORIS.account, EMIL.account]
    assert all(len(verdicts) == 3 for _, verdicts in settled)
    with pytest.raises(NotAllowed):
        both.office.reviews.of_settled(ANNA, search)
    (found,) = both.office.reviews.identifications(ANNA, case)
    assert (found.key[1], found.first_reviewer, found.second_reviewer) == ("p1", ANNA.account, EMIL.account)


def test_what_a_supervisor_alone_sees_identifies_nobody(there: Bureau) -> None:
    case, search = _searched(there, 1, 2, 3)
    there.review(ANNA, search, 1)
    there.review(BORIS, search, 2)
    there.review(EMIL, search, 3)
    assert there.office.reviews.identifications(ANNA, case) == ()
    assert _stage(there, search) is Stage.SETTLED


def test_nobody_needs_no_second_reviewer_unless_chosen_for_one(there: Bureau) -> None:
    _, search = _searched(there, 2, 3)
    for second_look, stage in ((0, Stage.SETTLED), (1, Stage.SECOND)):
        with there.database.writing() as connection:
            connection.execute(text("DELETE FROM case_verdict"))
            connection.execute(text("DELETE FROM case_opened"))
            connection.execute(text("DELETE FROM case_review"))
            connection.execute(text("UPDATE case_search SET stage = 'first', second_look = :n"), {"n": second_look})
        there.review(ANNA, search)
        assert _stage(there, search) is stage


def test_protection_is_lifted_by_two_people(both: Bureau) -> None:
    gate, case = both.office.confidentiality, both.case(DORA)
    _refused(both, "UPDATE case_file SET protection = 'none' WHERE id = :case", case=case.number)
    _refused(both, "UPDATE case_file SET protection = 'none', epoch = epoch + 1 WHERE id = :case", case=case.number)
    gate.ask_to_lift(DORA, case.number, reason="nothing on file", version=case.version)
    waiting = gate.state(DORA, case.number).waiting
    assert waiting is not None
    assert waiting.asked_by == DORA.account
    with pytest.raises(NotAllowed, match="another person"):
        gate.agree_to_lift(DORA, case.number, version=case.version + 1)
    for who in (*_spellings(both, "dora"), *_nobody(both)):
        _refused(both, "UPDATE case_lift SET agreed_by = :who WHERE case_id = :case", who=who, case=case.number)
    _refused(both, "UPDATE case_lift SET asked_by = 'account:x', agreed_by = :who", who=DORA.account)
    _refused(both, "UPDATE case_file SET protection = 'none', epoch = epoch + 1 WHERE id = :case", case=case.number)
    gate.agree_to_lift(EMIL, case.number, version=case.version + 1)
    assert both.now_is(DORA, case.number).protection is Protection.NONE
    # One person protects it again, and what was agreed to before lifts nothing.
    gate.protect(ANNA, case.number, reason="a letter came", version=case.version + 2)
    _refused(both, "UPDATE case_file SET protection = 'none', epoch = epoch + 1 WHERE id = :case", case=case.number)


def test_a_case_begins_neither_lifted_nor_confirmed(both: Bureau) -> None:
    insert = (
        "INSERT INTO case_file (id, country, claim, status, status_at, protection, epoch, custody_date, deadline, "
        "assignee, opened_by, opened_at, version) "
        "SELECT 77, country, claim, :status, 0, :protection, 0, '', '', '', 'x', 0, 1 FROM case_file WHERE id = 0"
    )
    _refused(both, insert, status="open", protection="none")
    _refused(both, insert, status="confirmed", protection="unknown")


def test_watch_lists_are_released_by_two_administrators(both: Bureau) -> None:
    both.enroll("list", 1, 2, 3)
    galleries = both.office.galleries
    galleries.state(
        FRIDA, "list", kind=GalleryKind.WATCH_LIST, supplier="police", country="RUS", is_foreign=True, legal_basis="-"
    )
    assert galleries.standing("list").terms.state == "held"
    _refused(both, "UPDATE gallery_terms SET state = 'open'")
    _refused(both, "UPDATE gallery_terms SET kind = 'register', state = 'open'")
    _refused(both, "UPDATE gallery_terms SET state = 'released'")
    _refused(both, "DELETE FROM gallery_terms")
    if both.database.engine.dialect.name == "sqlite":
        # REPLACE goes round the rules of UPDATE and DELETE; that of INSERT sees it.
        _refused(both, "INSERT OR REPLACE INTO gallery_terms SELECT gallery_id, 'register', supplier, country, "
                 "is_foreign, legal_basis, 'open', '', epoch, stated_by, stated_at FROM gallery_terms")  # fmt: skip
    galleries.ask_to_release(FRIDA, "list", basis="order 12")
    with pytest.raises(NotAllowed):
        galleries.agree_to_release(FRIDA, "list")
    for who in (*_spellings(both, "frida"), *_nobody(both)):
        _refused(both, "UPDATE gallery_release SET agreed_by = :who", who=who)
    _refused(both, "UPDATE gallery_terms SET state = 'released'")
    with pytest.raises(NotAllowed):
        galleries.agree_to_release(DORA, "list")
    galleries.agree_to_release(GUSTAV, "list")
    assert galleries.standing("list").terms.state == "released"


def test_an_answer_is_checked_by_another_person(both: Bureau) -> None:
    case = both.case(DORA)
    row = "INSERT INTO case_answer (id, case_id, kind, country, reason, reference, received_on, recorded_by, recorded_at, checked_by, checked_at) VALUES (3, :case, 'confirmed', 'CHN', '', '', '', 'account:anna', 0, :by, 0)"  # noqa: E501
    _refused(both, row, case=case.number, by=ANNA.account)
    _refused(both, row, case=case.number, by=BORIS.account)
    with both.database.writing() as connection:
        connection.execute(text(row.replace(":by", "NULL")), {"case": case.number})
    for name in (*_spellings(both, "anna"), *_nobody(both)):
        _refused(both, "UPDATE case_answer SET checked_by = :who", who=name)
    _refused(both, "UPDATE case_answer SET recorded_by = 'account:z', checked_by = 'account:anna'")
    _refused(both, "UPDATE case_file SET status = 'confirmed' WHERE id = :case", case=case.number)


def test_programs_decide_nothing(there: Bureau) -> None:
    _, search = _searched(there, 1)
    program = Officer(BORIS.account, BORIS.rights, is_program=True, audit_name=f"{BORIS.account}/token:x")
    with pytest.raises(NotAllowed, match="person"):
        there.office.reviews.begin(program, search)
    with pytest.raises(NotFound):
        there.office.reviews.view(BORIS, 12345)


def test_once_there_are_accounts_two_people_are_two_of_them(both: Bureau) -> None:
    case = both.case(DORA)
    both.office.confidentiality.ask_to_lift(DORA, case.number, reason="nothing on file", version=case.version)
    register = Register(both.database, Passwords(memory_kib=1024))
    for name in ("dora", "emil"):
        register.add(name, frozenset({Role.SUPERVISOR}), "correct horse battery")
    for who in ("os:dora", "os:emil", "account:nobody"):
        _refused(both, "UPDATE case_lift SET agreed_by = :who", who=who)
    both.office.confidentiality.agree_to_lift(EMIL, case.number, version=case.version + 1)
    assert both.now_is(DORA, case.number).protection is Protection.NONE


def test_what_was_forged_before_the_rule_lifts_nothing(both: Bureau) -> None:
    """Rows that are there survive; only names that pass count as two people."""
    case = both.case(DORA)
    both.office.confidentiality.ask_to_lift(DORA, case.number, reason="nothing on file", version=case.version)
    with both.database.writing() as connection, without_rules(connection):
        connection.execute(text("UPDATE case_lift SET agreed_by = ''"))
    _refused(both, "UPDATE case_file SET protection = 'none', epoch = epoch + 1 WHERE id = :case", case=case.number)
    with both.database.reading() as connection:
        assert connection.execute(text("SELECT agreed_by FROM case_lift")).scalars().all() == [""]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rows_of_before_survive_the_rule(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if kind == "sqlite":
        url = url_in(tmp_path)
    else:
        server: Server = request.getfixturevalue("server")
        url = server.url(server.new_database())
    names = ("os:anna müller", "", "ACCOUNT:dora")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrating, "LATEST", "0016")
        with closing(Database.open(url)) as database, database.writing() as connection:
            for epoch, name in enumerate(names):
                asked = "INSERT INTO case_lift (case_id, epoch, before, reason, asked_by, asked_at) VALUES (0, :epoch, 'unknown', 'r', :name, 5)"  # noqa: E501
                connection.execute(text(asked), {"epoch": epoch, "name": name})
            connection.execute(text("UPDATE case_lift SET agreed_by = 'x', agreed_at = 6"))
    with closing(Database.open(url)) as database, database.reading() as connection:
        assert migrating.version(connection) == migrating.LATEST
        kept = connection.execute(text("SELECT asked_by, agreed_by FROM case_lift ORDER BY epoch")).all()
    assert [tuple(row) for row in kept] == [(name, "x") for name in names]
