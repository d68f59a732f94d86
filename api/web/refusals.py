"""Casework's refusals in the language of a page, by the pattern of their English; those without one stay English."""

import re
from collections.abc import Callable

from api.web.languages import N_

_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"(?P<field>\w+) is empty; say why", N_("A reason is missing: say why.")),
    (
        r"(?P<field>\w+) '(?P<text>.*)' is not a date; write it as 2026-03-01",
        N_("%(text)s is not a date; write it as 2026-03-01."),
    ),
    (
        r"(?P<field>\w+) (?P<text>\S+) lies in the future; today is (?P<today>\S+)",
        N_("%(text)s lies in the future; today is %(today)s."),
    ),
    (r"country is empty; name the country that is asked, as in CHN", N_("Name the country that is asked, as in CHN.")),
    (
        r"a case that is (?P<before>\w+) can't become (?P<after>\w+); it may become .*",
        N_("The case can't go from where it stands to this status; the ones that it may go to are offered."),
    ),
    (
        r"case (?P<case>\S+) has changed since you read it .*",
        N_("Case %(case)s has changed since you read it. Look at what changed, and decide anew."),
    ),
    (
        r"case (?P<case>\S+) can't become \w+: neither have two reviewers found .*",
        N_(
            "Case %(case)s can't be confirmed: neither have two reviewers found the same person, nor has a second "
            "person checked a consulate's confirmation."
        ),
    ),
    (
        r"case (?P<case>\S+) is \w+ and can't be .*: first two people have to lift its protection.*",
        N_("The protection of case %(case)s is not lifted: first two people have to lift it."),
    ),
    (
        r"a protected case is lifted on a written consent; record it and name it",
        N_("A protected case is lifted on a written consent: record it, and name it."),
    ),
    (
        r"whoever asked for it can't agree to it; another person has to",
        N_("Whoever asked for it can't agree to it; another person has to."),
    ),
    (
        r"somebody else is reviewing search (?P<search>\S+) now",
        N_("Somebody else is comparing search %(search)s now. Take another one; come back when they have finished."),
    ),
    (
        r"you have reviewed this search; a second review is another person's",
        N_("You have compared this search already; a second review is another person's."),
    ),
    (
        r"search (?P<search>\S+) is settled; nothing is to be reviewed",
        N_("Search %(search)s is settled; nothing is to be compared."),
    ),
    (r"review (?P<review>\S+) is closed; its verdicts stand", N_("This review is handed in; its verdicts stand.")),
    (r"the case has this photo already", N_("The case has this photo already.")),
    (r"this account may see the case already", N_("This account may see the case already.")),
    (
        r"there is no such case, or none that you may see; check its number",
        N_("There is no such case, or none that you may see; check its number."),
    ),
    (
        r"this needs the right (?P<right>\S+), which .*",
        N_("This needs the right %(right)s, which your account does not have; ask who has it."),
    ),
)  # fmt: skip


def refusal_words(text: str, say: Callable[..., str]) -> str:
    """A refusal in the words of a page; empty where no pattern fits. say: gettext of the page."""
    for pattern, words in _PATTERNS:
        found = re.fullmatch(pattern, text.rstrip("."), re.DOTALL)
        if found is not None:
            values = found.groupdict()
            return say(words, **values) if "%(" in words else say(words)
    return ""
