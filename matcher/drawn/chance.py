"""Looks by lot: how often which trait comes up, and how far people stray from the middle."""

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

import numpy as np

from matcher.drawn.biography import ENROLLED_ON, SEED
from matcher.drawn.canvas import Colour, mixed
from matcher.drawn.traits import (
    Beard,
    Brows,
    Eyes,
    Glasses,
    Hair,
    HairStyle,
    Mark,
    Mouth,
    Nose,
    Skull,
    Traits,
)
from matcher.person import Person

Choice = TypeVar("Choice")


class Dice:
    """Named ways to draw a trait; the order of the calls is part of what a person looks like."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def about(self, mean: float, deviation: float) -> float:
        """Normal, cut at 2.2 deviations so that nobody looks deformed."""
        return mean + deviation * float(np.clip(self.rng.standard_normal(), -2.2, 2.2))

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * float(self.rng.random())

    def one_of(self, choices: Mapping[Choice, float]) -> Choice:
        mark = float(self.rng.random()) * sum(choices.values())
        for choice, weight in choices.items():
            mark -= weight
            if mark < 0:
                return choice
        return next(iter(choices))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)


SKIN: tuple[Colour, ...] = (
    (250, 222, 204), (243, 208, 180), (232, 190, 156), (218, 170, 132), (192, 138, 100), (155, 104, 74), (112, 74, 54),
)  # fmt: skip
SKIN_RANGE = {
    "CHN": (0.3, 3.2), "VNM": (1.5, 4.2), "KOR": (0.2, 2.8), "IND": (2.5, 5.6), "MEX": (1.5, 4.4), "NGA": (4.3, 6.0),
    "BRA": (0.8, 5.8), "ETH": (4.0, 5.8), "DEU": (0.0, 1.8), "EGY": (1.8, 4.2), "PHL": (1.6, 4.4), "COL": (1.0, 5.0),
    "UKR": (0.0, 1.8),
}  # fmt: skip
FAIR = frozenset({"DEU", "UKR"})
MIXED = frozenset({"BRA", "COL", "MEX"})

DARK_HAIR: dict[Colour, float] = {(30, 27, 30): 4, (44, 34, 32): 3, (62, 44, 36): 2, (84, 56, 42): 0.7}
FAIR_HAIR: dict[Colour, float] = {
    (62, 44, 36): 2, (92, 64, 44): 2, (128, 92, 58): 2, (176, 138, 88): 2, (150, 78, 44): 1.2, (205, 174, 122): 1,
}  # fmt: skip
DARK_EYES: dict[Colour, float] = {(52, 34, 26): 3, (76, 48, 32): 3, (102, 66, 40): 1.5}
FAIR_EYES: dict[Colour, float] = {
    (76, 48, 32): 1, (112, 84, 48): 1, (92, 116, 88): 2, (92, 128, 158): 3, (118, 134, 142): 1.5,
}  # fmt: skip
FRAMES: dict[Colour, float] = {(38, 36, 40): 4, (96, 58, 40): 2, (120, 122, 128): 2, (44, 62, 104): 1, (128, 44, 52): 1}


def traits(person: int, papers: Person) -> Traits:
    """The looks of drawn person number `person`, in keeping with their papers."""
    dice = Dice(np.random.default_rng(np.random.SeedSequence([SEED, person, 2])))
    woman = papers.sex == "F"
    age = (ENROLLED_ON - date.fromisoformat(papers.date_of_birth)).days / 365.25
    fair = papers.nationality in FAIR or (papers.nationality in MIXED and dice.chance(0.3))
    skin = _skin(dice, papers.nationality)
    return Traits(
        woman=woman,
        age=age,
        skin=skin,
        skull=_skull(dice, woman=woman),
        eyes=_eyes(dice, woman=woman, fair=fair, age=age),
        brows=_brows(dice, woman=woman),
        nose=_nose(dice),
        mouth=_mouth(dice, skin, woman=woman),
        hair=_hair(dice, woman=woman, fair=fair, age=age),
        beard=Beard.NONE
        if woman
        else dice.one_of(
            {
                Beard.NONE: 5,
                Beard.STUBBLE: 2,
                Beard.MOUSTACHE: 1.2,
                Beard.GOATEE: 1,
                Beard.SHORT: 1.2,
                Beard.FULL: 1,
            }
        ),
        glasses=dice.one_of({Glasses.NONE: 10, Glasses.ROUND: 0.8, Glasses.SQUARE: 1, Glasses.HALF: 0.5}),
        glasses_colour=dice.one_of(FRAMES),
        glasses_size=dice.between(0.9, 1.12),
        moles=tuple(_mole(dice) for _ in range(dice.one_of({0: 6, 1: 3, 2: 1.5, 3: 0.5}))),
        freckles=dice.between(0.3, 1) if dice.chance(0.25 if fair else 0.06) else 0.0,
        chin_cleft=dice.between(0.3, 1) if dice.chance(0.2) else 0.0,
        lean=dice.about(0, 0.9),
        seed=int(dice.rng.integers(2**32)),
    )


def _mole(dice: Dice) -> Mark:
    # On a cheek or the forehead: never on the lips, a nostril or an eye.
    side = 1 if dice.chance(0.5) else -1
    if dice.chance(0.2):
        return Mark(side * dice.between(0, 40), dice.between(-52, -36), dice.between(0.8, 1.6))
    return Mark(side * dice.between(27, 47), dice.between(20, 78), dice.between(0.8, 2.0))


def _skin(dice: Dice, nationality: str) -> Colour:
    place = dice.between(*SKIN_RANGE[nationality])
    tone = mixed(SKIN[int(place)], SKIN[min(int(place) + 1, len(SKIN) - 1)], place % 1)
    rosy = dice.about(0, 4)
    return tone[0] + rosy * 0.3, tone[1] - rosy * 0.5, tone[2] - rosy * 0.2 + dice.about(0, 3)


def _skull(dice: Dice, *, woman: bool) -> Skull:
    cheeks = dice.about(136 if woman else 141, 8)
    return Skull(
        cheeks=cheeks,
        temples=cheeks * dice.between(0.9, 1.0),
        jaw=cheeks * dice.between(0.70 if woman else 0.74, 0.93 if woman else 0.98),
        jaw_height=dice.about(66, 6),
        chin=dice.about(110 if woman else 117, 7.5),
        chin_width=dice.about(38 if woman else 46, 8),
        crown=dice.about(107, 5),
        hairline=dice.about(62, 6),
        ear_length=dice.about(58 if woman else 64, 5),
        ear_turn=dice.between(2, 13),
        neck=dice.about(92 if woman else 110, 7),
        shoulders=dice.about(345 if woman else 400, 22),
        cheekbones=dice.between(0, 1),
        fullness=dice.between(0, 1),
    )


def _eyes(dice: Dice, *, woman: bool, fair: bool, age: float) -> Eyes:
    return Eyes(
        apart=dice.about(63, 5.3),
        width=dice.about(30.5, 3.1),
        opening=dice.about(11.4 if woman else 10.6, 2.1),
        tilt=dice.about(1.2, 1.9),
        fold=dice.between(1.5, 6.5) if dice.chance(0.75) else 0.0,
        depth=dice.between(0, 1),
        peak=dice.between(-1, 1),
        iris=dice.about(6.0, 0.35),
        colour=dice.one_of(FAIR_EYES if fair else DARK_EYES),
        lashes=dice.between(0.8, 1.5) if woman else dice.between(0.2, 0.7),
        bags=dice.between(0, 0.5) + min(0.5, age / 150),
    )


def _brows(dice: Dice, *, woman: bool) -> Brows:
    return Brows(
        height=dice.about(22 if woman else 19.5, 3.1),
        thickness=dice.about(5.2 if woman else 7.4, 2.2),
        length=dice.about(42, 4),
        arch=dice.about(4.0 if woman else 2.4, 2.6),
        tilt=dice.about(1.2, 2.4),
        bend=dice.between(0, 1),
        gap=dice.about(24, 6.2),
        density=dice.between(0.45, 1.0),
    )


def _nose(dice: Dice) -> Nose:
    return Nose(
        length=dice.about(47, 6.0),
        width=dice.about(36, 5.6),
        bridge=dice.between(4.5, 9.5),
        rise=dice.between(0.45, 1.25),
        tip=dice.about(9, 1.7),
        nostrils=dice.between(0.6, 1.4),
        hang=dice.about(0, 2.5),
        bend=dice.about(0, 0.8),
        contour=dice.between(0.4, 1.6),
    )


def _mouth(dice: Dice, skin: Colour, *, woman: bool) -> Mouth:
    lip = (
        skin[0] * dice.between(0.82, 0.96),
        skin[1] * dice.between(0.48, 0.66) + 4,
        skin[2] * dice.between(0.48, 0.66) + 6,
    )
    if woman and dice.chance(0.4):
        lip = mixed(lip, (176, 44, 62), dice.between(0.25, 0.7))
    return Mouth(
        drop=dice.about(21.5, 4.2),
        width=dice.about(50, 5),
        upper=dice.about(6.8 if woman else 5.8, 2.1),
        lower=dice.about(9.2 if woman else 8.2, 2.0),
        bow=dice.between(0.1, 1),
        corners=dice.about(1.6, 1.1),
        philtrum=dice.about(10, 1.6),
        colour=lip,
    )


def _hair(dice: Dice, *, woman: bool, fair: bool, age: float) -> Hair:
    if woman:
        styles = {
            HairStyle.LONG: 3.0,
            HairStyle.WAVY: 2.2,
            HairStyle.BOB: 2.5,
            HairStyle.TIED: 2.2,
            HairStyle.CURLY: 1.0,
            HairStyle.FRINGE: 1.4,
            HairStyle.SHORT: 0.7,
        }
    else:
        losing = min(1.0, max(0.0, (age - 28) / 30))
        styles = {
            HairStyle.SHORT: 3.0,
            HairStyle.SWEPT: 2.5,
            HairStyle.CROPPED: 2.0,
            HairStyle.FRINGE: 1.2,
            HairStyle.CURLY: 1.2,
            HairStyle.RING: 2.0 * losing,
            HairStyle.BALD: 0.5 + 1.2 * losing,
            HairStyle.WAVY: 0.3,
        }
    return Hair(
        style=dice.one_of(styles),
        colour=dice.one_of(FAIR_HAIR if fair else DARK_HAIR),
        volume=dice.between(0.6, 1.6),
        parting=dice.between(-1, 1),
        peak=dice.between(-0.4, 1),
        temples=dice.between(0, 1),
        length=dice.between(0, 1),
        curl=dice.between(0, 1),
    )
