"""The composition root: wires engine, records and index into a matcher, from one table of settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matcher.audit.standing import note_standing, standing
from matcher.beside import Beside, Opener
from matcher.engines.base import Engine
from matcher.engines.opening import engine_names, engine_spec, open_engine
from matcher.errors import EngineUnavailable, RecordsUnavailable
from matcher.faces import EngineKey
from matcher.gallery import Gallery
from matcher.index_opening import WatchedSource, index_source
from matcher.photo import PhotoLimits
from matcher.pipeline import Matcher
from matcher.quality import Appraiser, QualityPolicy
from matcher.records.database import Database
from matcher.scoring.opening import open_scorer
from matcher.settings import Settings, load_settings
from matcher.wording import why

_NETWORKS = "networks"
_OF_THE_MACHINE = {"home", "threads", "workers", "host", "port"}


def photo_limits(settings: Settings) -> PhotoLimits:
    return PhotoLimits(max_bytes=settings.max_photo_bytes, max_pixels=settings.max_photo_pixels)


def engine_cache(settings: Settings) -> Path:
    """Where the program's own networks are kept."""
    return settings.home / _NETWORKS


def build_engine(settings: Settings) -> Engine:
    """The engine that the settings name."""
    return open_engine(
        settings.engine,
        cache=engine_cache(settings),
        precision=settings.precision,
        threads=settings.threads,
        home=settings.home,
    )


def with_engine(settings: Settings, name: str) -> Settings:
    """The same settings with another engine; raises EngineUnavailable where there is none of that name."""
    if name not in engine_names(settings.home):
        raise EngineUnavailable(f"this home has no engine {name!r}; add it with matcher engines add")
    return settings.model_copy(update={"engine": name})


def engine_opener(settings: Settings) -> Opener:
    """Opens engines by name, as these settings want them."""

    def opened(name: str) -> Engine:
        return build_engine(with_engine(settings, name))

    return opened


def build_appraiser(settings: Settings) -> Appraiser | None:
    """What measures the quality of photos; None where the settings don't want it. Raises BadSetting."""
    if not settings.quality:
        return None
    return Appraiser(QualityPolicy(poor_below=settings.quality_poor_below, unfit_below=settings.quality_unfit_below))


def engine_key(settings: Settings) -> EngineKey:
    """The key of the settings' engine, without loading it. Raises EngineUnavailable."""
    return engine_spec(settings.engine, home=settings.home).key


@dataclass(frozen=True, slots=True)
class Opened:
    """An open gallery, and where its index comes from; database: the records, for what streams through them."""

    gallery: Gallery
    index: WatchedSource
    database: Database


@contextmanager
def open_gallery(settings: Settings) -> Iterator[Gallery]:
    """The gallery of the settings' home and engine, made where there is none; no networks are loaded."""
    with open_parts(settings) as parts:
        yield parts.gallery


def open_database(settings: Settings) -> Database:
    """The records of a home, or of the server that the settings name; the caller closes it. Raises RecordsError."""
    if settings.database_url is None:
        return Database.in_home(settings.home)
    return Database.open(settings.database_url.get_secret_value(), connections=settings.database_connections)


@contextmanager
def open_parts(settings: Settings, *, expecting: int = 0) -> Iterator[Opened]:
    """The same with what the gallery is made of. expecting: how many templates are about to be added in one go."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise RecordsUnavailable(
            f"the data folder {settings.home} can't be made ({why(exc)[0]}); name another with --home"
        ) from exc
    spec = engine_spec(settings.engine, home=settings.home)
    database = open_database(settings)
    try:
        _note_standing(settings, database, spec.key)
        source = index_source(settings, database, spec, expecting=expecting)
        with Gallery(database, source, engine=spec.key, dimension=spec.dimension) as gallery:
            yield Opened(gallery, source, database)
    finally:
        database.close()


def _note_standing(settings: Settings, database: Database, engine: EngineKey) -> None:
    """Record what changed in what this home's answers rest on; what one call says otherwise is in its own entries."""
    lasting = load_settings(settings.home).model_dump(mode="json", exclude=_OF_THE_MACHINE)
    note_standing(database, standing(lasting, settings.home), engine=engine)


@contextmanager
def open_matcher(settings: Settings) -> Iterator[Matcher]:
    """A matcher, ready to identify and enroll."""
    with open_gallery(settings) as gallery:
        scorer = open_scorer(gallery, settings.home, prior=settings.prior)
        yield Matcher(
            build_engine(settings),
            gallery,
            scorer=scorer,
            appraiser=build_appraiser(settings),
            limits=photo_limits(settings),
            beside=Beside(
                lambda: gallery.engines().made_at_enrolment, engine_opener(settings), limits=photo_limits(settings)
            ),
        )
