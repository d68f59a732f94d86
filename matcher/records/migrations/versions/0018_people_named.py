"""Two people are two names that actors have: nothing empty, no spaces or look-alikes, and accounts once there are some.

The checks of the tables compare names without the spaces around them only. These rules refuse everything that is no
actor's name, so that what is left can be compared letter by letter. Rows that are there stay; none of them counts as
two people unless its names pass.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TWO = "this takes two different people; ask for it, and let another one agree"
_NAMED = (
    "whoever decides is named as account:NAME, or os:NAME in visible ASCII while there are no accounts; "
    "sign in with an account and do it again"
)


def _is_name(column: str, *, on_server: bool) -> str:
    """SQL: this is the name of an account or of a system's user, as `Actor` and `acting` write it."""
    if on_server:
        return f"({column} COLLATE \"C\" ~ '^(account:[a-z0-9][a-z0-9._-]*|os:[!-~]+)$')"
    # SQLite ends a text's length and patterns at its first NUL; as bytes, everything counts, other letters too.
    return (
        f"(typeof({column}) = 'text' AND length(CAST({column} AS BLOB)) = length({column}) AND "
        f"(({column} GLOB 'account:[a-z0-9]*' AND {column} NOT GLOB 'account:*[^a-z0-9._-]*') OR "
        f"({column} GLOB 'os:?*' AND {column} NOT GLOB 'os:*[^!-~]*')))"
    )


def _is_person(column: str, *, on_server: bool) -> str:
    """SQL: the same, and one of the accounts where there are any."""
    return (
        f"({_is_name(column, on_server=on_server)} AND (NOT EXISTS (SELECT 1 FROM account) "  # noqa: S608
        f"OR EXISTS (SELECT 1 FROM account k WHERE 'account:' || k.name = {column})))"
    )


def _rules(*, on_server: bool) -> list[tuple[str, str, str, str, str]]:
    """Name, table, when, condition, what is said."""

    def nobody(column: str) -> str:
        return f"NOT {_is_person(f'NEW.{column}', on_server=on_server)}"

    def not_two(first: str, second: str) -> str:
        return f"{nobody(first)} OR {nobody(second)} OR lower(NEW.{first}) = lower(NEW.{second})"

    def two(first: str, second: str) -> str:
        names = " AND ".join(_is_name(column, on_server=on_server) for column in (first, second))
        return f"{names} AND lower({first}) <> lower({second})"

    lifted = (
        "NEW.protection = 'none' AND OLD.protection <> 'none' AND NOT EXISTS (SELECT 1 FROM case_lift l "  # noqa: S608
        f"WHERE l.case_id = NEW.id AND l.epoch = OLD.epoch AND {two('l.asked_by', 'l.agreed_by')})"
    )
    confirmed = (
        "NEW.status IN ('confirmed', 'travel_document_issued') AND NEW.status <> OLD.status AND NOT EXISTS "  # noqa: S608
        "(SELECT 1 FROM case_identification i WHERE i.case_id = NEW.id "
        f"AND {two('i.first_reviewer', 'i.second_reviewer')}) AND NOT EXISTS (SELECT 1 FROM case_answer a "
        f"WHERE a.case_id = NEW.id AND a.kind = 'confirmed' AND {two('a.recorded_by', 'a.checked_by')})"
    )
    released = (
        "NEW.state = 'released' AND OLD.state <> 'released' AND NOT EXISTS (SELECT 1 FROM gallery_release r "  # noqa: S608
        f"WHERE r.gallery_id = NEW.gallery_id AND r.epoch = OLD.epoch AND {two('r.asked_by', 'r.agreed_by')})"
    )
    return [
        ("case_lift_named", "case_lift", "INSERT", nobody("asked_by"), _NAMED),
        ("case_lift_two", "case_lift", "UPDATE",
         f"NEW.agreed_by IS NOT NULL AND ({not_two('asked_by', 'agreed_by')})", _TWO),
        ("case_answer_named", "case_answer", "INSERT", nobody("recorded_by"), _NAMED),
        ("case_answer_two", "case_answer", "UPDATE",
         f"NEW.checked_by IS NOT NULL AND ({not_two('recorded_by', 'checked_by')})", _TWO),
        ("case_review_named", "case_review", "INSERT", nobody("reviewer"), _NAMED),
        ("case_identification_people", "case_identification", "INSERT", not_two("first_reviewer", "second_reviewer"),
         _TWO),
        ("gallery_release_named", "gallery_release", "INSERT", nobody("asked_by"), _NAMED),
        ("gallery_release_two", "gallery_release", "UPDATE",
         f"NEW.agreed_by IS NOT NULL AND ({not_two('asked_by', 'agreed_by')})", _TWO),
        ("case_file_lifted_two", "case_file", "UPDATE", lifted, _TWO),
        ("case_file_confirmed_two", "case_file", "UPDATE", confirmed, _TWO),
        ("gallery_terms_released_two", "gallery_terms", "UPDATE", released, _TWO),
    ]  # fmt: skip


def upgrade() -> None:
    on_server = op.get_bind().dialect.name == "postgresql"
    for name, table, when, condition, said in _rules(on_server=on_server):
        (_on_server if on_server else _on_sqlite)(name, table, when, condition, said)


def _on_sqlite(name: str, table: str, when: str, condition: str, said: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
    )


def _on_server(name: str, table: str, when: str, condition: str, said: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
        f"RAISE EXCEPTION '{said}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
