"""What the collections of an index are called, and which of them nobody needs any more.

::

    <name>_state              the row that says which collection is searched
    <name>_<16 hex digits>    entries: those that are searched, or are being gathered for their place
"""

import re
import secrets
from contextlib import closing

from index.base import WrongRequest
from index.milvus.address import MilvusAddress
from index.milvus.client import Server

STATE = "_state"
_FIT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,150}")


def check_name(name: str) -> None:
    """Raises WrongRequest for a name that Milvus refuses."""
    if not _FIT.fullmatch(name):
        raise WrongRequest(f"a collection of Milvus can't be named {name[:60]!a}")


def new_name(name: str) -> str:
    """For a collection of entries that there never was before."""
    return f"{name}_{secrets.token_hex(8)}"


def sweep(server: Server, name: str, *, kept: str) -> None:
    """Drop every collection of entries but one: replaced, or left half filled by a process that died."""
    ours = re.compile(re.escape(name) + r"_[0-9a-f]{16}")
    for found in server.names():
        if ours.fullmatch(found) and found != kept:
            server.drop(found)


def drop_index(address: MilvusAddress, name: str) -> None:
    """Remove every index whose name begins so, whatever it was made for; raises IndexUnavailable."""
    check_name(name)
    ours = re.compile(re.escape(name) + r"[0-9a-z_]*")
    with closing(Server(address)) as server:
        # Their states last: as long as one is there, a next call knows that there is something to remove.
        for found in sorted(filter(ours.fullmatch, server.names()), key=lambda one: one.endswith(STATE)):
            server.drop(found)
