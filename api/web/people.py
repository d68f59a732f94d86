"""Records of people as pages show them."""

from api.web.pages import Page
from matcher.person import Person


def person_facts(page: Page, person: Person) -> list[dict[str, str]]:
    """A record's fields that are stated, each with its label."""
    say = page.gettext
    fields = (
        (say("Number in the gallery"), person.person_id, ""),
        (say("Name"), person.name, ""),
        (say("Native name"), person.native_name, "zh"),
        (say("Born"), person.date_of_birth, ""),
        (say("Sex as documented"), person.sex, ""),
        (say("Register number"), person.national_id, ""),
        (say("Household registration"), person.household_registration, "zh"),
    )
    return [{"label": label, "value": value, "lang": lang} for label, value, lang in fields if value]
