"""The errors of this floor, one tree; each message names the value and the remedy, in one line.

::

    MatcherError
    |-- PhotoUnreadable      the bytes are not a photo that can be used (matcher/photo.py has the kinds)
    |-- EngineUnavailable    an engine, its weights or its package is missing or altered
    |-- EngineMismatch       templates of another engine than the one in use
    |-- RecordsError         the records can't be read or written
    |   |-- RecordsUnavailable   not writable, disk full, locked, not a database
    |   |-- RecordsTooNew        written by a later version of the program
    |   |-- OnHold               a person is kept for the law's sake
    |   |-- NotFound             no such person, photo or gallery
    |   |-- AlreadyThere         it exists already
    |   |-- ChangedMeanwhile     somebody changed it after whoever changes it now had read it
    |   |-- AuditNotWhole        an entry of the audit was altered, removed, inserted or moved
    |   |-- GalleryHeld          no search may use the gallery until two administrators release it
    |   `-- PersonDiffers        the person is recorded with another value of a field
    |-- BadField             a field of a person or a case is not valid
    |-- OutsideCalibration   a number was asked for that the calibration can't give
    |-- BadManifest          a CSV or folder given as input is not usable as a whole
    |   `-- TooMuchToRead    a file asks for more memory than a file of its kind may
    `-- BadSetting           a setting is not valid
        `-- BadEngine            a model or manifest can't serve as an engine
"""

from typing import Self


class MatcherError(Exception):
    """The root: anything that this program reports in one line instead of a traceback."""


class PhotoUnreadable(MatcherError):
    """The bytes are not a photo that can be used. `code` is stable and fit for programs."""

    code = "unreadable"


class EngineUnavailable(MatcherError):
    """An engine, its weights or its package is missing or altered."""


class EngineMismatch(MatcherError):
    """Templates of one engine were about to meet templates of another."""


class RecordsError(MatcherError):
    """The records can't do what was asked."""


class RecordsUnavailable(RecordsError):
    """The records can't be opened, read or written: rights, full disk, lock, damage."""


class RecordsTooNew(RecordsError):
    """The records were written by a later version of this program."""


class NotFound(RecordsError):
    """There is no such person, photo or gallery."""


class OnHold(RecordsError):
    """A person is kept for the law's sake: neither the person nor a photo can be removed."""


class AlreadyThere(RecordsError):
    """It exists already."""


class ChangedMeanwhile(RecordsError):
    """Somebody changed it after whoever is about to change it had read it; nothing was changed."""


class AuditNotWhole(RecordsError):
    """An entry of the audit was altered, removed, inserted or moved, so that where it stands can't be signed."""


class GalleryHeld(RecordsError):
    """No search may use the gallery until two administrators have released it."""


class PersonDiffers(RecordsError):
    """The person is recorded with another value of a field, which `field` names."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.field, str(self))


class BadField(MatcherError):
    """A field is not valid: `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.field, str(self))


class OutsideCalibration(MatcherError):
    """A number was asked for that the calibration can't give; the message says what it can give."""


class BadManifest(MatcherError):
    """A CSV or folder given as input can't be used as a whole."""


class TooMuchToRead(BadManifest):
    """A file asks for more memory than a file of its kind may."""


class BadSetting(MatcherError):
    """A setting is not valid."""


class BadEngine(BadSetting):
    """A model or a manifest can't serve as an engine."""
