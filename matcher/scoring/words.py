"""What a score's numbers mean, in words that the command line, the page and HTTP share."""

from matcher.scoring.falsematch import Reach
from matcher.scoring.likelihood import Bound


def alarm_words(probability: float, reach: Reach) -> str:
    """A false-alarm probability as a sentence."""
    ending = "of people who are not in this gallery would show a candidate this strong"
    if probability >= 0.5:
        return f"most searches {ending}"
    one_in = _rounded(1 / probability) if probability > 0 else 0
    if reach is Reach.BEYOND:
        return f"at most 1 in {one_in:,} searches {ending}; stronger scores were not calibrated"
    return f"about 1 in {one_in:,} searches {ending}"


def ratio_words(log10_ratio: float, bound: Bound) -> str:
    """A likelihood ratio as a sentence."""
    limit = "" if bound is Bound.AS_IS else f"{bound.value} "
    if log10_ratio < 0:
        # At most 1/7 in favour is at least 7 against.
        limit = {Bound.AT_MOST: "at least ", Bound.AT_LEAST: "at most "}.get(bound, "")
        return f"the likeness is {limit}{_rounded(10**-log10_ratio):,} times as likely between different people"
    return f"the likeness is {limit}{_rounded(10**log10_ratio):,} times as likely if both photos show one person"


def _rounded(number: float) -> int:
    """To two digits: more would pretend to be known."""
    return max(1, int(float(f"{number:.2g}")))
