"""How strong a likeness is, in words and number: false alarms and the likelihood ratio, never without their limits."""

import math
from typing import Any

from matcher.casework.decisions import Scores
from matcher.casework.document.words import NOT_CALIBRATED, Words, words

_EVEN = math.log10(2)
"""Up to here, either way, a likelihood ratio supports neither proposition."""
_BELOW_TEN = math.log10(9.95)
_SCALE = (
    (6.0, words("extremely strong support", "极强支持")),
    (4.0, words("very strong support", "很强支持")),
    (3.0, words("strong support", "强支持")),
    (2.0, words("moderately strong support", "较强支持")),
    (1.0, words("moderate support", "中等支持")),
    (_EVEN, words("weak support", "弱支持")),
)
"""The verbal scale of ENFSI's guideline for evaluative reporting (2015), by log10 of the likelihood ratio; below 1 its
reciprocal counts, for the other proposition."""
_NEITHER = words(
    "neither supported: as likely if the photos show one person as if they show two",
    "两种说法均不获支持：无论是同一人还是不同的人，出现的可能性相近",
)
_AGAINST = words("for the photos showing two different people", "两张照片为不同的人的说法")
_FOR = words("for the photos showing one person", "两张照片为同一人的说法")
_LIMIT = {"at most": words("at most ", "至多"), "at least": words("at least ", "至少")}
_ABOUT = words("about ", "约")
_TURNED = {"at most": "at least", "at least": "at most"}


def strength(scores: Scores) -> dict[str, Any]:
    """The figures of a candidate and the same in words; null where they are not calibrated."""
    alarm, ratio = scores.false_alarm_probability, scores.log10_likelihood_ratio
    return {
        "rank": scores.rank,
        "false_alarm_probability": alarm,
        "false_alarm_reach": scores.false_alarm_reach,
        "log10_likelihood_ratio": ratio,
        "likelihood_bound": scores.likelihood_bound,
        "verbal": NOT_CALIBRATED if ratio is None else _verbal(ratio),
        "false_alarms_in_words": NOT_CALIBRATED if alarm is None else alarm_in_words(alarm, scores.false_alarm_reach),
        "ratio_in_words": NOT_CALIBRATED if ratio is None else ratio_in_words(ratio, scores.likelihood_bound),
    }


def alarm_in_words(probability: float, reach: str) -> Words:
    """How often chance alone shows a candidate as strong."""
    if probability >= 0.5:
        return words(
            "Most searches for people who are not in this gallery would show a candidate this strong.",
            "在检索不在此库中的人时，多数检索都会出现同样强的候选人。",
        )
    one_in = _rounded(1 / probability) if probability > 0 else 10**9
    most = reach == "beyond" or probability <= 0
    return words(
        f"{'At most' if most else 'About'} 1 in {one_in:,} searches for people who are not in this gallery would show "
        "a candidate this strong.",
        f"在检索不在此库中的人时，{'至多' if most else '约'}每 {one_in:,} 次检索有 1 次会出现同样强的候选人。",
    )


def ratio_in_words(log10_ratio: float, bound: str) -> Words:
    """How much likelier the likeness is if both photos show one person."""
    if log10_ratio < 0:
        limit, times = _LIMIT.get(_TURNED.get(bound, ""), _ABOUT), _times(-log10_ratio)
        return words(
            f"The likeness is {limit['en']}{times} times likelier if the photos show two different people.",
            f"若两张照片为不同的人，出现这种相似程度的可能性是同一人时的{limit['zh']} {times} 倍。",
        )
    limit, times = _LIMIT.get(bound, _ABOUT), _times(log10_ratio)
    return words(
        f"The likeness is {limit['en']}{times} times likelier if the photos show one person than if they show two.",
        f"若两张照片为同一人，出现这种相似程度的可能性是不同的人时的{limit['zh']} {times} 倍。",
    )


def _verbal(log10_ratio: float) -> Words:
    found = next((said for least, said in _SCALE if abs(log10_ratio) >= least), None)
    if found is None:
        return _NEITHER
    which = _FOR if log10_ratio > 0 else _AGAINST
    return words(f"{found['en']} {which['en']}", f"{found['zh']}{which['zh']}")


def _times(log10_ratio: float) -> str:
    """10 to this, from 0 on, for people: below ten with a decimal, since 1.4 times and 1 time are not the same."""
    return f"{10**log10_ratio:.1f}" if log10_ratio < _BELOW_TEN else f"{_rounded(10**log10_ratio):,}"


def _rounded(number: float) -> int:
    """To two digits: more would pretend to be known."""
    return max(1, int(float(f"{min(number, 1e15):.2g}")))
