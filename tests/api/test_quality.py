"""The quality of photos over HTTP: told in every answer, refused where it is too low, overruled where it is asked."""

from pathlib import Path

import httpx
import pytest

from matcher.drawn import photo_bytes
from matcher.quality import Measure
from tests.api.conftest import PEOPLE
from tests.api.serving import enroll, identify, service
from tests.matcher.quality_parts import blurred_photo


def test_every_answer_with_a_face_tells_the_photos_quality(client: httpx.Client, probe: bytes) -> None:
    answer = identify(client, probe).json()
    quality = answer["quality"]
    assert (quality["verdict"], answer["searched_anyway"]) == ("good", "")
    assert 55 <= quality["overall"] <= 100
    assert list(quality["components"]) == [measure.value for measure in Measure]
    assert all(0 <= found["score"] <= 100 and found["unit"] for found in quality["components"].values())
    assert answer["timings_ms"]["quality"] > 0
    assert identify(client, b"hello").json()["quality"] is None


def test_an_unfit_photo_is_not_searched_with_unless_asked_for(client: httpx.Client) -> None:
    photo = blurred_photo(3, 2)
    refused = identify(client, photo).json()
    assert (refused["outcome"], refused["code"], refused["candidates"]) == ("photo_unusable", "quality", [])
    assert refused["quality"]["verdict"] == "unfit"
    assert refused["quality"]["reasons"][0]["code"] == "sharpness"
    assert "blurred" in refused["reason"]
    assert "photograph again" in refused["reason"]
    assert refused["box"] is not None
    anyway = identify(client, photo, anyway="true").json()
    assert (anyway["outcome"], anyway["code"], anyway["reason"]) == ("candidates", "", "")
    assert len(anyway["candidates"]) == PEOPLE
    assert anyway["searched_anyway"] == refused["reason"]
    assert anyway["quality"] == refused["quality"]
    in_query = client.post("/v1/identify?anyway=true", content=photo, headers={"Content-Type": "image/jpeg"}).json()
    assert in_query["candidates"] == anyway["candidates"]


def test_anyway_changes_nothing_for_a_good_photo(client: httpx.Client, probe: bytes) -> None:
    asked, plain = identify(client, probe, anyway="true").json(), identify(client, probe, anyway="false").json()
    assert asked["searched_anyway"] == ""
    assert asked["candidates"] == plain["candidates"]


@pytest.mark.parametrize("text", ["yes", "1", "TRUE!"])
def test_anyway_is_true_or_false(client: httpx.Client, probe: bytes, text: str) -> None:
    answer = identify(client, probe, anyway=text)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "anyway")


def test_enrolment_refuses_the_unfit_and_names_the_poor(empty: httpx.Client) -> None:
    fields = {"person_id": "p"}
    unfit = ("unfit.jpg", blurred_photo(3, 0), "image/jpeg")
    poor = ("poor.jpg", blurred_photo(1, 4, sigma=5), "image/jpeg")
    good = ("good.jpg", photo_bytes(3, 2), "image/jpeg")
    alone = empty.post("/v1/persons", data=fields, files=[("photo", unfit)])
    assert alone.status_code == 422
    assert alone.json()["error"]["refused"][0]["code"] == "quality"
    made = empty.post("/v1/persons", data=fields, files=[("photo", each) for each in (unfit, poor, good)]).json()
    assert [(each["photo"], each["code"]) for each in made["refused"]] == [("unfit.jpg", "quality")]
    assert [(each["photo"], each["quality"]["verdict"]) for each in made["poor"]] == [("poor.jpg", "poor")]
    assert len(made["photos"]) == 2
    taken = empty.post("/v1/persons", data={**fields, "anyway": "true"}, files=[("photo", unfit)]).json()
    assert (len(taken["photos"]), taken["refused"]) == (3, [])
    assert taken["poor"][0]["quality"]["verdict"] == "unfit"


@pytest.mark.long
def test_a_setting_leaves_quality_out(tmp_path: Path, networks: Path) -> None:
    (tmp_path / "networks").symlink_to(networks)
    with service(tmp_path, quality=False) as client:
        assert enroll(client, 3).status_code == 201
        answer = identify(client, blurred_photo(3, 2)).json()
    assert (answer["outcome"], answer["quality"]) == ("candidates", None)
    assert "quality" not in answer["timings_ms"]
