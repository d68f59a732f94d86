"""What is told where something that was named can't be used: the value, the remedy, and nothing of the machinery."""

from importlib.metadata import version
from pathlib import Path

import pytest

from api.cli.main import main
from matcher.drawn import DemoSet
from tests.cli.parts import Shell, one_line_of_error


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("engine", "nope", ["'nope'", "dlib-resnet"]),
        ("top", "abc", ["MATCHER_TOP is 'abc'", "it must be a valid integer"]),
        ("precision", "x", ["MATCHER_PRECISION is 'x'", "it must be 'auto', 'float' or 'int8'"]),
        ("prior", "3", ["MATCHER_PRIOR is '3'", "less than 1"]),
        ("keep_photos", "perhaps", ["MATCHER_KEEP_PHOTOS is 'perhaps'", "it must be a valid boolean"]),
    ],
)
def test_a_setting_of_the_environment(
    fresh: Shell, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: list[str]
) -> None:
    monkeypatch.setenv(f"MATCHER_{name.upper()}", value)
    ended = fresh("stats")
    one_line_of_error(ended, 2, *words)
    for manner in ("Value error", "Input should", "unable to", "pydantic"):
        assert manner not in ended.err


def test_a_setting_of_the_command_line_and_of_the_file(fresh: Shell) -> None:
    for place in (("--engine", "nope", "stats"), ("stats", "--engine", "nope")):
        ended = fresh(*place)
        one_line_of_error(ended, 2, "'nope'", "dlib-resnet", "face_recognition")
        assert "Value error" not in ended.err
    fresh.home.mkdir()
    (fresh.home / "settings.toml").write_text("fpir = 7\n", encoding="utf-8")
    one_line_of_error(fresh("stats"), 2, f"fpir in {fresh.home}/settings.toml is 7", "less than 1")
    (fresh.home / "settings.toml").write_text("fpri = 0.1\n", encoding="utf-8")
    one_line_of_error(fresh("stats"), 2, "fpri in", "is no setting", "fpir")


def test_a_place_that_can_not_be_used(asking: Shell, fresh: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for out, words in ((file, "not a folder"), (file / "out", "where a folder must be"), (Path("/proc/x"), "no such")):
        ended = asking("backlog", drawn.backlog, "--out", out)
        one_line_of_error(ended, 4, str(out), words, ";")
        assert "Errno" not in ended.err
    for home, words in (
        (file, "not a folder"),
        (file / "home", "where a folder must be"),
        (Path("/proc/x"), "no such"),
    ):
        one_line_of_error(fresh("enroll", drawn.people, home=home), 4, str(home), words, "--home")


@pytest.mark.parametrize(
    ("content", "shown"),
    [(b"This is not a photo.", "'This is '"), (b"a\nb", r"'a\nb'"), (b"\x00\x01\xff" + bytes(9), "00 01 ff 00")],
)
def test_what_is_no_photo_is_shown_as_a_person_reads_it(
    asking: Shell, tmp_path: Path, content: bytes, shown: str
) -> None:
    (tmp_path / "text.jpg").write_bytes(content)
    ended = asking("identify", tmp_path / "text.jpg")
    assert ended.code == 3
    assert f"begins with {shown}" in ended.out
    assert " b'" not in ended.out
    assert "give a JPEG" in ended.out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"matcher {version('identity-matcher')}\n"
