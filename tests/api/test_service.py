"""The service as a whole: when it is ready, what it says when it is not, its description, and the files of its page."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from api.app import create_app
from matcher.engines.base import Engine
from matcher.engines.opening import engine_spec
from matcher.errors import EngineUnavailable
from matcher.faces import EngineKey, Face, Template
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.person import Person
from matcher.photo import Photo
from matcher.records.database import Database
from matcher.records.sqlite import url_in
from matcher.records.values import Enrolment, ReferencePhoto
from matcher.reembedding import Tally, begin, embed_photos, photo_crew, progress, roll_back
from matcher.reembedding_check import switch
from matcher.settings import Settings
from tests.api.serving import enroll, identify, service
from tests.engines.onnx_models import keep_network
from tests.postgresql import Server

HTTP_METHODS = {"get", "post", "put", "patch", "delete"}


def test_it_is_ready_when_records_index_and_engine_are(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["people"], ready.json()["templates"]) == (200, 6, 7)
    assert ready.json()["index"] == {"in_step": True, "position": ready.json()["version"], "templates": 7}


@pytest.mark.long
def test_it_is_not_ready_while_records_and_index_differ(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    with service(tmp_path) as client:
        enroll(client, 0, 0, 1)
        assert client.get("/readyz").status_code == 200
        # A count that was altered behind its back stands for an index that holds other people than the records.
        with closing(sqlite3.connect(tmp_path / "records.sqlite3")) as connection, connection:
            connection.execute("update gallery_engine set templates = 5")
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
    assert "2 templates" in answer.json()["error"]["message"]
    assert "doctor --rebuild" in answer.json()["error"]["message"]


@pytest.mark.long
def test_before_anybody_asks_everything_is_loaded_and_nothing_recorded(
    tmp_path: Path, networks: Path, monkeypatch: pytest.MonkeyPatch, probe: bytes
) -> None:
    import matcher.build

    embedded: list[int] = []
    opening = matcher.build.open_engine

    def counting(*args: Any, **options: Any) -> Engine:
        engine = opening(*args, **options)
        embed = engine.embed

        def counted(photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
            embedded.append(len(faces))
            return embed(photo, faces)

        monkeypatch.setattr(engine, "embed", counted)
        return engine

    (tmp_path / "networks").symlink_to(networks)
    monkeypatch.setattr(matcher.build, "open_engine", counting)
    with service(tmp_path) as client:
        assert client.get("/healthz").status_code == 200
        assert embedded == [1]
        assert _searches(tmp_path) == []
        assert identify(client, probe).status_code == 200
        assert embedded == [1, 1]
        assert identify(client, probe, gallery="nope").status_code == 404
        # Refused before any work on the photo, yet not without a record.
        assert embedded == [1, 1]
    assert _searches(tmp_path) == ["search", "refusal"]


def _searches(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "records.sqlite3")) as connection:
        rows = connection.execute("select action from audit_entry order by sequence").fetchall()
    return [action for (action,) in rows if action in ("search", "refusal")]


@pytest.mark.long
def test_it_starts_without_its_records_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    with service(tmp_path / "home") as client:
        assert client.get("/healthz").status_code == 200
        # Whether there are accounts can't be known, so nobody is let in, not even to the page.
        for answer in (client.get("/readyz"), client.get("/v1/galleries"), identify(client, b"x"), client.get("/")):
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "records_unavailable")
            assert "retry-after" in answer.headers


def test_it_recovers_once_the_engine_is_there(tmp_path: Path, networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matcher.build

    def missing(*_args: object, **_options: object) -> None:
        raise EngineUnavailable("the weights are missing; install them")

    (tmp_path / "networks").symlink_to(networks)
    monkeypatch.setattr("api.deps._TRY_AGAIN_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(matcher.build, "open_engine", missing)
        app = create_app(Settings(home=tmp_path, without_accounts=True))
        desk = app.state.desk
        for _ in range(2):
            with pytest.raises(EngineUnavailable):
                desk.open()
    assert desk.open() is desk.open()
    desk.close()


def test_a_home_of_an_engine_that_is_not_here_is_not_ready(tmp_path: Path, networks: Path, probe: bytes) -> None:
    (tmp_path / "networks").symlink_to(networks)
    other = EngineKey("other@1")
    database = Database.in_home(tmp_path)
    with Gallery(database, InMemory(8), engine=other, dimension=8) as gallery:
        photo = ReferencePhoto("ab" * 32, Template(other, np.ones(8, np.float32)))
        gallery.enroll([Enrolment(Person("a"), [photo])])
    database.close()
    with service(tmp_path) as client:
        ready, found = client.get("/readyz"), identify(client, probe)
    for answer in (ready, found):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "engine_unavailable")


@pytest.mark.long
def test_a_switch_of_the_engine_is_noticed_without_a_restart(tmp_path: Path, networks: Path, probe: bytes) -> None:
    """Searches, and enrolments too: what is added is found by the engine that serves, and by the other one."""
    (tmp_path / "networks").symlink_to(networks)
    keep_network(tmp_path)
    key = engine_spec("tiny", home=tmp_path).key
    settings = Settings(home=tmp_path, workers=1)
    with service(tmp_path) as client, closing(Database.in_home(tmp_path)) as database:
        assert enroll(client, 3).status_code == 201
        begin(database, key, unless_recorded=EngineKey("dlib-resnet@2"))
        assert enroll(client, 4).status_code == 201
        assert progress(database).made == 1
        with photo_crew(settings, key, photos=1) as crew:
            embed_photos(database, key, crew, tally=Tally())
        assert identify(client, probe).json()["engine"] == "dlib-resnet@2"
        switch(database, key, at_most=0.0)
        found = identify(client, probe).json()
        assert (found["engine"], found["candidates"][0]["person"]["person_id"]) == (key, "drawn-000003")
        assert enroll(client, 5).status_code == 201
        roll_back(database)
        assert (client.get("/readyz").json()["engine"], client.get("/readyz").json()["templates"]) == (
            "dlib-resnet@2",
            3,
        )


@pytest.mark.long
def test_two_services_share_one_server(
    server: Server, migrated: str, networks: Path, tmp_path: Path, probe: bytes
) -> None:
    """Two homes, as on two machines: whom one enrolls the other finds at once, and doesn't when removed."""
    name = server.new_database(like=migrated)
    homes = (tmp_path / "one", tmp_path / "two")
    for home in homes:
        home.mkdir()
        (home / "networks").symlink_to(networks)
    url = SecretStr(server.url(name))
    with service(homes[0], database_url=url) as one, service(homes[1], database_url=url, index="compressed") as two:
        assert enroll(one, 3).status_code == 201
        assert enroll(two, 4).status_code == 201
        for client in (one, two):
            found = identify(client, probe).json()
            assert [found["candidates"][0]["person"]["person_id"], found["gallery"]["people"]] == ["drawn-000003", 2]
        assert one.delete("/v1/persons/drawn-000003").status_code == 204
        assert {entry["person"]["person_id"] for entry in identify(two, probe).json()["candidates"]} == {"drawn-000004"}
    assert not (homes[0] / "records.sqlite3").exists()
    server.drop(name)


