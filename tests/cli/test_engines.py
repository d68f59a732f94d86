"""``matcher engines``: bring an engine, use it everywhere, join, compare, remove; errors are one line."""

import shlex
import shutil
from pathlib import Path

import pytest

from matcher.drawn import photo_bytes
from matcher.engines.brought.shelf import Shelf
from tests.cli.parts import ROOT, Shell, one_line_of_error, write_csv
from tests.engines.onnx_models import keep_network, network


@pytest.fixture(scope="module")
def networks(enrolled: Path) -> Path:
    """The program's own networks, as the enrolled home keeps them."""
    return enrolled / "networks"


@pytest.fixture
def own(tmp_path: Path, networks: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Commands in a home with a brought engine and nobody in it."""
    home = tmp_path / "home"
    shutil.copytree(networks, home / "networks")
    keep_network(home)
    return Shell(home, tmp_path, capsys)


@pytest.mark.long
def test_an_engine_is_added_shown_and_added_again_from_what_was_shown(own: Shell) -> None:
    file = own.folder / "tiny network.onnx"
    file.write_bytes(network())
    words = ("--name", "mine", "--mean", "0.5", "--std", "0.5,0.5,0.5", "--licence", "MIT", "--no-mirror")
    added = own("engines", "add", file, *words)
    assert added.code == 0, added.err
    assert "Added mine@" in added.out
    listed = {line["name"]: line for line in own("engines", "list", "--json").objects}
    assert listed["mine"]["licence"] == "MIT"
    assert listed["mine"]["dimension"] == 64
    assert {"dlib-resnet", "face_recognition", "tiny"} <= listed.keys()
    assert "mine" in own("engines", "list").out
    shown = own("engines", "show", "mine").out
    assert 'source = "tiny network.onnx"' in shown
    (own.folder / "mine.toml").write_text(shown, encoding="utf-8")
    again = own("engines", "add", file, "--name", "again", "--manifest", own.folder / "mine.toml")
    assert again.code == 0, again.err
    version = listed["mine"]["key"].partition("@")[2]
    assert f"again@{version}" in again.out


@pytest.mark.long
def test_what_can_not_be_added_is_one_line(own: Shell) -> None:
    text = own.folder / "text.onnx"
    text.write_text("no network", encoding="utf-8")
    file = own.folder / "tiny.onnx"
    file.write_bytes(network())
    broken = own.folder / "broken.toml"
    broken.write_text('[output]\nmirror = "yes"\n', encoding="utf-8")
    for arguments, code, word in (
        ((text, "--name", "new", "--licence", "x"), 2, "not an ONNX file"),
        ((file, "--name", "New!", "--licence", "x"), 2, "small letters"),
        ((file, "--name", "new"), 2, "--licence"),
        ((file, "--name", "tiny", "--licence", "x"), 2, "already"),
        ((file, "--name", "new", "--licence", "x", "--mean", "a,b"), 2, "--mean"),
        ((file, "--name", "new", "--manifest", broken), 2, "broken.toml"),
        ((file, "--name", "new", "--licence", "x", "--detector", own.folder / "no.onnx"), 4, "no.onnx"),
        ((own.folder / "gone.onnx", "--name", "new", "--licence", "x"), 4, "gone.onnx"),
    ):
        one_line_of_error(own("engines", "add", *arguments), code, word)
    assert own("engines", "show", "new").code == 4


@pytest.mark.long
def test_a_brought_engine_serves_a_home_until_it_is_removed(own: Shell) -> None:
    people = own.folder / "people"
    for person in range(3):
        _photo(people / f"P{person}", person, 0)
    enrolled = own("enroll", people, "--engine", "tiny")
    assert enrolled.code == 0, enrolled.err
    photo = _photo(own.folder, 1, 1)
    # The home is used with the engine that made its templates, unless another is asked for.
    (answer,) = own("identify", photo, "--json").objects
    assert answer["engine"].startswith("tiny@")
    assert answer["candidates"][0]["person_id"] == "P1"
    assert answer["candidates"][0]["agreement"] == ""
    assert answer["scoring"]["calibrated"] is False
    one_line_of_error(own("identify", photo, "--engine", "dlib-resnet"), 4, "tiny@")
    one_line_of_error(own("engines", "remove", "tiny"), 2, "templates", "reembed")
    removed = own("engines", "remove", "tiny", "--anyway")
    assert removed.code == 0
    assert not Shelf(own.home).names()
    one_line_of_error(own("identify", photo), 4, "tiny")


def test_a_model_that_was_changed_is_refused_with_the_remedy(own: Shell) -> None:
    manifest = Shelf(own.home).manifest("tiny")
    Shelf(own.home).model_path(manifest.model).write_bytes(network(seed=3))
    _photo(own.folder / "people" / "P0", 0, 0)
    one_line_of_error(own("enroll", own.folder / "people", "--engine", "tiny"), 4, "was changed", "engines add")


@pytest.mark.long
def test_engines_are_joined_by_a_weight_and_used(own: Shell) -> None:
    joined = own("engines", "join", "both", "--of", "dlib-resnet", "--of", "tiny", "--weight", "2")
    assert joined.code == 0, joined.err
    one_line_of_error(own("engines", "remove", "tiny"), 2, "both")
    photo = _photo(own.folder, 4, 0)
    added = own("person", "add", "A1", photo, "--engine", "both")
    assert added.code == 0, added.err
    (answer,) = own("identify", photo, "--json").objects
    assert answer["engine"].startswith("both@")
    assert answer["candidates"][0]["distance"] < 1e-3


def test_what_can_not_be_joined_is_one_line(own: Shell) -> None:
    for arguments, word in (
        (("--of", "tiny"), "name two"),
        (("--of", "tiny", "--of", "tiny", "--weight", "1"), "itself"),
        (("--of", "tiny", "--of", "dlib-resnet", "--weight", "0"), "weight"),
        (("--of", "tiny", "--of", "dlib-resnet"), "60 are needed"),
        (("--of", "tiny", "--of", "dlib-resnet", "--weight", "1", "--photos", "x.csv"), "leave one away"),
    ):
        one_line_of_error(own("engines", "join", "both", *arguments), 2, word)
    one_line_of_error(own("engines", "join", "both", "--of", "tiny", "--of", "no", "--weight", "1"), 4, "no engine")


@pytest.mark.long
def test_engines_are_compared_on_photos_of_known_people(own: Shell) -> None:
    manifest = _known_people(own.folder)
    done = own("engines", "compare", manifest, "--engine", "tiny", "--json")
    assert done.code == 0, done.err
    (first,) = done.objects
    assert first["engine"].startswith("tiny@")
    assert first["found"]["value"] == 1
    assert first["rank_1"]["trials"] == 6
    assert first["fairness"] is None
    assert first["milliseconds"] > 0
    one_line_of_error(own("engines", "compare", manifest, "--engine", "no"), 4, "no engine")


def test_the_programs_own_engines_can_not_be_removed_or_shown(own: Shell) -> None:
    one_line_of_error(own("engines", "remove", "dlib-resnet"), 2, "part of the program")
    one_line_of_error(own("engines", "show", "face_recognition"), 2, "part of the program")
    one_line_of_error(own("engines", "remove", "no"), 4, "no engine")
    one_line_of_error(own("stats", "--engine", "no"), 2, "engine", "dlib-resnet", "tiny")


def _photo(folder: Path, person: int, number: int) -> Path:
    """A drawn photo as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{person}-{number}.jpg"
    path.write_bytes(photo_bytes(person, number))
    return path


@pytest.mark.long
def test_the_commands_that_the_documentation_shows_run(own: Shell) -> None:
    text = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8").partition("## Engines that you bring")[2]
    commands = text.partition("```\n")[2].partition("```")[0].splitlines()
    (own.folder / "mobilefacenet.onnx").write_bytes(network())
    _known_people(own.folder)
    assert {" ".join(command.split()[:3]) for command in commands} >= {"matcher engines add", "matcher engines join"}
    for command in commands:
        done = own(*shlex.split(command)[1:])
        assert done.code == 0, f"{command}: {done.err}"
    assert own("stats", "--json").objects[0]["engine"].startswith("both@")


def _known_people(folder: Path) -> Path:
    """known.csv with six people to find and three who are not there, and people.csv with the gallery's photos."""
    rows = []
    for person in range(9):
        photos = ((0, "gallery", ""), (1, "probe", "mated")) if person < 6 else ((0, "probe", "non-mated"),)
        for number, role, kind in photos:
            photo = _photo(folder, person, number).name
            rows.append({"photo": photo, "person_id": f"P{person}", "role": role, "probe_kind": kind})
    enrolled = [{"person_id": row["person_id"], "photo": row["photo"]} for row in rows if row["role"] == "gallery"]
    write_csv(folder / "people.csv", enrolled)
    return write_csv(folder / "known.csv", rows)
