"""What a Milvus reports, as this floor's errors: in one line, with the remedy, and nothing secret in it."""

from index.base import IndexDamaged, IndexFault, IndexUnavailable
from index.milvus.address import MilvusAddress

_GONE, _UNLOADED, _NO_INDEX = (4, 100), 101, 700
_REFUSED = ("unauthenticated", "auth check failure", "permission_denied", "permission deny", "privilege")
_FULL = ("quota", "rate limit", "disk", "memory", "resource group")
_LONGEST = 300


class CollectionGone(IndexDamaged):
    """A collection that is not on the server, dropped by another process or by hand, or that was left half made."""


class CollectionUnloaded(IndexDamaged):
    """A collection that nobody searches at the moment: released by hand, or left half made."""


def mapped(address: MilvusAddress, code: object, message: object) -> IndexFault:
    """The error to raise. code: of the server or of gRPC. message: what it said."""
    text = " ".join(str(message).split())
    for secret in {address.token, *address.token.split(":", 1)[1:]} - {""}:
        text = text.replace(secret, "<masked>")
    low, text, place = text.lower(), text[:_LONGEST], str(address).partition("?")[0]
    found = _about_a_collection(code, low)
    if found is not None:
        return found(f"{place}: {text}; rebuild the index from the records")
    return IndexUnavailable(f"{place} {_complaint(address, low, text)}")


def _about_a_collection(code: object, low: str) -> type[IndexDamaged] | None:
    if code in _GONE or "collection not found" in low or ("collection" in low and "does not exist" in low):
        return CollectionGone
    if code == _UNLOADED or "not loaded" in low:
        return CollectionUnloaded
    return CollectionGone if code == _NO_INDEX or "index not found" in low else None


def _complaint(address: MilvusAddress, low: str, text: str) -> str:
    if any(word in low for word in _REFUSED):
        return (
            "refuses the token, or the right to use this database; set MATCHER_INDEX_TOKEN to user:password or an API "
            "key"
        )
    if any(word in low for word in _FULL):
        return f"has no room or is asked too much: {text}; look after the cluster"
    if address.lite:
        return f"can't be used: {text}; is milvus-lite installed, and the file in use by no other process?"
    return (
        f"does not answer as it must: {text}; start the server or correct the address, and allow more time with "
        "?timeout= if it is busy"
    )
