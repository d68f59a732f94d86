"""The verbal scale of documents is that of ENFSI's guideline, on both sides."""

import math

import pytest

from matcher.casework.decisions import Scores
from matcher.casework.document.strength import strength

ENFSI = (
    (1, "neither"), (1.99, "neither"), (2, "weak support"), (9.99, "weak support"), (10, "moderate support"),
    (99, "moderate support"), (100, "moderately strong support"), (999, "moderately strong support"),
    (1_000, "strong support"), (9_999, "strong support"), (10_000, "very strong support"),
    (999_999, "very strong support"), (1_000_000, "extremely strong support"), (1e9, "extremely strong support"),
)  # fmt: skip
"""Guideline for evaluative reporting in forensic science (2015): likelihood ratios and their words."""


def _said(ratio: float) -> dict[str, dict[str, str]]:
    log = math.log10(ratio)
    return strength(Scores(1, 3.0, 0.4, 0.01, log, 0.9, "", "measured", "as is"))


@pytest.mark.parametrize(("ratio", "word"), ENFSI)
def test_the_words_are_those_of_the_guideline(ratio: float, word: str) -> None:
    one, two = _said(ratio)["verbal"]["en"], _said(1 / ratio)["verbal"]["en"]
    if word == "neither":
        assert one == two
        assert one.startswith("neither supported")
    else:
        assert one == f"{word} for the photos showing one person"
        assert two == f"{word} for the photos showing two different people"


def test_small_ratios_are_not_rounded_to_nothing() -> None:
    assert "about 1.4 times likelier if the photos show one person" in _said(1.4)["ratio_in_words"]["en"]
    assert "about 1.4 times likelier if the photos show two different" in _said(1 / 1.4)["ratio_in_words"]["en"]
    assert "about 2,500 times likelier" in _said(2_480)["ratio_in_words"]["en"]
