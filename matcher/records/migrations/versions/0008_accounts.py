"""Accounts, their sessions and tokens, sign-ins with a provider, and kept answers."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("roles", sa.String(length=128), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", Number, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(length=512)),
        sa.Column("subject", sa.String(length=256)),
        sa.Column("made_at", Number, nullable=False),
        sa.Column("changed_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
        sa.UniqueConstraint("issuer", "subject", name="uq_account_issuer"),
        sa.CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name=op.f("ck_account_provider")),
    )
    op.create_table(
        "account_session",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("signed_in", sa.String(length=16), nullable=False),
        sa.Column("made_at", Number, nullable=False),
        sa.Column("seen_at", Number, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_session_account_id"),
        sa.PrimaryKeyConstraint("hash", name="pk_account_session"),
    )
    op.create_index("ix_account_session_account_id", "account_session", ["account_id"])
    op.create_table(
        "account_token",
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("scopes", sa.String(length=512), nullable=False),
        sa.Column("made_at", Number, nullable=False),
        sa.Column("expires_at", Number, nullable=False),
        sa.Column("revoked_at", Number, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_token_account_id"),
        sa.PrimaryKeyConstraint("prefix", name="pk_account_token"),
    )
    op.create_index("ix_account_token_account_id", "account_token", ["account_id"])
    _at_the_door()


def _at_the_door() -> None:
    op.create_table(
        "sign_in_flow",
        sa.Column("state", sa.LargeBinary(length=32), nullable=False),
        sa.Column("browser", sa.LargeBinary(length=32), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("expires_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_sign_in_flow"),
    )
    op.create_table(
        "kept_answer",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", Number, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_kept_answer"),
    )
    op.create_index("ix_kept_answer_made_at", "kept_answer", ["made_at"])
