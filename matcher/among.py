"""Whom a search may find."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.base import EVERYTHING, Where
from matcher.records import coding


@dataclass(frozen=True, slots=True)
class Among:
    """Whom a search may find; all conditions must hold. Values are compared as recorded, "" stands for "not stated".

    gallery: a gallery's name; None for all. nationalities: alpha-3 codes; empty for all. sexes: M, F, X; empty for
    all. birth_years: (first, last), both included; people without a year are then left out; None for all.
    """

    gallery: str | None = None
    nationalities: tuple[str, ...] = ()
    sexes: tuple[str, ...] = ()
    birth_years: tuple[int, int] | None = None

    def where(self, number_of: Callable[[str], int]) -> Where:
        """The same as an index's filter; number_of: a gallery's name to its number, or NotFound."""
        equals: dict[str, Sequence[int]] = {}
        if self.gallery is not None:
            equals["gallery"] = [number_of(self.gallery)]
        if self.nationalities:
            equals["nationality"] = [coding.nationality_number(code) for code in self.nationalities]
        if self.sexes:
            equals["sex"] = [coding.sex_number(sex) for sex in self.sexes]
        between = {} if self.birth_years is None else {"birth_year": self.birth_years}
        return Where(equals, between) if equals or between else EVERYTHING


EVERYBODY = Among()
