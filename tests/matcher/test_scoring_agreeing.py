"""Joined engines: whether both say the same of a candidate; scores and calibration without anything shipped."""

import dataclasses
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.among import EVERYBODY
from matcher.backlog import answer_of_case, conditions, open_answers
from matcher.backlog_table import listed, write_candidates
from matcher.engines.base import EngineSpec
from matcher.engines.brought.manifest import Joined, Part
from matcher.engines.brought.shelf import Shelf
from matcher.errors import OutsideCalibration
from matcher.faces import EngineKey
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.manifest import Case
from matcher.own_calibration import calibrate_on
from matcher.photo import DEFAULT_LIMITS
from matcher.photo_work import photo_crew
from matcher.pipeline import Matcher
from matcher.preparing import PreparedPhoto
from matcher.records.database import Database
from matcher.report.page import ReportFacts, write_report
from matcher.scoring.agreeing import Judges, together
from matcher.scoring.fusion import Agreement, join
from matcher.scoring.learning import learn
from matcher.scoring.likeness import Vectors, unit
from matcher.scoring.opening import keep_calibration, open_scorer
from matcher.settings import load_settings
from tests.cli.parts import read_csv
from tests.matcher.live_parts import NoPhotos, enroll, probe

FIRST, SECOND = 48, 64
PEOPLE = 400
JOINED = Joined("both", "", "", (Part("one", "1", FIRST), Part("two", "1", SECOND)), 1.5)


def _people(count: int, dimension: int, seed: int) -> Vectors:
    return unit(np.random.default_rng(seed).standard_normal((count, dimension)))


def _photos_of(people: Vectors, seed: int, change: float = 0.5) -> Vectors:
    noise = np.random.default_rng(seed).standard_normal(people.shape)
    return unit(people + change * unit(noise))


FIRSTS, SECONDS = _people(PEOPLE, FIRST, 1), _people(PEOPLE, SECOND, 2)
TEMPLATES = join(FIRSTS, SECONDS, weight=JOINED.weight)


@given(st.sampled_from(Agreement), st.sampled_from(Agreement))
def test_engines_agree_where_they_say_the_same(first: Agreement, second: Agreement) -> None:
    said = together(first, second)
    assert said is together(second, first)
    assert (said is Agreement.AGREE) == (first is second)
    assert (said is Agreement.DISAGREE) == ({first, second} == {Agreement.AGREE, Agreement.DISAGREE})


def test_a_part_is_asked_for_its_own_columns_alone() -> None:
    codes = np.arange(PEOPLE)
    judges = Judges.of(learn(TEMPLATES, codes, people=PEOPLE, population=None), (FIRST, SECOND))
    assert judges is not None
    mate, stranger = _photos_of(FIRSTS[:1], 5), _people(1, SECOND, 6)
    torn = join(mate, stranger, weight=JOINED.weight)[0]
    assert judges.first.verdicts(torn, TEMPLATES[:1], codes[:1]) == (Agreement.AGREE,)
    assert judges.second.verdicts(torn, TEMPLATES[:1], codes[:1]) == (Agreement.DISAGREE,)
    other_first = join(_people(1, FIRST, 7), stranger, weight=JOINED.weight)[0]
    same_second = judges.second.scores(other_first, TEMPLATES[:9], codes[:9])
    assert np.allclose(judges.second.scores(torn, TEMPLATES[:9], codes[:9]), same_second, atol=1e-4)


def test_strangers_reach_a_parts_score_as_seldom_as_its_law_says() -> None:
    codes = np.arange(PEOPLE)
    judges = Judges.of(learn(TEMPLATES, codes, people=PEOPLE, population=None), (FIRST, SECOND))
    assert judges is not None
    strangers = join(_people(60, FIRST, 8), _people(60, SECOND, 9), weight=JOINED.weight)
    for judge in (judges.first, judges.second):
        scores = np.concatenate([judge.scores(one, TEMPLATES, codes) for one in strangers])
        seen = float((judge.law.fmr(scores) <= 1e-2).mean())
        assert 0.005 < seen < 0.02


def test_a_small_crowd_judges_nothing() -> None:
    few = learn(TEMPLATES[:60], np.arange(60), people=60, population=None)
    assert Judges.of(few, (FIRST, SECOND)) is not None
    fewer = dataclasses.replace(few, own=few.own[:59], codes=few.codes[:59])
    assert Judges.of(fewer, (FIRST, SECOND)) is None


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("joined") / "home"
    Shelf(place).keep(JOINED)
    return place


