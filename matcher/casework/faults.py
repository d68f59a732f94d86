"""Why something in a case is not done.

::

    MatcherError
    `-- CaseError
        |-- NotAllowed      this officer may not do this
        |-- Outdated        somebody else has changed the case since it was read
        |-- NotNow          the case, review or gallery is not in a state for it
        `-- Confidential    the case is protected, so that this can't be done with it

A case that is not there and one that an officer may not see are the same NotFound.
"""

from matcher.errors import MatcherError, NotFound


class CaseError(MatcherError):
    """Something in a case is refused; nothing was changed."""


class NotAllowed(CaseError):
    """This officer may not do this."""


class Outdated(CaseError):
    """Somebody else has changed the case since it was read."""


class NotNow(CaseError):
    """The case, review or gallery is not in a state for it."""


class Confidential(CaseError):
    """The case is protected, or it is not known whether it must be."""


def no_case() -> NotFound:
    """What is said of a case that is not there, and of one that may not be seen."""
    return NotFound("there is no such case, or none that you may see; check its number")
