"""Whose time is over goes, people and cases, by whom it may; and it is shown and recorded that nothing is left."""

import base64
import io
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from matcher.accounts.roles import Right, Role
from matcher.build import open_matcher
from matcher.drawn import photo_bytes
from matcher.own_process import in_own_process
from matcher.service_tasks import purge_people
from matcher.settings import Settings, load_settings
from tests.api.attacks.parts import Served, csrf, guarded, sign_in
from tests.api.serving import enroll, identify
from tests.api.test_audit import entries
from tests.api.test_jobs import packed, work
from tests.cli.test_retention import whole
from tests.postgresql import Server

CASES = "/v1/retention/cases"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("purging")
    (home / "networks").symlink_to(networks)
    with guarded(home, rate_per_minute=0, index="compressed") as served:
        yield served


def signed_in(served: Served, role: Role) -> Iterator[httpx.Client]:
    with served.browser() as client:
        assert sign_in(client, role.value).status_code == 303
        client.headers.update(csrf(client))
        yield client


@pytest.fixture(scope="module")
def administrator(served: Served) -> Iterator[httpx.Client]:
    yield from signed_in(served, Role.ADMINISTRATOR)


@pytest.fixture(scope="module")
def supervisor(served: Served) -> Iterator[httpx.Client]:
    yield from signed_in(served, Role.SUPERVISOR)


@pytest.fixture(scope="module")
def officer(served: Served) -> Iterator[httpx.Client]:
    yield from signed_in(served, Role.OFFICER)


def long_ago(served: Served, statement: str, *values: str) -> None:
    with served.accounts.database.writing() as connection:
        connection.exec_driver_sql(statement, values)


def is_in_files(served: Served, piece: bytes) -> bool:
    """Whether it stands in a file of the home; read by another process, since the service is in this one."""
    return piece in in_own_process(partial(whole, served.home))


