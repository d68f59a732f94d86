"""``matcher cases purge``, ``hold``, ``release`` and ``export``: how long cases are kept, and what is kept."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import remark, say
from api.cli.desk import CaseId, ReasonOption, case_number, office_of
from api.cli.exits import Exit, tell
from api.cli.options import HomeOption, settings_of
from api.cli.retention import tell_backups
from api.cli.signing_in import officer_here
from matcher.casework import erasing, keeping
from matcher.casework.own_data import own_data
from matcher.casework.statuses import Status
from matcher.errors import BadField
from matcher.wording import counted


def purge_command(
    ctx: typer.Context,
    *,
    statuses: Annotated[
        list[Status] | None, typer.Option("--status", help="How they ended; may be repeated.", show_default=False)
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=36_500, help="Days since then.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; without it they are only listed.")] = False,
    home: HomeOption = None,
) -> None:
    """Remove cases that ended so long ago, with everything of them, and look whether anything is left.

    Without --status and --days, those whose time is over by the rules of matcher retention set-cases.
    """
    if bool(statuses) is (days is None):
        raise BadField("days", "give --status and --days together, or neither, to go by the rules")
    with office_of(ctx, home) as office:
        files, who, place = office.files, officer_here(), settings_of(ctx, home, None).home
        if not yes:
            found = erasing.due(files, statuses=statuses, days=days) if statuses and days else keeping.due(files)
            for case in found:
                say(case)
            remark("  nothing was removed; --yes removes them")
            return
        if statuses and days:
            done = erasing.purge(files, who, place, statuses=statuses, days=days)
        else:
            done = erasing.purge_by_rules(files, who, place)
    say(f"{counted(len(done.cases), 'case')} with {counted(done.photos, 'photo')} removed.")
    if done.cases:
        tell_backups(done.backups)
    for one in done.found:
        tell(f"something of them is left in {one.file}")
    if done.found:
        raise typer.Exit(Exit.PROBLEMS)
    if done.cases:
        say(f"Nothing of them is left in {done.searched / 2**20:,.1f} MiB of files.")


def hold(ctx: typer.Context, *, case: CaseId, reason: ReasonOption, home: HomeOption = None) -> None:
    """Keep a case with everything of it, whatever the rules say, until it is released."""
    with office_of(ctx, home) as office:
        keeping.hold(office.files, officer_here(), case_number(case), reason=reason)
    say(f"{case} can't be removed until the hold is released.")


def release(ctx: typer.Context, *, case: CaseId, reason: ReasonOption, home: HomeOption = None) -> None:
    """End a hold."""
    with office_of(ctx, home) as office:
        keeping.release(office.files, officer_here(), case_number(case), reason=reason)
    say(f"{case} is no longer held.")


def export(
    ctx: typer.Context,
    *,
    case: CaseId,
    file: Annotated[Path, typer.Option("--out", help="Where the ZIP goes; it must not be there.", show_default=False)],
    consent: Annotated[str, typer.Option("--consent", help="The person's own request, of a confidential case.")] = "",
    home: HomeOption = None,
) -> None:
    """Write everything that is kept about a case's person, for that person alone."""
    if file.exists():
        raise BadField("out", f"{file} is there already; name another file")
    with office_of(ctx, home) as office:
        content = own_data(office.files, officer_here(), case_number(case), consent=consent)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
    say(f"Everything about the person of {case} is in {file}. It is for that person alone.")


COMMANDS: dict[str, Callable[..., None]] = {"purge": purge_command, "hold": hold, "release": release, "export": export}
