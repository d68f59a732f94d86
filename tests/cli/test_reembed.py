"""``matcher reembed`` with real engines: there, back, and what operators are told on the way."""

import json
from pathlib import Path

import pytest

from matcher.drawn import DemoSet
from matcher.engines.opening import engine_spec
from tests.cli.parts import Shell, one_line_of_error, read_csv
from tests.engines.onnx_models import keep_network

OLD = "dlib-resnet@2"


@pytest.mark.long
def test_a_home_is_moved_and_moved_back(shell: Shell, drawn: DemoSet, tmp_path: Path) -> None:
    keep_network(shell.home)
    new = engine_spec("tiny", home=shell.home).key
    probe = next((drawn.backlog.parent / "cases").iterdir())
    moved = shell("reembed", "--to", "tiny", "--switch", "--at-most", "0.2")
    assert moved.code == 0, moved.err
    assert f"templates of {new} made" in moved.out
    assert f"Searches use {new} from now on" in moved.out
    left_out = read_csv(tmp_path / "not-reembedded.csv")
    stats = shell("stats", "--json").objects[0]
    assert stats["engines"]["engines"] == {"serving": new, "beside": OLD, "role": "previous"}
    assert stats["galleries"]["main"]["templates"] == {OLD: 12, new: 12 - len(left_out)}

    # What the home records wins over the setting, and for one command the option over both.
    assert shell("identify", probe, "--json").objects[0]["engine"] == new
    assert shell("--engine", "dlib-resnet", "identify", probe, "--json").objects[0]["engine"] == OLD
    one_line_of_error(shell("serve", "--engine", "dlib-resnet"), 2, "use tiny, not dlib-resnet")
    person = ("person", "add", "someone", probe)
    one_line_of_error(shell(*person, "--engine", "dlib-resnet"), 4, f"searches use {new}", "reembed --to dlib-resnet")

    # Who is enrolled now is found after the way back, too.
    assert shell(*person).code == 0
    back = shell("reembed", "--rollback")
    assert (back.code, back.out.splitlines()[0]) == (0, f"Searches use {OLD} again.")
    found = shell("identify", probe, "--json").objects[0]
    assert (found["engine"], found["candidates"][0]["person"]["person_id"]) == (OLD, "someone")
    doctor = shell("doctor")
    assert doctor.code == 0
    assert f"{new} is being prepared" in doctor.out

    assert "were removed" in shell("reembed", "--discard").out
    assert json.loads(shell("reembed", "--json").out)["engines"] == {"serving": OLD, "beside": "", "role": ""}


def test_without_a_second_engine_there_is_nothing_to_switch_to(asking: Shell) -> None:
    one_line_of_error(asking("reembed", "--switch"), 3, "no engine is being prepared")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--to", "nope"), 4, "no engine 'nope'"),
        (("--to", "dlib-resnet"), 2, "serves already"),
        (("--rollback",), 2, "no switch"),
        (("--discard",), 2, "no engine beside"),
        (("--rollback", "--discard"), 2, "stand alone"),
        (("--gallery", "main"), 2, "--gallery narrows --to"),
        (("--switch", "--at-most", "2"), 2, "--at-most"),
    ],
)
def test_what_can_not_be_done_is_told(asking: Shell, arguments: tuple[str, ...], code: int, words: str) -> None:
    one_line_of_error(asking("reembed", *arguments), code, words)


def test_a_new_home_has_nothing_to_move(fresh: Shell) -> None:
    assert fresh("person", "add", "without-a-photo").code == 0
    assert "first one decides" in fresh("reembed").out
    one_line_of_error(fresh("reembed", "--to", "face_recognition"), 2, "no photo was enrolled")
