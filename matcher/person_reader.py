"""Persons of one file: what repeats from row to row is checked once. The same persons and refusals as `read_person`."""

from collections.abc import Mapping
from datetime import date

from matcher.errors import BadField
from matcher.person import FIELDS, LONGEST_TEXT, Person, checked_person_id, read_person

# Fields whose values repeat, and how many different ones are remembered of each.
_REPEATING = frozenset({"gallery", "date_of_birth", "sex", "nationality", "source"})
_REMEMBERED = 100_000
# A number that may be Chinese is held against other fields, so each is read by itself.
_ALONE = "national_id"


class PersonReader:
    """Reads many persons. gallery: of those that name none."""

    def __init__(self, gallery: str, *, today: date) -> None:
        self._gallery = gallery
        self._today = today
        self._known: dict[tuple[str, str], str] = {}

    def read(self, fields: Mapping[str, str]) -> Person:
        """The person of one row, fields that it does not state left out; raises BadField."""
        fields = {"gallery": self._gallery, **fields}
        try:
            return self._quickly(fields)
        except (BadField, KeyError):
            # Whatever is unusual is read in full, which also says what is wrong with it.
            return read_person(fields, today=self._today)

    def _quickly(self, fields: Mapping[str, str]) -> Person:
        values = dict.fromkeys(FIELDS, "")
        for name, text in fields.items():
            if not text:
                continue
            if name in _REPEATING:
                values[name] = self._remembered(name, text)
            elif name == "person_id":
                values[name] = checked_person_id(text)
            elif name != _ALONE and text.isascii() and text.isprintable() and len(text) <= LONGEST_TEXT:
                values[name] = text.strip()
            else:
                raise KeyError(name)
        if len(values) > len(FIELDS) or not (values["person_id"] and values["gallery"]):
            raise KeyError("person_id")
        return Person.stored(*values.values())

    def _remembered(self, name: str, text: str) -> str:
        kept = self._known.get((name, text))
        if kept is None:
            kept = str(getattr(read_person({"person_id": "1", name: text}, today=self._today), name))
            if len(self._known) < _REMEMBERED:
                self._known[name, text] = kept
        return kept
