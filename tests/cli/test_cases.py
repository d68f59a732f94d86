"""Cases at the command line: the whole way with drawn people, each step by the person who may do it."""

import csv
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from matcher.audit.acting import acting
from matcher.drawn import photo_bytes
from tests.cli.parts import ROOT, Ended, Shell, one_line_of_error, read_csv, write_csv


def _by(shell: Shell, who: str, *arguments: object) -> Ended:
    with acting(f"os:{who}"):
        return shell(*arguments)


def _number(ended: Ended, kind: str) -> str:
    assert ended.code == 0, ended.err
    found = re.search(rf"{kind}-[0-9A-Z]{{5}}-[0-9A-Z]{{5}}", ended.out)
    assert found is not None, ended.out
    return found[0]


def _reviewed(shell: Shell, who: str, search: str, folder: Path, same: bytes) -> Ended:
    """A review in which somebody finds the person of one photo to be the same."""
    review = _number(_by(shell, who, "cases", "review", search, "--out", folder), "R")
    rows = read_csv(folder / "verdicts.csv")
    assert (folder / "probe.photo").stat().st_size > 0
    for row in rows:
        is_same = (folder / row["photo"]).read_bytes() == same
        row |= {"verdict": "same_person" if is_same else "different_person", "confidence": "80",
                "reasons": "ears:similar nose:similar" if is_same else "ears:different"}  # fmt: skip
    with (folder / "verdicts.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    handed = _by(shell, who, "cases", "verdicts", review, folder / "verdicts.csv")
    assert handed.code == 0, handed.err
    assert "rank 1" in handed.out
    return _by(shell, who, "cases", "close-review", review)


@pytest.mark.long
def test_the_whole_way(shell: Shell, tmp_path: Path) -> None:
    probe = tmp_path / "probe.jpg"
    probe.write_bytes(photo_bytes(3, 2))
    case = _number(_by(shell, "anna", "cases", "add", probe, "--country", "CHN", "--custody", "2026-02-01"), "C")
    terms = ("--supplier", "a ministry", "--country", "CHN", "--basis", "agreement 7")
    assert _by(shell, "frida", "galleries", "state", "main", "--kind", "register", *terms).code == 0
    basis = ("--country", "CHN", "--basis", "article 4")
    assert _by(shell, "anna", "cases", "put-to", case, "main", *basis).code == 0
    refused = _by(shell, "anna", "cases", "search", case, "--gallery", "main")
    one_line_of_error(refused, 2, "unknown", "two people")
    assert _by(shell, "anna", "cases", "protection", "ask-to-lift", case, "--reason", "nothing on file").code == 0
    one_line_of_error(_by(shell, "anna", "cases", "protection", "lift", case), 2, "another person")
    assert _by(shell, "dora", "cases", "protection", "lift", case).code == 0
    searched = _by(shell, "anna", "cases", "search", case, "--gallery", "main", "--top", 4)
    assert "4 candidates" in searched.out
    search = _number(searched, "S")
    assert search in _by(shell, "boris", "cases", "waiting").out
    same = photo_bytes(3, 0)
    assert "closed" in _reviewed(shell, "anna", search, tmp_path / "one", same).out
    one_line_of_error(_by(shell, "anna", "cases", "review", search, "--out", tmp_path / "x"), 2, "another person")
    assert "drawn-000003" in _reviewed(shell, "boris", search, tmp_path / "two", same).out
    sent = _by(shell, "anna", "cases", "status", case, "sent_to_consulate", "--reason", "identified")
    assert sent.code == 0, sent.err
    received = ("--country", "CHN", "--received", "2026-03-01")
    answer = _number(_by(shell, "anna", "cases", "answer", case, "confirmed", *received), "A")
    one_line_of_error(_by(shell, "anna", "cases", "check-answer", case, answer), 2, "another person")
    assert _by(shell, "boris", "cases", "check-answer", case, answer).code == 0
    shown = json.loads(_by(shell, "anna", "cases", "show", case, "--json").out)
    assert (shown["status"], shown["photos"][0]["format"]) == ("confirmed", "JPEG")
    assert "identified" in _by(shell, "anna", "cases", "show", case).out
    listed = _by(shell, "anna", "cases", "list", "--status", "confirmed", "--json").objects
    assert [one["id"] for one in listed] == [case]
    figures = _by(shell, "anna", "cases", "statistics", "--since", "2020-01-01", "--until", "2099-01-01").out
    assert figures.splitlines()[1].startswith("2020-01-01,2099-01-01,all,1,1,0")
    assert shell("audit", "verify").code == 0


@pytest.mark.long
def test_a_second_case_of_the_same_person_is_found(shell: Shell, tmp_path: Path) -> None:
    cases = []
    for person, shot in ((5, 1), (6, 1), (7, 1), (5, 2)):
        photo = tmp_path / f"{person}-{shot}.jpg"
        photo.write_bytes(photo_bytes(person, shot))
        cases.append(_number(shell("cases", "add", photo, "--country", "CHN"), "C"))
    # Drawn people are more alike than people are, so that others may be listed too; the same person comes first.
    first = shell("cases", "duplicates", cases[-1]).out.splitlines()[0]
    assert first.startswith(f"{cases[0]}: suspected")
    assert "not calibrated" not in first


@pytest.mark.parametrize("number", ["C-00000-00001", "nonsense", "C-7K3M9"])
def test_a_case_that_is_not_there_is_told_in_one_line(fresh: Shell, number: str) -> None:
    one_line_of_error(fresh("cases", "show", number), 2, "no such case")


def test_what_can_not_be_used_is_told_in_one_line(fresh: Shell, tmp_path: Path) -> None:
    one_line_of_error(fresh("cases", "add", "--country", "Atlantis"), 2, "country")
    one_line_of_error(fresh("galleries", "show", "nosuch"), 2, "no gallery")
    one_line_of_error(fresh("galleries", "release", "main"), 2, "nobody asked")
    (tmp_path / "verdicts.csv").write_text("a,b\n1,2\n")
    one_line_of_error(fresh("cases", "verdicts", "R-00000-00001", tmp_path / "verdicts.csv"), 2, "lacks columns")
    one_line_of_error(fresh("cases", "verdicts", "R-00000-00001", tmp_path / "none.csv"), 2, "can't be read")


@pytest.mark.long
def test_an_imported_list_of_wanted_people_is_held(fresh: Shell, tmp_path: Path) -> None:
    vectors = np.random.default_rng(2).normal(size=(6, 128)).astype(np.float32)
    np.save(tmp_path / "list.npy", vectors)
    rows = [{"person_id": f"w{number}", "source": "https://news.example/wanted"} for number in range(6)]
    write_csv(tmp_path / "list.csv", rows)
    imported = fresh("import-embeddings", tmp_path / "list.npy", "--ids", tmp_path / "list.csv", "--gallery", "list")
    assert (imported.code, "list is held" in imported.err) == (0, True)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photo_bytes(0, 0))
    for gallery in ((), ("--gallery", "list")):
        one_line_of_error(fresh("identify", photo, *gallery), 2, "held", "two administrators")
    ask = ("galleries", "ask-to-release", "list", "--basis", "court order 5")
    assert _by(fresh, "frida", *ask).code == 0
    one_line_of_error(_by(fresh, "frida", "galleries", "release", "list"), 2, "another administrator")
    assert _by(fresh, "gustav", "galleries", "release", "list").code == 0
    assert fresh("identify", photo, "--gallery", "list").code == 0


