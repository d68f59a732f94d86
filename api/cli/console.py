"""What people see: tables on standard output, progress on standard error; plain where there is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from api.cli.exits import plain

_WIDE = 160


def out() -> Console:
    """Standard output. Texts are shown as they are: nothing in a name is taken for a style."""
    return _console(stderr=False)


def err() -> Console:
    """Standard error, for progress and remarks."""
    return _console(stderr=True)


def say(text: str) -> None:
    """A line for people, on standard output, broken nowhere."""
    out().print(plain(text), soft_wrap=True)


def remark(text: str) -> None:
    """A line beside the answer, on standard error."""
    err().print(plain(text), soft_wrap=True, style="dim")


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A table without frames; columns named in `right` are aligned to the right."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return made


def rate(count: int, seconds: float) -> str:
    """How fast that was, for people: slow work has a digit after the point."""
    return _per_second(count / max(seconds, 1e-3))


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with rate and time left, where standard error is a terminal; else nothing. Told (done, of how many)."""
    console = err()
    bar = Progress(
        TextColumn(plain(what)),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield told


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(_per_second(speed) if speed else "", style="progress.data.speed")


def _per_second(speed: float) -> str:
    return f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s"


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    return (
        console
        if console.is_terminal
        else Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=_WIDE)
    )
