"""Everything about one person in one file, and nothing about anybody else."""

import json
import stat
import zipfile

import pytest

from matcher.drawn import DemoSet
from matcher.protection.master import FILE_VARIABLE
from tests.cli.parts import Shell, one_line_of_error, read_csv


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.long
def test_a_person_gets_what_is_kept_of_them_and_of_nobody_else(
    shell: Shell, drawn: DemoSet, monkeypatch: pytest.MonkeyPatch, encrypted: bool
) -> None:
    if encrypted:
        assert shell("keys", "init", "--out", shell.folder / "key").code == 0
        monkeypatch.setenv(FILE_VARIABLE, str(shell.folder / "key"))
        assert shell("keys", "encrypt").code == 0
    case = sorted((drawn.backlog.parent / "cases").iterdir())[0]
    found = shell("identify", case, "--json", "--top", "5").objects[0]["candidates"]
    rows = {row["person_id"]: row for row in read_csv(drawn.people)}
    person_id = found[1]["person"]["person_id"]
    assert shell("retention", "hold", person_id, "--reason", "order 3").code == 0
    file = shell.folder / "all.zip"
    assert shell("person", "export", person_id, "--out", file).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    with zipfile.ZipFile(file) as archive:
        said = json.loads(archive.read("person.json"))
        (photo,) = said["photos"]
        content = archive.read(f"photos/{photo['sha256']}.jpg")
        (template,) = json.loads(archive.read("templates.json"))
        entries = [json.loads(line) for line in archive.read("audit.jsonl").splitlines()]
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert content == (drawn.people.parent / rows[person_id]["photo"]).read_bytes()
    assert (said["name"], said["legal_hold"]["reason"]) == (rows[person_id]["name"], "order 3")
    assert len(template["vector"]) == 128
    assert template["photo"] == photo["sha256"]
    # The home may have been searched by earlier tests.
    search = [entry for entry in entries if entry["action"] == "search"][-1]
    assert (search["details"]["rank"], search["details"]["candidates"]) == (2, 5)
    assert search["details"]["score"] == found[1]["score"]
    assert {"person_enrolled", "search", "legal_hold", "export"} <= {entry["action"] for entry in entries}
    for other in rows.keys() - {person_id}:
        assert other.encode() not in everything
    exported = shell("audit", "show", "--action", "export", "--json").objects
    assert exported[0]["subjects"] == [f"person:main/{person_id}"]


def test_nobody_is_told_in_a_line_and_leaves_no_file(asking: Shell) -> None:
    file = asking.folder / "none.zip"
    one_line_of_error(asking("person", "export", "nobody", "--out", file), 2, "no person")
    assert list(asking.folder.iterdir()) == []
