"""Which engine a home is used with: the one that it records; the settings name the one of a home that is new."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from matcher.build import open_database, with_engine
from matcher.engines.opening import engine_spec
from matcher.faces import EngineKey
from matcher.records import serving
from matcher.records.database import Database
from matcher.records.sqlite import FILE_NAME
from matcher.settings import Settings


def as_recorded(settings: Settings) -> Settings:
    """The settings with the engine that this home's searches use; unchanged for a home without photos.

    Makes nothing where there is no home yet. Raises RecordsError.
    """
    if settings.database_url is None and not (settings.home / FILE_NAME).exists():
        return settings
    with closing(open_database(settings)) as database, database.reading() as connection:
        found = serving.engines(connection)
    return with_engine(settings, serving.name_of(found.serving)) if found.serving else settings


def key_of(settings: Settings) -> EngineKey:
    """The key of the settings' engine, without loading it; raises EngineUnavailable."""
    return engine_spec(settings.engine, home=settings.home).key


@contextmanager
def open_records(settings: Settings) -> Iterator[Database]:
    """The records alone, without an index or an engine; made where there are none."""
    with closing(open_database(settings)) as database:
        yield database
