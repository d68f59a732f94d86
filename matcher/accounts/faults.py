"""Why an account, or somebody who asks with one, is refused.

::

    MatcherError
    |-- NotSignedIn        nobody is signed in, or no longer
    |   `-- SignInFailed   name or password is wrong, or the account is locked or disabled: never told which
    `-- BadField           a name, password, role or scope is not valid (matcher/errors.py)
"""

from matcher.errors import MatcherError


class NotSignedIn(MatcherError):
    """No account, or a session or token that is not, or no longer, valid."""


class SignInFailed(NotSignedIn):
    """The one answer to every sign-in that does not succeed."""

    def __init__(self) -> None:
        super().__init__(
            "name or password is wrong, or the account is locked or disabled; after several failures wait before the "
            "next try, or ask an administrator"
        )
