"""The whole way of a case over HTTP, with drawn people: opened, searched, reviewed by two, answered, counted."""

import base64
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from api.deps import Desk
from api.errors import HANDLERS
from api.routes import case_protection, case_searches, cases, gallery_terms, metrics, reviews, statistics
from api.wire_cases import CASE_EXAMPLE, CaseOut
from matcher.accounts.actor import SignedIn, person
from matcher.accounts.roles import roles_named
from matcher.casework.statuses import TRANSITIONS
from matcher.drawn import biography, photo_bytes
from matcher.settings import Settings
from tests.api.serving import serving

ROLES = {"anna": "officer", "boris": "officer", "chen": "officer", "dora": "supervisor", "frida": "administrator",
         "gustav": "administrator", "hanna": "auditor"}  # fmt: skip


class SignedInAs:
    """Stands where the gate stands: the header Who names who has signed in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            name = dict(scope["headers"]).get(b"who", b"").decode()
            if name:
                actor = person(f"id-{name}", name, roles_named([ROLES[name]]), SignedIn.PASSWORD)
                scope.setdefault("state", {})["actor"] = actor
        await self._app(scope, receive, send)


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[httpx.Client]:
    """Casework's routes over a gallery of drawn people 0 to 5, whose terms are stated."""
    home = tmp_path_factory.mktemp("casework")
    (home / "networks").symlink_to(networks)
    desk = Desk(Settings(home=home))
    app = FastAPI(exception_handlers=HANDLERS)
    app.state.desk = desk
    for part in (cases, case_protection, case_searches, gallery_terms, metrics, reviews, statistics):
        app.include_router(part.router)
    app.add_middleware(SignedInAs)
    matcher = desk.open()
    for number in range(6):
        matcher.enroll(biography(number), [photo_bytes(number, 0)])
    try:
        with serving(app) as address, httpx.Client(base_url=address, timeout=60) as client:
            terms = {"kind": "register", "supplier": "a ministry", "country": "CHN", "is_foreign": True,
                     "legal_basis": "agreement 7"}  # fmt: skip
            assert client.put("/v1/galleries/main", json=terms, headers=by("frida")).json()["state"] == "open"
            yield client
    finally:
        desk.close()


def by(name: str) -> dict[str, str]:
    return {"Who": name}


def opened(http: httpx.Client, person: int | None = None) -> dict[str, Any]:
    """A case of Anna's, with a photo of a drawn person, put to the gallery."""
    claim = {name: asdict(biography(person or 0))[name] for name in ("name", "native_name")}
    made = http.post("/v1/cases", json={"country": "CHN", "claim": claim, "custody_date": "2026-02-01"},
                     headers=by("anna"))  # fmt: skip
    assert made.status_code == 201, made.text
    url = made.headers["location"]
    if person is not None:
        files = {"photo": ("p.jpg", photo_bytes(person, 2), "image/jpeg")}
        photo = http.post(f"{url}/photos", data={"taken_on": "2026-02-02"}, files=files, headers=by("anna"))
        assert photo.status_code == 201, photo.text
        basis = {"gallery": "main", "country": "CHN", "basis": "article 4"}
        assert http.post(f"{url}/galleries", json=basis, headers=by("anna")).status_code == 200
    case: dict[str, Any] = http.get(url, headers=by("anna")).json()
    return case


def lift(http: httpx.Client, url: str) -> None:
    version = http.get(url, headers=by("anna")).json()["version"]
    asked = {"reason": "nothing on file", "version": version}
    assert http.post(f"{url}/protection/lift", json=asked, headers=by("anna")).status_code == 200
    agreed = http.post(f"{url}/protection/lift/agreement", json={"version": version + 1}, headers=by("dora"))
    assert (agreed.status_code, agreed.json()["protection"]) == (200, "none")


def reviewed(http: httpx.Client, search: str, who: str, same: int) -> dict[str, Any]:
    """A whole review in which somebody finds one drawn person to be the same."""
    begun = http.post(f"/v1/searches/{search}/reviews", headers=by(who))
    assert begun.status_code == 201, begun.text
    review, url = begun.json(), begun.headers["location"]
    # Photos alone: neither scores nor who it is.
    assert all(one["scores"] is None and one["person"] is None for one in review["candidates"])
    assert http.post(f"{url}/reveal", headers=by(who)).json()["error"]["code"] == "not_now"
    expected = {photo_digest(http, url, one["id"], who): one["id"] for one in review["candidates"]}
    chosen = expected[jpeg_of(same)]
    for one in review["candidates"]:
        is_same = one["id"] == chosen
        verdict = {
            "candidate": one["id"],
            "verdict": "same_person" if is_same else "different_person",
            "confidence": 90,
            "reasons": ["ears:similar", "nose:similar"] if is_same else ["ears:different"],
        }
        assert http.post(f"{url}/verdicts", json=verdict, headers=by(who)).status_code == 200
    revealed = http.post(f"{url}/reveal", headers=by(who)).json()
    assert [one["scores"]["rank"] for one in revealed["candidates"]] == list(range(1, len(expected) + 1))
    closed: dict[str, Any] = http.post(f"{url}/close", headers=by(who)).json()
    return closed


