"""Photos that were refused are not looked at again while their bytes, and what their refusal rests on, are the same."""

import hashlib
import json
import stat
from pathlib import Path

import pytest
from PIL import Image

from matcher.drawn import photo_bytes
from matcher.refused_before import FOLDER, RefusalFile, RefusedPhoto
from matcher.settings import load_settings
from tests.cli.parts import Shell, read_csv
from tests.matcher.quality_parts import blurred_photo

_TOLD = "told by what is kept"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A photo that can be enrolled, one without a face, and a text that is no photo."""
    folder = tmp_path / "people"
    folder.mkdir()
    (folder / "good.jpg").write_bytes(photo_bytes(0, 0))
    (folder / "text.jpg").write_text("no photo", encoding="ascii")
    Image.new("RGB", (300, 300), "white").save(folder / "faceless.png")
    return folder


def _codes(folder: Path) -> dict[str, str]:
    return {row["person_id"]: row["code"] for row in read_csv(folder / "refused.csv")}


def _reasons(folder: Path) -> dict[str, str]:
    return {row["person_id"]: row["reason"] for row in read_csv(folder / "refused.csv")}


def _file(home: Path) -> Path:
    (file,) = (home / FOLDER).iterdir()
    return file


def _tell_what_is_kept(home: Path) -> None:
    """Give every kept refusal a reason that no look at a photo would give."""
    lines = [json.loads(line) for line in _file(home).read_text(encoding="utf-8").splitlines() if line]
    text = "".join(json.dumps([mark, code, _TOLD]) + "\n" for mark, code, _ in lines)
    _file(home).write_text(text, encoding="utf-8")


@pytest.mark.long
def test_a_second_run_says_the_same_without_a_look(fresh: Shell, people: Path, tmp_path: Path) -> None:
    assert fresh("enroll", people).code == 0
    first = read_csv(tmp_path / "refused.csv")
    assert _codes(tmp_path) == {"faceless": "no_face", "text": "not_a_photo"}
    assert fresh("enroll", people).code == 0
    assert read_csv(tmp_path / "refused.csv") == first
    kept = _file(fresh.home).read_bytes()
    _tell_what_is_kept(fresh.home)
    # Under another name and id: it is the bytes that count.
    (people / "faceless.png").rename(people / "renamed.png")
    ended = fresh("enroll", people)
    assert "1 known already, 2 refused" in ended.out
    assert set(_reasons(tmp_path).values()) == {_TOLD}
    assert kept.count(b"\n[") == len(first)


@pytest.mark.long
def test_other_bytes_and_other_limits_are_looked_at(
    fresh: Shell, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh("enroll", people)
    before = _file(fresh.home)
    _tell_what_is_kept(fresh.home)
    (people / "text.jpg").write_text("another text", encoding="ascii")
    fresh("enroll", people)
    reasons = _reasons(tmp_path)
    assert set(reasons) == {"faceless", "text"}
    assert reasons["faceless"] == _TOLD
    assert reasons["text"] != _TOLD
    monkeypatch.setenv("MATCHER_MAX_PHOTO_PIXELS", "80000")
    fresh("enroll", people)
    assert _TOLD not in _reasons(tmp_path).values()
    assert _codes(tmp_path)["faceless"] == "too_many_pixels"
    assert _file(fresh.home) != before


@pytest.mark.long
def test_what_was_refused_for_its_quality_is_asked_anew(fresh: Shell, tmp_path: Path) -> None:
    """It hangs on the person's other photos: beside a better one it is refused, alone it is taken."""
    folder = tmp_path / "people" / "p"
    folder.mkdir(parents=True)
    (folder / "good.jpg").write_bytes(photo_bytes(3, 1))
    (folder / "unfit.jpg").write_bytes(blurred_photo(3, 0))
    fresh("enroll", folder.parent)
    assert [row["code"] for row in read_csv(tmp_path / "refused.csv")] == ["quality"]
    fresh("person", "remove", "p", "--yes")
    (folder / "good.jpg").unlink()
    assert "1 new" in fresh("enroll", folder.parent).out
    assert read_csv(tmp_path / "refused.csv") == []


@pytest.mark.long
def test_what_is_kept_names_no_photo_and_no_person(fresh: Shell, people: Path) -> None:
    fresh("enroll", people)
    text = _file(fresh.home).read_text(encoding="utf-8")
    assert stat.S_IMODE(_file(fresh.home).stat().st_mode) == 0o600
    for photo in people.iterdir():
        assert hashlib.sha256(photo.read_bytes()).hexdigest() not in text
        assert photo.name not in text


@pytest.mark.long
def test_a_file_that_was_cut_loses_what_was_cut_and_no_more(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    photos = [RefusedPhoto(f"{number:064x}", "no_face", f"reason {number} 面") for number in range(3)]
    RefusalFile(settings).keep(photos)
    whole = _file(tmp_path).read_bytes()
    late = RefusedPhoto("f" * 64, "truncated", "cut")
    for length in range(len(whole) + 1):
        _file(tmp_path).write_bytes(whole[:length])
        found = RefusalFile(settings)
        left = [photo for photo in photos if found.before().why(photo.sha256) == (photo.code, photo.reason)]
        assert left == photos[: len(left)]
        assert len(found.before().found) == len(left)
        found.keep([late, late])
        again = RefusalFile(settings).before()
        assert (again.why(late.sha256), len(again.found)) == (("truncated", "cut"), len(left) + 1)
    assert RefusalFile(settings).before().why(photos[2].sha256)[0]
    assert RefusalFile(settings).before().why("e" * 64) == ("", "")
