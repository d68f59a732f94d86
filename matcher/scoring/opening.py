"""One place that finds the statistics for a gallery's engine: the operator's own calibration, else the shipped ones."""

import os
from contextlib import suppress
from pathlib import Path

from matcher.engines.opening import engine_spec
from matcher.errors import BadSetting, EngineMismatch, EngineUnavailable
from matcher.faces import EngineKey
from matcher.gallery import Gallery
from matcher.scoring import shipped
from matcher.scoring.calibration import Calibration
from matcher.scoring.keeping import Shelf
from matcher.scoring.live import Scorer
from matcher.scoring.population import Population

_FOLDER = "calibrations"
_LEARNED = "scores"


def open_scorer(gallery: Gallery, home: Path, *, prior: float) -> Scorer:
    """The scorer of a gallery; raises BadSetting where the home's calibration can't be used."""
    population = known_population(gallery.engine)
    return Scorer(
        gallery,
        population=population,
        calibration=known_calibration(home, gallery.engine),
        prior=prior,
        shelf=Shelf(home / _LEARNED, gallery.engine, population),
        parts=parts_of(home, gallery.engine),
    )


def parts_of(home: Path, engine: EngineKey) -> tuple[int, ...]:
    """The dimensions of a joined engine's parts; empty for other engines, and where it is not in the home any more."""
    try:
        spec = engine_spec(engine.rpartition("@")[0], home=home)
    except EngineUnavailable:
        return ()
    return tuple(part.dimension for part in spec.parts) if spec.key == engine else ()


def known_population(engine: EngineKey) -> Population | None:
    """The shipped population of an engine; None where the program brings none."""
    with suppress(shipped.NotShipped):
        return shipped.population(engine)
    return None


def known_calibration(home: Path, engine: EngineKey) -> Calibration | None:
    """The operator's own calibration, else the shipped one, else None; raises BadSetting for a damaged file."""
    place = calibration_file(home, engine)
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError:
        with suppress(shipped.NotShipped):
            return shipped.calibration(engine)
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise BadSetting(f"{place} can't be read ({exc}); correct its rights, or run calibrate again") from exc
    try:
        found = Calibration.from_json(text)
    except BadSetting as exc:
        raise BadSetting(f"{place}: {exc}") from exc
    if found.source.engine != engine:
        raise EngineMismatch(f"{place} was made for {found.source.engine}, the engine in use is {engine}; remove it")
    return found


def keep_calibration(home: Path, calibration: Calibration) -> Path:
    """Write the operator's own calibration into the home, whole or not at all; where it is now. Raises OSError."""
    place = calibration_file(home, EngineKey(calibration.source.engine))
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(calibration.to_json())
        file.flush()
        os.fsync(file.fileno())
    part.replace(place)
    return place


def calibration_file(home: Path, engine: EngineKey) -> Path:
    """Where the operator's own calibration of an engine is, if there is one."""
    return home / _FOLDER / f"{engine}.json"
