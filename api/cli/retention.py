"""``matcher retention`` and ``matcher purge``: how long people are kept, whom the law keeps, and who is gone."""

import json as js
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import out, remark, say, table
from api.cli.desk import office_of
from api.cli.exits import Exit, plain, tell
from api.cli.options import Given, HomeOption, IntoGallery
from api.cli.signing_in import officer_here
from matcher import keeping
from matcher.casework import keeping as case_keeping
from matcher.casework.statuses import Status
from matcher.engine_choice import as_recorded, open_records, require_records
from matcher.errors import BadField
from matcher.person import checked_gallery, checked_person_id
from matcher.records import retaining
from matcher.records.values import PersonKey
from matcher.retention import due, purge
from matcher.settings import Settings, load_settings
from matcher.wording import counted

app = typer.Typer(help="How long galleries keep people, and legal holds.", no_args_is_help=True)

PersonId = Annotated[str, typer.Argument(help="The person's id in the gallery.", show_default=False)]


@app.command("set")
def set_rule(
    ctx: typer.Context,
    *,
    gallery: Annotated[str, typer.Argument(help="The gallery.", show_default=False)],
    days: Annotated[
        int | None,
        typer.Option(
            "--days", min=1, max=keeping.MOST_DAYS, help="Days after a person's last change.", show_default=False
        ),
    ] = None,
    forever: Annotated[bool, typer.Option("--forever", help="Take the gallery's rule away.")] = False,
    home: HomeOption = None,
) -> None:
    """Say after how many days a gallery's people are purged. Nothing is removed before matcher purge."""
    if (days is None) is not forever:
        raise BadField("days", "say either --days or --forever")
    name = checked_gallery(gallery)
    with open_records(_settings(ctx, home)) as database:
        keeping.set_rule(database, name, days)
    when = f"after {counted(days, 'day')}" if days else "never"
    say(f"People of {name} are purged {when}.")


@app.command("set-cases")
def set_cases_rule(
    ctx: typer.Context,
    *,
    status: Annotated[Status, typer.Argument(help="How they ended.", show_default=False)],
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=keeping.MOST_DAYS, help="Days after they ended.", show_default=False),
    ] = None,
    forever: Annotated[bool, typer.Option("--forever", help="Take the rule away.")] = False,
    home: HomeOption = None,
) -> None:
    """Say after how many days cases that ended so are due. Nothing is removed before matcher cases purge."""
    if (days is None) is not forever:
        raise BadField("days", "say either --days or --forever")
    with office_of(ctx, home) as office:
        case_keeping.set_rule(office.files, officer_here(), status, days)
    when = f"after {counted(days, 'day')}" if days else "never"
    say(f"Cases that are {status.value} are due {when}.")


@app.command()
def hold(
    ctx: typer.Context,
    *,
    person_id: PersonId,
    reason: Annotated[str, typer.Option("--reason", help="By what order, and whose.", show_default=False)],
    gallery: IntoGallery = "main",
    home: HomeOption = None,
) -> None:
    """Keep a person with every photo, whatever the rules say, until the hold is released."""
    key = _key(gallery, person_id)
    with open_records(_settings(ctx, home)) as database:
        keeping.hold(database, key, reason)
    say(f"{person_id} in {gallery} can't be removed until the hold is released.")


@app.command()
def release(ctx: typer.Context, *, person_id: PersonId, gallery: IntoGallery = "main", home: HomeOption = None) -> None:
    """End a hold; the gallery's rule counts again."""
    with open_records(_settings(ctx, home)) as database:
        keeping.release(database, _key(gallery, person_id))
    say(f"{person_id} in {gallery} is no longer held.")


@app.command()
def show(
    ctx: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    home: HomeOption = None,
) -> None:
    """Show the rules, the holds, and how many people a purge would remove now."""
    with open_records(_settings(ctx, home)) as database:
        with database.reading() as connection:
            rules, holds = retaining.rules(connection), retaining.holds(connection)
        waiting = len(due(database, now=_now()))
    if json:
        of_holds = [{"gallery": one.gallery, "person_id": one.person_id, "reason": one.reason} for one in holds]
        print(js.dumps({"rules": {rule.gallery: rule.days for rule in rules}, "holds": of_holds, "due": waiting}))
        return
    for rule in rules:
        say(f"{rule.gallery}: {counted(rule.days, 'day')} after the last change of a person")
    if not rules:
        say("No gallery has a rule: nobody is purged.")
    if holds:
        listed = table("held person", "gallery", "since", "reason")
        for one in holds:
            since = datetime.fromtimestamp(one.since, UTC).date().isoformat()
            listed.add_row(plain(one.person_id), plain(one.gallery), since, plain(one.reason))
        out().print(listed)
    say(f"{counted(waiting, 'person', 'people')} would be purged now.")


def purge_command(
    ctx: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list who would go.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    home: HomeOption = None,
) -> None:
    """Remove everybody whose time is over, and search the home's files for what is left; exit code 1 if anything is."""
    settings = as_recorded(_settings(ctx, home))
    with open_records(settings) as database:
        if dry_run:
            for gallery, person_id in due(database, now=_now()):
                print(
                    js.dumps({"gallery": gallery, "person_id": person_id}) if json else plain(f"{gallery} {person_id}")
                )
            return
        done = purge(settings, database, now=_now())
    if json:
        facts = {"people": len(done.people), "photos": done.photos, "templates": done.templates}
        left = [{"file": str(one.file), "traces": one.traces} for one in done.found]
        print(
            js.dumps(
                {
                    **facts,
                    "searched_bytes": done.searched,
                    "left": left,
                    "backups": done.backups,
                    "documents": done.documents,
                }
            )
        )
    else:
        gone = f"{counted(done.photos, 'photo')} and {counted(done.templates, 'template')}"
        say(f"{counted(len(done.people), 'person', 'people')} with {gone} removed.")
        if done.people and not done.found:
            say(f"{done.searched / 2**20:,.1f} MiB in the home's files were searched: nothing of them is left.")
    if done.people:
        tell_backups(done.backups)
    if done.documents:
        remark("Documents for consulates state them, and stay until their cases are purged:")
        for name in done.documents:
            remark(f"  {name}")
    if done.found:
        tell(f"{counted(len(done.found), 'file')} still with something of them, first {done.found[0].file}; stop what "
             "uses the home and purge again")  # fmt: skip
        raise typer.Exit(Exit.PROBLEMS)


def tell_backups(files: tuple[str, ...]) -> None:
    """Say where copies of what was purged may be."""
    if files:
        remark("These backups were written before and hold what they hold; destroy or renew them:")
    for file in files:
        remark(f"  {file}")


def _settings(ctx: typer.Context, home: Path | None) -> Settings:
    before = ctx.obj if isinstance(ctx.obj, Given) else Given()
    return require_records(load_settings(home or before.home))


def _key(gallery: str, person_id: str) -> PersonKey:
    return checked_gallery(gallery), checked_person_id(person_id)


def _now() -> datetime:
    return datetime.now(UTC)
