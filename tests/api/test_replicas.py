"""Two service processes with homes of their own over one PostgreSQL: what one acknowledges holds at the other."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from matcher.drawn import photo_bytes
from tests import postgresql
from tests.api.attacks.parts import csrf, sign_in
from tests.api.replicas import NAME, Replica, proxied, replicas

pytestmark = pytest.mark.long
CLIENTS = 20
_PASSWORD = "a long enough secret 9"


@pytest.fixture(scope="module")
def url(server: postgresql.Server, migrated: str) -> Iterator[str]:
    name = server.new_database(like=migrated)
    yield server.url(name)
    server.drop(name)


@pytest.fixture(scope="module")
def both(url: str, networks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Replica]]:
    with replicas(tmp_path_factory.mktemp("replicas"), url, networks) as made:
        yield made


@contextmanager
def clients(both: Sequence[Replica]) -> Iterator[list[httpx.Client]]:
    """A program with a token at each replica, asking as through the proxy."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(httpx.Client(base_url=one.address, headers=one.headers, timeout=120)) for one in both
        ]


@contextmanager
def browsers(both: Sequence[Replica]) -> Iterator[list[httpx.Client]]:
    """A browser at each replica, all with the same cookies, on the replicas' own machine."""
    with ExitStack() as stack:
        made = [stack.enter_context(httpx.Client(base_url=one.address, timeout=120)) for one in both]
        for other in made[1:]:
            # A cookie belongs to a host, whatever the port.
            other._cookies = made[0]._cookies
        yield made


def add(client: httpx.Client, person_id: str, number: int, **headers: str) -> httpx.Response:
    files = {"photo": ("p.jpg", photo_bytes(number, 0), "image/jpeg")}
    return client.post("/v1/persons", data={"person_id": person_id, "anyway": "true"}, files=files, headers=headers)


def found(client: httpx.Client, number: int) -> dict[str, float]:
    """Who is found for a later photo of drawn person `number`, with their scores."""
    answer = client.post(
        "/v1/identify", data={"anyway": "true"}, files={"photo": ("p.jpg", photo_bytes(number, 2), "image/jpeg")}
    )
    assert answer.status_code == 200, answer.text
    return {one["person"]["person_id"]: one["score"] for one in answer.json()["candidates"]}


@contextmanager
def load(both: Sequence[Replica], at_each: int = 1) -> Iterator[Counter[int]]:
    """Clients that enroll and search at both replicas while the block runs; the statuses that they get."""
    stop, statuses = threading.Event(), Counter[int]()

    def keep_busy(one: Replica, name: str) -> None:
        photo, turn = photo_bytes(50, 0), 0
        with httpx.Client(base_url=one.address, headers=one.headers, timeout=120) as client:
            while not stop.is_set():
                turn += 1
                if turn % 4:
                    answer = client.post("/v1/identify", files={"photo": ("p.jpg", photo, "image/jpeg")})
                else:
                    answer = add(client, f"load-{name}-{turn}", 50 + turn % 3)
                statuses[answer.status_code] += 1

    threads = [
        threading.Thread(target=keep_busy, args=(one, f"{place}-{number}"))
        for place, one in enumerate(both)
        for number in range(at_each)
    ]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_what_one_acknowledges_the_other_finds_at_once_under_load(both: list[Replica]) -> None:
    with load(both) as statuses, clients(both) as (one, two):
        for turn in range(2):
            for here, there in ((one, two), (two, one)):
                name = f"newcomer-{turn}-{'one' if here is one else 'two'}"
                number = 2 * turn + (here is two)
                assert add(here, name, number).status_code == 201
                # The very first search after the acknowledgement, however soon that is.
                assert name in found(there, number)
                assert there.delete(f"/v1/persons/{name}").status_code in (200, 204)
                assert name not in found(here, number)
                assert name not in found(there, number)
    assert set(statuses) <= {200, 201}, statuses
    assert statuses[200] + statuses[201] > 0


def test_both_give_the_same_scores(both: list[Replica]) -> None:
    with clients(both) as (one, two):
        for number in range(20, 24):
            assert add(one if number % 2 else two, f"person-{number}", number).status_code == 201
        for number in range(20, 24):
            assert found(one, number) == pytest.approx(found(two, number), rel=1e-6)


def test_sessions_and_tokens_hold_at_both(both: list[Replica]) -> None:
    with browsers(both) as (one, two), clients(both) as (program_one, program_two):
        assert sign_in(one, "anna", _PASSWORD).status_code == 303
        assert two.get("/v1/me").json()["name"] == "anna"
        # A form that one replica has shown is taken by the other.
        made = two.post("/v1/accounts/anna/tokens", json={"scopes": ["search"], "days": 1}, headers=csrf(one))
        assert made.status_code == 201, made.text
        with_token = {"Authorization": f"Bearer {made.json()['token']}"}
        assert program_one.get("/v1/me", headers=with_token).status_code == 200
        prefix = made.json()["token"].split("_")[1]
        assert one.delete(f"/v1/accounts/anna/tokens/{prefix}", headers=csrf(two)).status_code in (200, 204)
        assert program_two.get("/v1/me", headers=with_token).status_code == 401
        assert two.post("/signout", headers=csrf(one)).status_code == 303
        assert one.get("/v1/me").status_code == 401


def test_a_call_that_is_repeated_at_the_other_makes_nothing_twice(both: list[Replica]) -> None:
    with clients(both) as (one, two):
        case = {"country": "CHN", "custody_date": "2026-02-01"}
        first = one.post("/v1/cases", json=case, headers={"Idempotency-Key": "of both"})
        again = two.post("/v1/cases", json=case, headers={"Idempotency-Key": "of both"})
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.timeout(900)
def test_a_rolling_restart_fails_no_request(both: list[Replica], tmp_path: Path) -> None:
    """20 clients that try nothing twice, through HAProxy, while one replica after the other is restarted."""
    stop, statuses, faults = threading.Event(), Counter[int](), []

    def ask(number: int, address: str) -> None:
        photo = photo_bytes(number % 4, 1)
        headers = {**both[0].headers, "Host": NAME}
        with httpx.Client(base_url=address, headers=headers, timeout=300) as client:
            turn = 0
            while not stop.is_set():
                turn += 1
                try:
                    if turn % 5:
                        answer = client.post("/v1/identify", files={"photo": ("p.jpg", photo, "image/jpeg")})
                    else:
                        answer = add(client, f"rolling-{number}-{turn}", number % 4)
                except httpx.TransportError as exc:
                    faults.append(repr(exc))
                    continue
                statuses[answer.status_code] += 1
                if answer.status_code not in (200, 201):
                    faults.append(f"{answer.status_code} {answer.text[:200]}")

    with proxied(tmp_path, both) as address:
        threads = [threading.Thread(target=ask, args=(number, address)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            answered = 0
            for one in both:
                assert one.end() == 0, one.log()
                one.start()
                # The proxy has to see that it is back before the next one goes, and everybody to be answered by it.
                time.sleep(1.5)
                assert sum(statuses.values()) > answered
                answered = sum(statuses.values())
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert faults == []
    assert set(statuses) == {200, 201}


def test_it_says_that_it_ends_before_it_does(both: list[Replica]) -> None:
    one = both[0]
    said: list[int] = []

    def watch() -> None:
        while not said or said[-1]:
            said.append(one.ready())
            time.sleep(0.05)

    watching = threading.Thread(target=watch)
    watching.start()
    assert one.end() == 0
    watching.join()
    assert 503 in said
    assert said[said.index(503) :] == [503] * (len(said) - said.index(503) - 1) + [0]
    one.start()
