"""What a score means, as a sentence of the page's language."""

from collections.abc import Callable, Mapping
from typing import Any

from api.web.languages import N_
from matcher.answers import Lead
from matcher.casework.decisions import Scores
from matcher.scoring.fusion import Agreement

AGREEMENTS: Mapping[str, str] = {
    Agreement.AGREE: N_("Both engines say the same of this candidate."),
    Agreement.DOUBTFUL: N_("The two engines say nearly the same of this candidate: one of them is not sure."),
    Agreement.DISAGREE: N_(
        "The two engines disagree: one sees this person, the other a stranger. Look again with care."
    ),
}


def strength(scores: Scores, say: Callable[..., str], number: Callable[[float], str]) -> str:
    """How often a search would show so strong a candidate by chance. say: gettext of the page; number: its figures."""
    chance = scores.false_alarm_probability
    if chance is None:
        return say("The scores of this engine are not calibrated: only their order means something.")
    if chance >= 0.5:
        return say("Most searches of people who are not in this gallery would show a candidate this strong.")
    one_in = number(max(1, int(float(f"{1 / chance:.2g}"))) if chance > 0 else 1_000_000)
    if scores.meaning.startswith("at most"):
        return say(
            "At most 1 in %(number)s searches of people who are not in this gallery would show a candidate this "
            "strong; stronger scores were not calibrated.",
            number=one_in,
        )
    return say(
        "About 1 in %(number)s searches of people who are not in this gallery would show a candidate this strong.",
        number=one_in,
    )


def brief(lead: Lead, say: Callable[..., str], number: Callable[..., str]) -> str:
    """For a table that is sorted by it: the likelihood ratio to two digits; the score where nothing is calibrated."""
    if lead.log10_likelihood_ratio is None:
        return number(lead.score, 2)
    ratio = float(f"{10 ** min(lead.log10_likelihood_ratio, 15.0):.2g}")
    figure = number(ratio, 0 if ratio >= 10 else 2)
    bounds = {
        "at most": say("at most %(number)s", number=figure),
        "at least": say("at least %(number)s", number=figure),
    }
    return bounds.get(lead.likelihood_bound, figure)


def agreement(scores: Scores, say: Callable[..., str]) -> str:
    """Whether both parts of a joined engine say the same of a candidate; empty where there is one engine."""
    return say(AGREEMENTS[scores.agreement]) if scores.agreement else ""


def told(scoring: str, searched_anyway: str, say: Callable[..., str]) -> list[dict[str, Any]]:
    """What a search says of itself, a part each: a title, and the program's own words, which are English."""
    parts = [
        (
            True,
            say("The photo would have been refused for its quality, and was searched with anyway:"),
            searched_anyway.partition(";")[0],
        ),
        (False, say("What the scores rest on"), scoring),
    ]
    return [{"warns": warns, "title": title, "text": text, "lang": "en"} for warns, title, text in parts if text]
