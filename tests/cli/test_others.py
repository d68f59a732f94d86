"""``person``, ``stats``, ``doctor``, ``serve`` and ``demo``."""

import signal
import urllib.request
from pathlib import Path

import pytest

from matcher.drawn import DemoSet
from tests.cli.parts import Shell, one_line_of_error, read_csv, started


@pytest.mark.long
def test_one_person_at_a_time(shell: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    photo = sorted((drawn.backlog.parent / "cases").iterdir())[0]
    (tmp_path / "text.jpg").write_text("not a photo", encoding="utf-8")
    ended = shell("person", "add", "new", photo, tmp_path / "text.jpg", "--name", "[bold]Xi\x1b[2J", "--born", "1980")
    one_line_of_error(ended, 2, "control character")
    ended = shell("person", "add", "new", photo, tmp_path / "text.jpg", "--name", "[bold]Xi", "--born", "1980")
    one_line_of_error(ended, 0, "text.jpg", "not_a_photo")
    assert "new in main: new; photos: new" in ended.out
    shown = shell("person", "show", "new")
    assert "[bold]Xi" in shown.out
    digest = shell("person", "show", "new", "--json").objects[0]["photos"][0]["sha256"]
    assert digest in shown.out
    one_line_of_error(shell("person", "remove", "new"), 2, "--yes")
    assert shell("person", "remove", "new", "--photo", digest, "--yes").code == 0
    assert shell("person", "show", "new", "--json").objects[0]["photos"] == []
    assert shell("person", "remove", "new", "--yes").code == 0
    one_line_of_error(shell("person", "show", "new"), 2, "no person 'new'")
    one_line_of_error(shell("person", "add", "a/b", photo), 2, "'a/b'")
    one_line_of_error(shell("person", "add", "other", tmp_path / "text.jpg"), 3, "not_a_photo")
    assert shell("doctor", "--json").code == 0


def test_people_are_listed_page_by_page(shell: Shell) -> None:
    everyone = [entry["person"]["person_id"] for entry in shell("person", "list", "--limit", 0, "--json").objects]
    assert everyone == [f"drawn-{number:06d}" for number in range(12)]
    first = shell("person", "list", "--limit", 5)
    assert first.code == 0
    assert [line.split()[0] for line in first.out.splitlines()] == ["person_id", *everyone[:5]]
    assert "12 people in all; the next page: --after drawn-000004" in first.err
    last = shell("person", "list", "--limit", 7, "--after", "drawn-000004", "--json").objects
    assert [entry["person"]["person_id"] for entry in last] == everyone[5:]
    assert last[0]["photos"] == 1
    assert shell("person", "list", "--after", "drawn-000010").out.count("drawn-") == 1
    one_line_of_error(shell("person", "list", "--gallery", "nope"), 2, "no gallery 'nope'", "main")


def test_a_recorded_field_is_replaced_only_where_that_is_said(shell: Shell) -> None:
    assert shell("person", "add", "someone", "--name", "Wang Fang").code == 0
    one_line_of_error(shell("person", "add", "someone", "--name", "Li Na"), 2, "another name", "update")
    assert "Wang Fang" in shell("person", "show", "someone").out
    assert "updated" in shell("person", "add", "someone", "--name", "Li Na", "--update").out
    assert "Li Na" in shell("person", "show", "someone").out


def test_doctor_looks_at_everything(asking: Shell) -> None:
    ended = asking("doctor")
    assert ended.code == 0
    for word in ("onnxruntime", "8-bit", "dlib_face_recognition_resnet_model_v1.dat sha256", "records and index agree"):
        assert word in ended.out


@pytest.mark.long
def test_doctor_looks_at_the_key_that_documents_are_signed_with(shell: Shell) -> None:
    def found() -> tuple[int, str, str]:
        ended = shell("doctor", "--json")
        about = next(finding for finding in ended.objects if finding["about"] == "documents")
        return ended.code, about["level"], about["message"]

    code, level, message = found()
    assert (code, level) == (0, "remark")
    assert "matcher document key new" in message
    assert shell("document", "key", "new").code == 0
    assert found()[:2] == (0, "ok")
    key = shell.home / "document-key.pem"
    key.chmod(0o644)
    code, level, message = found()
    assert (code, level) == (1, "problem")
    assert str(key) in message
    key.unlink()
    code, level, message = found()
    assert (code, level) == (1, "problem")
    assert "there is no document key at" in message


def test_doctor_finds_altered_records(shell: Shell) -> None:
    records = shell.home / "records.sqlite3"
    data = bytearray(records.read_bytes())
    data[4096 * 6 : 4096 * 12] = bytes(4096 * 6)
    records.write_bytes(data)
    ended = shell("doctor", "--json")
    assert ended.code == 1
    problems = [finding for finding in ended.objects if finding["level"] == "problem"]
    assert {finding["about"] for finding in problems} == {"records"}
    assert all("restore" in finding["message"] or "backup" in finding["message"] for finding in problems)


@pytest.mark.long
def test_doctor_finds_a_photo_that_was_altered(shell: Shell) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(shell.home / "records.sqlite3")) as connection, connection:
        connection.execute("update photo_content set content = x'00' where photo_id = 3")
    assert shell("doctor").code == 0
    ended = shell("doctor", "--contents")
    assert ended.code == 1
    assert "content_altered" in ended.out


@pytest.mark.long
def test_serving_is_for_this_machine_only(asking: Shell, tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        one_line_of_error(asking("serve", "--host", host), 2, "accounts")
    with started(
        "serve", "--without-accounts", "--home", asking.home, "--port", 0, folder=tmp_path, PYTHONUNBUFFERED="1"
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split()[1]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}/healthz", timeout=20) as answer:
            assert answer.status == 200
        taken = address.rsplit(":", 1)[1]
        one_line_of_error(asking("serve", "--without-accounts", "--port", taken), 2, taken, "--port")
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Ended" in out
    assert "Traceback" not in said


@pytest.mark.long
def test_demo_goes_the_whole_way_beside_real_records(fresh: Shell, tmp_path: Path) -> None:
    ended = fresh("demo", "--people", 20, "--cases", 10, "--no-serve")
    assert ended.code == 0, ended.err
    for words in ("20 new", "10 cases", "7 cases show enrolled people", "3 cases show people who are not enrolled"):
        assert words in ended.out
    place = fresh.home / "demo" / "20-people"
    assert str(place / "home") in ended.out
    truth = {row["case_id"]: row["person_id"] for row in read_csv(place / "answers.csv")}
    found = [row for row in read_csv(place / "backlog" / "candidates.csv") if row["rank"] == "1"]
    right = sum(row["person_id"] == truth[row["case_id"]] for row in found)
    assert f"the right one is first in {right} of them" in ended.out
    assert right >= 6
    assert (place / "backlog" / "report.html").stat().st_size > 10_000
    # The home itself got no drawn person.
    assert not (fresh.home / "records.sqlite3").exists()


def test_help_documents_the_exit_codes(asking: Shell) -> None:
    ended = asking("--help")
    assert ended.code == 0
    assert "Exit codes" in ended.out


def test_a_fault_in_the_program_is_one_line_too(asking: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError("nobody expects this")

    monkeypatch.setattr("api.cli.state.settings_to_ask", broken)
    one_line_of_error(asking("stats"), 70, "RuntimeError", "MATCHER_TRACEBACK")
