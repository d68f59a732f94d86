"""What a page asks of the records does not grow with the number of cases."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from api.auth.permissions import PERMISSIONS
from matcher.casework.case import CaseFile, Claim, Protection
from matcher.casework.numbers import new_number
from matcher.casework.statuses import Status
from matcher.records import case_files
from tests.api.attacks.parts import sign_in
from tests.browsing.test_every_page import NO_PAGES
from tests.browsing.world import EVERYTHING, World, world

MOST = 80
"""Statements for one page."""


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that any thread sends while the block runs."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def _add(made: World, count: int) -> None:
    """Cases of the one who is everything."""
    database = made.office.files.database
    with database.writing() as connection:
        for place in range(count):
            case_files.add(connection, CaseFile(
                number=new_number(), country="CHN", claim=Claim(f"Lan {place}"), status=Status.OPEN,
                status_at=1_790_000_000,
                protection=Protection.UNKNOWN, epoch=0, custody_date="2026-10-01", deadline="2027-03-30",
                assignee=f"account:{EVERYTHING}", opened_by=f"account:{EVERYTHING}", opened_at=1_790_000_000, version=1,
            ))  # fmt: skip


def _statements(engine: Engine, client: httpx.Client, path: str) -> int:
    """How many; what the service asks beside a page, at times of its own, may be among them."""
    with counted(engine) as seen:
        client.get(path, headers={"Accept": "text/html"})
    return len(seen)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_page_asks_more_for_more_cases(tmp_path_factory: pytest.TempPathFactory) -> None:
    with world(tmp_path_factory.mktemp("statements"), people=2) as made:
        engine = made.office.files.database.engine
        paths = [path for method, path in PERMISSIONS if method == "GET" and "{" not in path]
        pages = [path for path in paths if not path.startswith(NO_PAGES) and not path.endswith("/live")]
        asked: list[dict[str, int]] = []
        with httpx.Client(base_url=made.address, timeout=60) as client:
            sign_in(client, EVERYTHING)
            for count in (40, 200):
                _add(made, count)
                asked.append({})
                for path in pages:
                    client.get(path, headers={"Accept": "text/html"})
                    asked[-1][path] = min(_statements(engine, client, path) for _ in range(2))
        few, many = asked
        # Both times there are more cases than a list shows on one page.
        assert {path: (few[path], many[path]) for path in pages if many[path] > few[path]} == {}
        assert {path: count for path, count in many.items() if count > MOST} == {}
