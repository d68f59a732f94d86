"""Casework's refusals in the words of a page: every pattern fits what casework really says."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from api.web.languages import Language, translations
from api.web.refusals import _PATTERNS, refusal_words
from matcher.accounts.roles import Right, Role
from matcher.casework.case import checked_country, checked_date, checked_text
from matcher.casework.faults import no_case
from matcher.casework.officer import officer
from matcher.casework.statuses import Status, check_transition
from matcher.errors import MatcherError


def refused(call: object) -> str:
    assert callable(call)
    with pytest.raises(MatcherError) as caught:
        call()
    return str(caught.value)


def said(text: str, /, **values: object) -> str:
    found = translations(Language.CHINESE).gettext(text)
    return found % values if values else found


def test_refusals_are_said_in_the_pages_language() -> None:
    today = date(2026, 3, 1)
    texts = {
        "缺少理由": refused(lambda: checked_text("reason", " ")),
        "1985-13 不是日期": refused(lambda: checked_date("sent_on", "1985-13", today=today)),
        "2026-04-01 在将来": refused(lambda: checked_date("sent_on", "2026-04-01", today=today)),
        "被询问国": refused(lambda: checked_country("")),
        "不能从当前状态": refused(lambda: check_transition(Status.CLOSED, Status.REMOVED)),
        "没有此案件": str(no_case()),
        "未发现人脸": ELSEWHERE[1],
        "有多张大小相近的人脸": ELSEWHERE[2],
        "Atlantis 不是国家代码": ELSEWHERE[0],
        "需要权限 cases:supervise": refused(lambda: officer("a", Role.OFFICER).must(Right.SUPERVISE_CASES)),
    }
    for chinese, english in texts.items():
        assert chinese in refusal_words(english, said), english


ROOT = Path(__file__).parents[3]
SOURCES = (
    *(ROOT / "matcher/casework").rglob("*.py"),
    ROOT / "matcher/outside.py",
    ROOT / "api/web/case_steps.py",
)
ELSEWHERE = (
    "country 'Atlantis' is not a country code; use ISO 3166-1 alpha-2 or alpha-3 (CN, CHN)",
    "the photo can't be used: no face was found in the photo; give one that shows the face from the front",
    "the photo can't be used: several faces of similar size are in the photo; cut it to the one that is meant",
    "rejected goes with a reason; correct it",
    "confirmed goes without a reason; correct it",
    "basis is empty; say why",
)
"""What is put together from several places."""


def _refusals() -> Iterator[str]:
    """Every text with which casework refuses something, with 7 for each value in it."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_new = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id[0].isupper()
            if isinstance(node, ast.Call) and is_new and node.args:
                yield _text(node.args[-1])


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        # `shown` puts what was given into quotes.
        is_quoted = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "shown"
        return "'7'" if is_quoted else "7"
    return str(node.value) if isinstance(node, ast.Constant) else ""


def test_every_pattern_fits_something_that_casework_says() -> None:
    said = {*_refusals(), *ELSEWHERE, str(no_case())}
    unused = [pattern for pattern, _ in _PATTERNS if not any(re.fullmatch(pattern, text, re.DOTALL) for text in said)]
    assert unused == []


def test_what_no_pattern_fits_stays_as_it_is() -> None:
    assert refusal_words("something quite different", said) == ""
    assert len({pattern for pattern, _ in _PATTERNS}) == len(_PATTERNS)
