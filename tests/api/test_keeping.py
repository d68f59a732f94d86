"""What is done with people beside searching, over HTTP: photos that go, holds, rules, exports, comparisons."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from matcher.accounts.roles import Role
from matcher.drawn import photo_bytes
from tests.api.attacks.parts import Served, guarded, sign_in
from tests.api.serving import enroll
from tests.api.test_audit import entries


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("keeping")
    (home / "networks").symlink_to(networks)
    with guarded(home, openid_client_secret="very secret", rate_per_minute=0) as served:
        yield served


@pytest.fixture(scope="module")
def administrator(served: Served) -> Iterator[httpx.Client]:
    """With the people 1 to 4, the first with two photos; each test leaves the people of the others alone."""
    headers = served.of_role(Role.ADMINISTRATOR)
    with httpx.Client(base_url=served.address, headers=headers, timeout=60) as client:
        for number, photos in ((1, (0, 1)), (2, (0,)), (3, (0,)), (4, (0,))):
            assert enroll(client, number, *photos).status_code == 201
        yield client


def test_a_photo_goes_a_hold_keeps_it_and_all_is_recorded(administrator: httpx.Client, served: Served) -> None:
    url = "/v1/persons/drawn-000001"
    first, second = (photo["sha256"] for photo in administrator.get(url).json()["photos"])
    assert administrator.delete(f"{url}/photos/{first}").status_code == 204
    assert [photo["sha256"] for photo in administrator.get(url).json()["photos"]] == [second]
    held = administrator.put(f"{url}/hold", json={"reason": "court order 17/2026"})
    assert (held.status_code, held.json()["reason"]) == (200, "court order 17/2026")
    again = administrator.put(f"{url}/hold", json={"reason": "another"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_there")
    for address in (url, f"{url}/photos/{second}"):
        refused = administrator.delete(address)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "on_hold")
    listed = administrator.get("/v1/retention/holds").json()
    assert [(one["gallery"], one["person_id"]) for one in listed["holds"]] == [("main", "drawn-000001")]
    assert administrator.delete(f"{url}/hold").status_code == 204
    assert administrator.delete(f"{url}/hold").status_code == 404
    assert administrator.delete(url).status_code == 204
    done = [entry["action"] for entry in entries(served.home) if entry["subjects"][:1] == ["person:main/drawn-000001"]]
    assert done == ["person_enrolled", "photo_removed", "legal_hold", "legal_hold", "person_removed"]


def test_rules_say_who_is_due(administrator: httpx.Client, served: Served) -> None:
    assert administrator.get("/v1/retention").json() == {"rules": [], "due": 0, "next": ""}
    assert administrator.put("/v1/galleries/main/retention", json={"days": 365}).json()["days"] == 365
    assert administrator.get("/v1/retention").json() == {
        "rules": [{"gallery": "main", "days": 365}],
        "due": 0,
        "next": "",
    }
    with served.accounts.database.writing() as connection:
        long_ago = "SET changed_at = 1000000000"
        connection.exec_driver_sql(f"UPDATE person {long_ago} WHERE person_id IN ('drawn-000002', 'drawn-000004')")
        connection.exec_driver_sql("UPDATE photo SET added_at = 1000000000")
    assert administrator.get("/v1/retention").json()["due"] == 2
    page = administrator.get("/v1/retention/due", params={"limit": 1}).json()
    rest = administrator.get("/v1/retention/due", params={"cursor": page["next"]}).json()
    assert [one["person_id"] for one in (*page["due"], *rest["due"])] == ["drawn-000002", "drawn-000004"]
    assert rest["next"] == ""
    wrong = administrator.get("/v1/retention/due", params={"cursor": "main/nobody"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "cursor")
    administrator.put("/v1/galleries/main/retention", json={"days": None})
    assert administrator.get("/v1/retention").json() == {"rules": [], "due": 0, "next": ""}
    changes = [entry["details"] for entry in entries(served.home) if entry["action"] == "retention_changed"]
    assert changes == [{"days": [None, 365]}, {"days": [365, None]}]
    assert administrator.put("/v1/galleries/nowhere/retention", json={"days": 1}).status_code == 404
    assert administrator.put("/v1/galleries/main/retention", json={"days": 0}).status_code == 422


def test_everything_about_a_person_in_a_file_that_touched_no_disk(administrator: httpx.Client, served: Served) -> None:
    answer = administrator.get("/v1/persons/drawn-000002/export")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read("person.json"))["person_id"] == "drawn-000002"
        (photo,) = (name for name in archive.namelist() if name.startswith("photos/"))
        assert archive.read(photo) == photo_bytes(2, 0)
        assert len(json.loads(archive.read("templates.json"))[0]["vector"]) == 128
        said = [json.loads(line) for line in archive.read("audit.jsonl").splitlines()]
    assert [entry["action"] for entry in said] == ["person_enrolled", "export"]
    assert not list(served.home.glob("*.zip"))
    assert administrator.get("/v1/persons/nobody/export").status_code == 404


def test_two_photos_are_compared_and_nothing_is_concluded(served: Served) -> None:
    def compared(*photos: bytes) -> httpx.Response:
        files = [("photo", (f"{place}.jpg", photo, "image/jpeg")) for place, photo in enumerate(photos)]
        headers = served.of_role(Role.OFFICER)
        return httpx.post(f"{served.address}/v1/compare", files=files, headers=headers, timeout=60)

    same, alike, other = (compared(photo_bytes(1, 0), photo).json() for photo in
                          (photo_bytes(1, 0), photo_bytes(1, 1), photo_bytes(2, 0)))  # fmt: skip
    assert same["distance"] == 0 < alike["distance"] < other["distance"]
    assert "does not say" in same["note"]
    one = compared(photo_bytes(1, 0))
    assert (one.status_code, one.json()["error"]["field"]) == (422, "photo")
    broken = compared(photo_bytes(1, 0), b"no photo")
    assert broken.status_code == 422
    assert "1.jpg" in broken.json()["error"]["message"]


def test_settings_are_shown_without_secrets(administrator: httpx.Client, served: Served) -> None:
    browser_only = administrator.get("/v1/settings")
    assert browser_only.status_code == 403
    with served.browser() as client:
        sign_in(client, "administrator")
        shown = client.get("/v1/settings")
    assert shown.json()["settings"]["openid_client_secret"] == "set"
    assert shown.json()["settings"]["case_deadline_days"] == 180
    assert "very secret" not in shown.text


def test_a_gallery_too_small_for_a_look_through_says_so(administrator: httpx.Client) -> None:
    answer = administrator.post("/v1/galleries/main/lookalikes", params={"limit": 2})
    assert answer.status_code == 200, answer.text
    assert answer.json()["people"] >= 3
    assert administrator.post("/v1/galleries/nowhere/lookalikes").status_code == 404


def test_galleries_come_in_pages(administrator: httpx.Client) -> None:
    assert enroll(administrator, 3, gallery="other").status_code == 201
    first = administrator.get("/v1/galleries", params={"limit": 1}).json()
    second = administrator.get("/v1/galleries", params={"limit": 1, "cursor": first["next"]}).json()
    assert [one["name"] for one in (*first["galleries"], *second["galleries"])] == ["main", "other"]
    assert second["next"] == ""


def test_whoever_lacks_a_right_is_recorded(served: Served) -> None:
    headers = served.of_role(Role.OFFICER)
    assert httpx.get(f"{served.address}/v1/retention", headers=headers).status_code == 403
    assert httpx.delete(f"{served.address}/v1/persons/p1", headers=headers).status_code == 403
    refusals = [entry for entry in entries(served.home) if entry["action"] == "refusal"]
    found = [entry for entry in refusals if entry["actor"].startswith("account:officer")]
    assert [entry["details"] for entry in found] == [
        {"refused": "right", "right": "galleries:manage", "route": "GET /v1/retention"},
        {"refused": "right", "right": "people:write", "route": "DELETE /v1/persons/{person_id}"},
    ]
    assert all(entry["actor"].startswith("account:officer/token:") for entry in found)


def test_all_galleries_are_looked_through_together(administrator: httpx.Client) -> None:
    assert enroll(administrator, 4, gallery="elsewhere").status_code == 201
    answer = administrator.post("/v1/lookalikes", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    found = {(pair[side]["gallery"], pair[side]["person_id"]) for pair in answer.json()["pairs"] for side in pair
             if side in ("one", "other")}  # fmt: skip
    assert {("main", "drawn-000004"), ("elsewhere", "drawn-000004")} <= found
    assert administrator.delete("/v1/persons/drawn-000004", params={"gallery": "elsewhere"}).status_code == 204
    assert administrator.post("/v1/lookalikes", params={"galery": "main"}).status_code == 422


def test_all_tokens_are_listed_and_never_told(served: Served) -> None:
    token = served.of_role(Role.OFFICER)["Authorization"].partition(" ")[2]
    with served.browser() as client:
        sign_in(client, "administrator")
        listed, cursor = [], ""
        while not listed or cursor:
            page = client.get("/v1/tokens", params={"limit": 1, "cursor": cursor}).json()
            listed, cursor = [*listed, *page["tokens"]], page["next"]
    ours = [one for one in listed if one["prefix"] in token]
    assert [(one["account"], one["revoked_at"]) for one in ours] == [("officer", 0)]
    assert token not in str(listed)
    assert len({one["prefix"] for one in listed}) == len(listed)
