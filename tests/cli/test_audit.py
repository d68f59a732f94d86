"""The audit by the command line: everything that is done leaves its entry, and what was tampered with is told."""

import hashlib
import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, one_line_of_error, write_csv


def entries(shell: Shell, *options: str) -> list[dict[str, Any]]:
    """Oldest first."""
    return list(reversed(shell("audit", "show", "--json", *options).objects))


def of_kind(shell: Shell, action: str) -> list[dict[str, Any]]:
    return entries(shell, "--action", action)


def tamper(shell: Shell, *statements: str) -> None:
    with closing(sqlite3.connect(shell.home / "records.sqlite3")) as connection:
        named = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'"
        for (name,) in connection.execute(named).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def cut_last(shell: Shell) -> None:
    """Remove the last entry so that nothing in the records shows it."""
    last = "(SELECT MAX(sequence) FROM audit_entry)"
    tamper(
        shell,
        f"DELETE FROM audit_subject WHERE sequence = {last}",
        f"DELETE FROM audit_entry WHERE sequence = {last}",
        f"UPDATE audit_head SET sequence = {last}, hash = (SELECT hash FROM audit_entry WHERE sequence = {last})",
    )


def a_photo(drawn: DemoSet) -> Path:
    return sorted((drawn.backlog.parent / "cases").iterdir())[0]


@pytest.mark.long
def test_a_search_leaves_what_is_needed_to_repeat_it(shell: Shell, drawn: DemoSet) -> None:
    asked = ("identify", a_photo(drawn), "--top", "3", "--sex", "F", "--json")
    found = shell(*asked).objects[0]
    entry = of_kind(shell, "search")[-1]
    people = [f"person:{one['person']['gallery']}/{one['person']['person_id']}" for one in found["candidates"]]
    assert people
    assert entry["subjects"] == [f"photo:{hashlib.sha256(a_photo(drawn).read_bytes()).hexdigest()}", *people]
    details = entry["details"]
    assert details["scores"] == [one["score"] for one in found["candidates"]]
    assert (details["top"], details["sexes"], details["gallery"]) == (3, ["F"], None)
    assert details["version"] == found["gallery"]["version"]
    assert details["engine"] == found["engine"]
    shell(*asked)
    again = of_kind(shell, "search")[-1]
    assert again["details"] == details
    assert again["subjects"] == entry["subjects"]
    person = found["candidates"][0]["person"]
    assert person["name"] not in json.dumps(entry)
    assert "vector" not in json.dumps(entry)


@pytest.mark.long
def test_every_change_and_refusal_leaves_an_entry(shell: Shell, drawn: DemoSet) -> None:
    person = shell("identify", a_photo(drawn), "--json").objects[0]["candidates"][0]["person"]["person_id"]
    enrolled = of_kind(shell, "person_enrolled")
    assert {subject for entry in enrolled for subject in entry["subjects"]} >= {f"person:main/{person}"}
    assert sum(entry["details"]["people_new"] for entry in enrolled) == 12
    assert all(entry["actor"].startswith("os:") for entry in enrolled)
    assert shell("person", "add", person, "--source", "elsewhere", "--update").code == 0
    assert of_kind(shell, "person_enrolled")[-1]["details"]["people_updated"] == 1
    assert shell("identify", a_photo(drawn), "--gallery", "nowhere").code == 2
    (refusal,) = of_kind(shell, "refusal")
    assert refusal["details"]["error"] == "NotFound"
    assert shell("person", "remove", person, "--yes").code == 0
    assert of_kind(shell, "person_removed")[0]["subjects"] == [f"person:main/{person}"]
    assert shell("export-embeddings", shell.folder / "all.parquet").code == 0
    assert of_kind(shell, "export")[0]["details"]["templates"] > 0
    everything = entries(shell, "--subject", f"person:main/{person}")
    assert [entry["action"] for entry in everything] == [
        "person_enrolled", "search", "person_enrolled", "person_removed"
    ]  # fmt: skip
    assert shell("audit", "verify").code == 0


@pytest.mark.long
def test_nothing_that_changed_nothing_is_recorded(shell: Shell, drawn: DemoSet) -> None:
    before = len(of_kind(shell, "person_enrolled"))
    assert shell("enroll", drawn.people).code == 0
    assert len(of_kind(shell, "person_enrolled")) == before


@pytest.mark.long
def test_a_backlogs_searches_are_recorded_one_by_one(shell: Shell, drawn: DemoSet) -> None:
    assert shell("backlog", drawn.backlog, "--out", shell.folder / "out").code == 0
    assert len(of_kind(shell, "search")) == 8
    assert of_kind(shell, "export")[0]["details"]["cases"] == 8
    assert shell("audit", "verify").code == 0


