"""Everything about a case's person, for that person: whole, at their own request, and nothing of anybody else."""

import io
import json
import zipfile
from typing import Any

import pytest

from matcher.accounts.roles import Right
from matcher.casework.faults import Confidential, NotAllowed
from matcher.casework.officer import Officer
from matcher.casework.own_data import own_data
from matcher.errors import BadField, NotFound
from matcher.records import case_searches
from tests.casework.parts import ANNA, BORIS, CLAIM, DORA, FRIDA, Bureau, picture


def unpacked(content: bytes) -> tuple[dict[str, bytes], dict[str, Any], list[dict[str, Any]]]:
    """The files by name, the case's facts, the audit's entries."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return files, json.loads(files["case.json"]), [json.loads(line) for line in files["audit.jsonl"].splitlines()]


def test_a_confidential_case_is_given_at_its_persons_own_request(both: Bureau) -> None:
    case, other = both.case(person=1), both.case(person=2)
    gate, files = both.office.confidentiality, both.office.files
    with pytest.raises(Confidential, match="their own written request"):
        own_data(files, DORA, case.number)
    given = {"given_on": "2026-02-20", "scope": "all that is kept about me", "media_type": "application/pdf"}
    consent = gate.record_consent(ANNA, case.number, document=b"%PDF-1.7 mine", **given)  # type: ignore[arg-type]
    content = own_data(files, DORA, case.number, consent=consent.id)
    found, facts, entries = unpacked(content)
    assert facts["claim"]["native_name"] == CLAIM.native_name
    assert (facts["case"], facts["protection"], facts["deadline"]) == (case.id, "unknown", case.deadline)
    assert {"opened", "consent recorded"} <= {event["kind"] for event in facts["events"]}
    (photo,) = (name for name in found if name.startswith("photos/"))
    assert found[photo] == picture(1, 9)
    assert found[f"consents/{consent.id}.pdf"] == b"%PDF-1.7 mine"
    (template,) = json.loads(found["templates.json"])
    assert (len(template["vector"]), photo) == (16, f"photos/{template['photo']}.png")
    assert all(entry["subjects"] == [f"case:{case.id}"] for entry in entries)
    assert other.id not in content.decode("latin-1")
    _, _, entries = unpacked(own_data(files, DORA, case.number, consent=consent.id))
    export = next(entry for entry in entries if entry["action"] == "export")
    assert (export["actor"], export["details"]) == (DORA.account, {"what": "case", "consent": consent.id})
    with pytest.raises(BadField, match="no consent of that number"):
        own_data(files, DORA, other.number, consent=consent.id)
    gate.withdraw_consent(ANNA, case.number, consent.id, reason="taken back")
    with pytest.raises(BadField, match="no consent of that number"):
        own_data(files, DORA, case.number, consent=consent.id)


def test_whom_a_search_found_and_what_reviewers_think_is_left_out(there: Bureau) -> None:
    there.register("own", 1, 2, 3)
    case = there.case(person=1, gallery="own")
    search, _ = there.desk.searches.search(ANNA, case.number, gallery="own")
    there.review(ANNA, search.number, 1)
    there.lift(case.number)
    _, facts, entries = unpacked(own_data(there.office.files, DORA, case.number))
    with there.database.reading() as connection:
        listed = case_searches.candidates(connection, search.number)
    assert [one["candidates"] for one in facts["searches"]] == [len(listed)]
    # The second reviewer, who may be this supervisor, must not learn of the first verdict here.
    assert facts["identifications"] == []
    assert {"decision", "search"} <= {entry["action"] for entry in entries}
    assert all(entry["details"] == {} for entry in entries if entry["action"] in ("decision", "search"))
    text = json.dumps([facts, entries])
    assert not any(f"person:own/p{person}" in text for person in (1, 2, 3))
    there.review(BORIS, search.number, 1)
    _, facts, _ = unpacked(own_data(there.office.files, DORA, case.number))
    assert [one["person_id"] for one in facts["identifications"]] == ["p1"]


def test_officers_programs_and_administrators_get_nothing(there: Bureau) -> None:
    case = there.case(person=1)
    program = Officer(DORA.account, DORA.rights, is_program=True)
    for who in (ANNA, program):
        with pytest.raises(NotAllowed):
            own_data(there.office.files, who, case.number)
    with pytest.raises(NotAllowed):
        own_data(there.office.files, FRIDA, case.number)
    with pytest.raises(NotFound):
        own_data(there.office.files, BORIS, case.number)
    with pytest.raises(NotFound):
        own_data(there.office.files, DORA, 1)
    assert not BORIS.may(Right.SUPERVISE_CASES)
