"""The first tables: galleries, people, photos, templates and the change log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Spelt out rather than taken from tables.py: this step stays what it is when the tables of today move on.
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _people()
    _photos()
    _log()
    _first_rows()


def _key() -> sa.Column[int]:
    return sa.Column("id", Number, autoincrement=False, nullable=False)


def _people() -> None:
    op.create_table(
        "gallery",
        _key(),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("people", Number, nullable=False),
        sa.Column("photos", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gallery"),
        sa.UniqueConstraint("name", name="uq_gallery_name"),
    )
    op.create_table(
        "gallery_engine",
        sa.Column("gallery_id", Number, autoincrement=False, nullable=False),
        sa.Column("engine", sa.String(128), nullable=False),
        sa.Column("templates", Number, nullable=False),
        sa.PrimaryKeyConstraint("gallery_id", "engine", name="pk_gallery_engine"),
        sa.ForeignKeyConstraint(["gallery_id"], ["gallery.id"], name="fk_gallery_engine_gallery_id"),
    )
    op.create_table(
        "person",
        _key(),
        sa.Column("gallery_id", Number, nullable=False),
        sa.Column("person_id", sa.String(128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("native_name", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.String(10), nullable=False),
        sa.Column("sex", sa.String(1), nullable=False),
        sa.Column("nationality", sa.String(3), nullable=False),
        sa.Column("national_id", sa.Text(), nullable=False),
        sa.Column("household_registration", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("added_at", Number, nullable=False),
        sa.Column("changed_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.ForeignKeyConstraint(["gallery_id"], ["gallery.id"], name="fk_person_gallery_id"),
        sa.UniqueConstraint("gallery_id", "person_id", name="uq_person_gallery_id"),
    )


def _photos() -> None:
    op.create_table(
        "photo",
        _key(),
        sa.Column("owner_id", Number, nullable=False),
        sa.Column("link", Number, nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("added_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_photo"),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name="fk_photo_owner_id"),
        sa.UniqueConstraint("link", name="uq_photo_link"),
        sa.UniqueConstraint("owner_id", "sha256", name="uq_photo_owner_id"),
    )
    op.create_table(
        "photo_content",
        sa.Column("photo_id", Number, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("photo_id", name="pk_photo_content"),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name="fk_photo_content_photo_id"),
    )
    op.create_table(
        "template",
        _key(),
        sa.Column("photo_link", Number, nullable=False),
        sa.Column("engine", sa.String(128), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("face", sa.Text(), nullable=False),
        sa.Column("landmarks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_template"),
        sa.ForeignKeyConstraint(["photo_link"], ["photo.link"], name="fk_template_photo_link"),
        sa.UniqueConstraint("photo_link", "engine", name="uq_template_photo_link"),
    )


def _log() -> None:
    op.create_table(
        "change",
        sa.Column("position", Number, autoincrement=False, nullable=False),
        sa.Column("template_id", Number, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_change"),
        sa.CheckConstraint("kind IN ('added', 'removed')", name=op.f("ck_change_kind")),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", Number, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )


def _first_rows() -> None:
    counter = sa.table("counter", sa.column("name", sa.String()), sa.column("value", Number))
    names = ("change", "change_start", "gallery", "person", "photo", "template")
    op.bulk_insert(counter, [{"name": name, "value": 1 if name == "gallery" else 0} for name in names])
    gallery = sa.table(
        "gallery",
        sa.column("id", Number),
        sa.column("name", sa.String()),
        sa.column("people", Number),
        sa.column("photos", Number),
    )
    op.bulk_insert(gallery, [{"id": 1, "name": "main", "people": 0, "photos": 0}])
