"""A case's document over HTTP, as its people and the consulate have it: made, read, verified, sent, answered."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI

from api.deps import Desk
from api.errors import HANDLERS
from api.routes import case_protection, case_searches, cases, documents, gallery_terms, reviews
from matcher.casework.document.keys import DocumentKeys
from matcher.casework.document.stationery import KEY_NAME
from matcher.casework.files import Files
from matcher.drawn import biography, photo_bytes
from matcher.settings import Settings
from tests.api.serving import serving
from tests.api.test_cases import SignedInAs, by, lift, opened, reviewed
from tests.pdfa import findings

_TERMS = {"kind": "register", "supplier": "a ministry", "country": "CHN", "is_foreign": True, "legal_basis": "7"}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[httpx.Client]:
    """Casework's routes over a gallery of six drawn people, with a document key."""
    home = tmp_path_factory.mktemp("documents")
    (home / "networks").symlink_to(networks)
    desk = Desk(Settings(home=home, document_office="Office of Documents"))
    app = FastAPI(exception_handlers=HANDLERS)
    app.state.desk = desk
    for part in (cases, case_protection, case_searches, gallery_terms, reviews, documents):
        app.include_router(part.router)
    app.add_middleware(SignedInAs)
    matcher = desk.open()
    for number in range(6):
        matcher.enroll(biography(number), [photo_bytes(number, 0)])
    DocumentKeys(Files(desk.database), home / KEY_NAME).make("os:root")
    try:
        with serving(app) as address, httpx.Client(base_url=address, timeout=60) as client:
            assert client.put("/v1/galleries/main", json=_TERMS, headers=by("frida")).json()["state"] == "open"
            yield client
    finally:
        desk.close()


def identified(http: httpx.Client, person: int) -> str:
    """The address of a case whom two people identified."""
    url = f"/v1/cases/{opened(http, person)['id']}"
    lift(http, url)
    search = http.post(f"{url}/searches", json={"gallery": "main"}, headers=by("anna")).json()["id"]
    for who in ("anna", "boris"):
        reviewed(http, search, who, person)
    return url


def verified(http: httpx.Client, **given: str) -> dict[str, Any]:
    answer = http.post("/v1/documents/verify", json=given, headers=by("anna"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.long
def test_from_the_identification_to_the_consulates_confirmation(http: httpx.Client) -> None:
    url = identified(http, 3)
    shown = http.post(f"{url}/documents/preview", json={}, headers=by("anna"))
    assert (shown.status_code, shown.headers["content-type"]) == (200, "application/pdf")
    made = http.post(f"{url}/documents", json={}, headers=by("anna"))
    assert made.status_code == 201, made.text
    document, place = made.json(), made.headers["location"]
    assert http.get(f"{url}/documents", headers=by("boris")).json()["documents"] == [document]
    pdf, data = (http.get(f"{place}/{kind}", headers=by("anna")) for kind in ("pdf", "json"))
    assert (pdf.status_code, data.status_code) == (200, 200), pdf.text
    assert findings(pdf.content) == []
    assert pdf.headers["content-disposition"] == f'attachment; filename="{document["id"]}.pdf"'
    assert pdf.headers["cache-control"] == "private, no-store"
    schema = http.get("/v1/documents/schemas/request").json()
    jsonschema_rs.validator_for(schema).validate(data.json())
    request = data.json()["request"]
    assert request["from"]["office"] == "Office of Documents"
    assert request["proposed"]["native_name"] == biography(3).native_name
    assert request["strength"]["log10_likelihood_ratio"] > 0
    assert request["strength"]["false_alarm_reach"] in ("measured", "modelled", "beyond")
    for content in (pdf.content, data.content):
        found = verified(http, document=base64.b64encode(content).decode())
        assert (found["genuine"], found["kept"], found["sha256"]) == (True, True, document["sha256"])
    altered = pdf.content[:900] + b"?" + pdf.content[901:]
    found = verified(http, document=base64.b64encode(altered).decode())
    assert (found["genuine"], found["document"]) == (False, "")
    assert "altered" in found["reason"]
    (key,) = http.get("/v1/documents/keys").json()["keys"]
    assert key["pem"].startswith("-----BEGIN PUBLIC KEY-----")

    version = http.get(url, headers=by("anna")).json()["version"]
    sent = http.post(f"{place}/sent", json={"sent_on": "2026-03-01", "how": "courier 7", "version": version},
                     headers=by("anna"))  # fmt: skip
    assert (sent.status_code, sent.json()["sent_by"]) == (200, "account:anna")
    assert http.get(url, headers=by("anna")).json()["status"] == "sent_to_consulate"
    response = {"format": "identity-matcher verification response 1", "document": document["id"],
                "case": request["case"]["reference"], "sha256": document["sha256"], "answer": "confirmed",
                "answered_on": "2026-03-01", "answered_by": "Wang Wei"}  # fmt: skip
    wrong = http.post(f"{place}/response", json={**response, "sha256": "0" * 64}, headers=by("anna"))
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "sha256")
    answer = http.post(f"{place}/response", json=response, headers=by("anna"))
    assert answer.status_code == 201, answer.text
    check = f"{url}/answers/{answer.json()['answer']}/check"
    assert http.post(check, headers=by("anna")).status_code == 403
    assert http.post(check, headers=by("boris")).status_code == 200
    assert http.get(url, headers=by("anna")).json()["status"] == "confirmed"


def test_a_case_that_is_not_lifted_has_none_and_strangers_see_nothing(http: httpx.Client) -> None:
    url = f"/v1/cases/{opened(http, 1)['id']}"
    refused = http.post(f"{url}/documents", json={}, headers=by("anna"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "confidential")
    hidden = http.post(f"{url}/documents", json={}, headers=by("chen"))
    missing = http.post("/v1/cases/C-00000-00001/documents", json={}, headers=by("chen"))
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content) == (404, missing.content)


@pytest.mark.parametrize("given", [{}, {"document": "JVBERi0=", "qr": "IMD1."}, {"document": "not base64!"}])
def test_what_is_asked_wrongly_is_told(http: httpx.Client, given: dict[str, str]) -> None:
    assert http.post("/v1/documents/verify", json=given, headers=by("anna")).status_code == 422
    assert not verified(http, qr="IMD1.C-1.D-1.a.b.c")["genuine"]


def test_schemas_are_there_for_everybody(http: httpx.Client) -> None:
    for name in ("request", "response"):
        schema = http.get(f"/v1/documents/schemas/{name}")
        assert schema.headers["content-type"] == "application/schema+json"
        jsonschema_rs.meta.validate(json.loads(schema.content))
    assert http.get("/v1/documents/schemas/other").status_code == 422
