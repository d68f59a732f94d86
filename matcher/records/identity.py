"""What tells one database's records from those of every other."""

from sqlalchemy import Connection, select

from matcher.records import tables


def records_id(connection: Connection) -> str:
    """16 hexadecimal digits, drawn when the database was made; a restored backup has those of the original."""
    return bytes(connection.execute(select(tables.audit_head.c.chain)).scalar_one()).hex()[:16]
