"""A home backed up while it is used, restored elsewhere: it answers alike to the last byte, or it is refused."""

import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from matcher.drawn import DemoSet
from matcher.protection.master import FILE_VARIABLE
from tests.cli.parts import Shell, one_line_of_error, started
from tests.cli.test_bad_input import write_more_people


def answers(shell: Shell, drawn: DemoSet, home: Path | None = None) -> list[dict[str, Any]]:
    """What searching every case answers, without the times that it took."""
    photos = sorted((drawn.backlog.parent / "cases").iterdir())[:3]
    found = shell("identify", *photos, "--json", home=home)
    assert found.code == 0, found.err
    lines = found.objects
    return [{name: value for name, value in line.items() if not name.startswith("timings")} for line in lines]


def back_up(shell: Shell, *options: str, name: str = "backup.zip") -> Path:
    file = shell.folder / name
    assert shell("backup", "--out", file, *options).code == 0
    return file


@pytest.mark.parametrize(("kind", "options"), [("exact", ()), ("compressed", ()), ("compressed", ("--without-index",))])
@pytest.mark.long
def test_a_restored_home_answers_alike_to_the_last_byte(
    shell: Shell, drawn: DemoSet, monkeypatch: pytest.MonkeyPatch, kind: str, options: tuple[str, ...]
) -> None:
    monkeypatch.setenv("MATCHER_INDEX", kind)
    (shell.home / "settings.toml").write_text("top = 7\n")
    before = answers(shell, drawn)
    file = back_up(shell, *options)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    new = shell.folder / "deep" / "new"
    assert shell("restore", file, home=new).code == 0
    assert json.dumps(answers(shell, drawn, new)) == json.dumps(before)
    assert shell("audit", "verify", home=new).code == 0
    assert shell("doctor", "--contents", home=new).code == 0
    with zipfile.ZipFile(file) as archive:
        has_index = any(name.startswith("index/dlib") for name in archive.namelist())
    assert has_index == (kind == "compressed" and not options)
    last = shell("audit", "show", "--action", "restore", "--json", home=new).objects
    assert [entry["details"]["file"] for entry in last] == [str(file)]


@pytest.mark.long
def test_an_encrypted_home_stays_encrypted_in_its_backup(
    shell: Shell, drawn: DemoSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = shell.folder / "key"
    assert shell("keys", "init", "--out", key).code == 0
    monkeypatch.setenv(FILE_VARIABLE, str(key))
    assert shell("keys", "encrypt").code == 0
    before = answers(shell, drawn)
    file, new = back_up(shell), shell.folder / "new"
    whole = file.read_bytes()
    assert not any(photo.read_bytes() in whole for photo in (drawn.people.parent / "photos").iterdir())
    assert key.read_bytes().strip() not in whole
    assert shell("restore", file, home=new).code == 0
    assert answers(shell, drawn, new) == before
    monkeypatch.delenv(FILE_VARIABLE)
    one_line_of_error(shell("identify", drawn.people, home=new), 4, "encrypted", FILE_VARIABLE)


@pytest.mark.long
def test_backups_that_are_made_while_people_are_enrolled_are_whole(shell: Shell, drawn: DemoSet) -> None:
    people = write_more_people(shell.folder, 8, first=200)
    shown = {"MATCHER_TRACEBACK": "1"}
    writer = started("enroll", people, "--home", shell.home, "--workers", 1, folder=shell.folder, **shown)
    files = []
    while writer.poll() is None and len(files) < 10:
        files.append(back_up(shell, name=f"{len(files)}.zip"))
    _, said = writer.communicate(timeout=120)
    assert writer.returncode == 0, said
    assert files
    for file in (files[0], files[-1]):
        new = shell.folder / file.stem
        assert shell("restore", file, home=new).code == 0
        assert shell("doctor", "--contents", home=new).code == 0
        assert shell("audit", "verify", home=new).code == 0
        assert len(answers(shell, drawn, new)) == 3


def test_a_backup_that_was_altered_is_refused_whole(shell: Shell) -> None:
    file, new = back_up(shell), shell.folder / "new"
    whole = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        records = archive.getinfo("records.sqlite3")
        manifest = archive.read("manifest.json").decode()
    for place in (records.header_offset + 200, records.header_offset + records.file_size // 2):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1
        file.write_bytes(spoilt)
        one_line_of_error(shell("restore", file, home=new), 2, "not a whole backup")
        assert not new.exists()
    file.write_bytes(whole[: len(whole) // 2])
    one_line_of_error(shell("restore", file, home=new), 2, "backup")
    for name in ("../outside", "/outside", "more"):
        changed = manifest.replace('"files": {', f'"files": {{"{name}": [4, "{"0" * 64}"],', 1)
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(name, "evil")
            archive.writestr("manifest.json", changed)
        one_line_of_error(shell("restore", file, home=new), 2, "not a whole backup")
        assert not (shell.folder / "outside").exists()
    assert [path.name for path in shell.folder.iterdir() if path.name.startswith(".new")] == []


def test_nothing_is_written_over(shell: Shell) -> None:
    file = back_up(shell)
    one_line_of_error(shell("restore", file), 2, "there already")
    one_line_of_error(shell("backup", "--out", shell.home / "b.zip"), 2, "in the home")
    one_line_of_error(shell("restore", shell.folder / "none.zip", home=shell.folder / "new"), 2, "none.zip")
    (shell.folder / "text").write_text("no backup")
    one_line_of_error(shell("restore", shell.folder / "text", home=shell.folder / "new"), 2, "backup")


def test_the_audits_private_key_stays_at_home(shell: Shell) -> None:
    assert shell("audit", "key").code == 0
    with zipfile.ZipFile(back_up(shell)) as archive:
        names = archive.namelist()
    assert "audit-key.pem" not in names
    assert "audit-key.pem.pub" in names
    assert not any(name.startswith("networks/") for name in names)
