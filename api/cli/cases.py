"""``matcher cases``: people in custody whose identity a country is asked for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import case_decisions, case_keeping, case_protection, documents
from api.cli.console import out, remark, say, table
from api.cli.desk import CaseId, CountryOption, ReasonOption, case_number, desk_of, office_of
from api.cli.exits import plain, tell
from api.cli.options import EngineOption, HomeOption
from api.cli.signing_in import officer_here
from api.wire_cases import case_out, case_record_out
from matcher.casework.case import CaseFile, CaseQuery, Claim, Protection, checked_country
from matcher.casework.statistics import csv_text, statistics
from matcher.casework.statuses import Status
from matcher.errors import BadField
from matcher.photo import read_bytes
from matcher.preparing import why_refused

app = typer.Typer(help="Cases: open, search, review and lead them.", no_args_is_help=True)
_COLUMNS = ("case", "country", "status", "protection", "deadline", "days left", "assignee", "name")


@app.command()
def add(
    ctx: typer.Context,
    *,
    photos: Annotated[list[Path] | None, typer.Argument(help="Photos of the person.", show_default=False)] = None,
    country: CountryOption,
    name: Annotated[str, typer.Option("--name")] = "",
    native_name: Annotated[str, typer.Option("--native-name")] = "",
    born: Annotated[str, typer.Option("--born", help="1980, 1980-05 or 1980-05-17.")] = "",
    household_registration: Annotated[str, typer.Option("--household-registration", help="Hukou.")] = "",
    custody: Annotated[str, typer.Option("--custody", help="Date of custody, where the deadline's clock starts.")] = "",
    protected: Annotated[bool, typer.Option("--protected", help="Known to be confidential; else unknown.")] = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Open a case. Nothing of it reaches another country until two people have lifted its protection."""
    claim = Claim(name, native_name, born, household_registration)
    protection = Protection.PROTECTED if protected else Protection.UNKNOWN
    if not photos:
        with office_of(ctx, home) as office:
            who = officer_here()
            case = office.cases.open(who, country=country, claim=claim, custody_date=custody, protection=protection)
        say(f"opened {case.id}; add photos with matcher cases photo {case.id} PHOTO")
        return
    with desk_of(ctx, home, engine) as opened:
        office, who = opened.office, officer_here()
        contents = [read_bytes(path, limits=opened.limits) for path in photos]
        prepared = [opened.matcher.prepare(content) for content in contents]
        if not any(one.template is not None for one in prepared):
            raise BadField("photo", f"{photos[0]}: {why_refused(prepared[0], anyway=True)[1]}")
        case = office.cases.open(who, country=country, claim=claim, custody_date=custody, protection=protection)
        for path, content, one in zip(photos, contents, prepared, strict=True):
            if one.template is None:
                tell(f"{path} was refused: {why_refused(one, anyway=True)[1]}")
                continue
            office.cases.add_photo(who, case.number, one, content)
        opened.desk.duplicates.look_by_itself(who, case.number)
    say(f"opened {case.id}")


