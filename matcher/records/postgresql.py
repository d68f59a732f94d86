"""Everything that is said to PostgreSQL alone: how its connections are set up, and how its writers take turns."""

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

DRIVER = "postgresql+psycopg"

# Any number will do, as long as nothing else takes an advisory lock of the same number in this database.
_WRITERS = 4_930_127_612
_CONNECTING_SECONDS = 10
# Whole questions take less, and streams of rows come in pieces.
_STATEMENT_SECONDS = 300
# A process that was stopped in the middle of a transaction must not keep the others waiting for ever.
_IDLE_SECONDS = 120


def connect_args(target: URL, *, busy_seconds: float) -> dict[str, Any]:
    """What the driver is told besides the URL, whose own `options` win. busy_seconds: longest wait for a lock."""
    limits = {
        "lock_timeout": int(busy_seconds * 1000),
        "statement_timeout": _STATEMENT_SECONDS * 1000,
        "idle_in_transaction_session_timeout": _IDLE_SECONDS * 1000,
    }
    given = target.query.get("options", "")
    options = " ".join([*(f"-c {name}={value}" for name, value in limits.items()), str(given)]).strip()
    return {"options": options, "connect_timeout": _CONNECTING_SECONDS, "application_name": "identity-matcher"}


def take_turn(connection: Connection) -> None:
    """Wait until no other transaction writes, and let none begin until this one has ended.

    So what is written sees everything that was written before, positions of the change log become visible in their
    order, and no transaction has to be repeated: the same as on SQLite. Readers never wait.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITERS})
