"""``matcher cases protection``: raised by one person, lifted by two."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import say
from api.cli.desk import CaseId, ReasonOption, case_number, office_of
from api.cli.exits import plain
from api.cli.options import HomeOption
from api.cli.signing_in import officer_here
from matcher.casework.office import Office
from matcher.errors import BadField

app = typer.Typer(help="Whether anything of a case may reach another country.", no_args_is_help=True)
_MEDIA_TYPES = {".pdf": "application/pdf", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png",
                ".tif": "image/tiff", ".tiff": "image/tiff"}  # fmt: skip


@app.command()
def show(ctx: typer.Context, *, case: CaseId, home: HomeOption = None) -> None:
    """Show a case's protection, its consents, and a request to lift it."""
    with office_of(ctx, home) as office:
        state = office.confidentiality.state(officer_here(), case_number(case))
    say(f"{case} is {state.protection.value}")
    for one in state.consents:
        ended = ", withdrawn" if one.withdrawn else ""
        say(f"consent {one.id} of {one.given_on}: {plain(one.scope)}{ended}")
    if state.waiting is not None:
        say(f"{plain(state.waiting.asked_by)} asks to lift it: {plain(state.waiting.reason)}")


@app.command()
def protect(ctx: typer.Context, *, case: CaseId, reason: ReasonOption, home: HomeOption = None) -> None:
    """Protect a case from now on."""
    number = case_number(case)
    with office_of(ctx, home) as office:
        office.confidentiality.protect(officer_here(), number, reason=reason, version=_version(office, number))
    say(f"{case} is protected")


@app.command()
def consent(
    ctx: typer.Context,
    *,
    case: CaseId,
    document: Annotated[Path, typer.Argument(help="The signed document.", show_default=False)],
    given: Annotated[str, typer.Option("--given", help="When, as in 2026-02-20.", show_default=False)],
    scope: Annotated[str, typer.Option("--scope", help="To what.", show_default=False)],
    home: HomeOption = None,
) -> None:
    """Record a written consent with its document; by itself it lifts nothing."""
    media_type = _MEDIA_TYPES.get(document.suffix.lower())
    if media_type is None:
        raise BadField("document", f"{document} is none of {', '.join(_MEDIA_TYPES)}; scan it")
    with office_of(ctx, home) as office:
        made = office.confidentiality.record_consent(
            officer_here(), case_number(case), given_on=given, scope=scope, document=document.read_bytes(),
            media_type=media_type,
        )  # fmt: skip
    say(f"consent {made.id}")


@app.command("ask-to-lift")
def ask(
    ctx: typer.Context,
    *,
    case: CaseId,
    reason: ReasonOption,
    consent: Annotated[str, typer.Option("--consent", help="The consent that it rests on.")] = "",
    home: HomeOption = None,
) -> None:
    """Ask to lift a case's protection; another person has to agree."""
    number = case_number(case)
    with office_of(ctx, home) as office:
        office.confidentiality.ask_to_lift(
            officer_here(), number, reason=reason, consent=consent, version=_version(office, number)
        )
    say("asked; another person agrees with matcher cases protection lift")


@app.command()
def lift(ctx: typer.Context, *, case: CaseId, home: HomeOption = None) -> None:
    """Agree to lift a protection that another person asked to lift."""
    number = case_number(case)
    with office_of(ctx, home) as office:
        office.confidentiality.agree_to_lift(officer_here(), number, version=_version(office, number))
    say(f"the protection of {case} is lifted")


def _version(office: Office, number: int) -> int:
    return office.cases.after_change(officer_here(), number).case.version
