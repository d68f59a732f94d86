"""Casework's refusals in the words of a page: every pattern fits what casework really says."""

from datetime import date

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
        "需要权限 cases:supervise": refused(lambda: officer("a", Role.OFFICER).must(Right.SUPERVISE_CASES)),
    }
    for chinese, english in texts.items():
        assert chinese in refusal_words(english, said), english


def test_what_no_pattern_fits_stays_as_it_is() -> None:
    assert refusal_words("something quite different", said) == ""
    assert len({pattern for pattern, _ in _PATTERNS}) == len(_PATTERNS)
