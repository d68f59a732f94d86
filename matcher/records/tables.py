"""The tables, as the newest migration leaves them; a test holds the two together.

::

    gallery 1-n person 1-n photo 1-1 photo_content      who, and which pictures
                             |
                             | link: a random number, all that ties a template to an identity
                             |
                          n template                     what an engine made of a photo

    refusal      why an engine could make no template of a photo
    change       what was added to and removed from the templates, in order: indexes and replicas follow it
    gallery_engine   how many templates of each engine a gallery holds
    counter      the last number given out, a row each for change, person, photo and template
    meta         facts about the records as a whole: `engines`, see serving.py

Numbers come from `counter`, never from the database's own sequences: its row for `change` is the lock that puts
writers in a line, so that positions become visible in their order, on PostgreSQL too; and no number comes twice.
Times are seconds since 1970, UTC.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

# On SQLite only INTEGER makes the key of the rows themselves; it has 64 bits there.
Number = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _key() -> Column[int]:
    return Column("id", Number, primary_key=True, autoincrement=False)


gallery = Table(
    "gallery",
    metadata,
    _key(),
    Column("name", String(64), nullable=False, unique=True),
    Column("people", Number, nullable=False),
    Column("photos", Number, nullable=False),
)

gallery_engine = Table(
    "gallery_engine",
    metadata,
    Column("gallery_id", Number, ForeignKey("gallery.id"), primary_key=True, autoincrement=False),
    Column("engine", String(128), primary_key=True),
    Column("templates", Number, nullable=False),
)

person = Table(
    "person",
    metadata,
    _key(),
    Column("gallery_id", Number, ForeignKey("gallery.id"), nullable=False),
    Column("person_id", String(128), nullable=False),
    Column("name", Text, nullable=False),
    Column("native_name", Text, nullable=False),
    Column("date_of_birth", String(10), nullable=False),
    Column("sex", String(1), nullable=False),
    Column("nationality", String(3), nullable=False),
    Column("national_id", Text, nullable=False),
    Column("household_registration", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("added_at", Number, nullable=False),
    Column("changed_at", Number, nullable=False),
    UniqueConstraint("gallery_id", "person_id"),
)

photo = Table(
    "photo",
    metadata,
    _key(),
    Column("owner_id", Number, ForeignKey("person.id"), nullable=False),
    Column("link", Number, nullable=False, unique=True),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("format", String(16), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("added_at", Number, nullable=False),
    # An ISO date; empty: not known.
    Column("taken_on", String(10), nullable=False, server_default=""),
    UniqueConstraint("owner_id", "sha256"),
)

photo_content = Table(
    "photo_content",
    metadata,
    Column("photo_id", Number, ForeignKey("photo.id"), primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

template = Table(
    "template",
    metadata,
    _key(),
    Column("photo_link", Number, ForeignKey("photo.link"), nullable=False),
    Column("engine", String(128), nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("face", Text, nullable=False),
    Column("landmarks", LargeBinary, nullable=False),
    UniqueConstraint("photo_link", "engine"),
)

refusal = Table(
    "refusal",
    metadata,
    Column("photo_id", Number, ForeignKey("photo.id"), primary_key=True, autoincrement=False),
    Column("engine", String(128), primary_key=True),
    Column("code", String(32), nullable=False),
    Column("reason", Text, nullable=False),
)

change = Table(
    "change",
    metadata,
    Column("position", Number, primary_key=True, autoincrement=False),
    Column("template_id", Number, nullable=False),
    Column("kind", String(8), CheckConstraint("kind IN ('added', 'removed')", name="kind"), nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Number, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one"), primary_key=True, autoincrement=False),
    Column("chain", LargeBinary(16), nullable=False),
    Column("sequence", Number, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("at", Number, nullable=False, index=True),
    Column("actor", String(256), nullable=False),
    Column("action", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

audit_subject = Table(
    "audit_subject",
    metadata,
    Column("subject", String(256), primary_key=True),
    Column("sequence", Number, primary_key=True, autoincrement=False, index=True),
    sqlite_with_rowid=False,
)

data_key = Table(
    "data_key",
    metadata,
    _key(),
    Column("wrapped", LargeBinary, nullable=False),
    Column("master", String(16), nullable=False),
    Column("made_at", Number, nullable=False),
)

retention = Table(
    "retention",
    metadata,
    Column("gallery_id", Number, ForeignKey("gallery.id"), primary_key=True, autoincrement=False),
    Column("days", Integer, nullable=False),
)

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("gallery_id", Number, ForeignKey("gallery.id"), primary_key=True, autoincrement=False),
    Column("person_id", String(128), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Number, nullable=False),
)
