"""Hostile uploads: each is refused in the one shape, early, and the service goes on."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.errors import ServiceError
from api.forms import PHOTO, Form, UploadLimits
from api.unread import DROPPED_BYTES
from matcher.drawn import photo_bytes
from matcher.errors import MatcherError
from tests.api.serving import enroll, identify

FORM = "multipart/form-data; boundary=frontier"


def part(name: str, content: bytes, extra: str = "") -> bytes:
    return f'--frontier\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + content + b"\r\n"


def sent(client: httpx.Client, head: str, body: bytes = b"") -> tuple[int, dict[str, object]]:
    """What is answered to bytes on the wire; the sender may go on after the answer was made."""
    host, port = client.base_url.host, client.base_url.port
    assert port is not None
    with socket.create_connection((host, port), timeout=20) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < length(answer):
            answer += wire.recv(65_536)
    return int(answer[9:12]), json.loads(answer.partition(b"\r\n\r\n")[2])


def length(answer: bytes) -> int:
    found = re.search(rb"content-length: (\d+)", answer)
    return int(found[1]) if found else 0


def test_a_huge_declared_length_is_refused_before_anything_is_sent(client: httpx.Client) -> None:
    for kind in ("image/jpeg", FORM):
        head = f"POST /v1/identify HTTP/1.1\nHost: localhost\nContent-Type: {kind}\nContent-Length: 99999999999\n"
        status, answer = sent(client, head)
        assert (status, answer["error"]["code"]) == (413, "too_large")  # type: ignore[index]


def test_a_body_without_a_declared_length_is_refused_when_it_passes_the_limit(empty: httpx.Client) -> None:
    sent_bytes = 0

    def body(size: int) -> Iterator[bytes]:
        nonlocal sent_bytes
        sent_bytes = 0
        while sent_bytes < size:
            sent_bytes += 2**20
            yield bytes(2**20)

    def send(size: int) -> httpx.Response:
        return empty.post("/v1/identify", content=body(size), headers={"Content-Type": "image/jpeg"})

    # The rest of what is somewhat too large is read away, so that the sender sees the answer.
    assert send(5 * 2**20).json()["error"]["code"] == "too_large"
    # Who never ends is cut off; whether the answer is seen then depends on the sender.
    with suppress(httpx.TransportError):
        assert send(2**30).status_code == 413
    assert sent_bytes < DROPPED_BYTES + 32 * 2**20
    assert empty.get("/readyz").status_code == 200


def test_a_sender_that_asks_first_is_told_no_before_the_body(client: httpx.Client) -> None:
    head = "POST /v1/identify HTTP/1.1\nHost: localhost\nContent-Type: image/jpeg\nExpect: 100-continue\n"
    status, answer = sent(client, head + "Content-Length: 60000000\n")
    assert (status, answer["error"]["code"]) == (413, "too_large")  # type: ignore[index]


def test_a_photo_over_the_limit_is_refused_within_a_form(empty: httpx.Client) -> None:
    assert identify(empty, bytes(300_000)).status_code == 200
    over = identify(empty, bytes(300_001))
    assert (over.status_code, over.json()["error"]["field"]) == (413, "photo")
    long = identify(empty, b"x", gallery="g" * 5_000)
    assert (long.status_code, long.json()["error"]["field"]) == (413, "gallery")


def test_too_many_parts_are_refused(empty: httpx.Client) -> None:
    photos = [("photo", ("a.jpg", photo_bytes(0, 0)))]
    assert empty.post("/v1/persons", data={"person_id": "a"}, files=17 * photos).status_code == 413
    assert empty.post("/v1/identify", files=2 * photos).status_code == 413
    many = [("nationality", (None, "CHN"))] * 40
    assert empty.post("/v1/identify", files=many + photos).status_code == 413
    assert empty.post("/v1/identify", params=[("sex", "F")] * 40, files=photos).status_code == 413


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("multipart/form-data", b"", 400, "bad_upload"),
        ("multipart/form-data; boundary=", b"", 400, "bad_upload"),
        ("multipart/form-data; boundary=" + "b" * 300, b"", 400, "bad_upload"),
        (FORM, b"", 400, "bad_upload"),
        (FORM, b"--other\r\n\r\n", 400, "bad_upload"),
        (FORM, part("photo", b"abc"), 400, "bad_upload"),
        (FORM, part("photo", b"abc") + b"--frontier", 400, "bad_upload"),
        (FORM, b"--frontier--\r\n", 422, "invalid_field"),
        (FORM, b"--frontier\r\n\r\nabc\r\n--frontier--\r\n", 400, "bad_upload"),
        (FORM, part("", b"abc") + b"--frontier--", 400, "bad_upload"),
        (FORM, part("x" * 101, b"abc") + b"--frontier--", 400, "bad_upload"),
        (FORM, part("gallery", b"\xff\xfe") + b"--frontier--", 422, "invalid_field"),
        (FORM, part("<script>alert(1)</script>", b"abc") + b"--frontier--", 422, "invalid_field"),
        (FORM, b"--frontier\r\n" + b"a" * 100_000, 400, "bad_upload"),
        (FORM, b"--frontier\r\n" + b"a: b\r\n" * 1_000, 400, "bad_upload"),
        ("application/json", b"{}", 415, "wrong_content_type"),
        ("application/x-www-form-urlencoded", b"photo=x", 415, "wrong_content_type"),
        ("text/html", b"<b>", 415, "wrong_content_type"),
        ("", b"abc", 415, "wrong_content_type"),
    ],
)
def test_bodies_that_are_no_form_are_refused(
    client: httpx.Client, kind: str, body: bytes, status: int, code: str
) -> None:
    answer = client.post("/v1/identify", content=body, headers={"Content-Type": kind} if kind else {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/json"


def test_a_path_as_a_file_name_is_only_a_name(client: httpx.Client, probe: bytes) -> None:
    for name in ("../../etc/passwd", "C:\\Windows\\passwd", "/etc/passwd"):
        answer = client.post("/v1/identify", files={"photo": (name, probe)})
        assert answer.json()["photo"] == "passwd"


def test_a_sender_that_breaks_off_harms_nobody(client: httpx.Client, probe: bytes) -> None:
    host, port = client.base_url.host, client.base_url.port
    assert port is not None
    for _ in range(5):
        with socket.create_connection((host, port)) as wire:
            head = (
                f"POST /v1/identify HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 5000\r\n\r\n"
            )
            wire.sendall(head.encode() + part("photo", b"abc"))
    assert identify(client, probe).json()["outcome"] == "candidates"


def test_nothing_is_written_to_disk_but_the_records(
    empty: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a temporary file was opened")

    for name in ("SpooledTemporaryFile", "TemporaryFile", "NamedTemporaryFile"):
        monkeypatch.setattr(tempfile, name, refuse)
    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", refuse)
    assert enroll(empty, 0, 0, 1, 2).status_code == 201
    assert identify(empty, bytes(290_000)).status_code == 200


@settings(max_examples=150, deadline=None)
@given(
    contents=st.lists(st.tuples(st.sampled_from([PHOTO, "sex"]), st.binary(max_size=300)), max_size=4),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=30),
)
def test_a_form_is_read_alike_however_it_is_cut(contents: list[tuple[str, bytes]], cuts: list[int]) -> None:
    body = b"".join(part(name, content) for name, content in contents) + b"--frontier--\r\n"
    whole, pieces = (outcome(body, [len(body)]), outcome(body, cuts))
    assert whole == pieces
    if b"--frontier" not in b"".join(content for _, content in contents) and not isinstance(whole, str):
        assert whole[0] == [content for name, content in contents if name == PHOTO]


@settings(max_examples=150, deadline=None)
@given(noise=st.lists(st.sampled_from([b"--frontier", b"\r\n", b"--", b": ", b'name="photo"', b"\0"]), max_size=30))
def test_noise_is_refused_or_read_and_never_a_fault(noise: list[bytes]) -> None:
    outcome(b"--frontier\r\nContent-Disposition: form-data; " + b"".join(noise), [7])


def outcome(body: bytes, cuts: list[int]) -> tuple[list[bytes], list[tuple[str, str]]] | str:
    """What is read of a body that arrives in pieces of these sizes, or the kind of error."""
    from python_multipart.exceptions import FormParserError

    form = Form(UploadLimits(photo_bytes=1_000, photos=4, names=("sex",), alone=True))
    try:
        parser = form.parser(b"frontier")
        at = 0
        while at < len(body):
            size = cuts[at % len(cuts)]
            parser.write(body[at : at + size])
            at += size
        photos, fields = form.finished()
    except (ServiceError, MatcherError, FormParserError) as refusal:
        return type(refusal).__name__
    return [photo.content for photo in photos], list(fields)
