"""How the program ends: its exit codes, and errors in one line."""

import os
import sys
import traceback
from enum import IntEnum

from index.base import IndexFault
from matcher.accounts.faults import SignInFailed
from matcher.casework.faults import CaseError
from matcher.errors import (
    AlreadyThere,
    BadField,
    BadManifest,
    BadSetting,
    GalleryHeld,
    MatcherError,
    NotFound,
    OnHold,
    OutsideCalibration,
    PersonDiffers,
    PhotoUnreadable,
)
from matcher.wording import why

TRACEBACK = "MATCHER_TRACEBACK"


class Exit(IntEnum):
    """What the exit code tells a script; documented in docs/command-line.md and ``matcher --help``."""

    DONE = 0
    PROBLEMS = 1
    """`doctor` found something wrong."""
    WRONG_USE = 2
    NOTHING_DONE = 3
    """The work ended, but every photo or row was refused, or the question was answered with no."""
    UNAVAILABLE = 4
    """Records, index, disk, engine or worker processes can't be used."""
    PROGRAM_FAULT = 70
    INTERRUPTED = 130


EXIT_HELP = (
    "Exit codes: 0 done (refused photos are listed, not an error); 1 doctor found a problem; 2 wrong use or unusable "
    "input; 3 every photo or row was refused; 4 records, disk, index or engine unavailable; 70 a fault in this "
    f"program ({TRACEBACK}=1 shows where); 130 interrupted; 141 whoever read the output left early."
)

_WRONG_USE = (
    BadField,
    BadManifest,
    BadSetting,
    NotFound,
    AlreadyThere,
    OnHold,
    PersonDiffers,
    OutsideCalibration,
    GalleryHeld,
    CaseError,
    SignInFailed,
)


def plain(text: str) -> str:
    """The text with nothing in it that a terminal would obey: control characters are shown as escapes."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def tell(message: str) -> None:
    """One line on standard error."""
    print(f"matcher: {plain(' '.join(message.split()))}", file=sys.stderr)


def tell_error(error: BaseException) -> Exit:
    """Say an error in one line; the exit code for it."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt):
        tell("interrupted")
        return Exit.INTERRUPTED
    if isinstance(error, OSError):
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
        reason, remedy = why(error)
        tell(f"{place}{reason}; {remedy}")
        return Exit.UNAVAILABLE
    if isinstance(error, MemoryError):
        tell("there is not enough memory; use fewer workers or end other programs")
        return Exit.UNAVAILABLE
    if not isinstance(error, (MatcherError, IndexFault)):
        tell(f"a fault in this program, please report it: {type(error).__name__}: {error} ({TRACEBACK}=1 shows where)")
        return Exit.PROGRAM_FAULT
    tell(str(error) or type(error).__name__)
    if isinstance(error, PhotoUnreadable):
        return Exit.NOTHING_DONE
    return Exit.WRONG_USE if isinstance(error, _WRONG_USE) else Exit.UNAVAILABLE
