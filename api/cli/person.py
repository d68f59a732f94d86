"""``matcher person``: one person at a time."""

import shlex
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import out, remark, say, table
from api.cli.exits import Exit, plain, tell
from api.cli.options import AnywayOption, EngineOption, HomeOption, IntoGallery, settings_of, settings_to_ask
from api.wire import listed_person_out, person_record_out
from matcher.build import open_gallery, open_matcher, photo_limits
from matcher.errors import BadSetting, PhotoUnreadable
from matcher.gallery import Gallery
from matcher.person import FIELDS, read_person
from matcher.photo import read_bytes
from matcher.photo_date import checked_photo_date, dates_of
from matcher.preparing import why_refused
from matcher.quality import poor_words
from matcher.records.values import ListedPerson
from matcher.settings import Settings
from matcher.sources import latest_day
from matcher.wording import counted

app = typer.Typer(help="Add, show, list or remove people.", no_args_is_help=True)

_COLUMNS = ("person_id", "name", "native name", "born", "sex", "nationality", "photos")
_AT_ONCE = 1000

PersonId = Annotated[str, typer.Argument(help="The person's id in the gallery.", show_default=False)]


@app.command()
def add(
    ctx: typer.Context,
    *,
    person_id: PersonId,
    photos: Annotated[list[Path] | None, typer.Argument(help="Photos of the person.", show_default=False)] = None,
    gallery: IntoGallery = "main",
    name: Annotated[str, typer.Option("--name")] = "",
    native_name: Annotated[str, typer.Option("--native-name", help="In the script of the documents.")] = "",
    born: Annotated[str, typer.Option("--born", help="Date of birth: 1980, 1980-05 or 1980-05-17.")] = "",
    sex: Annotated[str, typer.Option("--sex", help="As documented: M, F or X.")] = "",
    nationality: Annotated[str, typer.Option("--nationality", help="As in CHN.")] = "",
    national_id: Annotated[str, typer.Option("--national-id")] = "",
    household_registration: Annotated[str, typer.Option("--household-registration", help="Hukou.")] = "",
    source: Annotated[str, typer.Option("--source", help="Where the record comes from.")] = "",
    taken_on: Annotated[
        list[str] | None,
        typer.Option(
            "--taken-on",
            help="When a photo was taken, as in 2019-05-17; once for each photo, in their order, '' if not known.",
            show_default=False,
        ),
    ] = None,
    anyway: AnywayOption = False,
    update: Annotated[
        bool, typer.Option("--update", help="Replace recorded fields that differ; without it they are an error.")
    ] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Add a person, or fields and photos to one who is there. Fields that are not given stay as they are.

    A field that differs from the recorded one is an error, since two people might share an id by mistake.
    """
    settings = settings_of(ctx, home, engine)
    fields = {
        "person_id": person_id,
        "gallery": gallery,
        "name": name,
        "native_name": native_name,
        "date_of_birth": born,
        "sex": sex,
        "nationality": nationality,
        "national_id": national_id,
        "household_registration": household_registration,
        "source": source,
    }
    person = read_person(fields, today=latest_day())
    days = [checked_photo_date(day, today=latest_day()) for day in taken_on or ()]
    dates_of([str(path) for path in photos or ()], days)
    readable = _contents(settings, photos or [])
    if photos and not readable:
        raise typer.Exit(Exit.NOTHING_DONE)
    paths, contents = [photos[place] for place in readable] if photos else [], list(readable.values())
    days = [days[place] for place in readable] if days else []
    with open_matcher(settings) as matcher:
        done = matcher.enroll(
            person, contents, keep_photos=settings.keep_photos, anyway=anyway, update=update, taken_on=days
        )
    for place, refused in done.refused.items():
        tell(f"{paths[place]} was refused ({why_refused(refused)[0]}): {why_refused(refused)[1]}")
    for place, agreement in done.unlike.items():
        tell(f"{paths[place]} was taken, but does not look like the person's other photos ({agreement}); compare them")
    for place, quality in done.poor.items():
        tell(f"{paths[place]} was taken, but {poor_words(quality)}")
    if done.result is None:
        raise typer.Exit(Exit.NOTHING_DONE)
    taken = ", ".join(outcome.value.replace("_", " ") for outcome in done.result.photos) or "none"
    say(f"{person.person_id} in {person.gallery}: {done.result.person.value}; photos: {taken}")


@app.command()
def show(
    ctx: typer.Context,
    *,
    person_id: PersonId,
    gallery: IntoGallery = "main",
    json: Annotated[bool, typer.Option("--json", help="One JSON object, as HTTP answers.")] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Show a person's fields and photos."""
    with open_gallery(settings_to_ask(ctx, home, engine)) as opened:
        record = opened.person(gallery, person_id)
    if json:
        print(person_record_out(record).model_dump_json())
        return
    for field in FIELDS:
        if value := getattr(record.person, field):
            say(f"{field + ':':24}{plain(value)}")
    for photo in record.photos:
        kept = "" if photo.has_content else ", bytes not kept"
        made = ", ".join(photo.engines) or "no engine"
        taken = f"taken on {photo.taken_on}" if photo.taken_on else "date not known"
        size = f"{photo.format} {photo.width}x{photo.height}"
        say(f"{'photo:':24}{photo.sha256} {size}, {taken}, template of {made}{kept}")


@app.command("list")
def list_command(
    ctx: typer.Context,
    *,
    gallery: IntoGallery = "main",
    limit: Annotated[int, typer.Option("--limit", min=0, help="People on a page; all if 0.")] = 50,
    after: Annotated[str, typer.Option("--after", help="Begin behind this id: the last of the page before.")] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a person and line, as HTTP answers.")] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """List a gallery's people in the order of their ids, a page at a time."""
    with open_gallery(settings_to_ask(ctx, home, engine)) as opened:
        people = islice(_people(opened, gallery, after), limit or None)
        if json:
            for entry in people:
                print(listed_person_out(entry).model_dump_json(), flush=True)
            return
        listed = list(people)
        size = opened.state().galleries[gallery].people
    _show_people(listed)
    if len(listed) == limit and limit < size:
        remark(f"  {size:,} people in all; the next page: --after {plain(shlex.quote(listed[-1].person.person_id))}")


def _people(opened: Gallery, gallery: str, after: str) -> Iterator[ListedPerson]:
    while page := opened.people(gallery, after=after, limit=_AT_ONCE):
        yield from page
        after = page[-1].person.person_id


def _show_people(people: Sequence[ListedPerson]) -> None:
    made = table(*_COLUMNS, right=("photos",))
    for entry in people:
        person = entry.person
        fields = (person.person_id, person.name, person.native_name, person.date_of_birth, person.sex,
                  person.nationality)  # fmt: skip
        made.add_row(*(plain(field) for field in fields), f"{entry.photos:,}")
    out().print(made)


@app.command()
def remove(
    ctx: typer.Context,
    *,
    person_id: PersonId,
    gallery: IntoGallery = "main",
    photo: Annotated[str, typer.Option("--photo", help="Remove this photo (SHA-256) only.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Remove a person with every photo and template, or one photo. It can't be undone."""
    settings = settings_to_ask(ctx, home, engine)
    with open_gallery(settings) as opened:
        record = opened.person(gallery, person_id)
        what = f"photo {photo[:12]}... of" if photo else f"{counted(len(record.photos), 'photo')} and the record of"
        _confirm(f"Remove {what} {person_id} in {gallery}?", yes=yes)
        if photo:
            opened.remove_photo(gallery, person_id, photo)
        else:
            opened.remove_person(gallery, person_id)
    say(f"removed: {what} {person_id} in {gallery}")


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    try:
        agreed = typer.confirm(plain(question))
    except typer.Abort as exc:
        raise BadSetting("nobody is there to answer; give --yes to remove without being asked") from exc
    if not agreed:
        remark("nothing was removed")
        raise typer.Exit(Exit.NOTHING_DONE)


def _contents(settings: Settings, photos: list[Path]) -> dict[int, bytes]:
    """The bytes of the photos that can be read, by their places; the others are told."""
    contents = {}
    for place, path in enumerate(photos):
        try:
            contents[place] = read_bytes(path, limits=photo_limits(settings))
        except PhotoUnreadable as refusal:
            tell(f"{path} was refused ({refusal.code}): {refusal}")
    return contents
