"""The same detainee twice among the cases: found by itself, and told as if there were no case that one may not see.

Templates are drawn from the shipped population, so that the shipped calibration holds for them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import event, func, select

from matcher.casework import duplicates
from matcher.casework.duplicates import Duplicate, suspected
from matcher.engines.base import EngineSpec
from matcher.errors import NotFound
from matcher.faces import Face
from matcher.photo import Photo
from matcher.records.case_tables import case_duplicate
from matcher.records.database import Database
from tests.casework.parts import ANNA, BORIS, DORA, Bureau, Colours, bureau
from tests.matcher.scoring_people import ENGINE, another_photo, strangers


class Shipped(Colours):
    """Red is the person, as with colours; the templates are those of the shipped engine's population."""

    name, _, version = ENGINE.rpartition("@")
    spec = EngineSpec(id=name, version=version, dimension=128, description="drawn templates")

    def embed(self, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        red, green, _ = (int(value) for value in photo.pixels[0, 0])
        person = strangers(256, seed=77)[red][None]
        shown = another_photo(person, seed=1000 * red + green)
        return np.repeat(shown, len(faces), axis=0).astype(np.float32)


@pytest.fixture
def both(url: str, tmp_path: Path) -> Iterator[Bureau]:
    with bureau(url, engine=Shipped(), home=tmp_path) as opened:
        opened.enroll("main", *range(1, 30))
        yield opened


def _others(found: Sequence[Duplicate]) -> list[int]:
    return [one.other for one in found]


def _added(there: Bureau, person: int, shot: int, *, who: Any = ANNA) -> int:
    """A case with a photo, added as the doors of the program do."""
    case = there.case(who)
    there.photo(who, case.number, person, shot)
    there.desk.duplicates.look_by_itself(who, case.number)
    return case.number


@contextmanager
def _statements(database: Database) -> Iterator[list[tuple[str, int]]]:
    """Every statement as it goes to the database, and how many rows of values it carries."""
    seen: list[tuple[str, int]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        seen.append((statement, len(parameters) if many else 1))

    engines = {one for one in vars(database).values() if hasattr(one, "dialect")}
    for one in engines:
        event.listen(one, "before_cursor_execute", note)
    yield seen
    for one in engines:
        event.remove(one, "before_cursor_execute", note)


def test_the_same_person_is_found_without_anybody_asking(both: Bureau) -> None:
    first, stranger = _added(both, 50, 1), _added(both, 60, 1)
    second = _added(both, 50, 2)
    assert _others(both.desk.duplicates.known(ANNA, second)) == [first]
    (seen,) = both.desk.duplicates.known(ANNA, first)
    assert (seen.other, seen.state) == (second, "suspected")
    assert seen.false_alarm_probability is not None
    assert seen.false_alarm_probability < 0.05
    assert both.desk.duplicates.known(ANNA, stranger) == ()
    assert suspected(both.office.files, ANNA, [first, second, stranger]) == {first, second}
    both.desk.duplicates.decide(ANNA, first, second, same=False)
    assert suspected(both.office.files, ANNA, [first, second, stranger]) == frozenset()
    with both.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(case_duplicate)).scalar_one() == 1


def test_what_was_not_compared_is_compared_at_the_next_search(both: Bureau) -> None:
    first = _added(both, 50, 1)
    case = both.case(person=50)
    # As where the process ended between the photo and the comparison.
    assert both.desk.duplicates.known(ANNA, case.number) == ()
    both.desk.duplicates.look_by_itself(ANNA, case.number)
    assert _others(both.desk.duplicates.known(ANNA, case.number)) == [first]
    with _statements(both.database) as seen:
        both.desk.duplicates.look_by_itself(ANNA, case.number)
    assert not any("INSERT" in statement for statement, _ in seen)


def test_a_hidden_case_changes_neither_answer_nor_work(both: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """Boris has cases of the same two people; of one there is a case that he may not see."""
    # As in an office of many cases, where their number counts.
    monkeypatch.setattr(duplicates, "FEWEST", 1)
    hidden = _added(both, 50, 1, who=ANNA)
    mine = {person: _added(both, person, 1, who=BORIS) for person in (70, 80)}
    told = {}
    for person in (50, 51):
        work: list[list[tuple[str, int]]] = []
        case = both.case(BORIS)
        both.photo(BORIS, case.number, person, 2)
        for act in (
            lambda case=case: both.desk.duplicates.look_by_itself(BORIS, case.number),
            lambda case=case: both.desk.duplicates.look(BORIS, case.number),
            lambda case=case: both.desk.duplicates.known(BORIS, case.number),
            lambda case=case: suspected(both.office.files, BORIS, [case.number]),
        ):
            with _statements(both.database) as seen:
                found = act()
            assert not found
            work.append(seen)
        told[person] = work
        with pytest.raises(NotFound) as refusal:
            both.desk.duplicates.decide(BORIS, case.number, hidden, same=True)
        assert "no such suspicion" in str(refusal.value)
        assert _others(both.desk.duplicates.known(DORA, case.number)) == ([hidden] if person == 50 else [])
    assert all(told[50])
    assert told[50] == told[51]
    # What Boris is told of his own cases stays the same to the last bit, however many cases he may not see there are.
    twin = _added(both, 70, 2, who=BORIS)
    before = both.desk.duplicates.known(BORIS, twin)
    assert _others(before) == [mine[70]]
    for shot in range(3, 8):
        _added(both, 70, shot, who=ANNA)
    both.desk.duplicates.look(BORIS, twin)
    assert both.desk.duplicates.known(BORIS, twin) == before
    assert len(both.desk.duplicates.known(DORA, twin)) == 5


def test_what_is_shared_is_told_from_then_on(both: Bureau) -> None:
    hidden, case = _added(both, 50, 1), _added(both, 50, 2, who=BORIS)
    assert both.desk.duplicates.known(BORIS, case) == ()
    both.office.cases.share(ANNA, hidden, BORIS.account, reason="one person's")
    assert _others(both.desk.duplicates.known(BORIS, case)) == [hidden]
