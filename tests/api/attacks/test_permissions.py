"""Every route has its place in the table, and everything is denied but to whom the table names."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.auth.permissions import NOWHERE, PERMISSIONS, Open, place_of
from matcher.accounts.opening import open_accounts
from matcher.accounts.roles import RIGHTS, Right, Role
from matcher.settings import Settings
from tests.api.attacks.parts import Served, bearer, csrf, filled, sign_in
from tests.api.serving import service, serving

NEEDING = sorted((key for key, needs in PERMISSIONS.items() if isinstance(needs.need, Right)), key=str)
CLOSED = sorted((key for key, needs in PERMISSIONS.items() if needs.need is not Open.EVERYBODY), key=str)


def routed(router: Any) -> Iterator[tuple[str, str]]:
    """Method and address of everything that a router answers."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routed(inner)
        else:
            yield from ((method, route.path) for method in route.methods - {"HEAD"})


def test_the_table_and_the_application_name_the_same_routes(tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path / "unopened"))
    routes = list(routed(app.router))
    assert len(routes) == len(set(routes))
    assert set(routes) == set(PERMISSIONS)


def test_every_address_of_the_table_is_found_as_itself() -> None:
    for method, template in PERMISSIONS:
        assert place_of(method, filled(template)).template == template
    for path in ("", "//", "/v1", "/v1/", "/V1/persons", "/v1/persons/", "/v1/persons/a/b", "/v1/identify/x", "/x"):
        assert place_of("GET", path) == NOWHERE


def test_every_right_is_needed_somewhere_and_somebody_has_it() -> None:
    needed = {needs.need for needs in PERMISSIONS.values() if isinstance(needs.need, Right)}
    # Which gallery a search asks for stands in its form: those routes ask for this right themselves.
    assert needed == set(Right) - {Right.SEARCH_FOREIGN}
    assert set(Right) <= set().union(*RIGHTS.values())


@pytest.mark.parametrize("route", CLOSED, ids=" ".join)
def test_nobody_gets_in_without_an_account(served: Served, route: tuple[str, str]) -> None:
    method, template = route
    with served.browser() as client:
        for headers in ({}, bearer("matcher_000000000000_" + "A" * 43), {"Authorization": "Basic b2ZmaWNlcjp4"}):
            answer = client.request(method, filled(template), headers=headers)
            assert answer.status_code == 401, answer.text
            assert answer.json()["error"]["code"] == "sign_in_needed"
            assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", Role)
@pytest.mark.long
def test_roles_get_what_the_table_gives_them_and_nothing_else(served: Served, role: Role) -> None:
    with served.browser() as client:
        assert sign_in(client, role.value).status_code == 303
        headers = csrf(client)
        for method, template in NEEDING:
            if template in ("/signout", "/account/password"):
                continue
            need = PERMISSIONS[method, template].need
            with client.stream(method, filled(template), headers=headers) as answer:
                # What is open to the role may be a stream without an end.
                refused = answer.status_code == 403 and json.loads(answer.read())["error"]["code"] == "forbidden"
            assert refused is (need not in RIGHTS[role]), (method, template, answer.status_code)


def test_a_token_with_one_scope_reaches_its_routes_only(served: Served) -> None:
    headers = served.program("supervisor", Right.READ_GALLERIES)
    with httpx.Client(base_url=served.address, headers=headers) as client:
        for method, template in NEEDING:
            answer = client.request(method, filled(template))
            allowed = PERMISSIONS[method, template].need is Right.READ_GALLERIES
            assert (answer.status_code != 403) is allowed, (method, template)


def test_addresses_outside_the_table_tell_strangers_nothing(served: Served) -> None:
    with served.browser() as client:
        known, unknown = client.get("/v1/persons"), client.get("/v1/nowhere")
        assert known.status_code == unknown.status_code == 401
        assert known.json() == unknown.json()
        assert client.put("/v1/persons").status_code == 401
        headers = served.of_role(Role.OFFICER)
        assert client.get("/v1/nowhere", headers=headers).status_code == 404
        wrong = client.put("/v1/persons", headers=headers)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")


def test_a_route_that_is_not_in_the_table_can_not_be_reached(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    app = create_app(Settings(home=tmp_path, without_accounts=True))
    reached: list[int] = []
    app.add_api_route("/v1/forgotten", lambda: reached.append(1), methods=["GET"])
    with serving(app) as address:
        assert httpx.get(f"{address}/v1/galleries").status_code == 200
        assert httpx.get(f"{address}/v1/forgotten").status_code == 404
    assert not reached


@pytest.mark.long
def test_without_accounts_nothing_is_open_unless_it_is_said(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    with service(tmp_path, without_accounts=False) as client:
        closed = client.get("/v1/galleries")
        assert closed.status_code == 401
        assert "matcher accounts add" in closed.json()["error"]["message"]
        assert client.get("/healthz").status_code == 200


@pytest.mark.long
def test_without_accounts_it_ends_with_the_first_account(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    with service(tmp_path) as client:
        assert client.get("/v1/galleries").status_code == 200
        assert client.get("/v1/me").json()["signed_in"] == "local"
        assert client.get("/v1/accounts").status_code == 403
        assert client.get("/v1/cases").status_code == 403
        # Another process, as the command line is one.
        with open_accounts(Settings(home=tmp_path, password_kib=19_456)) as accounts:
            accounts.register.add("root", frozenset({Role.ADMINISTRATOR}), "a long enough secret 9")
        assert client.get("/v1/galleries").status_code == 401
