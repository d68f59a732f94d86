"""A search of the audit made again: the same to the last bit, or what has changed since."""

from pathlib import Path

import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, one_line_of_error
from tests.cli.test_audit import a_photo, of_kind, tamper


def searched(shell: Shell, *arguments: object) -> int:
    """The number of the entry of a search."""
    assert shell("identify", *arguments).code in (0, 3)
    number: int = of_kind(shell, "search")[-1]["sequence"]
    return number


@pytest.mark.long
def test_the_same_engine_and_gallery_give_the_same_result(shell: Shell, drawn: DemoSet) -> None:
    number = searched(shell, a_photo(drawn), "--top", "5", "--sex", "F", "--sex", "M", "--born", "1950-2005")
    (found,) = shell("audit", "replay", number, a_photo(drawn), "--json").objects
    assert found == {"entry": number, "same": True, "changed": [], "differs": []}
    # A person's own photo is found by its digest.
    kept = next(path for path in sorted(drawn.people.parent.rglob("*.jpg")) if path.parent.name == "photos")
    again = shell("audit", "replay", searched(shell, kept))
    assert (again.code, "to the last bit" in again.out) == (0, True)
    # It is a search, too, and that it was made again is told.
    assert of_kind(shell, "search")[-1]["details"] == of_kind(shell, "search")[-2]["details"]
    assert of_kind(shell, "audit_viewed")[-1]["details"]["same"] is True


@pytest.mark.long
def test_what_has_changed_is_said(shell: Shell, drawn: DemoSet) -> None:
    number = searched(shell, a_photo(drawn))
    best = shell("identify", a_photo(drawn), "--json").objects[0]["candidates"][0]["person"]["person_id"]
    (shell.home / "settings.toml").write_text("prior = 0.25\n")
    assert shell("person", "remove", best, "--yes").code == 0
    ended = shell("audit", "replay", number, a_photo(drawn), "--json")
    (found,) = ended.objects
    assert (ended.code, found["same"]) == (3, False)
    changed = "\n".join(found["changed"])
    assert "the number of people searched was 12, is 11" in changed
    assert "prior (entry " in changed
    assert f"rank 1 was person:main/{best} with" in found["differs"][0]


def test_a_difference_that_nothing_explains_is_a_problem(shell: Shell, drawn: DemoSet) -> None:
    number = searched(shell, a_photo(drawn))
    tamper(
        shell,
        "UPDATE audit_entry SET body = replace(body, '\"result\":\"', '\"result\":\"00') "
        f"WHERE sequence = {number}",
    )  # fmt: skip
    one_line_of_error(shell("audit", "replay", number, a_photo(drawn)), 1, "nothing that the search rested on")


@pytest.mark.long
def test_what_can_not_be_made_again_is_said(shell: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    number = searched(shell, a_photo(drawn))
    other = sorted(drawn.people.parent.rglob("*.jpg"))[-1]
    one_line_of_error(shell("audit", "replay", number), 2, "is not kept", "give the photo")
    one_line_of_error(shell("audit", "replay", number, other), 2, "was a search with photo")
    one_line_of_error(shell("audit", "replay", 1, other), 2, "is no search")
    one_line_of_error(shell("audit", "replay", 10_000, other), 2, "no entry 10000")
    (tmp_path / "no.jpg").write_bytes(b"no photo")
    number = searched(shell, tmp_path / "no.jpg")
    (found,) = shell("audit", "replay", number, tmp_path / "no.jpg", "--json").objects
    assert found["same"]
