"""The tables of accounts, as the newest migration leaves them.

::

    account 1-n account_session     browsers that are signed in; only the SHA-256 of what they hold
        |-- account_token           programs' tokens; only the SHA-256 of their secret
    sign_in_flow                    sign-ins with a provider that have begun; used once
    kept_answer                     answers to calls with an Idempotency-Key, sealed with what the caller alone knows

Times are seconds since 1970, UTC.
"""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Integer, LargeBinary, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from matcher.records.tables import Number, metadata

account = Table(
    "account",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("full_name", String(128), nullable=False, server_default=""),
    Column("roles", String(128), nullable=False),
    Column("password", Text, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Number, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("issuer", String(512)),
    Column("subject", String(256)),
    Column("made_at", Number, nullable=False),
    Column("changed_at", Number, nullable=False),
    Unique("issuer", "subject"),
    CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="provider"),
)

account_session = Table(
    "account_session",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("account_id", String(32), ForeignKey("account.id"), nullable=False, index=True),
    Column("epoch", Integer, nullable=False),
    Column("signed_in", String(16), nullable=False),
    Column("made_at", Number, nullable=False),
    Column("seen_at", Number, nullable=False),
)

account_token = Table(
    "account_token",
    metadata,
    Column("prefix", String(16), primary_key=True),
    Column("account_id", String(32), ForeignKey("account.id"), nullable=False, index=True),
    Column("hash", LargeBinary(32), nullable=False),
    Column("label", String(100), nullable=False),
    Column("scopes", String(512), nullable=False),
    Column("made_at", Number, nullable=False),
    Column("expires_at", Number, nullable=False),
    Column("revoked_at", Number, nullable=False),
)

sign_in_flow = Table(
    "sign_in_flow",
    metadata,
    Column("state", LargeBinary(32), primary_key=True),
    Column("browser", LargeBinary(32), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(128), nullable=False),
    Column("expires_at", Number, nullable=False),
)

kept_answer = Table(
    "kept_answer",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("body", LargeBinary(32), nullable=False),
    Column("made_at", Number, nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
)
