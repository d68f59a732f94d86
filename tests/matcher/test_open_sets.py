"""What the product promises of real photos, over the whole way and on whole lists of them.

Needs the folder that MATCHER_TEST_DATA names. The shipped population and calibration were fitted on photos of these
sets too, so this guards what was measured; it says nothing new of other people.
"""

import pytest

from matcher.evaluation.candour import confidence, predictions, ratios
from matcher.evaluation.plan import read_plan
from matcher.evaluation.rates import Rates, measure
from matcher.evaluation.running import Run, SeveralFaces, run
from matcher.settings import Settings
from tests.realdata import faces_folder, needs_real_photos

pytestmark = [needs_real_photos, pytest.mark.long]

# FNIR at the FPIR of these searches, at most.
MISSES = {"lfw_open_set": {0.1: 0.105, 0.01: 0.26}, "portraits_open_set": {0.01: 0.05}}
# The smallest gallery that calibration measured, and at which FPIR predictions are held to a factor of 1.5.
SMALLEST, ASKED = 250, (0.1, 0.03)
RANK_ONE = {"lfw_open_set": 0.95, "portraits_open_set": 1.0}


@pytest.fixture(scope="module", params=sorted(MISSES))
def evaluated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Run]:
    plan = read_plan(faces_folder() / f"{request.param}.csv")
    home = tmp_path_factory.mktemp("home")
    return request.param, run(plan, Settings(home=home), several_faces=SeveralFaces.TAKE)


def test_people_are_found_and_strangers_are_not_alarming(evaluated: tuple[str, Run]) -> None:
    name, done = evaluated
    found = measure(done.searches, top=20)
    assert found.not_acquired.value <= 0.003
    assert len(done.refused) <= 0.003 * len(done.plan.gallery)
    assert found.ranks[0].hit.value >= RANK_ONE[name]
    for target, most in MISSES[name].items():
        assert _fnir(found, target) <= most


def test_what_was_predicted_is_what_is_seen(evaluated: tuple[str, Run]) -> None:
    _, done = evaluated
    sizes = predictions(done.searches, done.gallery.people, done.sizes)
    # Of smaller galleries the product says itself that its numbers are rougher.
    asserted = [point for size in sizes if size.people >= SMALLEST for point in size.points if point.predicted in ASKED]
    assert len(asserted) >= len(ASKED)
    for point in asserted:
        assert 1 / 1.5 <= point.ratio <= 1.5, point
    belief, ratio = confidence(done.searches, done.settings.prior), ratios(done.pairs)
    assert belief is not None
    assert belief.ece <= 0.03
    assert ratio is not None
    assert ratio.cllr - ratio.cllr_min <= 0.03


def _fnir(found: Rates, target: float) -> float:
    (point,) = (point for point in found.at_observed if point.target == target)
    return point.fnir.value
