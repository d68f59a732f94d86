"""Rates, requests at once, keys that make a call once, and what Prometheus is told."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from api.limits import MOST_KNOWN, Rates, TooMany, address_name
from matcher.accounts.kept_answers import KEPT_SECONDS, UNDER_WAY_SECONDS, Call, Claim, KeptAnswers
from matcher.drawn import biography, photo_bytes
from matcher.records.database import Database
from matcher.settings import Settings
from tests.api.attacks.parts import guarded, sign_in, token_in
from tests.api.serving import enroll, identify, service, serving

KEY = "Idempotency-Key"


@pytest.fixture
def limited(tmp_path: Path, networks: Path) -> Callable[..., object]:
    (tmp_path / "networks").symlink_to(networks)
    return lambda **settings: service(tmp_path, **settings)


@given(st.integers(1, 600), st.lists(st.floats(0, 5), max_size=60))
def test_no_more_pass_than_a_minutes_worth_and_what_time_gives_back(per_minute: int, waits: list[float]) -> None:
    at = 0.0
    rates = Rates(per_minute, clock=lambda: at)
    passed = 0
    for wait in waits:
        at += wait
        try:
            rates.take("a")
            passed += 1
        except TooMany:
            continue
    assert passed <= per_minute + at * per_minute / 60 + 1e-6
    assert passed >= min(len(waits), per_minute)


def test_who_comes_again_when_told_is_let_through() -> None:
    at = 0.0
    rates = Rates(3, clock=lambda: at)
    for _ in range(3):
        rates.take("a")
    with pytest.raises(TooMany) as refusal:
        rates.take("a")
    rates.take("b")
    at += int(refusal.value.headers["Retry-After"])
    rates.take("a")


def test_nothing_grows_with_the_number_of_addresses() -> None:
    rates = Rates(10)
    for number in range(MOST_KNOWN + 500):
        rates.take(f"address:{number}")
    assert len(rates._buckets) == MOST_KNOWN
    assert address_name("2001:db8::1") == address_name("2001:db8::ffff:1") != address_name("2001:db8:0:1::1")
    assert address_name("::ffff:192.0.2.1") == address_name("::ffff:192.0.2.1")


@pytest.mark.long
def test_strangers_are_slowed_down_and_health_is_told(limited: Callable[..., object]) -> None:
    with limited(without_accounts=False, stranger_rate_per_minute=5) as client:
        statuses = [client.get("/v1/persons").status_code for _ in range(8)]
        assert statuses == [401] * 5 + [429] * 3
        refused = client.get("/signin")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_requests")
        assert int(refused.headers["retry-after"]) >= 1
        assert client.get("/healthz").status_code == 200


def test_sign_ins_are_slowed_down(limited: Callable[..., object]) -> None:
    with limited(sign_ins_per_minute=3) as client:
        assert [client.post("/signin").status_code for _ in range(5)] == [403, 403, 403, 429, 429]


@pytest.mark.long
def test_the_present_password_can_not_be_tried_without_end(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    with guarded(tmp_path, sign_ins_per_minute=4) as served, served.browser() as client:
        sign_in(client, "officer")
        form = {"csrf": token_in(client.get("/account")), "before": "x", "password": "y" * 20, "again": "y" * 20}
        statuses = [client.post("/account/password", data=form).status_code for _ in range(6)]
        assert statuses == [422] * 4 + [429] * 2


@pytest.mark.long
def test_more_requests_at_once_than_allowed_are_asked_to_come_again(limited: Callable[..., object]) -> None:
    hold, held = threading.Event(), threading.Event()

    def photo() -> Iterator[bytes]:
        yield b"\xff\xd8"
        held.set()
        hold.wait(20)
        yield b"\xff\xd9"

    with limited(most_at_once=1) as client, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.post, "/v1/preview", content=photo(), headers={"Content-Type": "image/jpeg"})
        assert held.wait(20)
        with httpx.Client(base_url=client.base_url) as other:
            for _ in range(200):
                refused = other.get("/v1/galleries")
                if refused.status_code == 503:
                    break
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "full")
            assert refused.headers["retry-after"] == "1"
            assert other.get("/healthz").status_code == 200
        hold.set()
        assert slow.result(timeout=30).status_code == 422
        assert client.get("/v1/galleries").status_code == 200


def keyed(client: httpx.Client, key: str, number: int, **fields: str) -> httpx.Response:
    client.headers[KEY] = key
    try:
        return enroll(client, number, **fields)
    finally:
        del client.headers[KEY]


def test_a_repeated_call_is_answered_as_the_first_time_and_makes_nothing(empty: httpx.Client) -> None:
    first, again = keyed(empty, "one", 3), keyed(empty, "one", 3)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    # Without the key it is a second call, which finds the person there.
    assert enroll(empty, 3).status_code == 200
    assert keyed(empty, "two", 3).json()["outcome"] == "unchanged"


@pytest.mark.long
def test_a_key_stands_for_one_call(empty: httpx.Client) -> None:
    assert keyed(empty, "one", 3).status_code == 201
    other = keyed(empty, "one", 4)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key")
    assert empty.get("/v1/persons/drawn-000004").status_code == 404
    for key in ("", "x" * 256, "a\tb"):
        assert keyed(empty, key, 4).status_code == 422


def test_what_was_refused_may_be_tried_again_with_its_key(empty: httpx.Client) -> None:
    assert keyed(empty, "one", 3, date_of_birth="never").status_code == 422
    assert keyed(empty, "one", 3).status_code == 201


def test_calls_that_come_together_make_one(empty: httpx.Client) -> None:
    headers = {KEY: "together"}
    papers = {**asdict(biography(5)), "gallery": "main"}

    def send(_: int) -> httpx.Response:
        files = [("photo", ("0.jpg", photo_bytes(5, 0), "image/jpeg"))]
        return httpx.post(f"{empty.base_url}/v1/persons", data=papers, files=files, headers=headers, timeout=60)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    statuses = sorted(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert statuses.count(201) >= 1
    made = [answer for answer in answers if answer.status_code == 201]
    assert sum("idempotent-replayed" not in answer.headers for answer in made) == 1
    assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 409)


def test_searches_take_no_key(empty: httpx.Client) -> None:
    empty.headers[KEY] = "search"
    first, second = identify(empty, photo_bytes(3, 2)), identify(empty, photo_bytes(4, 2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["sha256"] != second.json()["sha256"]


def test_kept_answers_can_be_read_with_key_and_body_only(url: str) -> None:
    at = 1_000_000.0
    call = Call("account:anna", "key", b"b" * 32)
    with closing(Database.open(url)) as database:
        answers = KeptAnswers(database, now=lambda: at)
        assert answers.claim(call) == (Claim.NEW, b"")
        assert answers.claim(call) == (Claim.UNDER_WAY, b"")
        answers.keep(call, b"the name of a person")
        assert answers.claim(call) == (Claim.KEPT, b"the name of a person")
        assert answers.claim(Call("account:anna", "key", b"c" * 32)) == (Claim.OTHER_BODY, b"")
        assert answers.claim(Call("account:bert", "key", b"b" * 32)) == (Claim.NEW, b"")
        with database.reading() as connection:
            rows = str(connection.exec_driver_sql("select * from kept_answer").all())
        assert "the name" not in rows
        at += KEPT_SECONDS + 1
        assert answers.claim(call) == (Claim.NEW, b"")
        at += UNDER_WAY_SECONDS + 1
        assert answers.claim(call) == (Claim.NEW, b"")
        answers.drop(call)
        assert answers.claim(call) == (Claim.NEW, b"")


def test_prometheus_is_told_of_searches_sizes_and_recall(empty: httpx.Client) -> None:
    for number in range(3):
        assert enroll(empty, number).status_code == 201
    assert identify(empty, photo_bytes(1, 2)).json()["outcome"] == "candidates"
    assert identify(empty, b"no photo").json()["outcome"] == "photo_unusable"
    answer = empty.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    for line in (
        'matcher_searches_total{outcome="candidates"} 1.0',
        'matcher_searches_total{outcome="photo_unusable"} 1.0',
        'matcher_gallery_people{gallery="main"} 3.0',
        "matcher_templates 3.0",
        "matcher_index_recall 1.0",
        "matcher_queue_waiting 0.0",
        'matcher_requests_total{method="POST",route="/v1/persons",status="201"} 3.0',
        'matcher_request_seconds_count{method="POST",route="/v1/identify"} 2.0',
        'matcher_step_seconds_count{step="search"} 1.0',
    ):
        assert line in lines, (line, answer.text)
    assert "drawn-" not in answer.text


def test_metrics_are_told_without_an_engine_and_made_of_no_address(tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path, without_accounts=True, database_url="postgresql://nobody@127.0.0.1:9/x"))
    with serving(app) as address:
        for path in ("/v1/persons/a", "/x", "/y", "/%3Cscript%3E"):
            httpx.get(f"{address}{path}")
        assert httpx.get(f"{address}/metrics").status_code == 503
        assert httpx.get(f"{address}/healthz").status_code == 200
    routes = app.state.desk.metrics.text()[0].decode()
    assert "/x" not in routes
    assert 'route=""' in routes
