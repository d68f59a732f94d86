"""The program ``matcher``: its commands, and the one place where errors become a line and an exit code."""

import os
import signal
import sys
from collections.abc import Sequence

import typer

from api.cli import person
from api.cli.backlog import backlog
from api.cli.demo import demo
from api.cli.enroll import enroll
from api.cli.exits import EXIT_HELP, Exit, tell, tell_error
from api.cli.identify import compare, identify
from api.cli.options import EngineOption, Given, HomeOption
from api.cli.serve import serve
from api.cli.state import doctor, stats

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


@app.callback()
def before(ctx: typer.Context, home: HomeOption = None, engine: EngineOption = None) -> None:
    """Remember what was said before the command's name."""
    ctx.obj = Given(home, engine)


app.command()(enroll)
app.command()(identify)
app.command()(backlog)
app.command()(compare)
app.add_typer(person.app, name="person")
for command in (stats, doctor, serve, demo):
    app.command()(command)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        # Names of files need not be text in any encoding; they are shown, not stumbled over.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    sys.exit(_code(arguments))


def _code(arguments: Sequence[str] | None) -> int:
    try:
        signal.signal(signal.SIGTERM, _interrupted)
        ended = app(args=list(arguments) if arguments is not None else None, standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as exc:
        tell(f"{exc.format_message()} (see matcher --help)")
        return Exit.WRONG_USE
    except typer.Abort:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; what is still buffered must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (Exception, KeyboardInterrupt) as exc:  # noqa: BLE001 - the last place: whatever it is becomes one line
        return tell_error(exc)
    return ended if isinstance(ended, int) else Exit.DONE


def _interrupted(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
