"""Amounts in words."""

import pytest

from matcher.wording import counted


@pytest.mark.parametrize(("count", "said"), [(0, "0 people"), (1, "1 person"), (2, "2 people"), (1234, "1,234 people")])
def test_one_is_not_many(count: int, said: str) -> None:
    assert counted(count, "person", "people") == said


def test_most_take_an_s() -> None:
    assert [counted(count, "photo") for count in (1, 11)] == ["1 photo", "11 photos"]