def photo_digest(http: httpx.Client, url: str, candidate: str, who: str) -> bytes:
    answer = http.get(f"{url}/candidates/{candidate}/photo", headers=by(who))
    assert answer.status_code == 200, answer.text
    return answer.content


def jpeg_of(number: int) -> bytes:
    from api.pictures import jpeg_view
    from matcher.photo import DEFAULT_LIMITS

    return jpeg_view(photo_bytes(number, 0), limits=DEFAULT_LIMITS)


@pytest.mark.long
def test_the_whole_way(http: httpx.Client) -> None:
    case = opened(http, 3)
    url = f"/v1/cases/{case['id']}"
    asked = {"gallery": "main"}
    refused = http.post(f"{url}/searches", json=asked, headers=by("anna"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "confidential")
    lift(http, url)
    found = http.post(f"{url}/searches", json=asked, headers=by("anna"))
    assert found.status_code == 201, found.text
    search = found.json()["id"]
    assert "scores" not in found.text
    assert 'matcher_searches_total{outcome="candidates"} 1.0' in http.get("/metrics").text
    assert http.get("/v1/reviews/waiting", headers=by("boris")).json()["waiting"][0]["search"] == search
    reviewed(http, search, "anna", 3)
    assert http.post(f"/v1/searches/{search}/reviews", headers=by("anna")).status_code == 403
    reviewed(http, search, "boris", 3)
    (known,) = http.get(f"{url}/identifications", headers=by("anna")).json()["identifications"]
    assert (known["person_id"], known["first_reviewer"]) == ("drawn-000003", "account:anna")
    known = http.get(f"/v1/searches/{search}/reviews", headers=by("dora")).json()["reviews"]
    assert [review["reviewer"] for review in known] == ["account:anna", "account:boris"]
    assert http.get(f"/v1/searches/{search}/reviews", headers=by("anna")).status_code == 403
    _answered(http, url)


def _answered(http: httpx.Client, url: str) -> None:
    version = http.get(url, headers=by("anna")).json()["version"]
    sent = {"status": "sent_to_consulate", "reason": "identified", "version": version}
    assert http.post(f"{url}/status", json=sent, headers=by("anna")).json()["status"] == "sent_to_consulate"
    again = http.post(f"{url}/status", json=sent, headers=by("chen"))
    assert (again.status_code, again.json()["error"]["code"]) == (409, "outdated")
    said = {"kind": "confirmed", "country": "CHN", "received_on": "2026-03-01"}
    (answer,) = http.post(f"{url}/answers", json=said, headers=by("anna")).json()["answers"]
    assert http.post(f"{url}/answers/{answer['id']}/check", headers=by("anna")).status_code == 403
    assert http.post(f"{url}/answers/{answer['id']}/check", headers=by("boris")).status_code == 200
    case = http.get(url, headers=by("anna")).json()
    assert (case["status"], case["may_become"][0]) == ("confirmed", "sent_to_consulate")
    asked = {"since": "2020-01-01", "until": "2099-12-31"}
    figures = http.get("/v1/statistics", params=asked, headers=by("dora")).json()
    assert figures["total"]["requests"] == 1
    assert figures["total"]["answers"] == {"confirmed": 1}
    assert figures["total"]["shares"]["confirmed"] == pytest.approx(1 / figures["total"]["cases"])
    rows = http.get("/v1/statistics/csv", params=asked, headers=by("dora")).text.splitlines()
    assert rows[1].startswith("2020-01-01,2099-12-31,all,1,1,0,0.0000,")


def test_a_protected_case_is_answered_as_one_that_is_not_there(http: httpx.Client) -> None:
    case = opened(http)
    mine = http.get(f"/v1/cases/{case['id']}", headers=by("anna"))
    assert mine.status_code == 200
    for path in ("", "/protection", "/searches", "/duplicates", "/answers", "/identifications", "/photos/" + "0" * 64):
        there = http.get(f"/v1/cases/{case['id']}{path}", headers=by("boris"))
        nowhere = http.get(f"/v1/cases/C-00000-00001{path}", headers=by("boris"))
        assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
        assert there.status_code == 404
        assert {**there.headers, "date": ""} == {**nowhere.headers, "date": ""}
    assert case["id"] not in http.get("/v1/cases?limit=200", headers=by("boris")).text
    assert case["id"] in http.get("/v1/cases?limit=200", headers=by("dora")).text
    shared = {"account": "account:boris", "reason": "second review"}
    assert http.post(f"/v1/cases/{case['id']}/access", json=shared, headers=by("anna")).status_code == 200
    assert http.get(f"/v1/cases/{case['id']}", headers=by("boris")).status_code == 200


def test_consents_carry_their_documents(http: httpx.Client) -> None:
    case = opened(http)
    url, document = f"/v1/cases/{case['id']}", b"%PDF-1.7 signed"
    given = {"given_on": "2026-02-20", "scope": "verification", "media_type": "application/pdf",
             "document": base64.b64encode(document).decode()}  # fmt: skip
    (consent,) = http.post(f"{url}/consents", json=given, headers=by("anna")).json()["consents"]
    kept = http.get(f"{url}/consents/{consent['id']}", headers=by("anna"))
    assert (kept.content, kept.headers["content-type"]) == (document, "application/pdf")
    assert http.get(f"{url}/consents/{consent['id']}", headers=by("boris")).status_code == 404
    withdrawn = http.post(f"{url}/consents/{consent['id']}/withdrawal", json={"reason": "asked"}, headers=by("anna"))
    assert withdrawn.json()["protection"] == "protected"


def test_the_example_of_the_documentation_is_a_case() -> None:
    case = CaseOut.model_validate(CASE_EXAMPLE)
    assert set(case.may_become) == TRANSITIONS[case.status]
    assert (date.fromisoformat(case.deadline) - date.fromisoformat(case.custody_date)).days == 180


def test_pages_of_cases_leave_nobody_out(http: httpx.Client) -> None:
    made = {opened(http)["id"] for _ in range(5)}
    seen: list[str] = []
    cursor = ""
    while True:
        asked = {"limit": 2, "cursor": cursor, "status": "open"}
        page = http.get("/v1/cases", params=asked, headers=by("anna")).json()
        seen += [case["id"] for case in page["cases"]]
        cursor = page["next"]
        if not cursor:
            break
    assert made <= set(seen)
    assert len(seen) == len(set(seen))
    assert http.get("/v1/cases?cursor=zzz", headers=by("anna")).status_code == 422


def test_held_galleries(http: httpx.Client) -> None:
    assert http.get("/v1/galleries/nosuch", headers=by("frida")).status_code == 404
    assert http.post("/v1/galleries/main/release", json={"basis": "x"}, headers=by("frida")).status_code == 409
    terms = {"kind": "watch_list", "supplier": "x", "country": "CHN", "is_foreign": True, "legal_basis": "x"}
    assert http.put("/v1/galleries/main", json=terms, headers=by("dora")).status_code == 403


@pytest.mark.parametrize("who", ["", "hanna", "frida"])
def test_who_has_no_right_gets_nothing(http: httpx.Client, who: str) -> None:
    headers = by(who) if who else {}
    assert http.get("/v1/cases", headers=headers).status_code == 403
    assert http.post("/v1/cases", json={"country": "CHN"}, headers=headers).status_code == 403
    assert http.get("/v1/cases/C-00000-00001", headers=headers).status_code == 403
    assert http.get("/v1/statistics/officers", headers=headers).status_code == 403


def test_the_same_person_twice_is_found_when_the_photo_is_added(http: httpx.Client) -> None:
    first, other, second = (opened(http, person)["id"] for person in (41, 42, 41))

    def listed(case: str, who: str = "anna") -> Any:
        return http.get(f"/v1/cases/{case}/duplicates", headers=by(who))

    found = listed(second).json()["duplicates"]
    assert (found[0]["case"], found[0]["state"]) == (first, "suspected")
    assert found[0]["false_alarm_probability"] < 0.05
    assert second in {one["case"] for one in listed(first).json()["duplicates"]}
    # Drawn people are more alike than people are, so that others may be listed as well, behind.
    assert other not in {found[0]["case"], listed(first).json()["duplicates"][0]["case"]}
    assert listed(second, "boris").status_code == 404
