"""A gallery as a crowd: what scores ask of many people at once, by the numbers that the records give them."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from matcher.among import Among
from matcher.faces import EngineKey
from matcher.records import crowd, feed
from matcher.records.database import Database
from matcher.records.values import PersonKey


class GalleryCrowd:
    """Read-only; one engine's vectors. Numbers of people are never used twice, and say nothing by themselves."""

    def __init__(self, database: Database, engine: EngineKey, dimension: int) -> None:
        self._database = database
        self._engine = engine
        self._dimension = dimension

    def keys(self, gallery: str | None) -> Iterator[tuple[int, PersonKey]]:
        """Everyone's number and key, of one gallery or of all, in no order."""
        with self._database.reading() as connection:
            yield from crowd.numbered_keys(connection, gallery)

    def numbers(self, gallery: str | None, *, after: int, count: int) -> list[int]:
        """The next `count` people's numbers, ascending; none at the end."""
        with self._database.reading() as connection:
            return crowd.numbers_after(connection, gallery, after, count)

    def vectors(self, numbers: Iterable[int]) -> dict[int, tuple[PersonKey, NDArray[np.float32]]]:
        """Key and every vector, float32 (photos, d), of each of these people; those without one are left out."""
        with self._database.reading() as connection:
            found = crowd.templates_by_number(connection, numbers, self._engine, self._dimension)
        return {number: (held.key, held.vectors) for number, held in found.items()}

    def templates(self, numbers: Iterable[int]) -> dict[int, crowd.Held]:
        """The same with the templates' numbers."""
        with self._database.reading() as connection:
            return crowd.templates_by_number(connection, numbers, self._engine, self._dimension)

    def siblings(self, *, after: int, to: int) -> list[int] | None:
        """Every template of those who were given one between two versions of the records; None where the change log
        no longer reaches back so far."""
        with self._database.reading() as connection:
            if feed.log_range(connection).start > after:
                return None
            return crowd.siblings(connection, self._engine, after=after, to=to)

    def among(self, numbers: Iterable[int], among: Among) -> frozenset[int]:
        """Those of these people whom such a search may find."""
        with self._database.reading() as connection:
            return crowd.matching(connection, numbers, among)
