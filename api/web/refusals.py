"""Casework's refusals in the language of a page, by the pattern of their English; those without one stay English."""

import re
from collections.abc import Callable, Iterable

from api.web.languages import N_

_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"basis is empty; say why", N_("Say on what law or agreement the gallery is searched.")),
    (r"(?P<field>\w+) is empty; say why", N_("A reason is missing: say why.")),
    (
        r"(?P<field>\w+) '(?P<text>.*)' is not a date; write it as 2026-03-01",
        N_("%(text)s is not a date; write it as 2026-03-01."),
    ),
    (
        r"(?P<field>\w+) (?P<text>\S+) lies in the future; today is (?P<today>\S+)",
        N_("%(text)s lies in the future; today is %(today)s."),
    ),
    (
        r"country is empty; name the country that is asked, as in CHN",
        N_("Name the country that is asked, as in CHN."),
    ),
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
        r"outside a case you may search only galleries that are stated to be your own: .*",
        N_("Outside a case you may search only your own galleries: choose one of them, or search in the case."),
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
        r"it was asked for already by (?:account:)?(?P<name>\S+); (?:somebody else has to agree or refuse|.*)",
        N_("%(name)s has asked for it already; somebody else has to agree or refuse."),
    ),
    (r"nobody asked to lift the protection of case (?P<case>\S+)", N_("Nobody has asked to lift the protection.")),
    (
        r"case (?P<case>\S+) is not protected; nothing is to be lifted",
        N_("The case is not protected; nothing is to be lifted."),
    ),
    (r"the consent that it rests on was withdrawn", N_("The consent that it rests on was withdrawn.")),
    (
        r"case (?P<case>\S+) has changed meanwhile; read it again and decide anew",
        N_("Case %(case)s has changed since you read it. Look at what changed, and decide anew."),
    ),
    (r"case (?P<case>\S+) is \w+; reopen it first", N_("The case has ended; reopen it first, as another status.")),
    (
        r"(?P<field>\w+) has (?P<count>\d+) characters, at most (?P<most>\d+) fit; shorten it",
        N_("This is %(count)s characters long, at most %(most)s fit; shorten it."),
    ),
    (
        r"(?P<field>\w+) holds control characters; remove them",
        N_("This holds characters that can't be seen; remove them."),
    ),
    (
        r"country '(?P<text>.*)' is not a country code; .*",
        N_("%(text)s is no country's code; write it as in CHN."),
    ),
    (r"the case has no photo yet; add one, then search", N_("The case has no photo yet; add one, then search.")),
    (
        r"case (?P<case>\S+) is not put to gallery (?P<gallery>\S+); say on what basis it is, then search",
        N_("The case is not put to gallery %(gallery)s; say on what basis it is, then search."),
    ),
    (
        r"case (?P<case>\S+) is put to gallery (?P<gallery>\S+) already",
        N_("The case is put to gallery %(gallery)s already."),
    ),
    (
        r"nobody has stated who supplied gallery (?P<gallery>\S+), .*",
        N_(
            "Nobody has stated yet who supplied gallery %(gallery)s, and on what basis it is used; an "
            "administrator states it."
        ),
    ),
    (
        r"candidate \S+ was not opened yet; look at the photo first",
        N_("This candidate was not opened yet; look at the photo first."),
    ),
    (
        r"(?P<missing>\d+) of (?P<count>\d+) candidates have no verdict yet; look at all of them first",
        N_("%(missing)s of %(count)s candidates have no verdict yet; look at all of them first."),
    ),
    (r"review \S+ is \w+ already", N_("This stage of the review has ended already; load the page again.")),
    (
        r"a review is closed after its scores were revealed; reveal them first",
        N_("A review is handed in after its scores were shown; show them first."),
    ),
    (
        r"same_person needs two features or more .*",
        N_("Same person needs two features that are similar, and none that is different. A difference with a cause is "
           "explained."),
    ),
    (
        r"different_person needs a feature that is different; name it",
        N_("Different person needs a feature that is different."),
    ),
    (
        r"inconclusive needs a feature and what was seen of it",
        N_("Inconclusive needs a feature and what was seen of it."),
    ),
    (
        r"confidence is \S+; give 0 \(a guess\) to 100 \(certain\)",
        N_("Say how sure you are: move the slider."),
    ),
    (
        r"the photo can't be used: no face was found .*",
        N_("No face was found. Give a photo that shows the face from the front."),
    ),
    (
        r"the photo can't be used: several faces .*",
        N_("Several faces of similar size: choose the one that is meant."),
    ),
    (r"the photo can't be used: (?P<why>.*)", N_("The file can't be used as a photo.")),
    (
        r"case (?P<case>\S+) was never sent to a consulate; send it first",
        N_("The case was never sent to a consulate; send it first."),
    ),
    (
        r"answer (?P<answer>\S+) was checked by (?:account:)?(?P<name>\S+)",
        N_("%(name)s has checked this answer already."),
    ),
    (
        r"whoever wrote an answer down can't check it; another person has to",
        N_("Whoever wrote an answer down can't check it; another person has to."),
    ),
    (r"rejected goes with a reason; correct it", N_("A rejection has a reason: choose one.")),
    (r"\w+ goes without a reason; correct it", N_("Only a rejection has a reason: choose none.")),
    (
        r"case (?P<case>\S+) has no identification by two people yet; .*",
        N_("Not before two people have found the same person."),
    ),
    (
        r"document (?P<document>\S+) was sent on (?P<day>\S+), as (?:account:)?(?P<name>\S+) said",
        N_("%(name)s has said already that this document was sent on %(day)s."),
    ),
    (
        r"the document key was replaced meanwhile; make the document anew",
        N_("The key that documents are signed with was replaced meanwhile; make the document anew."),
    ),
    (
        r"the response is no JSON; .*",
        N_("This is no JSON of the published form. Copy the whole answer, from the first brace to the last."),
    ),
    (
        r"the response lacks (?P<names>.+); add it",
        N_("The answer lacks %(names)s; ask whoever sent it."),
    ),
    (
        r"the response answers (?P<name>\w+) (?P<said>.+), not (?P<meant>.+); ask for the right one",
        N_("This answers another document: %(name)s is %(said)s, not %(meant)s. Ask for the right one."),
    ),
    (r"no status was chosen; .*", N_("No status was chosen; choose one of those that are offered.")),
    (r"no account is named; .*", N_("No account is named; write the name with which the colleague signs in.")),
    (r"no gallery is chosen; .*", N_("No gallery is chosen; choose the one that the case is put to.")),
    (
        r"it is not said what the consulate answered; .*",
        N_("It is not said what the consulate answered; choose one of the answers."),
    ),
    (
        r"the form does not say which version of the case it was made for; load it again",
        N_("This page is too old to be sent; load it again."),
    ),
    (
        r"the case has no (?P<what>\w+) of that number",
        N_("The case has nothing of that number; load the page again."),
    ),
    (
        r"this needs the right (?P<right>\S+), which .*",
        N_("This needs the right %(right)s, which your account does not have; ask who has it."),
    ),
)  # fmt: skip


def refusal_words(text: str, say: Callable[..., str]) -> str:
    """A refusal in the words of a page; empty where no pattern fits. say: gettext of the page."""
    return words_by_pattern(_PATTERNS, text, say)


def words_by_pattern(patterns: Iterable[tuple[str, str]], text: str, say: Callable[..., str]) -> str:
    """A text in the words of the first pattern that it fits as a whole, with its values; empty where none does."""
    for pattern, words in patterns:
        found = re.fullmatch(pattern, text.rstrip("."), re.DOTALL)
        if found is not None:
            values = found.groupdict()
            return say(words, **values) if "%(" in words else say(words)
    return ""
