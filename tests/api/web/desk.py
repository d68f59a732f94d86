"""A service with accounts, a gallery of drawn people and a case, for the tests of the officer's desk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from api.app import create_app
from matcher.accounts.opening import Accounts
from matcher.accounts.roles import Role
from matcher.casework.case import Claim
from matcher.casework.decisions import CaseSearch
from matcher.casework.galleries import GalleryKind
from matcher.casework.numbers import number_of
from matcher.casework.office import Office, SearchDesk, open_desk, open_office
from matcher.casework.officer import officer
from matcher.drawn import biography, photo_bytes
from matcher.pipeline import Matcher
from matcher.records import case_searches
from matcher.settings import Settings
from tests.api.attacks.parts import PASSWORD, QUICK
from tests.api.serving import serving
from tests.api.test_page import Seen

PEOPLE = 5
ANNA = officer("account:anna", Role.OFFICER)


@dataclass(frozen=True, slots=True)
class DeskServed:
    """The service, and the very casework that it uses."""

    address: str
    accounts: Accounts
    office: Office
    searches: SearchDesk
    matcher: Matcher

    def case(self, person: int) -> str:
        """A case of Anna's with a later photo of a drawn person, put to the gallery, which is our own country's."""
        cases, photo = self.office.cases, photo_bytes(person, 2)
        one = cases.open(ANNA, country="CHN", claim=Claim(biography(person).name, biography(person).native_name))
        cases.add_photo(ANNA, one.number, self.matcher.prepare(photo), photo)
        cases.put_to(ANNA, one.number, "main", country="CHN", basis="article 4")
        for name in ("boris", "chen"):
            cases.share(ANNA, one.number, f"account:{name}", reason="to review")
        return one.id

    def searched(self, person: int) -> tuple[str, CaseSearch]:
        """Such a case, searched; three candidates wait."""
        case = self.case(person)
        return case, self.searches.searches.search(ANNA, number_of("C", case), gallery="main", top=3)[0]

    def people(self, case: str) -> dict[str, str]:
        """From each candidate of a case's searches to the person whose record it is."""
        with self.office.files.database.reading() as connection:
            return {
                one.id: one.key[1]
                for search in case_searches.searches(connection, number_of("C", case))
                for one in case_searches.candidates(connection, search.number)
            }


@contextmanager
def desk_served(home: Path) -> Iterator[DeskServed]:
    app = create_app(Settings(home=home, **QUICK))
    with serving(app) as address:
        desk = app.state.desk
        accounts, matcher = desk.accounts(), desk.open()
        for name in ("anna", "boris", "chen"):
            accounts.register.add(name, frozenset({Role.OFFICER}), PASSWORD, must_change=False)
        for number in range(PEOPLE):
            matcher.enroll(biography(number), [photo_bytes(number, 0)])
        office = open_office(desk.database)
        office.galleries.state(
            officer("account:root", Role.ADMINISTRATOR), "main", kind=GalleryKind.OWN_RECORDS,
            supplier="our own office", country="USA", is_foreign=False, legal_basis="act 1",
        )  # fmt: skip
        yield DeskServed(address, accounts, office, open_desk(office, matcher), matcher)


@contextmanager
def somebody(
    browser: Browser, served: DeskServed, name: str, *, faults: tuple[str, ...] = (), language: str = "en-GB"
) -> Iterator[tuple[Page, BrowserContext]]:
    """A signed-in person's page; it must have no fault but those that are expected, and ask nobody else."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale=language)
    page = context.new_page()
    seen = Seen(page)
    page.goto(f"{served.address}/signin")
    enter(page, name)
    page.wait_for_url(f"{served.address}/worklist")
    yield page, context
    context.close()
    unexpected = [fault for fault in seen.faults if not any(known in fault for known in faults)]
    elsewhere = [url for url in seen.asked if not url.startswith((served.address, f"blob:{served.address}"))]
    assert not unexpected + elsewhere, unexpected + elsewhere


def enter(page: Page, name: str) -> None:
    page.locator("#f-name").fill(name)
    page.locator("#f-password").fill(PASSWORD)
    page.locator("main button").first.click()
