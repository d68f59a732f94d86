"""The audit over HTTP, as auditors use it: entries page by page, a case followed, the chain verified and signed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from matcher.accounts.roles import Role
from matcher.audit import signing
from matcher.audit.verifying import verify_lines
from matcher.casework.case import case_id
from matcher.casework.numbers import new_number
from matcher.drawn import photo_bytes
from tests.api.attacks.parts import Served, guarded
from tests.api.serving import enroll, identify
from tests.audit.parts import drop_triggers


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    """A service with two cases of an officer and a key that signs."""
    home = tmp_path_factory.mktemp("inspected")
    (home / "networks").symlink_to(networks)
    with guarded(home, rate_per_minute=0) as served:
        signing.make_key(home / signing.KEY_NAME)
        yield served


@pytest.fixture
def auditor(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, headers=served.of_role(Role.AUDITOR), timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def cases(served: Served) -> list[str]:
    """Two cases, each opened and looked at once."""
    headers = served.of_role(Role.OFFICER)
    with httpx.Client(base_url=served.address, headers=headers, timeout=60) as client:
        made = [client.post("/v1/cases", json={"country": "CHN"}).json()["id"] for _ in range(2)]
        assert all(client.get(f"/v1/cases/{case}").status_code == 200 for case in made)
    return made


def everything(client: httpx.Client, **asked: str | int) -> list[dict[str, Any]]:
    """All entries that are wanted, taken three at a time."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, int] = {}
    while True:
        answer = client.get("/v1/audit", params={**asked, "limit": 3, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["entries"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def test_entries_are_found_by_what_by_whom_and_when(auditor: httpx.Client, cases: list[str]) -> None:
    opened = everything(auditor, action="case_changed")
    assert {one["subjects"][0] for one in opened} == {f"case:{case}" for case in cases}
    by_officer = everything(auditor, account="officer")
    assert {one["action"] for one in by_officer} == {"case_changed", "case_viewed"}
    # The account's programs count; another account whose name begins alike does not.
    assert all(one["actor"].startswith("account:officer/token:") for one in by_officer)
    assert everything(auditor, account="office") == []
    assert everything(auditor, actor="account:officer") == []
    assert everything(auditor, actor=by_officer[0]["actor"]) == by_officer
    since = opened[0]["at"]
    late = everything(auditor, action="case_changed", since=since)
    early = everything(auditor, action="case_changed", until=since)
    assert (late, early) == (opened[:1], opened[1:])
    assert everything(auditor, action="case_changed", order="oldest") == opened[::-1]


def test_pages_leave_nobody_out_while_more_is_written(auditor: httpx.Client) -> None:
    # Each page that is asked for leaves an entry of its own.
    before = auditor.get("/v1/audit", params={"limit": 1}).json()["entries"][0]["sequence"]
    found = [one["sequence"] for one in everything(auditor)]
    assert found == list(range(found[0], 0, -1))
    assert found[0] == before + 1


def test_a_case_is_followed_from_its_opening_on(auditor: httpx.Client, cases: list[str]) -> None:
    trail = auditor.get(f"/v1/audit/cases/{cases[0]}", params={"limit": 2}).json()
    assert [one["action"] for one in trail["entries"]] == ["case_changed", "case_viewed"]
    assert trail["entries"][0]["details"]["what"] == "opened"
    # That it was followed is the next thing that was done to it.
    rest = auditor.get(f"/v1/audit/cases/{cases[0]}", params={"cursor": trail["entries"][-1]["sequence"]}).json()
    assert {one["action"] for one in rest["entries"]} == {"audit_viewed"}
    assert all(one["subjects"] == [f"case:{cases[0]}"] for one in rest["entries"])
    assert auditor.get(f"/v1/audit/cases/{case_id(new_number())}").status_code == 404


def test_every_look_is_recorded_with_who_and_what(auditor: httpx.Client) -> None:
    auditor.get("/v1/audit", params={"subject": "person:main/p1", "limit": 1})
    assert auditor.post("/v1/audit/verification", json={}).json()["whole"]
    looks = everything(auditor, action="audit_viewed")
    # The newest first: the pages of this very question come before the verification.
    verified = next(one for one in looks if one["details"]["what"] == "verified")
    asked = next(one for one in looks if one["subjects"] == ["person:main/p1"])
    assert verified["details"]["found"] is None
    assert asked["sequence"] < verified["sequence"]
    assert all(one["actor"].startswith("account:auditor") for one in looks)


def test_a_checkpoint_is_signed_and_holds_offline(auditor: httpx.Client, tmp_path: Path) -> None:
    made = auditor.post("/v1/audit/checkpoints")
    assert made.status_code == 201
    number = made.json()["sequence"]
    assert made.headers["content-disposition"] == f'attachment; filename="checkpoint-{number}.json"'
    key = auditor.get("/v1/audit/key").json()
    trusted = signing.parsed_key(key["public_key"].encode(), name="key")
    checkpoint = signing.parsed_checkpoint(made.content, trusted, name="checkpoint")
    assert checkpoint.key == key["fingerprint"] == signing.fingerprint(trusted)
    exported = auditor.get("/v1/audit/export")
    assert exported.headers["content-type"].startswith("application/x-ndjson")
    lines = exported.content.splitlines()
    assert verify_lines(lines, [checkpoint]).finding is None
    assert json.loads(lines[-1])["action"] == "export"
    cut = verify_lines(lines[: number - 1], [checkpoint]).finding
    assert cut is not None
    assert cut.fault == "truncated"
    for given in ({}, {"public_key": key["public_key"]}):
        held = auditor.post("/v1/audit/verification", json={"checkpoints": [made.text], **given}).json()
        assert (held["whole"], held["checkpoints"]) == (True, 1)


def test_a_part_of_the_chain_is_exported(auditor: httpx.Client, cases: list[str]) -> None:
    lines = auditor.get("/v1/audit/export", params={"case": cases[1]}).text.splitlines()
    assert [json.loads(line)["action"] for line in lines][:2] == ["case_changed", "case_viewed"]
    assert all(json.loads(line)["subjects"] == [f"case:{cases[1]}"] for line in lines)


def test_a_search_is_made_again(served: Served, auditor: httpx.Client) -> None:
    with httpx.Client(base_url=served.address, headers=served.of_role(Role.SUPERVISOR), timeout=60) as supervisor:
        assert enroll(supervisor, 3).status_code == 201
        for photo in (photo_bytes(3, 0), photo_bytes(3, 1)):
            assert identify(supervisor, photo, anyway="true").status_code == 200
    kept, sent = reversed(everything(auditor, action="search"))
    same = {"same": True, "changed": [], "differs": []}
    again = auditor.post(f"/v1/audit/entries/{kept['sequence']}/replay")
    assert again.json() == {"entry": kept["sequence"], **same}
    url = f"/v1/audit/entries/{sent['sequence']}/replay"
    missing = auditor.post(url)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    given = auditor.post(url, content=photo_bytes(3, 1), headers={"Content-Type": "image/jpeg"})
    assert given.json() == {"entry": sent["sequence"], **same}
    other = auditor.post(url, content=photo_bytes(3, 0), headers={"Content-Type": "image/jpeg"})
    assert (other.status_code, other.json()["error"]["field"]) == (422, "photo")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"case": "C-00000-00001", "subject": "gallery:main"}, "subject"),
        ({"action": "nonsense"}, "action"),
        ({"since": "yesterday"}, "since"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ({"actor": "a\u0000b"}, "actor"),
        ({"cursor": "-1"}, "cursor"),
        ({"limit": "501"}, "limit"),
        ({"subjekt": "gallery:main"}, "subjekt"),
    ],
)
def test_what_can_not_be_asked_is_said(auditor: httpx.Client, asked: dict[str, str], field: str) -> None:
    answer = auditor.get("/v1/audit", params=asked)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


