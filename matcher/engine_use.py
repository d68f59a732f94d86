"""Whether a home's records need an engine."""

from matcher.engine_choice import open_records
from matcher.records import reading, serving
from matcher.records.sqlite import FILE_NAME
from matcher.settings import Settings


def has_records(settings: Settings) -> bool:
    """Whether there are records to ask, which asking would make otherwise."""
    return settings.database_url is not None or (settings.home / FILE_NAME).exists()


def templates_of(settings: Settings, name: str) -> int:
    """How many templates a home has of an engine of this name."""
    if not has_records(settings):
        return 0
    with open_records(settings) as database, database.reading() as connection:
        sizes = reading.sizes(connection).values()
    counts = [count for size in sizes for key, count in size.templates.items() if serving.name_of(key) == name]
    return sum(counts)