class _Opened:
    """A matcher over joined templates of nobody."""

    def __init__(self, home: Path, *, people: int = PEOPLE, photos: int = 1) -> None:
        key = EngineKey(f"both@{JOINED.version}")
        self.database = Database.in_home(home)
        self.gallery = Gallery(self.database, InMemory(JOINED.dimension), engine=key, dimension=JOINED.dimension)
        engine = NoPhotos(key)
        assert isinstance(engine.spec, EngineSpec)
        self.matcher = Matcher(engine, self.gallery, scorer=open_scorer(self.gallery, home, prior=0.5))
        if not self.gallery.state().people:
            enroll(self.matcher, {f"p{n:04}": [self.photo(n, which) for which in range(photos)] for n in range(people)})

    def photo(self, person: int, number: int) -> Vectors:
        """A photo of one person; number 0 is the one that TEMPLATES has."""
        if number == 0:
            return TEMPLATES[person]
        rows = slice(person, person + 1)
        first, second = _photos_of(FIRSTS[rows], 100 * person + number), _photos_of(SECONDS[rows], 7 * person + number)
        return join(first, second, weight=JOINED.weight)[0]

    def close(self) -> None:
        self.gallery.close()
        self.database.close()


def _assert_backlogs_tell(matcher: Matcher, torn: PreparedPhoto, folder: Path) -> None:
    """A backlog's table and page say where the engines disagree, and nothing where there is no candidate."""
    now, scoring = conditions(matcher, limits=DEFAULT_LIMITS, among=EVERYBODY, top=5)
    cases = (Case(2, "a", "a.jpg", "a.jpg"), Case(3, "b", "b.jpg", "b.jpg", "missing", "there is no such file"))
    engine = matcher.engine.spec.key
    facts = ReportFacts(datetime(2026, 1, 2, tzinfo=UTC), "cases.csv", engine, "", scoring.people, scoring.note)
    # Of the way of a backlog all but the photos: there are none of these people.
    crew = photo_crew(load_settings(folder), photos=1)
    with open_answers(folder, now) as answers:
        found = matcher.identify_many([torn], top=5)[0]
        answers.add([answer_of_case(cases[0].case_id, cases[0].photo, found, b"")])
        write_candidates(folder / "candidates.csv", partial(listed, cases, answers), matcher.gallery)
        write_report(
            folder / "report.html", partial(listed, cases, answers), matcher.gallery, crew, facts=facts, budget=0
        )
    rows = read_csv(folder / "candidates.csv")
    said = {row["person_id"]: row["agreement"] for row in rows}
    assert said["p0004"] == said["p0005"] == "disagree"
    assert said[""] == ""
    page = (folder / "report.html").read_text("utf-8")
    assert '"disagree"]' in page.split('id="cases"')[1]


def test_answers_say_whether_the_engines_agree_and_that_nothing_is_calibrated(home: Path, tmp_path: Path) -> None:
    opened = _Opened(home)
    try:
        mate = opened.matcher.identify_many([probe(opened.matcher, opened.photo(3, 1))])[0]
        assert mate.candidates[0].person.person_id == "p0003"
        assert mate.candidates[0].agreement == Agreement.AGREE.value
        assert not mate.scoring.calibrated
        assert "not calibrated for this engine" in mate.scoring.note
        assert mate.candidates[0].confidence is None
        torn = join(_photos_of(FIRSTS[4:5], 11), SECONDS[5:6], weight=JOINED.weight)[0]
        listed = opened.matcher.identify_many([probe(opened.matcher, torn)])[0].candidates
        found = {candidate.person.person_id: candidate.agreement for candidate in listed}
        assert found["p0004"] == found["p0005"] == Agreement.DISAGREE.value
        _assert_backlogs_tell(opened.matcher, probe(opened.matcher, torn), tmp_path)
        with pytest.raises(OutsideCalibration, match="not calibrated"):
            opened.matcher.identify_many([probe(opened.matcher, opened.photo(3, 1))], fpir=0.1)
    finally:
        opened.close()


def test_small_galleries_say_that_scores_are_an_order_only(tmp_path: Path) -> None:
    Shelf(tmp_path / "home").keep(JOINED)
    opened = _Opened(tmp_path / "home", people=20)
    try:
        answer = opened.matcher.identify_many([probe(opened.matcher, opened.photo(3, 1))])[0]
        assert answer.candidates[0].person.person_id == "p0003"
        assert answer.candidates[0].agreement == ""
        assert answer.scoring.name == "native-l2"
        assert "too few people" in answer.scoring.note
    finally:
        opened.close()


@pytest.mark.long
def test_a_joined_engine_is_calibrated_on_the_operators_own_people(tmp_path: Path) -> None:
    place = tmp_path / "home"
    Shelf(place).keep(JOINED)
    opened = _Opened(place, photos=2)
    made = calibrate_on(opened.gallery, None, today=date(2026, 1, 2))
    opened.close()
    assert made.source.engine == f"both@{JOINED.version}"
    keep_calibration(place, made)
    again = _Opened(place)
    try:
        answer = again.matcher.identify_many([probe(again.matcher, again.photo(3, 2))], fpir=0.1)[0]
        assert answer.scoring.calibrated
        assert answer.candidates[0].person.person_id == "p0003"
        assert answer.candidates[0].false_alarm_probability is not None
        assert answer.candidates[0].false_alarm_probability < 0.01
        stranger = join(_people(1, FIRST, 20), _people(1, SECOND, 21), weight=JOINED.weight)[0]
        nobody = again.matcher.identify_many([probe(again.matcher, stranger)], fpir=0.001)[0]
        assert nobody.outcome == "nobody"
    finally:
        again.close()