def test_records_that_are_damaged_are_told_without_their_place(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    with service(tmp_path) as client:
        enroll(client, 0)
        with sqlite3.connect(Path(url_in(tmp_path).removeprefix("sqlite:///"))) as records:
            records.execute("ALTER TABLE person RENAME TO elsewhere")
        answer = client.get("/v1/persons/drawn-000000")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "records_unavailable")
        assert str(tmp_path) not in answer.text


def test_unknown_addresses_and_methods_have_the_one_shape(client: httpx.Client) -> None:
    for address in ("/v1", "/v1/", "/v1/identify/", "/v1/persons/", "/v1/persons/a/", "/static/..%2fpage.py", "/docs"):
        answer = client.get(address)
        assert answer.status_code in (404, 405), address
        assert set(answer.json()["error"]) == {"code", "message"}
    wrong = client.get("/v1/identify")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert client.options("/v1/persons").json()["error"]["code"] == "method_not_allowed"


def test_the_files_of_the_page_have_their_types_and_nothing_else_is_given_out(client: httpx.Client) -> None:
    assert client.get("/").headers["content-type"] == "text/html; charset=utf-8"
    kinds = {"page.js": "text/javascript", "page.css": "text/css", "icon.svg": "image/svg+xml"}
    for name, kind in kinds.items():
        assert client.get(f"/static/{name}").headers["content-type"].startswith(kind)
    for name in ("index.html", "../app.py", "%2e%2e/app.py", "nothing.js", ""):
        assert client.get(f"/static/{name}").status_code == 404


def test_the_description_is_complete(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    assert described["info"]["title"] == "identity-matcher"
    for address, methods in described["paths"].items():
        for method, route in methods.items():
            assert method in HTTP_METHODS
            assert route["summary"], address
            assert route["description"], address
            for status, answer in route["responses"].items():
                if status >= "400":
                    name = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                    assert "error" in described["components"]["schemas"][name]["properties"], (address, status)
    assert "HTTPValidationError" not in described["components"]["schemas"]
    form = described["paths"]["/v1/identify"]["post"]["requestBody"]["content"]
    assert set(form) == {"multipart/form-data", "image/*"}


def test_examples_are_what_is_answered(client: httpx.Client, probe: bytes) -> None:
    from api.routes.described import ENROLLED, IDENTIFICATIONS, RECORD
    from api.routes.persons import PersonEnrolledOut
    from api.wire import IdentificationOut, PersonRecordOut

    PersonRecordOut.model_validate(RECORD)
    PersonEnrolledOut.model_validate(ENROLLED)
    for example in IDENTIFICATIONS.values():
        IdentificationOut.model_validate(example["value"])
    assert set(identify(client, probe).json()) == set(IDENTIFICATIONS["candidates"]["value"])


def test_every_example_of_a_field_or_parameter_is_as_its_description_says(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    seen = 0

    def look(part: Any) -> None:
        nonlocal seen
        if isinstance(part, dict):
            for example in part.get("examples", ()) if isinstance(part.get("examples"), list) else ():
                seen += 1
                schema = part.get("schema", part)
                jsonschema_rs.validate({**schema, "components": described["components"]}, example)
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            look(inner)

    look(described)
    assert seen > 20


def test_making_the_service_touches_nothing(tmp_path: Path) -> None:
    create_app(Settings(home=tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []


def test_uploads_beyond_the_memory_set_aside_are_put_off() -> None:
    from api.errors import Busy
    from api.uploads import Memory

    memory = Memory(100)
    with memory.share() as first, memory.share() as second:
        first(60)
        second(40)
        with pytest.raises(Busy):
            second(1)
    with memory.share() as third:
        third(100)


def test_answers_do_not_wait_for_acknowledgements(tmp_path: Path) -> None:
    import socket

    from api.cli.serve import _listening

    with _listening(Settings(home=tmp_path, port=0)) as listener:
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
