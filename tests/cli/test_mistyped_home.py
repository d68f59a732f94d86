"""A home that is not there: whoever asks is told so, and none is made; only what adds people makes one."""

from pathlib import Path

import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, one_line_of_error

_QUESTIONS = [
    ("identify", "PHOTO"),
    ("backlog", "BACKLOG", "--out", "out"),
    ("person", "show", "a"),
    ("person", "list"),
    ("person", "remove", "a", "--yes"),
    ("person", "export", "a", "--out", "a.zip"),
    ("stats",),
    ("calibrate",),
    ("audit-gallery",),
    ("export-embeddings", "all.parquet"),
    ("reembed",),
    ("index", "verify"),
    ("index", "rebuild"),
    ("index", "renew"),
    ("keys", "status"),
    ("keys", "encrypt"),
    ("retention", "show"),
    ("retention", "hold", "a", "--reason", "asked by court"),
    ("purge",),
    ("backup", "--out", "all.backup"),
    ("audit", "verify"),
]


@pytest.mark.parametrize("words", _QUESTIONS, ids=lambda words: " ".join(words[:2]))
def test_asking_a_home_that_is_not_there_makes_none(
    fresh: Shell, drawn: DemoSet, tmp_path: Path, words: tuple[str, ...]
) -> None:
    there = {"PHOTO": next((drawn.backlog.parent / "cases").iterdir()), "BACKLOG": drawn.backlog}
    before = set(tmp_path.iterdir())
    ended = fresh(*(there.get(word, word) for word in words))
    one_line_of_error(ended, 4, f"no records in {fresh.home}", "--home")
    assert not ended.out
    assert set(tmp_path.iterdir()) == before


def test_a_folder_without_records_is_no_home_either(fresh: Shell) -> None:
    fresh.home.mkdir()
    one_line_of_error(fresh("stats"), 4, f"no records in {fresh.home}")
    assert not list(fresh.home.iterdir())


def test_doctor_says_it_and_makes_nothing(fresh: Shell) -> None:
    ended = fresh("doctor", "--json")
    assert ended.code == 0
    assert any(f"none in {fresh.home} yet" in finding["message"] for finding in ended.objects)
    assert not (fresh.home / "records.sqlite3").exists()
