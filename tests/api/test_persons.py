"""Enrolling, reading and removing people over HTTP."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.drawn import biography, photo_bytes
from tests.api.serving import enroll, identify, service
from tests.matcher.photo_files import every_format


def test_a_person_comes_and_goes(empty: httpx.Client, probe: bytes) -> None:
    made = enroll(empty, 3, 0, 1)
    assert (made.status_code, made.json()["outcome"], made.json()["refused"]) == (201, "new", [])
    assert made.json()["person"]["native_name"] == biography(3).native_name
    assert made.headers["location"] == "/v1/persons/drawn-000003?gallery=main"
    record = empty.get(made.headers["location"]).json()
    assert {key: made.json()[key] for key in record} == record
    assert [photo["sha256"] for photo in record["photos"]] == [
        hashlib.sha256(photo_bytes(3, place)).hexdigest() for place in (0, 1)
    ]
    assert empty.get("/v1/galleries").json() == {
        "galleries": [{"name": "main", "people": 1, "photos": 2}],
        "next": "",
    }
    gone = empty.delete("/v1/persons/drawn-000003")
    assert (gone.status_code, gone.content) == (204, b"")
    for again in (empty.delete, empty.get):
        answer = again("/v1/persons/drawn-000003")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert identify(empty, probe).json()["outcome"] == "nobody"


def test_sending_the_same_again_changes_nothing_and_more_photos_are_added(empty: httpx.Client) -> None:
    first = enroll(empty, 0).json()
    again = enroll(empty, 0)
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")
    assert again.json()["photos"] == first["photos"]
    more = enroll(empty, 0, 1, name="", national_id="")
    assert (more.status_code, len(more.json()["photos"])) == (200, 2)
    assert more.json()["person"] == first["person"]


def test_other_data_under_the_same_id_is_a_conflict_unless_an_update_is_meant(empty: httpx.Client) -> None:
    enroll(empty, 0, source="")
    other = enroll(empty, 0, 1, name="Somebody Else")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "person_differs")
    assert other.json()["error"]["field"] == "name"
    assert len(empty.get("/v1/persons/drawn-000000").json()["photos"]) == 1
    filled = enroll(empty, 0, source="drawn")
    assert (filled.status_code, filled.json()["outcome"]) == (200, "updated")
    meant = enroll(empty, 0, 1, name="Somebody Else", update="true")
    assert (meant.status_code, meant.json()["person"]["name"]) == (200, "Somebody Else")
    assert enroll(empty, 0, gallery="other").status_code == 201
    assert enroll(empty, 0, update="perhaps").json()["error"]["field"] == "update"


def test_photos_that_cannot_serve_are_refused_with_codes(empty: httpx.Client) -> None:
    files = [("photo", ("C:\\photos\\good.jpg", photo_bytes(2, 0))), ("photo", ("../../bad.jpg", b"no photo"))]
    some = empty.post("/v1/persons", data={"person_id": "a"}, files=files)
    assert some.status_code == 201
    assert [(photo["photo"], photo["code"]) for photo in some.json()["refused"]] == [("bad.jpg", "not_a_photo")]
    none = empty.post("/v1/persons", data={"person_id": "b"}, files=[("photo", every_format()["png"]), files[1]])
    error = none.json()["error"]
    assert (none.status_code, error["code"], error["field"]) == (422, "photos_refused", "photo")
    assert [photo["code"] for photo in error["refused"]] == ["no_face", "not_a_photo"]
    assert empty.get("/v1/persons/b").status_code == 404
    absent = empty.post("/v1/persons", data={"person_id": "b"}, files={"name": (None, "x")})
    assert (absent.status_code, absent.json()["error"]["field"]) == (422, "photo")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("person_id", ""),
        ("person_id", "a/b"),
        ("person_id", "x" * 129),
        ("gallery", ".."),
        ("date_of_birth", "31.12.1980"),
        ("date_of_birth", "2999"),
        ("national_id", "110101199003071234"),
        ("name", "a\u202eb"),
        ("nationality", "Utopia"),
        ("age", "40"),
    ],
)
def test_fields_that_are_not_valid_are_named(client: httpx.Client, field: str, value: str) -> None:
    data = {"person_id": "never", "nationality": "CHN", field: value}
    answer = client.post("/v1/persons", data=data, files={"photo": b"not even looked at"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_field")
    assert answer.json()["error"]["field"] == field


def test_a_misspelt_parameter_never_means_another_gallery(client: httpx.Client) -> None:
    for call in (client.get, client.delete):
        answer = call("/v1/persons/drawn-000000?galery=other")
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, "galery")
    assert client.post("/v1/persons?gallery=x", files={"photo": b""}).json()["error"]["field"] == "gallery"
    assert client.get("/v1/persons/drawn-000000").status_code == 200


def test_reference_photos_come_back_byte_by_byte(client: httpx.Client) -> None:
    digest = client.get("/v1/persons/drawn-000002").json()["photos"][0]["sha256"]
    address = f"/v1/persons/drawn-000002/photos/{digest}"
    photo = client.get(address)
    assert photo.content == photo_bytes(2, 0)
    assert photo.headers["content-type"] == "image/jpeg"
    assert photo.headers["cache-control"] == "private, no-store"
    assert photo.headers["x-content-type-options"] == "nosniff"
    view = client.get(address, params={"as": "jpeg"})
    assert view.headers["content-type"] == "image/jpeg"
    assert view.content.startswith(b"\xff\xd8\xff")
    assert client.get(address, params={"as": "png"}).json()["error"]["field"] == "as"
    assert client.get(address[:-2] + "00").status_code == 404
    assert client.get("/v1/persons/drawn-000001/photos/" + digest).status_code == 404
    assert client.get("/v1/persons/drawn-000002/photos/short").status_code == 422


def test_photos_that_were_not_kept_are_not_there(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    with service(tmp_path, keep_photos=False) as client:
        photo = enroll(client, 0).json()["photos"][0]
        assert photo["has_content"] is False
        assert client.get(f"/v1/persons/drawn-000000/photos/{photo['sha256']}").status_code == 404


ODD_IDS = ("a b", "a@b+c:d", "..a", "岚若明", "Ωμέγα", "e\u0301", "100%", "x" * 128, "-", "a.b")


def test_each_photo_has_the_day_it_was_taken_on(empty: httpx.Client) -> None:
    made = enroll(empty, 3, 0, 1, taken_on=["2019-05-17", ""])
    assert [photo["taken_on"] for photo in made.json()["photos"]] == ["2019-05-17", ""]
    assert empty.get("/v1/persons/drawn-000003").json()["photos"][0]["taken_on"] == "2019-05-17"
    for days, said in ((["2999-01-01", ""], "2999-01-01 lies in the future"), (["2019-05-17"], "1 times for 2 photos"),
                       (["soon", ""], "'soon' is not a date")):  # fmt: skip
        refused = enroll(empty, 3, 0, 1, taken_on=days)
        assert (refused.status_code, refused.json()["error"]["field"]) == (422, "taken_on")
        assert said in refused.json()["error"]["message"]
    other = enroll(empty, 3, 0, 1, taken_on=["2019-05-18", "2020-05-18"])
    assert (other.status_code, other.json()["error"]["code"]) == (409, "person_differs")
    assert enroll(empty, 3, 0, 1, taken_on=["2019-05-18", "2020-05-18"], update="true").status_code == 200
    record = empty.get("/v1/persons/drawn-000003").json()
    assert [photo["taken_on"] for photo in record["photos"]] == ["2019-05-18", "2020-05-18"]


@pytest.mark.long
def test_odd_ids_survive_the_address(empty: httpx.Client) -> None:
    for person_id in ODD_IDS:
        made = empty.post("/v1/persons", data={"person_id": person_id}, files={"photo": photo_bytes(0, 0)})
        if person_id in ("100%", "-"):
            assert made.status_code == 422
            continue
        assert made.status_code == 201, person_id
        assert empty.get(made.headers["location"]).json()["person"] == made.json()["person"]
        assert empty.delete(f"/v1/persons/{quote(person_id, safe='')}").status_code == 204


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(person_id=st.text(min_size=1, max_size=40), gallery=st.text(max_size=10))
def test_any_text_as_an_id_is_answered_in_one_shape(client: httpx.Client, person_id: str, gallery: str) -> None:
    text = person_id.encode("utf-8", "surrogatepass")
    answer = client.get("/v1/persons/" + quote(text, safe=""), params={"gallery": gallery.encode("utf-8", "replace")})
    # A client takes "." and ".." for steps in the address.
    assert answer.status_code in ((404, 405, 422) if person_id.strip(".") == "" else (404, 422))
    assert set(answer.json()["error"]) <= {"code", "message", "field"}


@pytest.mark.long
def test_searches_stay_whole_while_people_come_and_go(empty: httpx.Client, probe: bytes) -> None:
    enroll(empty, 3)
    stop = threading.Event()

    def come_and_go(number: int) -> list[int]:
        statuses = []
        while not stop.is_set():
            statuses += [enroll(empty, number).status_code, empty.delete(f"/v1/persons/drawn-{number:06d}").status_code]
        return statuses

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(come_and_go, number) for number in (4, 5, 5)]
        answers = [identify(empty, probe) for _ in range(10)]
        stop.set()
        assert {status for writer in writers[:1] for status in writer.result()} == {201, 204}
        # Two who write about one person may find the other was quicker, never a fault.
        assert {status for writer in writers for status in writer.result()} <= {200, 201, 204, 404}
    for answer in answers:
        assert answer.status_code == 200
        assert answer.json()["candidates"][0]["person_id"] == "drawn-000003"
        assert [c["rank"] for c in answer.json()["candidates"]] == list(range(1, len(answer.json()["candidates"]) + 1))
    assert empty.get("/v1/galleries").json()["galleries"][0]["people"] == 1


@pytest.mark.long
def test_two_people_never_merge_by_racing_for_one_id(empty: httpx.Client) -> None:
    def enroll_as(number: int) -> int:
        data = {"person_id": "same", "name": f"Name {number}"}
        return empty.post("/v1/persons", data=data, files={"photo": photo_bytes(number, 0)}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(enroll_as, range(6))) == [201] + 5 * [409]
    assert len(empty.get("/v1/persons/same").json()["photos"]) == 1


@pytest.mark.long
def test_people_are_listed_page_by_page(empty: httpx.Client) -> None:
    for number in range(5):
        enroll(empty, number, *((0, 1) if number == 2 else (0,)))
    enroll(empty, 9, gallery="other")
    pages, cursor = [], ""
    while not pages or cursor:
        answer = empty.get("/v1/persons", params={"limit": 2, "cursor": cursor}).json()
        pages.append([(entry["person"]["person_id"], entry["photos"]) for entry in answer["persons"]])
        cursor = answer["next"]
        # Somebody new whose place is passed already, and somebody whose page is still to come.
        if len(pages) == 1:
            assert empty.post("/v1/persons", data={"person_id": "a"}, files={"photo": photo_bytes(6, 0)}).is_success
            assert empty.delete("/v1/persons/drawn-000003").is_success
    assert [len(page) for page in pages] == [2, 2]
    assert [entry for page in pages for entry in page] == [
        (f"drawn-{number:06d}", 2 if number == 2 else 1) for number in (0, 1, 2, 4)
    ]
    record = empty.get("/v1/persons/drawn-000002").json()["person"]
    (only,) = empty.get("/v1/persons", params={"limit": 1, "cursor": "ZHJhd24tMDAwMDAx"}).json()["persons"]
    assert only["person"] == record
    assert len(empty.get("/v1/persons?gallery=other").json()["persons"]) == 1


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("gallery=nope", 404, ""),
        ("gallery=a/b", 422, "gallery"),
        ("limit=0", 422, "limit"),
        ("limit=1001", 422, "limit"),
        ("cursor=%C3%BC", 422, "cursor"),
        ("cursor=a", 422, "cursor"),
        ("cursor=_w==", 422, "cursor"),
        ("galery=main", 422, "galery"),
    ],
)
def test_a_page_that_there_is_not(client: httpx.Client, query: str, status: int, field: str) -> None:
    answer = client.get(f"/v1/persons?{query}")
    assert (answer.status_code, answer.json()["error"].get("field", "")) == (status, field)


def test_an_unknown_gallery_is_told_whatever_the_photo_shows(client: httpx.Client, probe: bytes) -> None:
    for photo in (probe, every_format()["png"], b"no photo at all"):
        answer = identify(client, photo, gallery="nope")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
