"""What a search says of itself, two engines' agreement and a photo of poor quality, reaches reviewers and documents."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.casework.document.signing import read_signed
from matcher.casework.document.stationery import KEY_NAME, Stationery
from matcher.casework.galleries import GalleryKind
from matcher.engines.base import EngineSpec
from matcher.engines.brought.manifest import Joined, Part
from matcher.engines.brought.shelf import Shelf
from matcher.faces import Face
from matcher.person import Person
from matcher.photo import Photo
from matcher.quality import Quality
from matcher.quality.values import Measure, Reason, Verdict
from matcher.records.sqlite import url_in
from matcher.scoring.fusion import join
from matcher.scoring.likeness import Vectors, unit
from tests.casework.document.parts import ROOT, both_files, keys_of, made
from tests.casework.parts import ANNA, BORIS, FRIDA, Bureau, Colours, bureau, picture

JOINED = Joined("both", "", "", (Part("one", "1", 48), Part("two", "1", 64)), 1.5)
PEOPLE = 70
BLURRED = Quality({}, 12.0, Verdict.UNFIT, (Reason(Measure.SHARPNESS, "the face is blurred", "photograph again"),))


def _people(dimension: int) -> Vectors:
    return unit(np.random.default_rng(dimension).standard_normal((256, dimension)))


class TwoColours(Colours):
    """A joined engine: one part sees the red of a picture as the person, the other the green."""

    spec = EngineSpec(id="both", version=JOINED.version, dimension=JOINED.dimension, description="colours, twice")

    def embed(self, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        red, green, _ = (int(value) for value in photo.pixels[0, 0])
        return np.repeat(
            join(_people(48)[red : red + 1], _people(64)[green : green + 1], weight=1.5), len(faces), axis=0
        )


def _identified(there: Bureau) -> tuple[int, int]:
    """A case whose photo is person 4 to one part and 5 to the other, and of poor quality; 4 is found. Case, review."""
    for person in range(1, PEOPLE):
        there.matcher.enroll(Person(f"p{person}", gallery="main"), [picture(person, person)])
    there.office.galleries.state(
        FRIDA, "main", kind=GalleryKind.OWN_RECORDS, supplier="our own office", country="CHN", is_foreign=False,
        legal_basis="act 1",
    )  # fmt: skip
    case = there.case(gallery="main").number
    prepared = replace(there.matcher.prepare(picture(4, 5)), quality=BLURRED)
    there.office.cases.add_photo(ANNA, case, prepared, picture(4, 5))
    there.lift(case)
    search, _ = there.desk.searches.search(
        ANNA, case, gallery="main", photo=prepared.sha256, top=3, anyway=True, prepared=prepared
    )
    blind = there.office.reviews.view(ANNA, there.office.reviews.begin(ANNA, search.number).number)
    assert (blind.scoring, blind.searched_anyway) == ("", "")
    first = there.review(ANNA, search.number, 4)
    there.review(BORIS, search.number, 4)
    return case, first


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bureau]:
    Shelf(tmp_path).keep(JOINED)
    with bureau(url_in(tmp_path), Stationery(tmp_path / KEY_NAME), engine=TwoColours(), home=tmp_path) as opened:
        keys_of(opened).make(ROOT)
        yield opened


def test_reviewers_and_documents_are_told_what_a_search_says_of_itself(there: Bureau) -> None:
    case, number = _identified(there)
    (search,) = there.desk.searches.searches(ANNA, case)
    assert "the face is blurred" in search.searched_anyway
    view = there.office.reviews.view(ANNA, number)
    found = {one.candidate.key[1]: one.candidate.scores.agreement for one in view.candidates}
    assert (found["p4"], found["p5"]) == ("disagree", "disagree")
    assert "not calibrated for this engine" in view.scoring
    assert view.searched_anyway == search.searched_anyway
    data = both_files(there, made(there, case))[1]
    schema = files("matcher.casework.document").joinpath("schemas/request.schema.json").read_text(encoding="utf-8")
    jsonschema_rs.validator_for(json.loads(schema)).validate(json.loads(data))
    request, _ = read_signed(data)
    strength: dict[str, Any] = request["strength"]
    assert strength["agreement"] == "disagree"
    assert "disagree" in strength["agreement_in_words"]["en"]
    assert "the face is blurred. It was" in strength["searched_anyway"]["en"]
