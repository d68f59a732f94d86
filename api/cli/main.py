"""The program ``matcher``: its commands, and the one place where errors become a line and an exit code."""

import os
import signal
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any

import typer
import typer.main

from api.cli import (
    accounts,
    audit,
    cases,
    document_files,
    engines,
    galleries,
    gallery,
    index,
    jobs,
    keys,
    person,
    retention,
)
from api.cli.backlog import backlog
from api.cli.backup import backup, export, restore
from api.cli.demo import demo
from api.cli.embeddings import export_command, import_command
from api.cli.enroll import enroll
from api.cli.evaluate import evaluate
from api.cli.exits import EXIT_HELP, Exit, tell, tell_error
from api.cli.identify import compare, identify
from api.cli.options import AsOption, EngineOption, Given, HomeOption
from api.cli.reembed import reembed
from api.cli.replay import replay
from api.cli.scores import audit_gallery, calibrate
from api.cli.serve import serve
from api.cli.state import doctor, stats
from matcher.errors import BadField

app = typer.Typer(
    name="matcher",
    help="Search a face photo against records of identity; the ranked candidates are leads for a person to check.",
    epilog=EXIT_HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"matcher {version('identity-matcher')}")
        raise typer.Exit


_SIGNED_IN = ("cases", "galleries", "document", "retention")
VersionOption = Annotated[
    bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and end.")
]


@app.callback()
def before(
    ctx: typer.Context,
    home: HomeOption = None,
    engine: EngineOption = None,
    account: AsOption = None,
    _version: VersionOption = False,
) -> None:
    """Remember what was said before the command's name."""
    if account is not None and ctx.invoked_subcommand not in _SIGNED_IN:
        raise BadField("as", f"--as goes with {', '.join(_SIGNED_IN)}; leave it out here")
    ctx.obj = Given(home, engine, account)


app.command()(enroll)
app.command()(identify)
app.command()(backlog)
app.add_typer(jobs.app, name="jobs")
app.command()(jobs.work)
app.command()(compare)
person.app.command()(export)
app.add_typer(person.app, name="person")
app.command("import-embeddings")(import_command)
app.command("export-embeddings")(export_command)
app.add_typer(index.app, name="index")
app.add_typer(gallery.app, name="gallery")
app.add_typer(engines.app, name="engines")
app.command()(reembed)
app.command()(calibrate)
app.command("audit-gallery")(audit_gallery)
app.add_typer(accounts.app, name="accounts")
app.add_typer(cases.app, name="cases")
app.add_typer(document_files.app, name="document")
app.add_typer(galleries.app, name="galleries")
audit.app.command()(replay)
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")
app.command()(backup)
app.command()(restore)
app.add_typer(retention.app, name="retention")
app.command("purge")(retention.purge_command)
app.command()(evaluate)
for command in (stats, doctor, serve, demo):
    app.command()(command)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(main(arguments))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Names of files need not be text in any encoding; they are shown, not stumbled over.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        return _invoked(sys.argv[1:] if arguments is None else list(arguments))
    except typer.Exit as exc:
        return exc.exit_code
    except typer.TyperException as exc:
        # Empty where the help was shown instead.
        if message := exc.format_message():
            tell(f"{message.replace('Value error, ', '')} (see matcher --help)")
        return Exit.WRONG_USE
    except BrokenPipeError:
        # Whoever read the output has seen enough; what is still buffered must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (Exception, KeyboardInterrupt) as exc:  # noqa: BLE001 - the last place: whatever it is becomes one line
        return tell_error(exc)


def _invoked(arguments: list[str]) -> int:
    # Not by app(), which has its own mind about interruptions and broken pipes.
    command = _whole()
    with command.make_context("matcher", arguments or ["--help"]) as context:
        command.invoke(context)
    sys.stdout.flush()
    return Exit.DONE


@cache
def _whole() -> Any:
    # Some hundred commands with their options take a tenth of a second; tests run many in one process.
    return typer.main.get_command(app)


def _interrupted(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
