"""What a search asks for, from the query and the form."""

from dataclasses import dataclass

from api.uploads import Upload
from matcher.among import Among
from matcher.errors import BadField
from matcher.person import Person, checked_gallery, shown
from matcher.settings import Settings

ANYWAY = "anyway"
SEARCH_FIELDS = ("top", "fpir", "gallery", "nationality", "sex", "born_from", "born_to", ANYWAY)
MOST_CANDIDATES = 1000
_FIRST_YEAR, _LAST_YEAR = 1, 9999


@dataclass(frozen=True, slots=True)
class Asked:
    """How many candidates, at which false-alarm probability at most (None: any), and whom they may be.

    anyway: search with a photo of whatever quality.
    """

    top: int
    fpir: float | None
    among: Among
    anyway: bool


def asked(upload: Upload, settings: Settings) -> Asked:
    """The search that the fields describe; an empty field counts as absent. Raises BadField."""
    gallery = upload.one("gallery")
    return Asked(
        top=_number(upload, "top", 1, MOST_CANDIDATES) or settings.top,
        fpir=_share(upload, "fpir") or settings.fpir,
        among=Among(
            gallery=checked_gallery(gallery) if gallery else None,
            nationalities=tuple(Person("x", nationality=code).nationality for code in _listed(upload, "nationality")),
            sexes=tuple(Person("x", sex=sex).sex for sex in _listed(upload, "sex")),
            birth_years=_birth_years(upload),
        ),
        anyway=flag(upload, ANYWAY),
    )


def flag(upload: Upload, name: str) -> bool:
    """Whether a field says true; absent and empty are false. Raises BadField."""
    text = upload.one(name).lower()
    if text not in ("", "true", "false"):
        raise BadField(name, f"{name} {shown(text)} is neither true nor false")
    return text == "true"


def _listed(upload: Upload, name: str) -> tuple[str, ...]:
    """A field that may be given several times, or once with commas."""
    values = (part.strip() for value in upload.every(name) for part in value.split(","))
    return tuple(dict.fromkeys(value for value in values if value))


def _birth_years(upload: Upload) -> tuple[int, int] | None:
    first = _number(upload, "born_from", _FIRST_YEAR, _LAST_YEAR)
    last = _number(upload, "born_to", _FIRST_YEAR, _LAST_YEAR)
    if first is None and last is None:
        return None
    years = (_FIRST_YEAR if first is None else first, _LAST_YEAR if last is None else last)
    if years[0] > years[1]:
        raise BadField("born_from", f"born_from {years[0]} lies after born_to {years[1]}; exchange them")
    return years


def _share(upload: Upload, name: str) -> float | None:
    text = upload.one(name)
    if not text:
        return None
    try:
        value = float(text) if text.isascii() and len(text) <= 32 else 0.0
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise BadField(name, f"{name} {shown(text)} is not a share above 0 and below 1, as in 0.01")
    return value


def _number(upload: Upload, name: str, least: int, most: int) -> int | None:
    text = upload.one(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and least <= int(text) <= most):
        raise BadField(name, f"{name} {shown(text)} is not a whole number from {least} to {most}")
    return int(text)
