"""What the years do to a drawn person."""

from matcher.drawn.canvas import Colour, mixed
from matcher.drawn.shots import Shot
from matcher.drawn.traits import Traits

INK: Colour = (34, 22, 20)
WARM_SHADE: Colour = (96, 40, 30)


def wear(traits: Traits, shot: Shot) -> float:
    """How far the years show, 0 to 1."""
    return min(1.0, max(0.0, (traits.age + shot.years - 30) / 42))


def hair_tone(traits: Traits, shot: Shot, share: float = 1.0) -> Colour:
    """Hair colour on the day; `share` says how much of the greying reaches this hair."""
    age = traits.age + shot.years
    start = 38 + 22 * ((traits.seed >> 8) % 256) / 255
    grey = min(0.92, max(0.0, (age - start) / 26)) * share
    return mixed(traits.hair.colour, (186, 184, 182), grey)
