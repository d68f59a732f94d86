"""The day on which a photo was taken, as whoever supplies it states it; never read out of the file, never guessed."""

from collections.abc import Sequence
from datetime import date

from matcher.errors import BadField
from matcher.person import shown

TAKEN_ON = "taken_on"
_EARLIEST = 1850


def checked_photo_date(text: str, *, today: date) -> str:
    """An ISO date that is not in the future, or empty for "not known"; raises BadField.

    today: the latest day that it is anywhere on Earth.
    """
    text = text.strip()
    if not text:
        return ""
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        found = None
    if found is None or found.year < _EARLIEST:
        raise BadField(
            TAKEN_ON, f"{TAKEN_ON} {shown(text)} is not a date; write it as 2019-05-17, or leave it empty if not known"
        )
    if found > today:
        raise BadField(
            TAKEN_ON, f"{TAKEN_ON} {text} lies in the future; correct it, or leave it empty if the day is not known"
        )
    return found.isoformat()


def dates_of(digests: Sequence[str], taken_on: Sequence[str]) -> dict[str, str]:
    """SHA-256 -> date of those photos whose date is known. taken_on: none, or one for each digest. Raises BadField."""
    if taken_on and len(taken_on) != len(digests):
        raise BadField(
            TAKEN_ON,
            f"{TAKEN_ON} was given {len(taken_on)} times for {len(digests)} photos; give it once for each photo, in "
            "their order, empty where the day is not known",
        )
    known: dict[str, str] = {}
    for digest, day in zip(digests, taken_on, strict=False):
        if day and known.setdefault(digest, day) != day:
            raise BadField(
                TAKEN_ON, f"one photo was given twice, with {TAKEN_ON} {known[digest]} and {day}; give it once"
            )
    return known


class PhotoDates:
    """Reads the dates of many photos, of which many are alike: each is checked once."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._known: dict[str, str] = {"": ""}

    def read(self, text: str) -> str:
        """See `checked_photo_date`."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = checked_photo_date(text, today=self._today)
        return found
