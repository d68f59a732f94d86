"""Scanned documents of several megabytes, as programs and the page of a case send them; counted as uploads are."""

import base64
import random
from collections.abc import Iterator

import httpx
import pytest

from matcher.accounts.roles import Role
from tests.api.attacks.conftest import served
from tests.api.attacks.parts import Served, csrf, sign_in

__all__ = ["served"]
MIB = 2**20
SCAN = b"%PDF-1.7\n" + random.Random(5).randbytes(5_000_000)
NEW = {"country": "CHN", "claim": {"name": "Lan Ruoming"}}


@pytest.fixture(params=["program", "page"])
def officer(request: pytest.FixtureRequest, served: Served) -> Iterator[httpx.Client]:
    """An officer's program, or the officer's browser with the token that the page's script repeats."""
    with served.browser() as client:
        if request.param == "page":
            assert sign_in(client, "officer").status_code == 303
            client.headers.update(csrf(client))
        else:
            client.headers.update(served.of_role(Role.OFFICER))
        yield client


def _consent(document: bytes) -> dict[str, str]:
    return {"given_on": "2026-02-20", "scope": "asking the consulate", "media_type": "application/pdf",
            "document": base64.b64encode(document).decode()}  # fmt: skip


def test_a_scanned_consent_is_kept_whole(officer: httpx.Client) -> None:
    url = f"/v1/cases/{officer.post('/v1/cases', json=NEW).json()['id']}"
    made = officer.post(f"{url}/consents", json=_consent(SCAN), headers={"Idempotency-Key": f"scan {url}"})
    assert made.status_code == 201, made.text
    assert officer.get(f"{url}/consents/{made.json()['consents'][0]['id']}").content == SCAN
    beyond = officer.post(f"{url}/consents", json=_consent(bytes(16 * MIB + 1)))
    assert (beyond.status_code, beyond.json()["error"]["code"]) == (422, "invalid_field"), beyond.text
    more = officer.post(f"{url}/consents", json=_consent(bytes(18 * MIB)))
    assert (more.status_code, more.json()["error"]["code"]) == (413, "too_large")


def test_a_large_document_can_be_verified_and_nothing_else_may_be_as_large(officer: httpx.Client) -> None:
    asked = {"document": base64.b64encode(SCAN).decode()}
    verified = officer.post("/v1/documents/verify", json=asked)
    assert (verified.status_code, verified.json()["genuine"]) == (200, False), verified.text
    for url in ("/v1/jobs", "/v1/cases", "/v1/documents/verify/x"):
        answer = officer.post(url, json=asked)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large"), url


def test_documents_share_the_memory_of_uploads(served: Served, officer: httpx.Client) -> None:
    url = f"/v1/cases/{officer.post('/v1/cases', json=NEW).json()['id']}/consents"
    memory = served.memory
    with memory.share() as take:
        take(memory.limit - 2 * MIB)
        busy = officer.post(url, json=_consent(SCAN))
        assert (busy.status_code, busy.json()["error"]["code"]) == (503, "busy")
    assert officer.post(url, json=_consent(SCAN)).status_code == 201
