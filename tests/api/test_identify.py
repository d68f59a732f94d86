"""Searching over HTTP: what is found, who is left out, and what each kind of photo is answered."""

import hashlib

import cv2
import httpx
import numpy as np
import pytest

from matcher.drawn import draw, photo_bytes
from tests.api.conftest import PEOPLE
from tests.api.serving import enroll, identify
from tests.matcher.photo_files import every_format


def jpeg(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", pixels[:, :, ::-1])[1])


def test_the_person_is_ranked_first_in_either_way_of_sending(client: httpx.Client, probe: bytes) -> None:
    as_form = identify(client, probe, top="4").json()
    as_body = client.post("/v1/identify", params={"top": 4}, content=probe, headers={"Content-Type": "image/jpeg"})
    assert as_form["candidates"] == as_body.json()["candidates"]
    assert (as_form["photo"], as_body.json()["photo"]) == ("probe.jpg", "")
    assert [candidate["rank"] for candidate in as_form["candidates"]] == [1, 2, 3, 4]
    assert as_form["candidates"][0]["person_id"] == "drawn-000003"
    assert as_form["outcome"] == "candidates"
    assert as_form["scoring"]["calibrated"] is True
    assert as_form["sha256"] == hashlib.sha256(probe).hexdigest()
    box = as_form["box"]
    assert 0 < box["left"] < box["right"] < as_form["width"] == 480


def test_photos_of_one_person_are_one_candidate(client: httpx.Client) -> None:
    answer = identify(client, photo_bytes(1, 4)).json()
    assert len(answer["candidates"]) == PEOPLE
    assert (answer["candidates"][0]["person_id"], answer["candidates"][0]["photos"]) == ("drawn-000001", 2)


def test_filters_leave_out_whoever_does_not_match(client: httpx.Client, probe: bytes) -> None:
    everybody = [candidate["person"] for candidate in identify(client, probe).json()["candidates"]]
    for sex in ("F", "M"):
        found = identify(client, probe, sex=sex).json()["candidates"]
        assert {c["person_id"] for c in found} == {p["person_id"] for p in everybody if p["sex"] == sex}
    nations = sorted({person["nationality"] for person in everybody})[:2]
    found = identify(client, probe, nationality=", ".join(nations)).json()["candidates"]
    assert {c["person"]["nationality"] for c in found} == set(nations)
    years = sorted(int(person["date_of_birth"][:4]) for person in everybody)
    found = identify(client, probe, born_from=str(years[2])).json()["candidates"]
    assert sorted(int(c["person"]["date_of_birth"][:4]) for c in found) == years[2:]
    assert identify(client, probe, born_to=str(years[0] - 1)).json()["outcome"] == "nobody"
    assert len(identify(client, probe, gallery="main", top="", sex="").json()["candidates"]) == PEOPLE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("top", "0"),
        ("top", "1001"),
        ("top", "ten"),
        ("top", "-1"),
        ("top", "\uff11"),
        ("born_from", "1e3"),
        ("nationality", "Atlantis"),
        ("sex", "FM"),
        ("gallery", "a/b"),
        ("nickname", "x"),
    ],
)
def test_fields_that_are_not_valid_are_named(client: httpx.Client, probe: bytes, field: str, value: str) -> None:
    answer = identify(client, probe, **{field: value})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_field"
    assert answer.json()["error"]["field"] == field


def test_fields_that_contradict_each_other_are_refused(client: httpx.Client, probe: bytes) -> None:
    assert identify(client, probe, born_from="1990", born_to="1980").json()["error"]["field"] == "born_from"
    files = {"photo": ("a.jpg", probe)}
    twice = client.post("/v1/identify?top=3", data={"top": "4"}, files=files)
    assert (twice.status_code, twice.json()["error"]["field"]) == (422, "top")
    absent = client.post("/v1/identify", data={"top": "4"}, files={"photograph": ("a.jpg", probe)})
    assert (absent.status_code, absent.json()["error"]["field"]) == (422, "photograph")
    assert identify(client, probe, gallery="elsewhere").status_code == 404


def test_photos_without_one_clear_face_are_answers(client: httpx.Client) -> None:
    grey = identify(client, jpeg(np.full((300, 300, 3), 128, np.uint8))).json()
    assert (grey["outcome"], grey["box"], grey["candidates"]) == ("no_face", None, [])
    both = identify(client, jpeg(np.hstack([draw(2, 1), draw(4, 1)]))).json()
    assert both["outcome"] == "several_faces"
    assert len(both["others"]) == 1
    assert both["candidates"][0]["person_id"] in ("drawn-000002", "drawn-000004")
    text = identify(client, b"hello").json()
    assert (text["outcome"], text["code"]) == ("photo_unusable", "not_a_photo")
    assert text["reason"]
    cut = identify(client, photo_bytes(3, 2)[:9_000]).json()
    assert (cut["outcome"], cut["code"]) == ("photo_unusable", "truncated")
    assert identify(client, b"").json()["code"] == "empty"


def test_an_empty_gallery_has_nobody(empty: httpx.Client, probe: bytes) -> None:
    assert identify(empty, probe).json()["outcome"] == "nobody"
    assert enroll(empty, 3).status_code == 201
    assert identify(empty, probe).json()["outcome"] == "candidates"


def test_every_format_is_shown_as_an_upright_jpeg(client: httpx.Client) -> None:
    for name, data in every_format().items():
        shown = client.post("/v1/preview", files={"photo": (name, data)})
        assert shown.headers["content-type"] == "image/jpeg", name
        assert cv2.imdecode(np.frombuffer(shown.content, np.uint8), cv2.IMREAD_COLOR).shape == (48, 64, 3)
    large = client.post("/v1/preview", files={"photo": jpeg(draw(0, 0, size=(1200, 1500)))})
    assert cv2.imdecode(np.frombuffer(large.content, np.uint8), cv2.IMREAD_COLOR).shape == (1024, 819, 3)
    refused = client.post("/v1/preview", files={"photo": b"hello"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "not_a_photo")


def test_a_target_for_false_alarms_shortens_the_list(client: httpx.Client, probe: bytes) -> None:
    whole = identify(client, probe).json()
    cut = identify(client, probe, fpir="0.2").json()
    assert (whole["scoring"]["mode"], cut["scoring"]["mode"]) == ("investigation", "identification")
    assert cut["scoring"]["fpir"] == 0.2
    assert cut["candidates"] == whole["candidates"][: len(cut["candidates"])]
    assert all(candidate["false_alarm_probability"] <= 0.2 for candidate in cut["candidates"])
    shares = sum(candidate["confidence"] for candidate in whole["candidates"])
    assert shares + whole["scoring"]["nobody"] + whole["scoring"]["elsewhere"] == pytest.approx(1)


@pytest.mark.parametrize("text", ["0", "1", "-0.1", "nan", "inf", "a tenth", "1e-999"])
def test_a_target_that_is_no_share_is_refused(client: httpx.Client, probe: bytes, text: str) -> None:
    answer = identify(client, probe, fpir=text)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "fpir")


def test_a_target_that_cannot_be_kept_is_refused(client: httpx.Client, probe: bytes) -> None:
    answer = identify(client, probe, fpir="1e-15")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "outside_calibration")
