"""The Python client against a real service, and the lines of it that the README shows."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest

from api.client import Client, ServiceRefused
from api.wire import PersonOut
from matcher.accounts.roles import Right, Role
from matcher.drawn import biography, photo_bytes
from tests.api.attacks.parts import Served, guarded

ROOT = Path(__file__).parents[2]
RIGHTS = (Right.SEARCH, Right.SEARCH_FOREIGN, Right.READ_PEOPLE, Right.WRITE_PEOPLE)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, networks: Path) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("called")
    (home / "networks").symlink_to(networks)
    with guarded(home) as served:
        yield served


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    return served.accounts.tokens.add(Role.SUPERVISOR.value, frozenset(RIGHTS), days=1)[0]


def _papers(number: int) -> PersonOut:
    return PersonOut(**asdict(biography(number)))


def test_a_person_is_enrolled_found_and_removed(served: Served, token: str) -> None:
    person = _papers(2)
    with Client(served.address, token=token) as client:
        made = client.enroll(person, [photo_bytes(2, 0), photo_bytes(2, 1)], key="key-of-the-test-1")
        assert (made.outcome, made.person, len(made.photos)) == ("new", person, 2)
        assert client.enroll(person, [photo_bytes(2, 0), photo_bytes(2, 1)], key="key-of-the-test-1") == made
        found = client.identify(photo_bytes(2, 2), name="case.jpg", top=3, anyway=True)
        assert (found.outcome, found.photo) == ("candidates", "case.jpg")
        assert found.candidates[0].person.person_id == person.person_id
        client.remove(person.person_id)
        with pytest.raises(ServiceRefused) as missing:
            client.person(person.person_id)
    assert (missing.value.status, missing.value.code) == (404, "not_found")


def test_refusals_tell_what_is_wrong(served: Served, token: str) -> None:
    with Client(served.address, token=token) as client, pytest.raises(ServiceRefused) as wrong:
        client.identify(photo_bytes(0, 0), top=0)
    assert (wrong.value.status, wrong.value.field) == (422, "top")
    assert str(wrong.value).startswith("422 ")
    with Client(served.address) as stranger, pytest.raises(ServiceRefused) as nobody:
        stranger.identify(photo_bytes(0, 0))
    assert (nobody.value.status, token in repr(nobody.value)) == (401, False)
    with Client("http://127.0.0.1:9") as away, pytest.raises(httpx.TransportError):
        away.person("p")


def test_the_readmes_lines_run(
    served: Served, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(lines.splitlines()) <= 10
    (tmp_path / "photo.jpg").write_bytes(photo_bytes(3, 1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATCHER_TOKEN", token)
    assert "http://127.0.0.1:8000" in lines
    with Client(served.address, token=token) as client:
        client.enroll(_papers(3), [photo_bytes(3, 0)])
    exec(compile(lines.replace("http://127.0.0.1:8000", served.address), "README.md", "exec"), {})
    assert biography(3).person_id in capsys.readouterr().out
