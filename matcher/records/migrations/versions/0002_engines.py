"""Why an engine could make no template of a photo, and the engine that serves homes that were made before."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "refusal",
        sa.Column("photo_id", Number, autoincrement=False, nullable=False),
        sa.Column("engine", sa.String(128), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("photo_id", "engine", name="pk_refusal"),
        sa.ForeignKeyConstraint(["photo_id"], ["photo.id"], name="fk_refusal_photo_id"),
    )
    _plain_order()
    _serving()


def _plain_order() -> None:
    """Ids are ordered by their code points, as on SQLite, whatever language the server speaks."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE gallery ALTER COLUMN name TYPE VARCHAR(64) COLLATE "C"')
        op.execute('ALTER TABLE person ALTER COLUMN person_id TYPE VARCHAR(128) COLLATE "C"')


def _serving() -> None:
    """With templates of one engine only there is no doubt which one served."""
    connection = op.get_bind()
    found = (
        connection.execute(sa.text("SELECT DISTINCT engine FROM gallery_engine WHERE templates > 0")).scalars().all()
    )
    if len(found) == 1:
        value = json.dumps({"serving": found[0], "beside": "", "role": ""})
        connection.execute(sa.text("INSERT INTO meta (name, value) VALUES ('engines', :value)"), {"value": value})