def test_settings_that_change_between_two_runs_are_recorded(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("stats")
    before = len(of_kind(shell, "setting_changed"))
    (shell.home / "settings.toml").write_text("fpir = 0.01\n")
    shell("stats")
    shell("stats")
    monkeypatch.setenv("MATCHER_TOP", "7")
    shell("stats")
    changes = of_kind(shell, "setting_changed")[before:]
    assert [entry["details"]["changed"] for entry in changes] == [{"fpir": [None, 0.01]}, {"top": [20, 7]}]
    (shell.home / "calibrations").mkdir(exist_ok=True)
    (shell.home / "calibrations" / "dlib-resnet@2.json").write_text("{}")
    shell("stats")
    assert "dlib-resnet@2" in of_kind(shell, "threshold_changed")[-1]["details"]["changed"]


def test_an_altered_entry_is_named(shell: Shell) -> None:
    tamper(
        shell, "UPDATE audit_entry SET body = replace(body, '\"people_new\":', '\"people_now\":') WHERE sequence = 3"
    )
    one_line_of_error(shell("audit", "verify"), 1, "entry 3", "altered")
    one_line_of_error(shell("audit", "checkpoint", "--out", shell.folder / "c"), 2, "matcher audit key")
    assert shell("audit", "key").code == 0
    one_line_of_error(shell("audit", "checkpoint", "--out", shell.folder / "c"), 1, "entry 3")
    assert not (shell.folder / "c").exists()


def test_a_checkpoint_shows_that_the_last_entry_is_missing(shell: Shell) -> None:
    made = shell("audit", "key")
    assert made.code == 0
    key = shell.home / "audit-key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    point, public = shell.folder / "point.json", shell.folder / "public.pem"
    public.write_bytes((shell.home / "audit-key.pem.pub").read_bytes())
    assert shell("audit", "checkpoint", "--out", point).code == 0
    against = ("audit", "verify", "--checkpoint", point, "--public-key", public)
    assert shell(*against).code == 0
    cut_last(shell)
    assert shell("audit", "verify").code == 0
    one_line_of_error(shell(*against), 1, "cut", "checkpoint")


def test_an_export_is_verified_without_the_home(shell: Shell) -> None:
    lines, point, key = shell.folder / "all.jsonl", shell.folder / "point.json", shell.folder / "key.pem"
    public = shell.folder / "key.pem.pub"
    assert shell("audit", "key", "--out", key).code == 0
    assert shell("audit", "checkpoint", "--key", key, "--out", point).code == 0
    assert shell("audit", "export", "--out", lines).code == 0
    nowhere = shell.folder / "nowhere"
    offline = ("audit", "verify", "--file", lines, "--checkpoint", point, "--public-key", public)
    assert shell(*offline, home=nowhere).code == 0
    assert not nowhere.exists()
    lines.write_bytes(lines.read_bytes().replace(b'"people_new":', b'"people_now":', 1))
    one_line_of_error(shell(*offline, home=nowhere), 1, "out_of_place")


def test_a_checkpoint_that_another_signed_or_that_was_altered_is_refused(shell: Shell) -> None:
    for name in ("one", "other"):
        assert shell("audit", "key", "--out", shell.folder / name).code == 0
    point, public = shell.folder / "point.json", shell.folder / "one.pub"
    assert shell("audit", "checkpoint", "--key", shell.folder / "one", "--out", point).code == 0
    against = ("audit", "verify", "--checkpoint", point, "--public-key")
    assert shell(*against, public).code == 0
    one_line_of_error(shell(*against, shell.folder / "other.pub"), 2, "altered, or signed with another key")
    said = json.loads(point.read_text())
    for name in set(said) - {"format"}:
        changed = {**said, name: 1 if name == "sequence" else said[name][:-1] + ("0" if said[name][-1] != "0" else "1")}
        point.write_text(json.dumps(changed))
        one_line_of_error(shell(*against, public), 2, "altered")
    point.write_text("{}")
    one_line_of_error(shell(*against, public), 2, "not a checkpoint")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("audit", "verify", "--checkpoint", "no.json", "--public-key", "no.pub"), 2, "no.pub"),
        (("audit", "verify", "--checkpoint", "no.json"), 2, "--public-key"),
        (("audit", "verify", "--file", "no.jsonl"), 2, "no.jsonl"),
        (("audit", "show", "--since", "yesterday"), 2, "--since"),
        (("audit", "show", "--action", "nothing"), 2, "nothing"),
    ],
)
def test_wrong_use_is_one_line(asking: Shell, arguments: tuple[str, ...], code: int, words: str) -> None:
    one_line_of_error(asking(*arguments), code, words)


def test_a_home_without_records_is_told(fresh: Shell) -> None:
    one_line_of_error(fresh("audit", "verify"), 4, "there are no records")
    assert not fresh.home.exists()


def test_a_key_is_never_overwritten_nor_used_when_others_can_read_it(shell: Shell) -> None:
    key = shell.folder / "key.pem"
    assert shell("audit", "key", "--out", key).code == 0
    kept = key.read_bytes()
    one_line_of_error(shell("audit", "key", "--out", key), 2, "there already")
    assert key.read_bytes() == kept
    key.chmod(0o644)
    one_line_of_error(shell("audit", "checkpoint", "--key", key, "--out", shell.folder / "c"), 2, "chmod 600")


def test_pages_lead_to_the_first_entry(shell: Shell) -> None:
    write_csv(shell.folder / "none.csv", [{"person_id": "x", "photo": "missing.png"}])
    every = entries(shell, "--limit", "10000")
    seen, before = [], []
    while page := shell("audit", "show", "--json", "--limit", "2", *before).objects:
        seen += page
        before = ["--before", str(page[-1]["sequence"])]
    assert list(reversed(seen)) == every
    assert [entry["sequence"] for entry in every] == list(range(1, len(every) + 1))
    assert "setting_changed" in shell("audit", "show").out
