"""What somebody saw before they change it: a short text in their form, compared in the transaction of the change."""

from matcher.audit.entry import digest_of
from matcher.errors import ChangedMeanwhile

_LENGTH = 16


def seen_of(*facts: object) -> str:
    """The text that stands for these facts: another one as soon as one of them changes."""
    return digest_of([str(fact) for fact in facts])[:_LENGTH]


def must_be_as_seen(seen: str, now: str, what: str) -> None:
    """Raises ChangedMeanwhile where somebody was quicker. seen: empty for a caller who saw nothing."""
    if seen and seen != now:
        raise ChangedMeanwhile(f"{what} has changed since you read it; read it again and decide anew")
