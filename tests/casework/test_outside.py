"""Searches outside any case: a confidential case's photo meets the operator's own galleries only, whoever asks how."""

import io

import pytest
from PIL import Image
from sqlalchemy import text

from matcher.accounts.roles import RIGHTS, WITHOUT_ACCOUNTS, Right, Role
from matcher.among import Among
from matcher.casework.faults import NotAllowed
from matcher.identification import Outcome
from matcher.outside import IN_A_CASE, must_be_own
from tests.casework.parts import ANNA, DORA, Bureau, picture


def _entries(bureau: Bureau, action: str) -> int:
    query = text("SELECT count(*) FROM audit_entry WHERE action = :action")
    with bureau.database.reading() as connection:
        return int(connection.execute(query, {"action": action}).scalar_one())


def _asked(bureau: Bureau, photo: bytes, gallery: str | None) -> tuple[Outcome, str, int]:
    found = bureau.matcher.identify(photo, among=Among(gallery=gallery))
    return found.outcome, found.code, len(found.candidates)


def test_a_protected_cases_photo_is_not_searched_with_elsewhere(both: Bureau) -> None:
    both.register("theirs", 1, 2, is_foreign=True)
    both.register("ours", 1, 2)
    both.enroll("loose", 1, 2)
    case = both.case(person=1, gallery="theirs")
    photo, kept_back = picture(1, 9), (Outcome.PHOTO_UNUSABLE, IN_A_CASE, 0)
    before, searches = _entries(both, "refusal"), _entries(both, "search")
    for number, gallery in enumerate(("theirs", "loose", None), start=1):
        assert _asked(both, photo, gallery) == kept_back
        assert _entries(both, "refusal") == before + number
    assert _entries(both, "search") == searches
    said = both.matcher.identify(photo, among=Among(gallery="theirs")).reason
    assert case.id not in said
    assert "protect" not in said
    assert _asked(both, photo, "ours") == (Outcome.CANDIDATES, "", 2)
    assert _asked(both, picture(1, 8), "theirs") == (Outcome.CANDIDATES, "", 2)
    # What is searched together with it is answered as ever, in its place.
    batch = [both.matcher.prepare(one) for one in (picture(2, 3), photo, picture(1, 8))]
    found = both.matcher.identify_many(batch, among=Among(gallery="theirs"))
    assert [(one.code, len(one.candidates)) for one in found] == [("", 2), (IN_A_CASE, 0), ("", 2)]
    assert [one.photo_sha256 for one in found] == [one.sha256 for one in batch]
    both.lift(case.number)
    assert _asked(both, photo, "theirs") == (Outcome.CANDIDATES, "", 2)
    version = both.now_is(DORA, case.number).version
    both.office.confidentiality.protect(ANNA, case.number, reason="a letter came", version=version)
    assert _asked(both, photo, "theirs") == kept_back


def test_a_photo_that_was_saved_anew_is_another_photo(there: Bureau) -> None:
    """Which is why searching there is a right apart."""
    there.register("theirs", 1, 2, is_foreign=True)
    there.case(person=1)
    stream = io.BytesIO()
    with Image.open(io.BytesIO(picture(1, 9))) as one:
        one.save(stream, "BMP")
    assert _asked(there, stream.getvalue(), "theirs")[0] is Outcome.CANDIDATES


@pytest.mark.parametrize("role", Role)
def test_who_may_search_foreign_galleries_outside_cases(there: Bureau, role: Role) -> None:
    there.register("theirs", 1, is_foreign=True)
    there.register("ours", 1)
    may = role is Role.SUPERVISOR
    assert (Right.SEARCH_FOREIGN in RIGHTS[role]) is may
    with there.database.reading() as connection:
        must_be_own(connection, RIGHTS[role], "ours")
        for gallery in ("theirs", None):
            if may:
                must_be_own(connection, RIGHTS[role], gallery)
                continue
            with pytest.raises(NotAllowed, match="stated to be your own"):
                must_be_own(connection, RIGHTS[role], gallery)
        must_be_own(connection, WITHOUT_ACCOUNTS, None)
