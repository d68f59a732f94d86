"""Where the records and photos of a search's candidates come from: the galleries, or drawn people in control cases."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from matcher.errors import NotFound
from matcher.person import Person
from matcher.records import reading
from matcher.records.database import Database
from matcher.records.values import PersonKey

CONTROLS = "-drawn"
"""Stands for a gallery in control cases; no gallery can have this name, which begins with a sign that names can't."""


class References(Protocol):
    """Candidates' records and photos."""

    def persons(self, keys: Sequence[PersonKey]) -> Mapping[PersonKey, Person]:
        """The records of these people; those who are not there any more are left out."""
        ...

    def photo(self, key: PersonKey, sha256: str) -> bytes:
        """The bytes of a reference photo; raises NotFound where they are not kept."""
        ...

    def taken_on(self, photos: Sequence[tuple[PersonKey, str]]) -> Mapping[tuple[PersonKey, str], str]:
        """The days, ISO, on which reference photos (person, SHA-256) were taken; those not known are left out."""
        ...


class GalleryReferences:
    """Those of the records; drawn people are drawn anew."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def persons(self, keys: Sequence[PersonKey]) -> Mapping[PersonKey, Person]:
        """See `References`."""
        drawn = {key: drawn_person(key) for key in keys if key[0] == CONTROLS}
        with self._database.reading() as connection:
            return drawn | reading.persons(connection, [key for key in keys if key not in drawn])

    def photo(self, key: PersonKey, sha256: str) -> bytes:
        """See `References`."""
        if key[0] == CONTROLS:
            from matcher.drawn import photo_bytes

            return photo_bytes(drawn_number(key), 0)
        with self._database.reading() as connection:
            return reading.photo_content(connection, *key, sha256)

    def taken_on(self, photos: Sequence[tuple[PersonKey, str]]) -> Mapping[tuple[PersonKey, str], str]:
        """See `References`. Of drawn people none is known, as of most galleries."""
        with self._database.reading() as connection:
            return reading.photo_dates(connection, [photo for photo in photos if photo[0][0] != CONTROLS])


def drawn_number(key: PersonKey) -> int:
    """The number of a drawn person by the id; raises NotFound."""
    number = key[1].removeprefix("drawn-")
    if not number.isdecimal():
        raise NotFound("there is no such drawn person")
    return int(number)


def drawn_person(key: PersonKey) -> Person:
    """A drawn person's record."""
    from matcher.drawn import biography

    return biography(drawn_number(key))
