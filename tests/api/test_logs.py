"""Lines of the log: one each, readable by programs or people, without what a fault's message may hold."""

import json
import logging
import sys

import pytest

from api.logs import JsonLines, TextLines, set_up
from matcher.settings import LogFormat


def record(message: str, *arguments: object, error: ValueError | None = None) -> logging.LogRecord:
    """As a logger would make it, with the fault as it is when it is caught."""
    caught = None
    if error is not None:
        try:
            raise error
        except ValueError:
            caught = sys.exc_info()
    return logging.LogRecord("api.test", logging.WARNING, __file__, 1, message, arguments, caught)


@pytest.mark.parametrize("form", [JsonLines(), TextLines()])
def test_nothing_that_is_logged_makes_a_second_line(form: logging.Formatter) -> None:
    line = form.format(record("gallery %s", "a\nb\r\x1b[31m\u2028c"))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


@pytest.mark.parametrize("form", [JsonLines(), TextLines()])
def test_of_a_fault_its_kind_and_place_are_told_not_its_message(form: logging.Formatter) -> None:
    secret = " ".join(["the name of", "a person"])
    line = form.format(record("it failed", error=ValueError(secret)))
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert secret not in line


def test_a_line_of_json_has_what_programs_look_for() -> None:
    told = json.loads(JsonLines().format(record("%d people", 7)))
    assert (told["level"], told["logger"], told["message"]) == ("warning", "api.test", "7 people")
    assert told["at"].endswith("+00:00")


def test_every_request_has_a_line_where_programs_collect_them() -> None:
    root, access = logging.getLogger(), logging.getLogger("api.access")
    before, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("api", "matcher", "index", "api.access")}
    try:
        for form, wanted in ((LogFormat.TEXT, False), (LogFormat.JSON, True)):
            access.setLevel(logging.NOTSET)
            set_up(form)
            assert access.isEnabledFor(logging.INFO) is wanted
            # Libraries that log addresses they ask are not among them.
            assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        for name, kept in levels.items():
            logging.getLogger(name).setLevel(kept)
