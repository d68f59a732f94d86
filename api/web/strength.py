"""What a score means, as a sentence of the page's language."""

from collections.abc import Callable

from matcher.casework.decisions import Scores


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
