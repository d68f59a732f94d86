"""Who is kept, who goes, and that nothing of who went is left in any file of the home."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from matcher.drawn import DemoSet
from matcher.erasure import Traces, search_files
from matcher.protection.master import FILE_VARIABLE
from tests.cli.parts import Shell, one_line_of_error, read_csv

DAY = 86_400


def years_ago(shell: Shell, *person_ids: str) -> None:
    """Make the records say that these people were added long ago."""
    signs = ", ".join("?" * len(person_ids))
    with closing(sqlite3.connect(shell.home / "records.sqlite3")) as connection:
        old = f"(SELECT id FROM person WHERE person_id IN ({signs}))"
        connection.execute(f"UPDATE photo SET added_at = added_at - {1000 * DAY} WHERE owner_id IN {old}", person_ids)
        changed = f"UPDATE person SET changed_at = changed_at - {1000 * DAY} WHERE person_id IN ({signs})"
        connection.execute(changed, person_ids)
        connection.commit()


def photo_of(drawn: DemoSet, person_id: str) -> bytes:
    (row,) = [row for row in read_csv(drawn.people) if row["person_id"] == person_id]
    return (drawn.people.parent / row["photo"]).read_bytes()


def stored_vector(shell: Shell, person_id: str) -> bytes:
    with closing(sqlite3.connect(shell.home / "records.sqlite3")) as connection:
        query = (
            "SELECT template.vector FROM template JOIN photo ON photo.link = template.photo_link "
            "JOIN person ON person.id = photo.owner_id WHERE person.person_id = ?"
        )
        return bytes(connection.execute(query, (person_id,)).fetchone()[0])


def whole(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


@pytest.fixture
def people(drawn: DemoSet) -> list[str]:
    return [row["person_id"] for row in read_csv(drawn.people)]


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.long
def test_nothing_is_left_of_who_was_purged(
    shell: Shell, drawn: DemoSet, people: list[str], monkeypatch: pytest.MonkeyPatch, encrypted: bool
) -> None:
    monkeypatch.setenv("MATCHER_INDEX", "compressed")
    if encrypted:
        assert shell("keys", "init", "--out", shell.folder / "key").code == 0
        monkeypatch.setenv(FILE_VARIABLE, str(shell.folder / "key"))
        assert shell("keys", "encrypt").code == 0
    assert shell("stats").code == 0
    gone, kept = people[:3], people[3:]
    years_ago(shell, *gone)
    photo, vector = photo_of(drawn, gone[0]), stored_vector(shell, gone[0])
    segment = vectors_in_index(shell)
    content = whole(shell.home)
    assert vector in content
    # The plain photo stands in pages with gaps between them; a part of it stands in one.
    assert (photo[2000:3000] in content) is not encrypted
    assert shell("retention", "set", "main", "--days", "365").code == 0
    assert shell("retention", "show", "--json").objects[0]["due"] == 3
    assert [line["person_id"] for line in shell("purge", "--dry-run", "--json").objects] == gone
    assert shell("backup", "--out", shell.folder / "old.zip").code == 0

    done = shell("purge", "--json")
    assert done.code == 0, done.err
    facts = done.objects[0]
    assert (facts["people"], facts["photos"], facts["templates"], facts["left"]) == (3, 3, 3, [])
    assert facts["searched_bytes"] > 100_000
    assert facts["backups"] == [str(shell.folder / "old.zip")]

    content = whole(shell.home)
    for person_id in gone:
        assert photo_of(drawn, person_id)[2000:3000] not in content
    assert vector not in content
    assert not any(row in content for row in segment)
    for person_id in gone:
        one_line_of_error(shell("person", "show", person_id), 2, "no person")
    for person_id in kept:
        assert shell("person", "show", person_id).code == 0
    assert shell("doctor", "--contents").code == 0
    proof, entry = shell("audit", "show", "--action", "purge", "--json").objects
    assert entry["subjects"] == [f"person:main/{person_id}" for person_id in gone]
    assert proof["details"] == {
        "what": "searched", "bytes": facts["searched_bytes"], "files_left": 0, "left": {}
    }  # fmt: skip
    assert shell("purge", "--json").objects[0]["people"] == 0


def vectors_in_index(shell: Shell) -> list[bytes]:
    """Every eight bytes of the index's files that are likely to be of vectors: they must not be there afterwards."""
    log = max((shell.home / "index").rglob("log-*"), key=lambda path: path.stat().st_size).read_bytes()
    rows = [log[start : start + 64] for start in range(512, len(log) - 64, 256)]
    return [row for row in rows if len(set(row)) > 40]


@pytest.mark.long
def test_a_legal_hold_stands_before_everything(shell: Shell, people: list[str]) -> None:
    held, other = people[:2]
    years_ago(shell, held, other)
    assert shell("retention", "set", "main", "--days", "1").code == 0
    assert shell("retention", "hold", held, "--reason", "court order 17/2026").code == 0
    assert [line["person_id"] for line in shell("purge", "--dry-run", "--json").objects] == [other]
    one_line_of_error(shell("person", "remove", held, "--yes"), 2, "legal hold", "release")
    shown = shell("retention", "show", "--json").objects[0]
    assert shown["holds"] == [{"gallery": "main", "person_id": held, "reason": "court order 17/2026"}]
    one_line_of_error(shell("retention", "hold", held, "--reason", "again"), 2, "held already")
    assert shell("purge").code == 0
    assert shell("person", "show", held).code == 0
    assert shell("retention", "release", held).code == 0
    one_line_of_error(shell("retention", "release", held), 2, "not held")
    assert shell("purge").code == 0
    one_line_of_error(shell("person", "show", held), 2, "no person")


@pytest.mark.long
def test_who_changed_lately_stays(shell: Shell, people: list[str]) -> None:
    years_ago(shell, *people)
    assert shell("retention", "set", "main", "--days", "30").code == 0
    assert shell("person", "add", people[0], "--source", "seen again", "--update").code == 0
    due = [line["person_id"] for line in shell("purge", "--dry-run", "--json").objects]
    assert due == people[1:]
    assert shell("retention", "set", "main", "--forever").code == 0
    assert shell("purge", "--json").objects[0]["people"] == 0
    assert "nobody is purged" in shell("retention", "show").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "nowhere", "--days", "3"), "no gallery"),
        (("set", "main"), "--days or --forever"),
        (("set", "main", "--days", "3", "--forever"), "--days or --forever"),
        (("hold", "nobody", "--reason", "x"), "no person"),
        (("hold", "nobody", "--reason", " "), "the reason must be"),
    ],
)
def test_wrong_use_is_one_line(shell: Shell, arguments: tuple[str, ...], words: str) -> None:
    one_line_of_error(shell("retention", *arguments), 2, words)


@pytest.mark.long
def test_traces_are_found_wherever_they_stand(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    needles = tuple(random.bytes(48) for _ in range(50))
    noise = random.bytes(9 * 2**20)
    for place in (0, 1, 7, 8 * 2**20 - 20, len(noise) - 48):
        content = bytearray(noise)
        content[place : place + 48] = needles[place % 50]
        (tmp_path / "file").write_bytes(content)
        searched, found = search_files(tmp_path, Traces(needles))
        assert searched == len(noise)
        assert [one.traces for one in found] == [1], place
    (tmp_path / "file").write_bytes(noise)
    assert search_files(tmp_path, Traces(needles))[1] == ()
