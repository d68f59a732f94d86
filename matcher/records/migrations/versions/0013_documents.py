"""Documents that go to consulates, the public keys that verify them, and what came back."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_NOT_LIFTED = "NOT EXISTS (SELECT 1 FROM case_file f WHERE f.id = NEW.case_id AND f.protection = 'none')"
_ANOTHERS = (
    "NOT EXISTS (SELECT 1 FROM case_identification i WHERE i.id = NEW.identification_id AND i.case_id = NEW.case_id)"
)
_THERE = "EXISTS (SELECT 1 FROM case_document d WHERE d.id = NEW.id)"
_KEPT_IN = "a protected case goes into no document, and none is made without an identification by two people"
_CHANGED = " OR ".join(
    f"NEW.{name} <> OLD.{name}"
    for name in ("id", "case_id", "identification_id", "country", "sha256", "key", "made_by", "made_at", "sent_on",
                 "sent_how", "sent_by")
)  # fmt: skip
_KEEP = "documents and their keys are never changed"
# name, table, when, condition, what is said.
_RULES = (
    ("case_document_made", "case_document", "INSERT",
     f"{_NOT_LIFTED} OR {_ANOTHERS} OR NEW.sent_by IS NOT NULL OR {_THERE}", _KEPT_IN),
    ("case_document_same", "case_document", "UPDATE",
     f"{_CHANGED} OR (OLD.sent_by IS NOT NULL AND NEW.sent_by IS NULL)", _KEEP),
    ("case_document_sent", "case_document", "UPDATE",
     f"OLD.sent_by IS NULL AND NEW.sent_by IS NOT NULL AND {_NOT_LIFTED}", _KEPT_IN),
    ("document_key_new", "document_key", "INSERT",
     "EXISTS (SELECT 1 FROM document_key k WHERE k.fingerprint = NEW.fingerprint)", _KEEP),
    ("document_key_same", "document_key", "UPDATE", "NEW.fingerprint <> OLD.fingerprint OR NEW.public <> OLD.public "
     "OR NEW.made_at <> OLD.made_at OR OLD.retired_at IS NOT NULL", _KEEP),
    ("document_key_kept", "document_key", "DELETE", "1 = 1", _KEEP),
    ("case_response_made", "case_response", "INSERT", "NOT EXISTS (SELECT 1 FROM case_document d "
     "JOIN case_answer a ON a.case_id = d.case_id WHERE d.id = NEW.document_id AND a.id = NEW.answer_id) "
     "OR EXISTS (SELECT 1 FROM case_response r WHERE r.answer_id = NEW.answer_id)",
     "a response belongs to a document of its case"),
)  # fmt: skip


def upgrade() -> None:
    _tables()
    on_server = op.get_bind().dialect.name == "postgresql"
    for name, table, when, condition, said in _RULES:
        (_on_server if on_server else _on_sqlite)(name, table, when, condition, said)


def _tables() -> None:
    op.create_table(
        "document_key",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("public", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_by", sa.String(length=256), nullable=False),
        sa.Column("made_at", Number, nullable=False),
        sa.Column("retired_at", Number, nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_document_key"),
    )
    op.create_table(
        "case_document",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("case_id", Number, nullable=False),
        sa.Column("identification_id", Number, nullable=False),
        sa.Column("country", sa.String(length=3), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(length=256), nullable=False),
        sa.Column("made_at", Number, nullable=False),
        sa.Column("sent_on", sa.String(length=10), nullable=True),
        sa.Column("sent_how", sa.Text(), nullable=True),
        sa.Column("sent_by", sa.String(length=256), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_document_case_id"),
        sa.ForeignKeyConstraint(
            ["identification_id"], ["case_identification.id"], name="fk_case_document_identification_id"
        ),
        sa.ForeignKeyConstraint(["key"], ["document_key.fingerprint"], name="fk_case_document_key"),
        sa.PrimaryKeyConstraint("id", name="pk_case_document"),
    )
    op.create_index("ix_case_document_case_id", "case_document", ["case_id"], unique=False)
    op.create_table(
        "case_response",
        sa.Column("answer_id", Number, autoincrement=False, nullable=False),
        sa.Column("document_id", Number, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["case_answer.id"], name="fk_case_response_answer_id"),
        sa.ForeignKeyConstraint(["document_id"], ["case_document.id"], name="fk_case_response_document_id"),
        sa.PrimaryKeyConstraint("answer_id", name="pk_case_response"),
    )
    op.create_index("ix_case_response_document_id", "case_response", ["document_id"], unique=False)


def _on_sqlite(name: str, table: str, when: str, condition: str, said: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
    )


def _on_server(name: str, table: str, when: str, condition: str, said: str) -> None:
    row = "OLD" if when == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
        f"RAISE EXCEPTION '{said}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
