"""What differs between two pictures of one drawn person: the day, the light, the camera."""

from dataclasses import dataclass

import numpy as np

from matcher.drawn.biography import SEED
from matcher.drawn.canvas import Colour


@dataclass(frozen=True, slots=True)
class Shot:
    """One sitting. Angles in degrees, lengths in mm, shares from 0 to 1 unless said otherwise.

    years: since the first photo. light: where it comes from, (right, down, towards the camera), not normalised.
    bare: came without the glasses, and with the beard shorter.
    blur: standard deviation in pixels of a picture 480 wide. noise: standard deviation in grey levels.
    quality: of the JPEG, 0 to 100.
    """

    years: float
    yaw: float
    pitch: float
    roll: float
    size: float
    shift: tuple[float, float]
    shear: float
    light: tuple[float, float, float]
    contrast: float
    exposure: float
    warmth: float
    background: Colour
    clothes: int
    clothes_colour: Colour
    smile: float
    opening: float
    brow_lift: float
    gaze: tuple[float, float]
    hair_change: float
    bare: bool
    blur: float
    noise: float
    fading: float
    quality: int
    seed: int


BACKGROUNDS: tuple[Colour, ...] = (
    (236, 238, 240), (214, 224, 234), (196, 212, 228), (226, 222, 214), (240, 236, 228), (172, 196, 222),
    (206, 216, 208),
)  # fmt: skip
CLOTHES: tuple[Colour, ...] = (
    (52, 62, 84), (120, 56, 60), (70, 96, 88), (196, 188, 176), (46, 46, 52), (104, 118, 146), (150, 128, 96),
    (214, 214, 218), (88, 70, 104), (60, 110, 140), (176, 120, 100), (94, 104, 72),
)  # fmt: skip


def shot(person: int, number: int) -> Shot:
    """Sitting `number` of drawn person `person`: 0 is the enrolled photo, tidy; later ones stray further."""
    rng = np.random.default_rng(np.random.SeedSequence([SEED, person, 3, number]))
    first = number == 0
    stray = 0.45 if first else 1.0

    def about(deviation: float) -> float:
        return deviation * stray * float(np.clip(rng.standard_normal(), -2.0, 2.0))

    def between(low: float, high: float) -> float:
        return low + (high - low) * float(rng.random())

    return Shot(
        years=0.0 if first else between(0, 12),
        yaw=about(6.5),
        pitch=about(4.0),
        roll=about(3.0),
        size=1 + about(0.035),
        shift=(about(3.0), about(3.0)),
        shear=about(0.012),
        light=(about(0.44), -0.35 + about(0.25), 1.0),
        contrast=0.5 + about(0.11),
        exposure=1 + about(0.08),
        warmth=about(0.03),
        background=BACKGROUNDS[rng.integers(len(BACKGROUNDS))],
        clothes=int(rng.integers(4)),
        clothes_colour=CLOTHES[rng.integers(len(CLOTHES))],
        smile=between(0.1, 0.55) if first else between(-0.1, 1),
        opening=1 + about(0.09),
        brow_lift=about(0.9),
        gaze=(about(0.45), about(0.3)),
        hair_change=about(1.0),
        bare=not first and between(0, 1) < 0.04,
        blur=between(0, 0.35) if first else between(0, 1.6),
        noise=between(0, 2) if first else between(0.5, 7),
        fading=between(0, 0.1) if first else between(0, 0.5) ** 1.5,
        quality=int(between(86, 95)) if first else int(between(40, 92)),
        seed=int(rng.integers(2**32)),
    )
