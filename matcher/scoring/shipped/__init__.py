"""The populations and calibrations that come with the program: statistics alone, of no person's template."""

from importlib.resources import files

from matcher.errors import MatcherError
from matcher.scoring.calibration import Calibration
from matcher.scoring.population import Population


class NotShipped(MatcherError):
    """The program brings no population or calibration for an engine; fit one on your own records."""


def population(engine: str) -> Population:
    """The population of an engine's templates; raises NotShipped."""
    return Population.from_bytes(_content(engine, "population.npz"))


def calibration(engine: str) -> Calibration:
    """The calibration of an engine's scores; raises NotShipped."""
    return Calibration.from_json(_content(engine, "calibration.json").decode())


def _content(engine: str, kind: str) -> bytes:
    # The key reaches a file name, so what is not a plain key is not looked up.
    place = files(__name__) / f"{engine}.{kind}"
    plain = all(character.isalnum() or character in "-_@" for character in engine)
    if not plain or not place.is_file():
        raise NotShipped(f"no {kind} comes with the program for {engine!r}; run calibrate on your own records")
    return place.read_bytes()
