"""Which engine a home is used with: the one that it records; the settings name the one of a home that is new."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from matcher.beside import Beside, Opener
from matcher.build import build_engine, photo_limits
from matcher.engines.base import Engine
from matcher.engines.opening import engine_spec
from matcher.faces import EngineKey
from matcher.gallery import Gallery
from matcher.records import serving
from matcher.records.database import Database
from matcher.records.sqlite import FILE_NAME
from matcher.settings import Settings


def with_engine(settings: Settings, name: str) -> Settings:
    """The same settings with another engine; raises EngineUnavailable or BadSetting where there is none."""
    if settings.engine == name:
        return settings
    return Settings(**{**settings.model_dump(), "engine": name})


def as_recorded(settings: Settings) -> Settings:
    """The settings with the engine that this home's searches use; unchanged for a home without photos.

    Makes nothing where there is no home yet. Raises RecordsError.
    """
    if not (settings.home / FILE_NAME).exists():
        return settings
    with closing(Database.in_home(settings.home)) as database, database.reading() as connection:
        found = serving.engines(connection)
    return with_engine(settings, serving.name_of(found.serving)) if found.serving else settings


def key_of(settings: Settings) -> EngineKey:
    """The key of the settings' engine, without loading it; raises EngineUnavailable."""
    return engine_spec(str(settings.engine)).key


@contextmanager
def open_records(settings: Settings) -> Iterator[Database]:
    """The records alone, without an index or an engine; made where there are none."""
    with closing(Database.in_home(settings.home)) as database:
        yield database


def engine_opener(settings: Settings) -> Opener:
    """Opens engines by name, as these settings want them."""

    def opened(name: str) -> Engine:
        return build_engine(with_engine(settings, name))

    return opened


def build_beside(settings: Settings, gallery: Gallery) -> Beside:
    """Makes second templates of photos that are enrolled, while the home wants any."""
    return Beside(lambda: gallery.engines().made_at_enrolment, engine_opener(settings), limits=photo_limits(settings))
