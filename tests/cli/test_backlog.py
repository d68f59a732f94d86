"""``backlog`` over its whole way: outcomes, repetition, a gallery that changes, and the page."""

import json
import re
import shutil
import signal
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from api.cli.backlog import _OUTCOMES
from matcher.backlog_table import COLUMNS, NOT_SEARCHED
from matcher.drawn import DemoSet, photo_bytes
from matcher.identification import Outcome
from tests.cli.parts import Shell, one_line_of_error, read_csv, started, write_csv


@pytest.fixture
def cases(drawn: DemoSet, tmp_path: Path) -> Path:
    """A manifest with every kind of row; photos beside it."""
    photos = sorted((drawn.backlog.parent / "cases").iterdir())
    for place, photo in enumerate(photos[:3]):
        shutil.copy(photo, tmp_path / f"{place}.jpg")
    shutil.copy(photos[0], tmp_path / "@copy.jpg")
    (tmp_path / "text.jpg").write_text("not a photo", encoding="utf-8")
    rows = [
        ("2024/17", "0.jpg"),
        ("b", "1.jpg"),
        ("c", "gone.jpg"),
        ("d", "text.jpg"),
        ("2024/17", "./0.jpg"),
        ("e", "@copy.jpg"),
        ("f", "2.jpg"),
        ("g", ""),
    ]
    return write_csv(tmp_path / "cases.csv", [{"case_id": case, "photo": photo} for case, photo in rows])


def test_columns_are_appended_and_never_reordered() -> None:
    assert COLUMNS[:34] == (
        *("case_id", "photo", "outcome", "rank", "person_id", "score", "distance", "gallery", "name", "native_name"),
        *("date_of_birth", "sex", "nationality", "photos_compared", "best_photo", "photo_sha256", "code", "reason"),
        *("notes", "same_photo_as", "false_alarm_probability", "false_alarm_reach", "log10_likelihood_ratio"),
        *("likelihood_bound", "confidence", "nobody", "meaning", "quality", "quality_reasons", "searched_anyway"),
        *("agreement", "deadline", "review_order", "same_face_as"),
    )


