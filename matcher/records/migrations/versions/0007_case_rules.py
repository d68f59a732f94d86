"""What the database itself holds of cases and galleries, whoever writes: two different people, and no way around.

One rule a line, in SQL that both databases understand; NEW is the row that is written, OLD the one before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TWO = "this takes two different people; ask for it, and let another one agree"

_LIFTED = (
    "NEW.protection = 'none' AND OLD.protection <> 'none' AND NOT EXISTS (SELECT 1 FROM case_lift l "
    "WHERE l.case_id = NEW.id AND l.epoch = OLD.epoch AND l.before = OLD.protection AND l.agreed_by IS NOT NULL "
    "AND (l.consent_id IS NULL OR EXISTS (SELECT 1 FROM case_consent c WHERE c.id = l.consent_id "
    "AND c.case_id = NEW.id AND c.withdrawn_at IS NULL)))"
)
_CONFIRMED = (
    "NEW.status IN ('confirmed', 'travel_document_issued') AND NEW.status <> OLD.status AND NOT EXISTS "
    "(SELECT 1 FROM case_identification i WHERE i.case_id = NEW.id) AND NOT EXISTS (SELECT 1 FROM case_answer a "
    "WHERE a.case_id = NEW.id AND a.kind = 'confirmed' AND a.checked_by IS NOT NULL)"
)


def _says_same(which: str) -> str:
    """SQL: the closed review of this reviewer ended with "same person" for this candidate."""
    return (
        f"EXISTS (SELECT 1 FROM case_review r JOIN case_verdict v ON v.review_id = r.id "  # noqa: S608
        f"WHERE r.id = NEW.{which}_review AND r.reviewer = NEW.{which}_reviewer AND r.search_id = NEW.search_id "
        "AND r.state = 'closed' AND v.candidate_id = NEW.candidate_id AND v.verdict = 'same_person' "
        "AND v.number = (SELECT max(w.number) FROM case_verdict w WHERE w.review_id = r.id "
        "AND w.candidate_id = v.candidate_id))"
    )


_IDENTIFIED = (
    f"NOT ({_says_same('first')} AND {_says_same('second')} AND EXISTS (SELECT 1 FROM case_candidate c "  # noqa: S608
    "JOIN case_search s ON s.id = c.search_id WHERE c.id = NEW.candidate_id AND s.id = NEW.search_id "
    "AND s.case_id = NEW.case_id))"
)
_RELEASED = (
    "NEW.state = 'released' AND OLD.state <> 'released' AND NOT EXISTS (SELECT 1 FROM gallery_release r "
    "WHERE r.gallery_id = NEW.gallery_id AND r.epoch = OLD.epoch AND r.agreed_by IS NOT NULL)"
)
_REVIEW_CLOSED = "EXISTS (SELECT 1 FROM case_review r WHERE r.id = NEW.review_id AND r.state = 'closed')"
# name, table, when, condition, what is said.
_RULES = (
    ("case_file_begins", "case_file", "INSERT", "NEW.protection = 'none' OR NEW.status <> 'open' "
     "OR EXISTS (SELECT 1 FROM case_file f WHERE f.id = NEW.id)",
     "a case begins open, its protection unknown or protected"),
    ("case_file_lifted", "case_file", "UPDATE", _LIFTED, _TWO),
    ("case_file_epoch", "case_file", "UPDATE", "(NEW.protection <> OLD.protection AND NEW.epoch <> OLD.epoch + 1) "
     "OR (NEW.protection = OLD.protection AND NEW.epoch <> OLD.epoch)", "every change of protection raises its epoch"),
    ("case_file_confirmed", "case_file", "UPDATE", _CONFIRMED, _TWO),
    ("case_file_kept_in", "case_file", "UPDATE",
     "NEW.status = 'sent_to_consulate' AND NEW.status <> OLD.status AND NEW.protection <> 'none'",
     "a protected case goes to no consulate"),
    ("case_file_same", "case_file", "UPDATE", "NEW.id <> OLD.id OR NEW.opened_by <> OLD.opened_by",
     "who opened a case is never changed"),
    ("case_lift_asked", "case_lift", "INSERT", "NEW.agreed_by IS NOT NULL", _TWO),
    ("case_lift_agreed", "case_lift", "UPDATE", "OLD.agreed_by IS NOT NULL OR NEW.asked_by <> OLD.asked_by "
     "OR NEW.case_id <> OLD.case_id OR NEW.epoch <> OLD.epoch OR NEW.before <> OLD.before", _TWO),
    ("case_answer_recorded", "case_answer", "INSERT", "NEW.checked_by IS NOT NULL", _TWO),
    ("case_answer_checked", "case_answer", "UPDATE", "OLD.checked_by IS NOT NULL OR NEW.recorded_by <> OLD.recorded_by "
     "OR NEW.kind <> OLD.kind OR NEW.case_id <> OLD.case_id", _TWO),
    ("case_review_begins", "case_review", "INSERT", "NEW.state <> 'blind' OR trim(NEW.reviewer) = '' "
     "OR EXISTS (SELECT 1 FROM case_review r WHERE r.id = NEW.id)",
     "a review begins blind"),
    ("case_review_same", "case_review", "UPDATE", "NEW.reviewer <> OLD.reviewer OR NEW.search_id <> OLD.search_id "
     "OR NEW.round <> OLD.round OR NEW.seed <> OLD.seed OR OLD.state = 'closed'", "a review stays with its reviewer"),
    ("case_verdict_open", "case_verdict", "INSERT", _REVIEW_CLOSED, "the review is closed"),
    ("case_verdict_same", "case_verdict", "UPDATE", "1 = 1", "verdicts are added, never changed"),
    ("case_identification_two", "case_identification", "INSERT", _IDENTIFIED, _TWO),
    ("case_identification_same", "case_identification", "UPDATE", "1 = 1", "an identification is never changed"),
    # REPLACE removes a row without asking the rules of UPDATE; this one sees it come.
    ("gallery_terms_begin", "gallery_terms", "INSERT", "NEW.state = 'released' OR EXISTS "
     "(SELECT 1 FROM gallery_terms t WHERE t.gallery_id = NEW.gallery_id)", _TWO),
    ("gallery_terms_released", "gallery_terms", "UPDATE", _RELEASED, _TWO),
    ("gallery_terms_held", "gallery_terms", "UPDATE",
     "(OLD.state = 'held' AND NEW.state = 'open') OR NEW.gallery_id <> OLD.gallery_id OR NEW.epoch < OLD.epoch", _TWO),
    ("gallery_terms_stay", "gallery_terms", "DELETE", "OLD.state = 'held'", _TWO),
    ("gallery_release_asked", "gallery_release", "INSERT", "NEW.agreed_by IS NOT NULL", _TWO),
    ("gallery_release_agreed", "gallery_release", "UPDATE", "OLD.agreed_by IS NOT NULL OR NEW.asked_by <> OLD.asked_by "
     "OR NEW.basis <> OLD.basis OR NEW.epoch <> OLD.epoch", _TWO),
)  # fmt: skip


def upgrade() -> None:
    _nobodys_case()
    on_server = op.get_bind().dialect.name == "postgresql"
    for name, table, when, condition, said in _RULES:
        (_on_server if on_server else _on_sqlite)(name, table, when, condition, said)


def _nobodys_case() -> None:
    texts = ("country", "status", "protection", "custody_date", "deadline", "assignee", "opened_by")
    numbers = ("id", "status_at", "epoch", "opened_at", "version")
    columns = [sa.column(name, sa.String()) for name in texts] + [sa.column(name, sa.Integer()) for name in numbers]
    row: dict[str, object] = {**dict.fromkeys(texts, ""), **dict.fromkeys(numbers, 0), "claim": b""}
    row |= {"status": "open", "protection": "protected", "deadline": "9999-12-31"}
    op.bulk_insert(sa.table("case_file", sa.column("claim", sa.LargeBinary()), *columns), [row])


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
