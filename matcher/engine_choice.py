"""Which engine a home is used with: the one that it records; the settings name the one of a home that is new."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from matcher.build import open_database, with_engine
from matcher.engines.opening import engine_spec
from matcher.errors import RecordsUnavailable
from matcher.faces import EngineKey
from matcher.records import serving
from matcher.records.database import Database
from matcher.records.sqlite import FILE_NAME
from matcher.settings import Settings


def has_records(settings: Settings) -> bool:
    """Whether there are records to ask; makes nothing. On a server that is found out by asking."""
    return settings.database_url is not None or (settings.home / FILE_NAME).exists()


def require_records(settings: Settings) -> Settings:
    """The same settings; raises RecordsUnavailable where there are no records, as in a home whose name is mistyped."""
    if not has_records(settings):
        raise RecordsUnavailable(
            f"there are no records in {settings.home}; name their home with --home or MATCHER_HOME, or enroll first"
        )
    return settings


def as_recorded(settings: Settings) -> Settings:
    """The settings with the engine that this home's searches use; unchanged for a home without photos.

    Makes nothing where there is no home yet. Raises RecordsError.
    """
    if not has_records(settings):
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
