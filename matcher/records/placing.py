"""Where the index of these records is: a recorded fact, as the serving engine is, changed in one transaction.

::

    nothing recorded: local --move--> a server, local before --move back--> local, the server before
                                              |                                     |
                                              `------------- discard ---------------'
"""

import base64
import json
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, delete, insert, select, update

from matcher.errors import RecordsUnavailable
from matcher.records import tables

_NAME = "index_place"
LOCAL = ""
"""The place of an index in memory or in the home."""


@dataclass(frozen=True, slots=True)
class Placement:
    """place: the URL of a server, without anything secret, or LOCAL. before: the place that an index was left in.

    name: 16 hexadecimal digits that no other records have, part of what the index is called on a server. key: what
    the vectors there are rotated by, sealed where the records have a key. recall: as measured by the move.
    """

    place: str = LOCAL
    before: str | None = None
    name: str = ""
    key: bytes = field(default=b"", repr=False)
    recall: float = 1.0


def placement(connection: Connection) -> Placement:
    """The recorded placement; raises RecordsUnavailable for a record that was altered."""
    meta = tables.meta
    text = connection.execute(select(meta.c.value).where(meta.c.name == _NAME)).scalar_one_or_none()
    if text is None:
        return Placement()
    try:
        said = json.loads(text)
        return Placement(
            str(said["place"]),
            None if said["before"] is None else str(said["before"]),
            str(said["name"]),
            base64.b64decode(said["key"], validate=True),
            float(said["recall"]),
        )
    except (ValueError, KeyError, TypeError) as exc:
        raise RecordsUnavailable("the record of the index's place was altered; restore from a backup") from exc


def set_placement(connection: Connection, value: Placement) -> None:
    """Record this, in a writing transaction."""
    text = json.dumps(
        {
            "place": value.place,
            "before": value.before,
            "name": value.name,
            "key": base64.b64encode(value.key).decode("ascii"),
            "recall": value.recall,
        }
    )
    meta = tables.meta
    if not connection.execute(update(meta).where(meta.c.name == _NAME).values(value=text)).rowcount:
        connection.execute(insert(meta), {"name": _NAME, "value": text})


def switch(connection: Connection, place: str, *, recall: float) -> Placement:
    """Let searches look in this place from the next opening on; how it was before."""
    old = placement(connection)
    set_placement(connection, replace(old, place=place, before=old.place, recall=recall))
    return old


def forget(connection: Connection) -> None:
    """As in records that never had an index elsewhere: a restored copy must not change what the original uses."""
    connection.execute(delete(tables.meta).where(tables.meta.c.name == _NAME))