def told(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("field", "")


def closed_case(client: httpx.Client, served: Served, person: int, *, protection: str = "unknown") -> str:
    """A case with a photo of a drawn person, closed long ago."""
    case = {"country": "CHN", "custody_date": "2026-02-01", "protection": protection}
    url = client.post("/v1/cases", json=case).headers["location"]
    added = client.post(f"{url}/photos", files={"photo": ("p.jpg", photo_bytes(person, 2), "image/jpeg")})
    assert added.status_code == 201, added.text
    step = {"status": "closed", "reason": "released", "version": client.get(url).json()["version"]}
    assert client.post(f"{url}/status", json=step).status_code == 200
    long_ago(served, "UPDATE case_file SET status_at = 1000000000 WHERE status = 'closed'")
    return url.rpartition("/")[2]


@pytest.mark.long
def test_people_go_whole_and_the_proof_is_kept(served: Served, administrator: httpx.Client) -> None:
    for number in (1, 2, 3):
        assert enroll(administrator, number).status_code == 201
    assert administrator.put("/v1/galleries/main/retention", json={"days": 365}).status_code == 200
    for person_id in ("drawn-000001", "drawn-000002"):
        long_ago(served, "UPDATE person SET changed_at = 1000000000 WHERE person_id = ?", person_id)
    long_ago(served, "UPDATE photo SET added_at = 1000000000")
    hold = administrator.put("/v1/persons/drawn-000002/hold", json={"reason": "court order 17/2026"})
    assert hold.status_code == 200
    # The plain photo stands in pages with gaps between them; a part of it stands in one.
    piece = photo_bytes(1, 0)[2000:3000]
    assert is_in_files(served, piece)
    key = {"Idempotency-Key": "purge-of-the-night"}
    done = administrator.post("/v1/retention/purge", headers=key)
    assert done.status_code == 200, done.text
    facts = done.json()
    assert (facts["people"], facts["photos"], facts["templates"], facts["left"]) == (1, 1, 1, [])
    assert facts["searched_bytes"] > 50_000
    assert not is_in_files(served, piece)
    left = [one["person"]["person_id"] for one in administrator.get("/v1/persons").json()["persons"]]
    assert left == ["drawn-000002", "drawn-000003"]
    purge, proof = (entry for entry in entries(served.home) if entry["action"] == "purge")
    assert purge["subjects"] == ["person:main/drawn-000001"]
    assert proof["details"] == {
        "what": "searched", "bytes": facts["searched_bytes"], "files_left": 0, "left": {}
    }  # fmt: skip
    assert purge["actor"] == proof["actor"] == "account:administrator"
    # Sent again, for its answer was lost: the same proof, and nobody else goes.
    again = administrator.post("/v1/retention/purge", headers=key)
    assert (again.json(), again.headers["idempotent-replayed"]) == (facts, "true")
    assert administrator.post("/v1/retention/purge").json()["people"] == 0
    # Searches go on with who is left.
    with httpx.Client(base_url=served.address, headers=served.of_role(Role.SUPERVISOR), timeout=60) as client:
        found = identify(client, photo_bytes(3, 2)).json()["candidates"]
    assert found[0]["person_id"] == "drawn-000003"
    assert "drawn-000001" not in {one["person_id"] for one in found}


@pytest.mark.long
def test_a_running_service_answers_as_if_who_is_purged_had_never_been_there(tmp_path: Path, networks: Path) -> None:
    """Another process purges; the service has searched, learned, and kept answers with that person in them."""
    (tmp_path / "networks").symlink_to(networks)
    gone, probe = "drawn-000011", photo_bytes(11, 2)
    with guarded(tmp_path, rate_per_minute=0, index="compressed") as served:
        headers = served.of_role(Role.ADMINISTRATOR)
        with (
            httpx.Client(base_url=served.address, headers=headers, timeout=120) as client,
            httpx.Client(base_url=served.address, headers=served.of_role(Role.SUPERVISOR), timeout=120) as officer,
        ):
            for number in range(10, 15):
                assert enroll(client, number).status_code == 201
            again = {"Idempotency-Key": "the same search"}
            photo = {"photo": ("p.jpg", probe, "image/jpeg")}
            before = officer.post("/v1/identify", files=photo, headers=again)
            assert before.json()["candidates"][0]["person_id"] == gone
            pictures = client.get(f"/v1/persons/{gone}").json()["photos"]
            job = _searched_job(officer, served, probe)
            assert gone in officer.get(f"/v1/jobs/{job}/results").text
            assert client.put("/v1/galleries/main/retention", json={"days": 1}).status_code == 200
            long_ago(served, "UPDATE person SET changed_at = 1000000000 WHERE person_id = ?", gone)
            long_ago(served, "UPDATE photo SET added_at = 1000000000 WHERE owner_id = (SELECT id FROM person WHERE "
                             "person_id = ?)", gone)  # fmt: skip
            done = in_own_process(partial(purge_people, Settings(home=tmp_path), "os:anna"))
            assert [person for _, person in done.people] == [gone]
            for answer in (
                officer.post("/v1/identify", files=photo, headers=again),
                officer.post("/v1/identify", files=photo, params={"top": 50}),
                officer.get(f"/v1/jobs/{job}/photos"),
                client.get("/v1/persons"),
                client.get("/metrics"),
            ):
                assert answer.status_code == 200, answer.text
                assert gone not in answer.text, answer.request.url
            assert 'matcher_gallery_people{gallery="main"} 4.0' in client.get("/metrics").text
            assert client.get(f"/v1/persons/{gone}").status_code == 404
            assert client.get(f"/v1/persons/{gone}/photos/{pictures[0]['sha256']}").status_code == 404
            assert gone.encode() not in client.get("/v1/galleries/main/embeddings").content
            assert gone not in officer.get(f"/v1/jobs/{job}/results").text
            running = officer.post("/v1/identify", files=photo).json()["candidates"]
    # What the service had learned with that person in the gallery is in no score: a new process says the same.
    with open_matcher(load_settings(tmp_path)) as matcher:
        fresh = matcher.identify(probe)
    assert [(one["person_id"], one["score"], one["false_alarm_probability"]) for one in running] == [
        (one.person.person_id, one.score, one.false_alarm_probability) for one in fresh.candidates
    ]
    assert len(running) == 4


def _searched_job(client: httpx.Client, served: Served, probe: bytes) -> str:
    """A job that is done, with one photo."""
    job: str = client.post("/v1/jobs", json={"name": "one"}).json()["id"]
    sent = client.put(f"/v1/jobs/{job}/photos", content=packed({"a.jpg": probe}))
    assert sent.status_code == 200, sent.text
    work(served.home)
    return job


@pytest.mark.long
def test_records_on_a_server_are_purged_too(server: Server, migrated: str, tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    name = server.new_database(like=migrated)
    with guarded(tmp_path, database_url=SecretStr(server.url(name)), index="compressed") as served:
        headers = served.of_role(Role.ADMINISTRATOR)
        with httpx.Client(base_url=served.address, headers=headers, timeout=120) as client:
            assert (enroll(client, 1).status_code, enroll(client, 2).status_code) == (201, 201)
            rows = client.get("/v1/galleries/main/embeddings").content
            assert client.put("/v1/galleries/main/retention", json={"days": 1}).status_code == 200
            long_ago(served, "UPDATE person SET changed_at = 1000000000 WHERE person_id = 'drawn-000001'")
            long_ago(served, "UPDATE photo SET added_at = 1000000000")
            done = client.post("/v1/retention/purge").json()
            assert (done["people"], done["left"]) == (1, [])
            assert client.get("/v1/persons/drawn-000001").status_code == 404
            back = client.post("/v1/galleries/main/embeddings", content=rows).json()
            assert (back["added"], back["known"], back["people_new"]) == (1, 1, 1)
    server.drop(name)


def test_rules_of_cases(served: Served, administrator: httpx.Client) -> None:
    assert administrator.get(CASES).json() == {"rules": {}}
    assert administrator.put(f"{CASES}/closed", json={"days": 30}).json() == {"rules": {"closed": 30}}
    assert told(administrator.put(f"{CASES}/open", json={"days": 30})) == (422, "invalid_field", "status")
    assert told(administrator.put(f"{CASES}/gone", json={"days": 30})) == (422, "invalid_field", "status")
    for days in (0, 36_501, "soon"):
        assert told(administrator.put(f"{CASES}/closed", json={"days": days})) == (422, "invalid_field", "days")
    assert administrator.put(f"{CASES}/closed", json={"days": None}).json() == {"rules": {}}
    changes = [entry for entry in entries(served.home) if entry["details"].get("cases")]
    assert [entry["details"] for entry in changes] == [
        {"cases": "closed", "days": [None, 30]}, {"cases": "closed", "days": [30, None]}
    ]  # fmt: skip
    assert {entry["action"] for entry in changes} == {"retention_changed"}


@pytest.mark.long
def test_cases_go_by_rules_but_for_those_that_are_held(
    served: Served, administrator: httpx.Client, supervisor: httpx.Client, officer: httpx.Client
) -> None:
    held, gone = closed_case(officer, served, 7), closed_case(officer, served, 8, protection="protected")
    url = f"/v1/cases/{held}"
    assert officer.post(f"{url}/hold", json={"reason": "order 5"}).status_code == 403
    assert supervisor.post(f"{url}/hold", json={"reason": "order 5"}).status_code == 200
    assert told(supervisor.post(f"{url}/hold", json={"reason": "order 6"}))[:2] == (409, "already_there")
    assert told(supervisor.post(f"{url}/hold", json={"reason": ""})) == (422, "invalid_field", "reason")
    assert supervisor.post("/v1/cases/C-00000-00001/hold", json={"reason": "x"}).status_code == 404
    assert supervisor.get(f"{CASES}/due").json() == {"due": [], "next": ""}
    administrator.put(f"{CASES}/closed", json={"days": 30})
    assert supervisor.get(f"{CASES}/due").json()["due"] == [gone]
    done = supervisor.post(f"{CASES}/purge", json={})
    assert done.status_code == 200, done.text
    assert (done.json()["cases"], done.json()["photos"], done.json()["left"]) == ([gone], 1, [])
    assert done.json()["searched_bytes"] > 50_000
    nowhere = supervisor.get("/v1/cases/C-00000-00001")
    purged = supervisor.get(f"/v1/cases/{gone}")
    assert (purged.status_code, purged.content) == (404, nowhere.content)
    about = [entry for entry in entries(served.home) if f"case:{gone}" in entry["subjects"]]
    assert (about[-2]["action"], about[-2]["actor"]) == ("purge", "account:supervisor")
    assert supervisor.post(f"{url}/release", json={"reason": "order 5 ended"}).status_code == 200
    assert told(supervisor.post(f"{url}/release", json={"reason": "again"}))[:2] == (404, "not_found")
    holds = [entry["details"]["held"] for entry in entries(served.home)
             if entry["action"] == "legal_hold" and f"case:{held}" in entry["subjects"]]  # fmt: skip
    assert holds == [True, False]
    administrator.put(f"{CASES}/closed", json={"days": None})


@pytest.mark.long
def test_cases_go_by_how_they_ended(served: Served, supervisor: httpx.Client, officer: httpx.Client) -> None:
    case = closed_case(officer, served, 9)
    asked = {"status": ["closed", "removed"], "days": 365}
    due = supervisor.get(f"{CASES}/due", params=asked).json()["due"]
    assert case in due
    for wrong in ({"status": "closed"}, {"days": 3}):
        assert told(supervisor.get(f"{CASES}/due", params=wrong)) == (422, "invalid_field", "days")
    assert told(supervisor.get(f"{CASES}/due?status=open&days=3")) == (422, "invalid_field", "status")
    for body in ({"statuses": ["closed"]}, {"days": 3}, {"statuses": ["closed"], "days": 0}):
        assert told(supervisor.post(f"{CASES}/purge", json=body)) == (422, "invalid_field", "days")
    working = supervisor.post(f"{CASES}/purge", json={"statuses": ["open"], "days": 3})
    assert told(working) == (422, "invalid_field", "status")
    done = supervisor.post(f"{CASES}/purge", json={"statuses": ["closed", "removed"], "days": 365})
    assert (done.json()["cases"], done.json()["left"]) == (due, [])
    assert supervisor.post(f"{CASES}/purge", json={}).json()["cases"] == []


def test_all_that_is_kept_about_a_cases_person_is_given_to_that_person(
    served: Served, supervisor: httpx.Client, officer: httpx.Client
) -> None:
    case = closed_case(officer, served, 11)
    url = f"/v1/cases/{case}/export"
    assert told(supervisor.get(url))[:2] == (409, "confidential")
    signed = {"given_on": "2026-02-20", "scope": "all about me", "media_type": "application/pdf",
              "document": base64.b64encode(b"%PDF-1.7 mine").decode()}  # fmt: skip
    (consent,) = officer.post(f"/v1/cases/{case}/consents", json=signed).json()["consents"]
    answer = supervisor.get(url, params={"consent": consent["id"]})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert f"consents/{consent['id']}.pdf" in archive.namelist()
    assert told(supervisor.get(url, params={"consent": "N-00000-00001"})) == (422, "invalid_field", "consent")
    assert told(officer.get(url))[:2] == (403, "forbidden")
    nowhere = supervisor.get("/v1/cases/C-00000-00001/export")
    assert told(nowhere)[:2] == (404, "not_found")
    program = served.program("supervisor", Right.SUPERVISE_CASES, Right.WORK_CASES)
    assert told(httpx.get(f"{served.address}{url}", headers=program, timeout=60))[:2] == (403, "not_allowed")


def test_who_may_not_purges_nothing_and_learns_nothing(
    served: Served, administrator: httpx.Client, supervisor: httpx.Client, officer: httpx.Client
) -> None:
    case = closed_case(officer, served, 10, protection="protected")
    for client in (officer, supervisor):
        assert told(client.post("/v1/retention/purge"))[:2] == (403, "forbidden")
    for client in (officer, administrator):
        assert told(client.post(f"{CASES}/purge", json={}))[:2] == (403, "forbidden")
        # Who sets rules need not see cases: a list of numbers would say which protected ones there are.
        assert told(client.get(f"{CASES}/due"))[:2] == (403, "forbidden")
    program = served.program("supervisor", Right.SUPERVISE_CASES, Right.WORK_CASES)
    refused = httpx.post(f"{served.address}{CASES}/purge", json={}, headers=program, timeout=60)
    assert told(refused)[:2] == (403, "not_allowed")
    assert supervisor.get(f"/v1/cases/{case}").status_code == 200
