"""The curves that turn a measurement into 0-100."""

import math


def rising(x: float, middle: float, width: float) -> float:
    """1 / (1 + exp((middle - x) / width)): 0 far below the middle, 1 far above (OFIQ's S)."""
    return 1 / (1 + math.exp(min(700.0, max(-700.0, (middle - x) / width))))


def hundred(score: float) -> float:
    """A score held within 0 and 100."""
    return min(100.0, max(0.0, float(score)))