@pytest.mark.long
def test_outcomes_without_a_list_and_with_two_faces(asking: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    one, other = (Image.open(path).convert("RGB") for path in sorted((drawn.people.parent / "photos").iterdir())[:2])
    both = Image.new("RGB", (one.width + other.width, max(one.height, other.height)))
    both.paste(one, (0, 0))
    both.paste(other, (one.width, 0))
    both.save(tmp_path / "two.png")
    Image.new("RGB", (400, 500), "grey").save(tmp_path / "grey.png")
    names = ["two.png", "grey.png", *(f"{number}.jpg" for number in range(900, 906))]
    for name in names[2:]:
        (tmp_path / name).write_bytes(photo_bytes(int(name.removesuffix(".jpg")), 0))
    cases = write_csv(tmp_path / "cases.csv", [{"case_id": name, "photo": name} for name in names])
    out = tmp_path / "out"
    assert asking("backlog", cases, "--out", out, "--top", 3, "--fpir", 0.01).code == 0
    found = read_csv(out / "candidates.csv")
    outcomes = {row["case_id"]: row["outcome"] for row in found}
    assert (outcomes["two.png"], outcomes["grey.png"]) == ("several_faces", "no_face")
    # Drawn people are more alike than people are, so that some who are not enrolled have a candidate all the same.
    assert "nobody" in {outcomes[name] for name in names[2:]}
    for row in found:
        assert bool(row["rank"]) == bool(row["person_id"])
        assert not row["rank"] or row["outcome"] in ("candidates", "several_faces")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert all(word in page for word in ("several_faces", "no_face", "nobody"))


@pytest.mark.long
def test_every_row_is_answered_in_its_order(asking: Shell, cases: Path, tmp_path: Path) -> None:
    ended = asking("backlog", cases, "--out", tmp_path / "out", "--top", 4)
    assert ended.code == 0, ended.err
    found = read_csv(tmp_path / "out" / "candidates.csv")
    assert list(found[0]) == list(COLUMNS)
    assert list(found[0])[:6] == ["case_id", "photo", "outcome", "rank", "person_id", "score"]
    assert [(row["case_id"], row["photo"], row["rank"]) for row in found] == [
        *(("2024/17", "0.jpg", str(rank)) for rank in range(1, 5)),
        *(("b", "1.jpg", str(rank)) for rank in range(1, 5)),
        ("c", "gone.jpg", ""),
        ("d", "text.jpg", ""),
        ("2024/17", "./0.jpg", ""),
        *(("e", "./@copy.jpg", str(rank)) for rank in range(1, 5)),
        *(("f", "2.jpg", str(rank)) for rank in range(1, 5)),
        ("g", "", ""),
    ]
    by_case = {(row["case_id"], row["photo"]): row for row in found}
    unusable = [("c", "gone.jpg"), ("d", "text.jpg"), ("2024/17", "./0.jpg"), ("g", "")]
    codes = [by_case[key]["code"] for key in unusable]
    assert codes == ["missing", "not_a_photo", "duplicate_row", "missing"]
    assert all(row["outcome"] == ("candidates" if row["rank"] else "photo_unusable") for row in found)
    assert by_case["e", "./@copy.jpg"]["same_photo_as"] == "2024/17"
    for row in found:
        assert bool(row["score"]) == bool(row["person_id"]) == bool(row["rank"])
        assert bool(row["reason"]) == (not row["rank"])


@pytest.mark.long
def test_a_second_run_searches_nothing_and_says_the_same(asking: Shell, cases: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert asking("backlog", cases, "--out", out).code == 0
    before = (out / "candidates.csv").read_bytes()
    answers = out / "answers.jsonl"
    # As after a kill in the middle of the second answer.
    lines = answers.read_bytes().splitlines(keepends=True)
    answers.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    ended = asking("backlog", cases, "--out", out)
    assert "1 of 6 photos answered before; 5 are left" in ended.err
    assert "5 searched" in ended.out
    assert "1 answered before" in ended.out
    assert (out / "candidates.csv").read_bytes() == before
    # Only the photo that is not there is looked for again, not the one that is no photo.
    ended = asking("backlog", cases, "--out", out)
    assert "5 of 6 photos answered before; 1 is left" in ended.err
    assert "1 searched" in ended.out
    # Another photo under the same name is another photo, also in the place of what was none.
    shutil.copy(tmp_path / "2.jpg", tmp_path / "1.jpg")
    shutil.copy(tmp_path / "2.jpg", tmp_path / "text.jpg")
    assert "3 searched" in asking("backlog", cases, "--out", out).out
    after = (out / "candidates.csv").read_bytes()
    assert after != before
    shutil.copy(tmp_path / "2.jpg", tmp_path / "gone.jpg")
    assert "1 searched" in asking("backlog", cases, "--out", out).out
    ended = asking("backlog", cases, "--out", out)
    assert "6 of 6 photos answered before; only photos that changed are searched again" in ended.err
    assert "0 searched" in ended.out


@pytest.mark.long
def test_a_photo_that_a_limit_kept_out_is_searched_under_another(
    asking: Shell, cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setenv("MATCHER_MAX_PHOTO_PIXELS", "10000")
    assert asking("backlog", cases, "--out", out).code == 3
    assert {row["code"] for row in read_csv(out / "candidates.csv")} >= {"too_many_pixels"}
    monkeypatch.delenv("MATCHER_MAX_PHOTO_PIXELS")
    ended = asking("backlog", cases, "--out", out)
    assert "limits of photos" in ended.err
    assert {row["code"] for row in read_csv(out / "candidates.csv")} == {
        "", "missing", "not_a_photo", "duplicate_row"
    }  # fmt: skip


@pytest.mark.long
def test_a_gallery_that_changed_is_searched_again(shell: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows = [{**row, "photo": str(drawn.backlog.parent / row["photo"])} for row in read_csv(drawn.backlog)]
    manifest = write_csv(tmp_path / "two.csv", rows[:2])
    answers = {row["case_id"]: row["person_id"] for row in read_csv(drawn.answers)}
    someone = next(person for person in answers.values() if person)
    assert shell("backlog", manifest, "--out", out).code == 0
    assert shell("person", "remove", someone, "--yes").code == 0
    ended = shell("backlog", manifest, "--out", out)
    assert "2 answers from before can't be used" in ended.err
    assert "2 searched" in ended.out
    assert someone not in {row["person_id"] for row in read_csv(out / "candidates.csv")}
    assert "answers from before can't be used" in shell("backlog", manifest, "--out", out, "--top", 2).err


@pytest.mark.long
def test_a_manifest_that_can_not_be_used_is_one_line(asking: Shell, tmp_path: Path) -> None:
    for content, words in (
        ("", ["empty"]),
        ("case_id,photo\n", ["no row"]),
        ("case,photo\n1,a.jpg\n", ["no column case_id"]),
        ("case_id,photo\n1,a.jpg\n,b.jpg\n", ["line 3", "case_id is empty"]),
        ("case_id,photo\n=1+1,a.jpg\n", ["line 2", "formula"]),
        ("case_id,photo\n+A|B!C,a.jpg\n", ["line 2", "formula"]),
        (f"case_id,photo\n{'x' * 200},a.jpg\n", ["line 2", "longer than 128"]),
    ):
        (tmp_path / "cases.csv").write_text(content, encoding="utf-8")
        one_line_of_error(asking("backlog", tmp_path / "cases.csv", "--out", tmp_path / "out"), 2, *words)
    assert not (tmp_path / "out").exists()
    (tmp_path / "cases.csv").write_text("case_id,photo\n1,gone.jpg\n", encoding="utf-8")
    one_line_of_error(asking("backlog", tmp_path / "cases.csv", "--out", tmp_path / "out"), 3, "candidates.csv")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "answers.jsonl").write_text("{}\n", encoding="utf-8")
    one_line_of_error(asking("backlog", tmp_path / "cases.csv", "--out", tmp_path / "other"), 2, "another --out")
    one_line_of_error(asking("backlog", tmp_path / "cases.csv", "--out", tmp_path / "cases.csv"), 4, "cases.csv")
    one_line_of_error(
        asking("backlog", tmp_path / "cases.csv", "--out", tmp_path / "out", "--gallery", "no"), 2, "'no'", "main"
    )


class _Elements(HTMLParser):
    """The page's elements and the texts of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self._in: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in = (dict(attrs).get("id") or "code") if tag == "script" else None

    def handle_endtag(self, _tag: str) -> None:
        self._in = None

    def handle_data(self, data: str) -> None:
        if self._in is not None:
            self.scripts[self._in] = self.scripts.get(self._in, "") + data


@pytest.mark.long
def test_the_page_is_whole_in_itself_and_no_name_becomes_an_element(
    shell: Shell, drawn: DemoSet, tmp_path: Path
) -> None:
    hostile = "</script><img src=x onerror=alert(1)>"
    person = read_csv(drawn.people)[0]["person_id"]
    assert shell("person", "add", person, "--name", hostile, "--update").code == 0
    case = f"{hostile}{{{{data}}}}"[:128]
    photo = sorted((drawn.backlog.parent / "cases").iterdir())[0]
    shutil.copy(photo, tmp_path / "a.jpg")
    manifest = write_csv(tmp_path / "x{{script}}.csv", [{"case_id": case, "photo": "a.jpg"}])
    assert shell("backlog", manifest, "--out", tmp_path / "out").code == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    elements = _Elements(page)
    assert not [attributes for tag, attributes in elements.found if {"onerror", "href"} & set(attributes)]
    assert [attributes for _, attributes in elements.found if "src" in attributes] == []
    assert "http" not in page.replace("http-equiv", "")
    policy = next(attributes for _, attributes in elements.found if "http-equiv" in attributes)["content"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert len(re.findall("'sha256-[A-Za-z0-9+/=]{44}'", policy)) == 2
    (one,) = json.loads(elements.scripts["cases"])
    assert one["id"] == case
    people = json.loads(elements.scripts["people"])
    pictures = json.loads(elements.scripts["pictures"])
    assert len(one["leads"]) == len(people) == len(pictures) == 12
    assert all(pictures)
    assert [name for _, _, name, *_ in people if name == hostile]


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_stopped_and_run_again_it_ends_as_if_undisturbed(
    asking: Shell, drawn: DemoSet, tmp_path: Path, number: signal.Signals
) -> None:
    photo = sorted((drawn.backlog.parent / "cases").iterdir())[0].read_bytes()
    rows = []
    for case in range(110):
        # A comment right after the start of the JPEG makes each file's digest another.
        (tmp_path / f"{case}.jpg").write_bytes(photo[:2] + b"\xff\xfe\x00\x06%04d" % case + photo[2:])
        rows.append({"case_id": case, "photo": f"{case}.jpg"})
    manifest = write_csv(tmp_path / "cases.csv", rows)
    out, answers = tmp_path / "out", tmp_path / "out" / "answers.jsonl"
    with started("backlog", manifest, "--out", out, "--home", asking.home, folder=tmp_path) as process:
        until = time.monotonic() + 60
        while time.monotonic() < until and not (answers.exists() and answers.stat().st_size > 10_000):
            time.sleep(0.01)
        # The first batch is kept once it is on disk, a moment after the file has grown.
        time.sleep(0.15)
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    if number is signal.SIGINT:
        assert process.returncode == 130
        assert "matcher: interrupted" in said
        outcomes = {row["outcome"] for row in read_csv(out / "candidates.csv")}
        assert outcomes == {"candidates", "not_searched"}
        # One signal shows that the files are right at that moment; the other that the end is.
        return
    ended = asking("backlog", manifest, "--out", out)
    assert ended.code == 0
    assert "answered before; " in ended.err
    assert asking("backlog", manifest, "--out", tmp_path / "undisturbed").code == 0
    assert (out / "candidates.csv").read_bytes() == (tmp_path / "undisturbed" / "candidates.csv").read_bytes()


def test_every_outcome_has_its_words() -> None:
    assert set(_OUTCOMES) == {*(outcome.value for outcome in Outcome), NOT_SEARCHED}
