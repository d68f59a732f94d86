"""The tables of cases, decisions and confidentiality, as the newest migration leaves them.

::

    case_file 1-n case_photo 1-1 case_photo_content     the person in custody; claim and photos sealed
        |             | link
        |          n case_template                       what an engine made of a photo
        |-- case_access, case_event                      who may see it; who did what, when and why
        |-- case_presence                                who has it open in a browser now
        |-- case_request, case_notice, case_answer       galleries it is put to; notices; what consulates said
        |-- case_consent, case_lift                      consent with its document; protection lifted by two people
        |-- case_hold                                    kept for the law's sake; case_retention: rules by status
        |-- case_duplicate, case_control, case_pair      the same face twice; known answers; certain labels
        `-- case_search 1-n case_candidate
                 `-- case_review 1-n case_opened, case_verdict
                 `-- case_identification                 two different reviewers, checked by the database itself

    gallery_terms, gallery_release                       who supplied a gallery, on what basis; held or released by two

Ids are random, so that none tells how many cases there are. Row 0 of case_file is nobody's case: whoever asks for a
case that is not there makes the database do with it what it does with a case that may not be seen. The rules that
triggers hold are in the migration; times are seconds since 1970, UTC; dates are ISO texts.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from matcher.records.tables import Number, metadata

NO_DEADLINE = "9999-12-31"
NOBODYS = 0


def _key() -> Column[int]:
    return Column("id", Number, primary_key=True, autoincrement=False)


def _of_case() -> Column[int]:
    return Column("case_id", Number, ForeignKey("case_file.id"), nullable=False, index=True)


def _who(name: str) -> Column[str]:
    return Column(name, String(256), nullable=False)


def _when(name: str) -> Column[int]:
    return Column(name, Number, nullable=False)


case_file = Table(
    "case_file",
    metadata,
    _key(),
    Column("country", String(3), nullable=False),
    Column("claim", LargeBinary, nullable=False),
    Column("status", String(32), nullable=False),
    _when("status_at"),
    Column(
        "protection",
        String(16),
        nullable=False,
    ),
    Column("epoch", Integer, nullable=False),
    Column("custody_date", String(10), nullable=False),
    Column("deadline", String(10), nullable=False),
    _who("assignee"),
    _who("opened_by"),
    _when("opened_at"),
    Column("version", Integer, nullable=False),
    Index("ix_case_file_order", "deadline", "id"),
    Index("ix_case_file_assignee", "assignee", "deadline", "id"),
    CheckConstraint("protection IN ('none', 'unknown', 'protected')", name="protection"),
)

case_access = Table(
    "case_access",
    metadata,
    Column("case_id", Number, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("account", String(256), primary_key=True),
    _who("granted_by"),
    _when("at"),
)

case_presence = Table(
    "case_presence",
    metadata,
    Column("window", String(32), primary_key=True),
    _of_case(),
    _who("account"),
    _when("seen_at"),
)

case_event = Table(
    "case_event",
    metadata,
    _key(),
    _of_case(),
    Column("number", Integer, nullable=False),
    _when("at"),
    _who("actor"),
    Column("kind", String(32), nullable=False),
    Column("before", String(32), nullable=False),
    Column("after", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Unique("case_id", "number"),
    Index("ix_case_event_status", "kind", "after", "case_id", "at"),
)

case_photo = Table(
    "case_photo",
    metadata,
    _key(),
    _of_case(),
    Column("link", Number, nullable=False, unique=True),
    Column("sha256", LargeBinary(32), nullable=False, index=True),
    Column("format", String(16), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("taken_on", String(10), nullable=False),
    _who("added_by"),
    _when("added_at"),
    # By which engine it was last compared with the other cases' photos; empty: by none.
    Column("compared", String(128), nullable=False, server_default=""),
    Unique("case_id", "sha256"),
)

case_photo_content = Table(
    "case_photo_content",
    metadata,
    Column("photo_id", Number, ForeignKey("case_photo.id"), primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

case_template = Table(
    "case_template",
    metadata,
    _key(),
    Column("photo_link", Number, ForeignKey("case_photo.link"), nullable=False),
    Column("engine", String(128), nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("face", Text, nullable=False),
    Column("landmarks", LargeBinary, nullable=False),
    Unique("photo_link", "engine"),
)

case_request = Table(
    "case_request",
    metadata,
    _key(),
    _of_case(),
    Column("gallery", String(64), nullable=False),
    Column("country", String(3), nullable=False),
    Column("basis", Text, nullable=False),
    _who("by"),
    _when("at"),
    Unique("case_id", "gallery"),
)

case_notice = Table(
    "case_notice",
    metadata,
    _key(),
    _of_case(),
    Column("country", String(3), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("reference", Text, nullable=False),
    Column("sent_on", String(10), nullable=False),
    _who("by"),
    _when("at"),
)

case_answer = Table(
    "case_answer",
    metadata,
    _key(),
    _of_case(),
    Column(
        "kind",
        String(16),
        nullable=False,
    ),
    Column("country", String(3), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("reference", Text, nullable=False),
    Column("received_on", String(10), nullable=False),
    Column("identification_id", Number, ForeignKey("case_identification.id"), nullable=True),
    _who("recorded_by"),
    _when("recorded_at"),
    Column("checked_by", String(256), nullable=True),
    Column("checked_at", Number, nullable=True),
    CheckConstraint("checked_by IS NULL OR lower(trim(checked_by)) <> lower(trim(recorded_by))", name="two_people"),
    CheckConstraint("kind IN ('confirmed', 'rejected', 'no_record', 'need_more')", name="kind"),
)

case_consent = Table(
    "case_consent",
    metadata,
    _key(),
    _of_case(),
    Column("given_on", String(10), nullable=False),
    Column("scope", Text, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("document", LargeBinary, nullable=False),
    _who("recorded_by"),
    _when("recorded_at"),
    Column("withdrawn_at", Number, nullable=True),
)

case_lift = Table(
    "case_lift",
    metadata,
    Column("case_id", Number, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("before", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("consent_id", Number, ForeignKey("case_consent.id"), nullable=True),
    _who("asked_by"),
    _when("asked_at"),
    Column("agreed_by", String(256), nullable=True),
    Column("agreed_at", Number, nullable=True),
    CheckConstraint("agreed_by IS NULL OR lower(trim(agreed_by)) <> lower(trim(asked_by))", name="two_people"),
    CheckConstraint("before <> 'protected' OR consent_id IS NOT NULL", name="consent"),
)

case_search = Table(
    "case_search",
    metadata,
    _key(),
    _of_case(),
    Column("gallery", String(64), nullable=False),
    Column("basis", Text, nullable=False),
    Column("photo_sha256", LargeBinary(32), nullable=False),
    Column("engine", String(128), nullable=False),
    Column("version", Number, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("scoring", Text, nullable=False),
    Column("searched_anyway", Text, nullable=False, server_default=""),
    Column("second_look", Integer, nullable=False),
    Column("stage", String(32), nullable=False, index=True),
    _who("by"),
    _when("at"),
)

case_candidate = Table(
    "case_candidate",
    metadata,
    _key(),
    Column("search_id", Number, ForeignKey("case_search.id"), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("gallery", String(64), nullable=False),
    Column("person_id", String(128), nullable=False),
    Column("photo_sha256", String(64), nullable=False),
    Column("scores", Text, nullable=False),
    Unique("search_id", "rank"),
)

case_review = Table(
    "case_review",
    metadata,
    _key(),
    Column("search_id", Number, ForeignKey("case_search.id"), nullable=False),
    Column("round", Integer, nullable=False),
    _who("reviewer"),
    Column("seed", Number, nullable=False),
    Column("state", String(8), nullable=False),
    _when("begun_at"),
    Column("closed_at", Number, nullable=True),
    Unique("search_id", "round"),
    Index("uq_case_review_reviewer", "search_id", "reviewer", unique=True),
    CheckConstraint("round IN (1, 2, 3)", name="round"),
    CheckConstraint("state IN ('blind', 'scored', 'closed')", name="state"),
)

case_opened = Table(
    "case_opened",
    metadata,
    Column("review_id", Number, ForeignKey("case_review.id"), primary_key=True, autoincrement=False),
    Column("candidate_id", Number, ForeignKey("case_candidate.id"), primary_key=True, autoincrement=False),
    _when("at"),
)

case_verdict = Table(
    "case_verdict",
    metadata,
    Column("review_id", Number, ForeignKey("case_review.id"), primary_key=True, autoincrement=False),
    Column("candidate_id", Number, ForeignKey("case_candidate.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("stage", String(8), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("confidence", Integer, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("remark", Text, nullable=False),
    _when("at"),
    CheckConstraint("stage IN ('blind', 'scored')", name="stage"),
)

case_identification = Table(
    "case_identification",
    metadata,
    _key(),
    _of_case(),
    Column("search_id", Number, ForeignKey("case_search.id"), nullable=False),
    Column("candidate_id", Number, ForeignKey("case_candidate.id"), nullable=False, unique=True),
    Column("first_review", Number, ForeignKey("case_review.id"), nullable=False),
    Column("first_reviewer", String(256), nullable=False),
    Column("second_review", Number, ForeignKey("case_review.id"), nullable=False),
    Column("second_reviewer", String(256), nullable=False),
    _when("at"),
    CheckConstraint("lower(trim(first_reviewer)) <> lower(trim(second_reviewer))", name="two_people"),
    CheckConstraint("first_review <> second_review", name="two_reviews"),
)

case_duplicate = Table(
    "case_duplicate",
    metadata,
    Column("case_id", Number, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("other_id", Number, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("engine", String(128), nullable=False),
    Column("scores", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", String(256), nullable=True),
    _when("at"),
    CheckConstraint("case_id < other_id", name="order"),
    Index("ix_case_duplicate_other", "other_id"),
)

case_control = Table(
    "case_control",
    metadata,
    Column("case_id", Number, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("person_id", String(128), nullable=False),
    _who("made_by"),
    _when("made_at"),
)

case_retention = Table(
    "case_retention",
    metadata,
    Column("status", String(32), primary_key=True),
    Column("days", Integer, nullable=False),
    CheckConstraint("days >= 1", name="days"),
)

case_hold = Table(
    "case_hold",
    metadata,
    Column("case_id", Number, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    _who("held_by"),
    _when("held_at"),
)

case_pair = Table(
    "case_pair",
    metadata,
    Column("answer_id", Number, ForeignKey("case_answer.id"), primary_key=True, autoincrement=False),
    Column("photo_link", Number, ForeignKey("case_photo.link"), nullable=False),
    Column("gallery", String(64), nullable=False),
    Column("person_id", String(128), nullable=False),
    Column("photo_sha256", String(64), nullable=False),
    Column("mated", Integer, nullable=False),
    _when("at"),
)

gallery_terms = Table(
    "gallery_terms",
    metadata,
    Column("gallery_id", Number, ForeignKey("gallery.id"), primary_key=True, autoincrement=False),
    Column(
        "kind",
        String(16),
        nullable=False,
    ),
    Column("supplier", Text, nullable=False),
    Column("country", String(3), nullable=False),
    Column("is_foreign", Integer, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column(
        "state",
        String(16),
        nullable=False,
    ),
    Column("held_for", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    _who("stated_by"),
    _when("stated_at"),
    CheckConstraint("kind <> 'watch_list' OR state <> 'open'", name="watch_list"),
    CheckConstraint("kind IN ('unstated', 'register', 'own_records', 'watch_list')", name="kind"),
    CheckConstraint("state IN ('open', 'held', 'released')", name="state"),
)

gallery_release = Table(
    "gallery_release",
    metadata,
    Column("gallery_id", Number, ForeignKey("gallery_terms.gallery_id"), primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("basis", Text, nullable=False),
    _who("asked_by"),
    _when("asked_at"),
    Column("agreed_by", String(256), nullable=True),
    Column("agreed_at", Number, nullable=True),
    CheckConstraint("agreed_by IS NULL OR lower(trim(agreed_by)) <> lower(trim(asked_by))", name="two_people"),
    CheckConstraint("length(trim(basis)) > 0", name="basis"),
)
