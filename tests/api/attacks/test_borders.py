"""Somebody else's cases by their number at every address, fields nobody asked for, forms without their token, and files
that are no photos."""

import re
from base64 import b64encode
from collections.abc import Iterator

import httpx
import pytest

from api.auth.permissions import PERMISSIONS, Open
from matcher.accounts.roles import Right, Role
from matcher.casework.case import case_id
from matcher.casework.numbers import new_number
from tests.api.attacks.parts import PASSWORD, Served, csrf, filled, sign_in

_STEP = {"reason": "x", "version": 1}
BODIES: dict[str, dict[str, object]] = {
    "PATCH /v1/cases/{case}": {**_STEP, "country": "VNM"},
    "POST /v1/cases/{case}/status": {**_STEP, "status": "searching"},
    "POST /v1/cases/{case}/assignee": {"account": "account:stranger", "version": 1},
    "POST /v1/cases/{case}/access": {"account": "account:stranger", "reason": "x"},
    "POST /v1/cases/{case}/galleries": {"gallery": "main", "country": "CHN", "basis": "x"},
    "POST /v1/cases/{case}/notices": {"country": "CHN", "kind": "x", "reference": "x", "sent_on": "2026-02-03"},
    "POST /v1/cases/{case}/protection": _STEP,
    "POST /v1/cases/{case}/protection/lift": _STEP,
    "POST /v1/cases/{case}/protection/lift/refusal": _STEP,
    "POST /v1/cases/{case}/consents": {
        "given_on": "2026-02-20", "scope": "x", "media_type": "application/pdf", "document": "JVBERg==",
    },
    "POST /v1/cases/{case}/consents/{consent}/withdrawal": {"reason": "x"},
    "POST /v1/cases/{case}/searches": {"gallery": "main"},
    "POST /v1/cases/{case}/duplicates/{other}": {"same": True},
    "POST /v1/cases/{case}/answers": {"kind": "no_record", "country": "CHN", "received_on": "2026-03-01"},
}  # fmt: skip
OF_A_CASE = sorted(
    (method, template)
    for (method, template), needs in PERMISSIONS.items()
    if "{case}" in template and template.startswith("/v1/cases/") and needs.need is Right.WORK_CASES
)
UNSAFE = sorted(
    (method, template)
    for (method, template), needs in PERMISSIONS.items()
    if method not in ("GET", "HEAD") and needs.need is not Open.EVERYBODY
)


@pytest.fixture
def stranger(served: Served) -> Iterator[httpx.Client]:
    """A browser of somebody with every role but the supervisor's, who has nothing to do with any case."""
    roles = frozenset(Role) - {Role.SUPERVISOR}
    if not any(one.name == "stranger" for one in served.accounts.register.page(after="", limit=1000)):
        served.accounts.register.add("stranger", roles, PASSWORD, must_change=False)
    with served.browser() as client:
        assert sign_in(client, "stranger").status_code == 303
        client.headers.update(csrf(client))
        yield client


@pytest.fixture
def hidden(served: Served) -> str:
    """The number of an officer's case, which nobody else was let see."""
    made = httpx.post(
        f"{served.address}/v1/cases", json={"country": "CHN"}, headers=served.of_role(Role.OFFICER), timeout=60
    )
    number: str = made.json()["id"]
    return number


@pytest.mark.long
def test_somebody_elses_case_is_not_there_at_any_address(stranger: httpx.Client, hidden: str) -> None:
    photo = {"photo": ("p.jpg", b"no photo", "image/jpeg")}
    reached = 0
    for method, template in OF_A_CASE:
        answers = []
        for number in (hidden, case_id(new_number())):
            url = filled(template, {"case": number, "sha256": "0" * 64})
            body = BODIES.get(f"{method} {template}")
            files = photo if template == "/v1/cases/{case}/photos" else None
            answers.append(stranger.request(method, url, json=body, files=files))
        one, other = answers
        assert (one.status_code, one.content) == (other.status_code, other.content), (method, template)
        assert not one.is_success, (method, template)
        reached += one.status_code == 404
    # The others are refused for what was sent, before any case is looked for.
    assert reached >= len(BODIES) + 8


