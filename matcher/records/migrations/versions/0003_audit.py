"""The audit chain: its entries, their subjects, its head; triggers that let it only grow."""

import hashlib
import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REFUSAL = "the audit chain only grows: entries are never changed or removed"
_FIXED = ("audit_entry", "audit_subject")


def upgrade() -> None:
    _tables()
    _first_head()
    if op.get_bind().dialect.name == "postgresql":
        _postgresql_triggers()
    else:
        _sqlite_triggers()


def _tables() -> None:
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chain", sa.LargeBinary(16), nullable=False),
        sa.Column("sequence", Number, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("sequence", Number, autoincrement=False, nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("actor", sa.String(256), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    op.create_table(
        "audit_subject",
        sa.Column("subject", sa.String(256), nullable=False),
        sa.Column("sequence", Number, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("subject", "sequence", name="pk_audit_subject"),
        sqlite_with_rowid=False,
    )
    # Verification reads subjects in the order of their entries.
    op.create_index("ix_audit_subject_sequence", "audit_subject", ["sequence"])


def _first_head() -> None:
    head = sa.table(
        "audit_head",
        sa.column("id", sa.Integer()),
        sa.column("chain", sa.LargeBinary()),
        sa.column("sequence", Number),
        sa.column("hash", sa.LargeBinary()),
    )
    chain = secrets.token_bytes(16)
    start = hashlib.sha256(b"identity-matcher audit chain 1\n" + chain).digest()
    op.bulk_insert(head, [{"id": 1, "chain": chain, "sequence": 0, "hash": start}])


def _sqlite_triggers() -> None:
    for table in _FIXED:
        for change in ("UPDATE", "DELETE"):
            _sqlite_trigger(f"{table}_no_{change.lower()}", f"BEFORE {change} ON {table}")
    # REPLACE removes a row without a DELETE trigger unless recursive triggers are on; this one sees it come.
    taken = "EXISTS (SELECT 1 FROM audit_entry WHERE sequence = NEW.sequence)"
    _sqlite_trigger("audit_entry_no_replace", "BEFORE INSERT ON audit_entry", taken)
    _sqlite_trigger("audit_head_no_delete", "BEFORE DELETE ON audit_head")
    _sqlite_trigger("audit_head_no_insert", "BEFORE INSERT ON audit_head")
    back = "NEW.sequence <= OLD.sequence OR NEW.chain <> OLD.chain OR NEW.id <> OLD.id"
    _sqlite_trigger("audit_head_no_return", "BEFORE UPDATE ON audit_head", back)


def _sqlite_trigger(name: str, when: str, condition: str = "1") -> None:
    op.execute(f"CREATE TRIGGER {name} {when} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END")


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in _FIXED:
        _postgresql_trigger(f"{table}_no_change", f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW")
        _postgresql_trigger(f"{table}_no_truncate", f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT")
    _postgresql_trigger("audit_head_no_change", "BEFORE INSERT OR DELETE ON audit_head FOR EACH ROW")
    _postgresql_trigger("audit_head_no_truncate", "BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT")
    back = "NEW.sequence <= OLD.sequence OR NEW.chain <> OLD.chain OR NEW.id <> OLD.id"
    _postgresql_trigger("audit_head_no_return", f"BEFORE UPDATE ON audit_head FOR EACH ROW WHEN ({back})")


def _postgresql_trigger(name: str, when: str) -> None:
    op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION audit_refuse()")