@app.command()
def photo(
    ctx: typer.Context,
    *,
    case: CaseId,
    file: Annotated[Path, typer.Argument(help="A photo of the person.", show_default=False)],
    taken: Annotated[str, typer.Option("--taken", help="When it was taken, as in 2026-02-02.")] = "",
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Add a photo to a case."""
    with desk_of(ctx, home, engine) as opened:
        content = read_bytes(file, limits=opened.limits)
        prepared = opened.matcher.prepare(content)
        opened.office.cases.add_photo(officer_here(), case_number(case), prepared, content, taken_on=taken)
        opened.desk.duplicates.look_by_itself(officer_here(), case_number(case))
    say(f"added to {case}")


@app.command("list")
def list_command(
    ctx: typer.Context,
    *,
    status: Annotated[Status | None, typer.Option("--status", show_default=False)] = None,
    country: Annotated[str, typer.Option("--country")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Cases on a page.")] = 50,
    cursor: Annotated[str, typer.Option("--cursor", help="What the page before named.")] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a case and line, as HTTP answers.")] = False,
    home: HomeOption = None,
) -> None:
    """List cases, the nearest deadlines first."""
    wanted = CaseQuery(status, checked_country(country) if country else "")
    with office_of(ctx, home) as office:
        page = office.cases.page(officer_here(), wanted, cursor=cursor, limit=limit)
        today = office.files.today
    if json:
        for case in page.cases:
            print(case_out(case, today=today).model_dump_json(), flush=True)
        return
    made = table(*_COLUMNS, right=("days left",))
    for case in page.cases:
        made.add_row(*_cells(case))
    out().print(made)
    if page.next:
        remark(f"  the next page: --cursor {page.next}")


@app.command()
def show(
    ctx: typer.Context,
    *,
    case: CaseId,
    json: Annotated[bool, typer.Option("--json", help="One JSON object, as HTTP answers.")] = False,
    home: HomeOption = None,
) -> None:
    """Show a case: where it stands, its photos, and what happened to it."""
    with office_of(ctx, home) as office:
        record = office.cases.get(officer_here(), case_number(case))
        today = office.files.today
    if json:
        print(case_record_out(record, today=today).model_dump_json())
        return
    made = table(*_COLUMNS, right=("days left",))
    made.add_row(*_cells(record.case))
    out().print(made)
    say(f"version {record.case.version}")
    for one in record.photos:
        say(f"photo: {one.sha256} {one.format} {one.width}x{one.height} {one.taken_on}")
    for request in record.requests:
        say(f"put to: {request.gallery} of {request.country}, {plain(request.basis)}")
    for event in record.events:
        at = datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%d %H:%M")
        change = " to ".join(text for text in (event.before, event.after) if text)
        say(f"{at} {plain(event.actor)}: {event.kind} {plain(change)} {plain(event.reason)}".rstrip())


@app.command()
def status(
    ctx: typer.Context,
    *,
    case: CaseId,
    to: Annotated[Status, typer.Argument(help="Where the case goes.", show_default=False)],
    reason: ReasonOption,
    home: HomeOption = None,
) -> None:
    """Lead a case to another status, if that step is legal."""
    number = case_number(case)
    with office_of(ctx, home) as office:
        who = officer_here()
        version = office.cases.after_change(who, number).case.version
        office.cases.move(who, number, to, reason=reason, version=version)
    say(f"{case} is {to.value}")


@app.command("put-to")
def put_to(
    ctx: typer.Context,
    *,
    case: CaseId,
    gallery: Annotated[str, typer.Argument(help="The gallery.", show_default=False)],
    country: CountryOption,
    basis: Annotated[str, typer.Option("--basis", help="On what basis.", show_default=False)],
    home: HomeOption = None,
) -> None:
    """Put a case to a gallery, on a basis of its own; third countries' too."""
    with office_of(ctx, home) as office:
        office.cases.put_to(officer_here(), case_number(case), gallery, country=country, basis=basis)
    say(f"{case} is put to {gallery}")


@app.command("statistics")
def statistics_command(
    ctx: typer.Context,
    *,
    since: Annotated[datetime, typer.Option("--since", formats=["%Y-%m-%d"], help="The first day.")],
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day.")],
    country: Annotated[str, typer.Option("--country", help="This one only.")] = "",
    confidential: Annotated[
        bool, typer.Option("--confidential", help="Count confidential cases too; not to be handed on.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Requests, documents, success rate, processing days and statuses of the cases opened in a period, as CSV."""
    with office_of(ctx, home) as office:
        found = statistics(
            office.files, officer_here(), since=since.date(), until=until.date(), country=country,
            with_confidential=confidential,
        )  # fmt: skip
    print(csv_text(found), end="")


app.add_typer(case_protection.app, name="protection")
for _name, _command in (case_decisions.COMMANDS | case_keeping.COMMANDS | documents.COMMANDS).items():
    app.command(_name)(_command)


def _cells(case: CaseFile) -> tuple[str, ...]:
    left = case.days_left(datetime.now(UTC).date())
    return (
        case.id, case.country, case.status.value, case.protection.value, case.deadline or "-",
        "-" if left is None else str(left), plain(case.assignee), plain(case.claim.native_name or case.claim.name),
    )  # fmt: skip
