"""Galleries for an evaluation alone: in a folder that goes away, with the operator's engine, settings and calibration.

The operator's own records are read where they are asked for, and never written.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from matcher.build import photo_limits
from matcher.engines.base import Engine
from matcher.faces import Template
from matcher.gallery import Gallery
from matcher.index_opening import DISK_FROM, index_source
from matcher.person import Person
from matcher.pipeline import Matcher
from matcher.records.bulk import in_parts
from matcher.records.database import Database
from matcher.records.values import Enrolment, PersonKey, ReferencePhoto
from matcher.scoring.live import Scorer
from matcher.scoring.opening import known_calibration, known_population, parts_of
from matcher.settings import IndexKind, Settings


@contextmanager
def throwaway_matcher(settings: Settings, engine: Engine, *, expecting: int) -> Iterator[Matcher]:
    """A matcher over an empty gallery that is removed with the block, also when it ends by an error.

    settings: the operator's; everything but the place of the records is as they say. expecting: templates to come.
    """
    with tempfile.TemporaryDirectory(prefix="matcher-evaluation-") as folder:
        place = settings.model_copy(
            update={
                "home": Path(folder),
                "database_url": None,
                "index_url": None,
                "index": _index(settings, expecting),
            }
        )
        database = Database.in_home(place.home)
        try:
            source = index_source(place, database, engine.spec)
            with Gallery(database, source, engine=engine.spec.key, dimension=engine.spec.dimension) as gallery:
                # Not by open_scorer: what it learns of a gallery is kept in the home, beside the operator's own.
                scorer = Scorer(
                    gallery,
                    population=known_population(engine.spec.key),
                    calibration=known_calibration(settings.home, engine.spec.key),
                    prior=settings.prior,
                    parts=parts_of(settings.home, engine.spec.key),
                )
                yield Matcher(engine, gallery, scorer=scorer, limits=photo_limits(settings))
        finally:
            database.close()


def copy_people(source: Gallery, keys: Sequence[PersonKey], target: Gallery) -> int:
    """Enroll these people's templates, without photos and names, into another gallery; how many had one."""
    copied = 0
    for part in in_parts(list(keys)):
        found = source.vectors_by_person(part)
        entries = []
        for key in part:
            if key in found:
                photos = {photo.sha256: photo for photo in (_reference(target, vector) for vector in found[key])}
                entries.append(Enrolment(Person(key[1]), list(photos.values())))
        if entries:
            target.enroll(entries)
        copied += len(entries)
    return copied


def _reference(gallery: Gallery, vector: np.typing.NDArray[np.float32]) -> ReferencePhoto:
    return ReferencePhoto(hashlib.sha256(vector.tobytes()).hexdigest(), Template(gallery.engine, vector))


def _index(settings: Settings, expecting: int) -> IndexKind:
    """What `auto` would have become by the time that so many templates are there."""
    if settings.index is IndexKind.AUTO and expecting >= DISK_FROM:
        return IndexKind.COMPRESSED
    return settings.index
