"""Whether a home's records need an engine."""

from matcher.engine_choice import has_records, open_records
from matcher.records import reading, serving
from matcher.settings import Settings


def templates_of(settings: Settings, name: str) -> int:
    """How many templates a home has of an engine of this name."""
    if not has_records(settings):
        return 0
    with open_records(settings) as database, database.reading() as connection:
        sizes = reading.sizes(connection).values()
    counts = [count for size in sizes for key, count in size.templates.items() if serving.name_of(key) == name]
    return sum(counts)