@pytest.mark.parametrize("text", ["", "{}", "[" * 20_000, '{"format": 1}'])
def test_what_is_no_checkpoint_is_refused(auditor: httpx.Client, text: str) -> None:
    answer = auditor.post("/v1/audit/verification", json={"checkpoints": [text]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_file")
    wrong = auditor.post("/v1/audit/verification", json={"checkpoints": ["{}"], "public_key": "no key"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "public_key")


@pytest.mark.long
def test_tampering_is_told_and_nothing_is_signed(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    with guarded(tmp_path) as served:
        headers = served.of_role(Role.AUDITOR)
        with httpx.Client(base_url=served.address, headers=headers, timeout=60) as auditor:
            without = auditor.post("/v1/audit/checkpoints")
            assert (without.status_code, without.json()["error"]["code"]) == (404, "not_found")
            assert "matcher audit key" in without.json()["error"]["message"]
            signing.make_key(tmp_path / signing.KEY_NAME)
            with served.accounts.database.writing() as connection:
                drop_triggers(connection)
                connection.exec_driver_sql("UPDATE audit_entry SET body = 'not JSON' WHERE sequence = 2")
            found = auditor.post("/v1/audit/verification", json={}).json()
            assert (found["whole"], found["finding"]["sequence"], found["finding"]["fault"]) == (False, 2, "altered")
            refused = auditor.post("/v1/audit/checkpoints")
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "audit_not_whole")
            shown = auditor.get("/v1/audit")
            assert (shown.status_code, shown.json()["error"]["code"]) == (409, "audit_not_whole")
