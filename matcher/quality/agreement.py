"""Do two landmark models see the same face? Where something covers or spoils it, each guesses, and not alike.

dlib's model of five landmarks and its model of 68 were trained apart on different photos. How far they lie apart on the
same five points says how sure both are. Of all that is measured here it predicts a missed person best, and nothing
else here sees what covers a face: masks, dark glasses, hands, stamps.
"""

import math

import numpy as np
from numpy.typing import NDArray

from matcher.engines.alignment import FIVE_OF_68
from matcher.quality.scale import hundred, rising
from matcher.quality.values import Component
from matcher.quality.view import Floats, bounded

# 1 in 25 ordinary press photos lies above the middle.
_MIDDLE, _WIDTH = math.log(0.04), 0.4
_LEAST, _MOST = 1e-3, 10.0


def agreement(five: NDArray[np.floating], landmarks: Floats, inter_eye: float) -> Component:
    """The mean distance between the five and the same points of the 68, by the distance between the eyes.

    five: (5, 2), dlib's. landmarks: float64 (68, 2). Both in pixels of the photo. inter_eye: of these pixels.
    """
    apart = bounded(five) - landmarks[list(FIVE_OF_68)]
    share = min(_MOST, max(_LEAST, float(np.hypot(*apart.T).mean()) / inter_eye))
    return Component(share, "eye distances apart", hundred(100 * (1 - rising(math.log(share), _MIDDLE, _WIDTH))))
