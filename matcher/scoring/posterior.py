"""From likelihood ratios to confidences that compete: this candidate, that one, someone further down, or nobody.

    P(candidate i) ~ (prior / N) LR_i,    P(elsewhere) ~ (prior / N) (N - n) LR_last,    P(nobody) ~ 1 - prior

over their sum: Bayes' rule for "exactly one of N people in the gallery, or none of them". The prior is a setting: the
share of searches whose person is in the gallery, before anything of the photo is known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from matcher.scoring.likeness import Floats


@dataclass(frozen=True, slots=True)
class Posterior:
    """Shares that sum to 1. candidates: float64 (n,), in the order given. elsewhere: anyone not among them.

    nobody: the person is not in this gallery.
    """

    candidates: Floats
    elsewhere: float
    nobody: float


def posterior(ln_ratios: ArrayLike, *, people: int, prior: float) -> Posterior:
    """The posterior of a list of candidates of different people.

    ln_ratios: (n,), natural logarithms. people: the gallery's size (or what the filter left of it), n or more.
    prior: above 0 and below 1. People who were not retrieved count with the last candidate's ratio, which they can't
    exceed, as long as the retrieval was ordered by the same score; it keeps the list from looking surer than it is.
    """
    ratios = np.asarray(ln_ratios, dtype=np.float64)
    if not 0 < prior < 1:
        raise ValueError(f"the prior is {prior}; give a share above 0 and below 1")
    if ratios.ndim != 1 or np.isnan(ratios).any() or people < ratios.size:
        raise ValueError(f"{ratios.shape} likelihood ratios in a gallery of {people}; give one a candidate, no NaN")
    each = np.log(prior) - np.log(max(people, 1))
    further = people - ratios.size
    # On average nobody who was not retrieved has a ratio above 1: they are strangers for the most part.
    rest = np.log(further) + min(0.0, float(ratios.min())) if further and ratios.size else -np.inf
    logs = np.concatenate([ratios + each, [rest + each, np.log1p(-prior)]])
    weights = np.exp(logs - logs.max())
    shares = weights / weights.sum()
    return Posterior(shares[:-2], float(shares[-2]), float(shares[-1]))
