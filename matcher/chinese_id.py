"""China's citizen identity number (GB 11643-1999): 6 digits of place, 8 of birth, 3 of order, a check character."""

import re
from dataclasses import dataclass
from datetime import date

from matcher.errors import BadField

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_NEW = re.compile(r"[0-9]{17}[0-9X]")
_YEARS = range(1850, 2100)
_OLD = re.compile(r"[0-9]{15}")


@dataclass(frozen=True, slots=True, repr=False)
class ChineseId:
    """A number that is valid in itself. born: ISO date. male: what the parity of its order number says."""

    number: str
    born: str
    male: bool


def check_character(digits: str) -> str:
    """The 18th character for the first 17 digits: ISO 7064 MOD 11-2."""
    return _CHECKS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11]


def looks_chinese(text: str, *, dated: bool) -> bool:
    """Whether a text has the form of the 18-character number; dated: and can only be one, by the date that it holds.

    Of other countries' numbers hardly any has 18 digits, and of those one in 2,000 a date in that place.
    """
    number = _compact(text)
    return _NEW.fullmatch(number) is not None and (not dated or _born(number) is not None)


def read_chinese_id(text: str) -> ChineseId:
    """The number in its 18-character form; raises BadField.

    Spaces between the digits go and a small x becomes X. The 15-digit numbers, void since 2013 but still
    in old registers, become the 18-character number of the same person, so that one person has one number.
    """
    number = _compact(text)
    if _OLD.fullmatch(number):
        number = _from_old(number)
    if not _NEW.fullmatch(number):
        raise _bad(
            text,
            "does not have the form of a Chinese identity number; 17 digits and a check character are needed "
            "(a Hong Kong, Macao or Taiwan number goes with nationality HKG, MAC or TWN)",
        )
    born = _born(number)
    if born is None:
        raise _bad(text, f"holds {number[6:14]} as the date of birth, which is no date")
    if check_character(number[:17]) != number[17]:
        raise _bad(text, "has a wrong check character (ISO 7064 MOD 11-2); a character was misread or swapped")
    return ChineseId(number=number, born=born.isoformat(), male=int(number[16]) % 2 == 1)


def _compact(text: str) -> str:
    return text.replace(" ", "").upper()


def _born(number: str) -> date | None:
    """The date of birth in a number of 18 characters; None where what stands there is none."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return born if born.year in _YEARS else None


def _from_old(number: str) -> str:
    # Order numbers 996 to 999 were kept for people who were already a hundred years old.
    century = "18" if number[12:] >= "996" else "19"
    digits = number[:6] + century + number[6:]
    return digits + check_character(digits)


def _bad(text: str, why: str) -> BadField:
    # Enough of the number to find the line, not enough to use it.
    shown = f"{text[:4]}...({len(text)} characters)"
    return BadField("national_id", f"national_id {shown!r} {why}")