@pytest.mark.parametrize(
    "more",
    [{"status": "closed"}, {"protection": "none"}, {"opened_by": "account:x"}, {"version": 7}, {"id": "C-00000-00001"},
     {"claim": {"name": "x", "number": 1}}],
    ids=str,
)  # fmt: skip
def test_fields_that_nobody_asked_for_are_refused(stranger: httpx.Client, more: dict[str, object]) -> None:
    answer = stranger.post("/v1/cases", json={"country": "CHN", **more})
    assert answer.status_code == 422, answer.text


def test_no_account_raises_itself(stranger: httpx.Client, served: Served) -> None:
    for body in ({"roles": ["supervisor"], "account_id": "x"}, {"roles": ["root"]}, {"epoch": 0}):
        assert stranger.patch("/v1/accounts/stranger", json=body).status_code == 422
    assert Role.SUPERVISOR not in served.accounts.register.account("stranger").roles


def test_no_form_is_taken_without_the_sessions_token(stranger: httpx.Client) -> None:
    for headers in ({}, {"x-csrf-token": "0" * 64}):
        del stranger.headers["x-csrf-token"]
        for method, template in UNSAFE:
            answer = stranger.request(method, filled(template), headers=headers)
            assert answer.status_code == 403, (method, template, answer.status_code)
        stranger.headers["x-csrf-token"] = "0" * 64
    assert stranger.get("/v1/me").status_code == 200


@pytest.mark.parametrize(
    "content",
    [b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"<!doctype html><script>1</script>",
     b"%PDF-1.7", b"GIF89a" + b"\0" * 40, b"\xff\xd8\xff\xe0<script>alert(1)</script>"],
    ids=["svg", "html", "pdf", "gif", "a JPEG's beginning"],
)  # fmt: skip
def test_what_is_no_photo_is_neither_kept_nor_shown(stranger: httpx.Client, served: Served, content: bytes) -> None:
    number = stranger.post("/v1/cases", json={"country": "CHN"}).json()["id"]
    for kind in ("image/jpeg", "image/svg+xml"):
        files = {"photo": ("p.svg", content, kind)}
        assert stranger.post("/v1/preview", files=files).status_code == 422
        assert stranger.post(f"/v1/cases/{number}/photos", files=files).status_code == 422
        chief = served.of_role(Role.SUPERVISOR)
        searched = httpx.post(f"{served.address}/v1/identify", files=files, headers=chief)
        assert searched.json()["outcome"] == "photo_unusable"
        assert re.fullmatch(r"application/json", searched.headers["content-type"])
    assert stranger.get(f"/v1/cases/{number}").json()["photos"] == []


def test_answers_with_people_in_them_are_kept_by_nobody_and_guessed_by_nobody(
    stranger: httpx.Client, served: Served
) -> None:
    number = stranger.post("/v1/cases", json={"country": "CHN"}).json()["id"]
    page = b"<script>alert(document.cookie)</script>"
    body = {**BODIES["POST /v1/cases/{case}/consents"], "document": b64encode(page).decode()}
    made = stranger.post(f"/v1/cases/{number}/consents", json=body)
    assert made.status_code in (200, 201), made.text
    consent = stranger.get(f"/v1/cases/{number}/protection").json()["consents"][0]["id"]
    for url in (f"/v1/cases/{number}", f"/v1/cases/{number}/consents/{consent}", "/v1/persons", "/v1/audit"):
        answer = stranger.get(url)
        assert answer.status_code == 200, url
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert stranger.get(f"/v1/cases/{number}/consents/{consent}").headers["content-disposition"] == "attachment"