def _shown(page: str) -> list[list[str]]:
    """The commands of a page of the documentation, as arguments."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [shlex.split(line)[1:] for line in re.findall(r"^    (matcher .*)$", text, re.MULTILINE)]


@pytest.mark.parametrize("arguments", [*_shown("cases.md"), *_shown("confidentiality.md")], ids=" ".join)
@pytest.mark.long
def test_commands_of_the_documentation_are_understood(fresh: Shell, arguments: list[str]) -> None:
    """They name cases that are not there: what is wrong is said of the case or a file, not of the command."""
    ended = fresh(*arguments)
    assert "no such" in ended.err.lower() or "no gallery" in ended.err.lower() or ended.code == 0, ended.err
    assert "option" not in ended.err.lower()


@pytest.mark.long
def test_cases_go_by_rules_and_stay_by_holds(fresh: Shell, tmp_path: Path) -> None:
    (tmp_path / "drawn.jpg").write_bytes(photo_bytes(3, 0))
    case = _number(fresh("cases", "add", tmp_path / "drawn.jpg", "--country", "CHN"), "C")
    assert fresh("cases", "status", case, "closed", "--reason", "done").code == 0
    assert fresh("retention", "set-cases", "closed", "--days", "30").code == 0
    one_line_of_error(fresh("retention", "set-cases", "open", "--days", "30"), 2, "worked on")
    assert fresh("cases", "hold", case, "--reason", "order 5").code == 0
    one_line_of_error(fresh("cases", "hold", case, "--reason", "order 6"), 2, "held already")
    assert fresh("cases", "release", case, "--reason", "order 5 ended").code == 0
    assert "nothing was removed" in fresh("cases", "purge").err
    case = _number(fresh("cases", "add", "--country", "CHN"), "C")
    one_line_of_error(fresh("cases", "export", case, "--out", "own.zip"), 2, "own written request")
    (fresh.folder / "signed.pdf").write_bytes(b"%PDF-1.7 mine")
    consent = ("--given", "2026-02-20", "--scope", "all about me")
    number = _number(fresh("cases", "protection", "consent", case, "signed.pdf", *consent), "N")
    assert fresh("cases", "export", case, "--out", "own.zip", "--consent", number).code == 0
    assert (fresh.folder / "own.zip").read_bytes()[:2] == b"PK"
    again = fresh("cases", "export", case, "--out", "own.zip", "--consent", number)
    one_line_of_error(again, 2, "there already")
    one_line_of_error(fresh("cases", "purge", "--days", "3"), 2, "together")
    assert fresh("cases", "purge", "--yes").out.startswith("0 cases")
