"""A service in which something has happened: people enrolled, cases in every state, an exercise begun."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from matcher.accounts.roles import Role
from matcher.among import Among
from matcher.casework.case import CaseFile, Claim, Protection
from matcher.casework.document.stationery import stationery_of
from matcher.casework.features import Opinion
from matcher.casework.galleries import GalleryKind
from matcher.casework.numbers import number_text
from matcher.casework.office import Office, SearchDesk, open_desk, open_office
from matcher.casework.officer import Officer, officer
from matcher.drawn import biography, photo_bytes
from matcher.jobs.job import JobOptions
from matcher.jobs.register import Jobs
from matcher.pipeline import Matcher
from matcher.settings import Settings
from matcher.training.course import Course
from matcher.training.grades import Grade
from matcher.training.machine import Machine
from tests.api.attacks.parts import PASSWORD, QUICK
from tests.api.serving import serving

EVERYTHING = "everything"
OFFICERS = ("anna", "boris")
SIMILAR, DIFFERENT = ("eyes:similar", "nose:similar"), ("ears:different",)


def chinese_people(count: int) -> list[int]:
    """The first drawn people who could stand in the register of China."""
    return [person for person in range(200) if biography(person).native_name][:count]


@dataclass(slots=True)
class World:
    """A running service. ids: what stands for each placeholder of an address."""

    address: str
    app: FastAPI
    office: Office
    desk: SearchDesk
    matcher: Matcher
    people: list[int]
    ids: dict[str, str] = field(default_factory=dict)

    def officer(self, name: str, *roles: Role) -> Officer:
        return officer(f"account:{name}", *(roles or (Role.OFFICER,)))

    def case(self, who: Officer, person: int, *, lifted: bool = True) -> CaseFile:
        """A case of a drawn person with a later photo, put to the gallery, its protection lifted by two."""
        papers = biography(person)
        claim = Claim(papers.name, papers.native_name, papers.date_of_birth, papers.household_registration)
        today = datetime.now(UTC).date()
        case = self.office.cases.open(
            who, country="CHN", claim=claim, custody_date=(today - timedelta(days=40)).isoformat()
        )
        data = photo_bytes(person, 1)
        self.office.cases.add_photo(who, case.number, self.matcher.prepare(data), data, taken_on=today.isoformat())
        self.office.cases.put_to(who, case.number, "main", country="CHN", basis="agreement of 2008, article 4")
        if lifted:
            chief, gate = self.officer("supervisor", Role.SUPERVISOR), self.office.confidentiality
            version = self.office.cases.get(who, case.number).case.version
            gate.ask_to_lift(who, case.number, reason="nothing of that kind is on file", version=version)
            gate.agree_to_lift(chief, case.number, version=self.office.cases.get(chief, case.number).case.version)
        return self.office.cases.get(who, case.number).case

    def search(self, who: Officer, case: CaseFile) -> int:
        return self.desk.searches.search(who, case.number, gallery="main", top=4, anyway=True)[0].number

    def review(self, who: Officer, search: int, person: int | None, *, close: bool = True) -> int:
        """A review that finds this drawn person, or nobody."""
        review = self.office.reviews.begin(who, search).number
        for shown in self.office.reviews.view(who, review).candidates:
            is_same = person is not None and shown.candidate.key[1] == biography(person).person_id
            self.office.reviews.open(who, review, shown.candidate.id)
            self.office.reviews.judge(
                who, review, shown.candidate.id,
                opinion=Opinion.SAME_PERSON if is_same else Opinion.DIFFERENT_PERSON,
                confidence=85, reasons=SIMILAR if is_same else DIFFERENT,
            )  # fmt: skip
        if close:
            self.office.reviews.reveal(who, review)
            self.office.reviews.close(who, review)
        return review


@contextmanager
def world(home: Path, *, people: int = 8, **settings: Any) -> Iterator[World]:
    """A service with accounts of every role, two officers, one who is everything; drawn people of China enrolled."""
    app = create_app(Settings(home=home, **{**QUICK, **settings}))
    with serving(app) as address:
        accounts = app.state.desk.accounts()
        roles = {role.value: frozenset({role}) for role in Role}
        roles |= dict.fromkeys(OFFICERS, frozenset({Role.OFFICER})) | {EVERYTHING: frozenset(Role)}
        for name, theirs in roles.items():
            accounts.register.add(name, theirs, PASSWORD, must_change=False)
        matcher = app.state.desk.open()
        numbers = chinese_people(people)
        for number in numbers:
            matcher.enroll(replace(biography(number), gallery="main"), [photo_bytes(number, 0)], anyway=True)
        office = open_office(accounts.database, stationery=stationery_of(app.state.desk.settings))
        office.documents.keys.make("os:root")
        made = World(address, app, office, open_desk(office, matcher), matcher, numbers)
        office.galleries.state(
            made.officer("administrator", Role.ADMINISTRATOR), "main", kind=GalleryKind.REGISTER, supplier="a ministry",
            country="CHN", is_foreign=True, legal_basis="agreement of 2008",
        )  # fmt: skip
        yield made


def furnish(made: World) -> None:
    """One of everything that an address may name, for whoever is everything."""
    who = made.officer(EVERYTHING, *Role)
    first, second, third = made.people[:3]
    settled = made.case(who, first)
    search = made.search(who, settled)
    made.review(who, search, first)
    made.review(made.officer("supervisor", Role.SUPERVISOR), search, first)
    made.office.documents.make(who, settled.number)
    under_review = made.case(made.officer("anna"), second)
    open_search = made.search(made.officer("anna"), under_review)
    review = made.review(who, open_search, second, close=False)
    made.case(made.officer("anna"), third, lifted=False)
    course, machine = Course(made.office.files.database), Machine(made.matcher)
    exercise = course.begin(who, machine, Grade.FIRST)
    course.state_protection(who, exercise, Protection.NONE)
    course.choose_photo(who, exercise, 0, machine)
    reviews = made.office.reviews
    jobs = Jobs(made.office.files.database, made.app.state.desk.settings.home)
    options = JobOptions(made.matcher.engine.spec.key, 4, None, False, Among(gallery="main"))
    job = jobs.begin("spring", options, made_by=who.account, source="upload", uploads=True)
    made.ids |= {
        "job": job.id, "sequence": "1",
        "case": settled.id, "search": number_text("S", search), "review": number_text("R", review),
        "candidate": reviews.view(who, review).candidates[0].candidate.id, "exercise": course.view(who, exercise).id,
        "which": "0", "place": "0", "name": "anna", "gallery": "main",
    }  # fmt: skip
