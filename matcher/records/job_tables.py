"""The tables of jobs, as the newest migration leaves them.

::

    job 1-n job_item      a photo to search with, who works on it, and what was found, sealed
     |  `-- job_pair      two photos of a job that show the same face
     `-- job_worker       processes that work on jobs, and when they were last heard of

    job_tally             what workers counted of their searches, for the metrics

An item's id is its job's number times 2^24 plus its own, so that a job's items lie together in their order. Times are
seconds since 1970, UTC, by the clock of the records (a server's, where there is one).
"""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from matcher.records.tables import Number, metadata

job = Table(
    "job",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("name", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("options", Text, nullable=False),
    Column("conditions", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("folder", String(64), nullable=False),
    Column("made_by", String(256), nullable=False),
    Column("made_at", Number, nullable=False),
    Column("started_at", Number, nullable=False),
    Column("ended_at", Number, nullable=False),
    Column("total", Integer, nullable=False),
    Column("rights", Text, nullable=False, server_default=""),
    Column("tokens", Text, nullable=False, server_default=""),
    Index("ix_job_turn", "state", "priority", "made_at"),
)

job_item = Table(
    "job_item",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("job_id", Number, ForeignKey("job.id"), nullable=False),
    Column("case_id", String(128), nullable=False),
    Column("photo", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("deadline", String(10), nullable=False),
    Column("code", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("worker", Number, nullable=False),
    Column("done_at", Number, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("strength", Float),
    Column("quality", Float),
    Column("version", Number, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index("ix_job_item_turn", "job_id", "state", "deadline", "id"),
    Index("ix_job_item_done", "job_id", "done_at", "outcome"),
)

job_pair = Table(
    "job_pair",
    metadata,
    Column("item_id", Number, ForeignKey("job_item.id"), primary_key=True, autoincrement=False),
    Column("other_id", Number, ForeignKey("job_item.id"), primary_key=True, autoincrement=False),
    Column("score", Float, nullable=False),
    Column("false_alarm_probability", Float),
)

job_worker = Table(
    "job_worker",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("host", String(128), nullable=False),
    Column("process", Number, nullable=False),
    Column("born", String(32), nullable=False),
    Column("started_at", Number, nullable=False),
    Column("seen_at", Number, nullable=False),
)

job_tally = Table(
    "job_tally",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("label", String(32), primary_key=True),
    Column("count", Number, nullable=False),
    Column("total", Float, nullable=False),
)
