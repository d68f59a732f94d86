"""Secrets that are told once are kept nowhere, not even for whoever repeats the call with its key."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api import idempotency
from matcher.accounts.kept_answers import KeptAnswers
from matcher.accounts.roles import Right, Role
from tests.api.attacks.parts import Served

CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/accounts", {"name": "once", "roles": ["officer"]}, "password"),
    ("/v1/accounts/officer/tokens", {"scopes": [Right.SEARCH.value]}, "token"),
]


@pytest.mark.parametrize(("url", "body", "secret"), CALLS)
def test_the_same_call_again_is_told_that_it_was_made(
    served: Served, monkeypatch: pytest.MonkeyPatch, url: str, body: dict[str, Any], secret: str
) -> None:
    kept: list[bytes] = []
    keep = KeptAnswers.keep
    monkeypatch.setattr(
        idempotency.KeptAnswers, "keep", lambda self, call, answer: (kept.append(answer), keep(self, call, answer))
    )
    with served.browser() as client:
        _administrator(served, client)
        count = _rows(served)
        first, again = (client.post(url, json=body, headers={"Idempotency-Key": f"once {url}"}) for _ in range(2))
        assert first.status_code == 201, first.text
        told = first.json()[secret]
        assert len(told) > 10
        assert (again.status_code, again.json()["error"]["code"]) == (409, "told_once"), again.text
        assert told not in again.text
        assert "idempotent-replayed" not in again.headers
        if "location" in first.headers:
            assert first.headers["location"] in again.json()["error"]["message"]
        (answer,) = kept
        assert json.loads(answer)["body"] == ""
        assert _rows(served) == count + 1
        other = client.post(url, json={**body, "label": "x"}, headers={"Idempotency-Key": f"once {url}"})
        assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key")


def _administrator(served: Served, client: httpx.Client) -> None:
    from tests.api.attacks.parts import csrf, sign_in

    assert sign_in(client, Role.ADMINISTRATOR.value).status_code == 303
    client.headers.update(csrf(client))


def _rows(served: Served) -> int:
    """Accounts and tokens together."""
    with served.accounts.database.reading() as connection:
        count = text("SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM account_token)")
        return int(connection.execute(count).scalar_one())
