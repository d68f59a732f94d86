"""The service against its own description: whatever the schema allows, and much that it does not, gets an answer that
the schema describes, and never a fault of the service's own.

Five requests a route; ten times as many with ``pytest --hypothesis-profile thorough``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.schemas import OpenApiSchema

from api.auth.permissions import PERMISSIONS
from matcher.accounts.roles import Right, Role
from tests.api.attacks.parts import PASSWORD, Served, bearer, guarded
from tests.api.serving import enroll

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
_BY_TOKEN = frozenset(Right) - {Right.OWN_ACCOUNT, Right.MANAGE_ACCOUNTS}
_FOR_BROWSERS = {place for place in PERMISSIONS if not place[1].startswith("/v1/")}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[tuple[Served, dict[str, str]]]:
    """A service with a few people, and the headers of somebody who may do everything that a program may."""
    home = tmp_path_factory.mktemp("described")
    (home / "networks").symlink_to(networks)
    with guarded(home, rate_per_minute=0) as served:
        roles = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR})
        served.accounts.register.add("all", roles, PASSWORD, must_change=False)
        headers = bearer(served.accounts.tokens.add("all", _BY_TOKEN, days=1)[0])
        with httpx.Client(base_url=served.address, headers=headers, timeout=60) as client:
            assert enroll(client, 1).status_code == 201
            opened = client.post("/v1/cases", json={"country": "CHN", "custody_date": "2026-02-01"})
            assert opened.status_code == 201
        yield served, headers


@pytest.fixture(scope="module")
def schema(everything: tuple[Served, dict[str, str]]) -> OpenApiSchema:
    served, headers = everything
    return schemathesis.openapi.from_dict(
        httpx.get(f"{served.address}/openapi.json", headers=headers, timeout=60).json()
    )


@pytest.mark.parametrize(
    ("method", "path"), sorted(set(PERMISSIONS) - _FOR_BROWSERS), ids=lambda part: part.removeprefix("/v1/")
)
@pytest.mark.long
def test_answers_are_as_described(
    everything: tuple[Served, dict[str, str]], schema: OpenApiSchema, method: str, path: str
) -> None:
    served, headers = everything

    operation = schema[path][method]

    @given(case=st.one_of(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
    @settings(
        max_examples=max(5, settings.default.max_examples // 10 - 1),
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    def asked(case: Any) -> None:
        answer = case.call(base_url=served.address, headers=headers, timeout=60)
        case.validate_response(answer, checks=CHECKS)

    asked()
