"""The tables of documents that go to consulates, as the newest migration leaves them.

::

    document_key 1-n case_document 1-n case_response      public keys; documents, sealed; what came back, sealed

A document is added, marked as sent once, and never changed; a key is retired, and never removed. Triggers hold that.
Private keys are in no table. Times are seconds since 1970, UTC; dates are ISO texts.
"""

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, Text

from matcher.records import case_tables as _case_tables  # noqa: F401 - what is referred to here
from matcher.records.tables import Number, metadata

document_key = Table(
    "document_key",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("public", LargeBinary(32), nullable=False),
    Column("made_by", String(256), nullable=False),
    Column("made_at", Number, nullable=False),
    Column("retired_at", Number, nullable=True),
)

case_document = Table(
    "case_document",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("case_id", Number, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("identification_id", Number, ForeignKey("case_identification.id"), nullable=False),
    Column("country", String(3), nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("key", String(64), ForeignKey("document_key.fingerprint"), nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("pdf", LargeBinary, nullable=False),
    Column("made_by", String(256), nullable=False),
    Column("made_at", Number, nullable=False),
    Column("sent_on", String(10), nullable=True),
    Column("sent_how", Text, nullable=True),
    Column("sent_by", String(256), nullable=True),
)

case_response = Table(
    "case_response",
    metadata,
    Column("answer_id", Number, ForeignKey("case_answer.id"), primary_key=True, autoincrement=False),
    Column("document_id", Number, ForeignKey("case_document.id"), nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
)
