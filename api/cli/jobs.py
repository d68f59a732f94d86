"""``matcher jobs`` and ``matcher work``: many photos searched as a job of the records, by any number of workers."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import out as console
from api.cli.console import progress, remark, say, table
from api.cli.exits import Exit
from api.cli.options import (
    AnywayOption,
    EngineOption,
    FpirOption,
    GalleryOption,
    HomeOption,
    RayOption,
    TopOption,
    WorkersOption,
    among_of,
    settings_to_ask,
)
from matcher.audit.acting import current_actor
from matcher.build import engine_key, open_database, open_gallery, photo_limits
from matcher.case_sources import read_cases
from matcher.jobs.estimate import SECONDS_A_COMPARISON, estimate
from matcher.jobs.job import Job, JobOptions, JobState, Progress
from matcher.jobs.mandates import ON_THIS_MACHINE
from matcher.jobs.opening import open_worker
from matcher.jobs.register import Jobs, job_number
from matcher.jobs.results import write_results
from matcher.jobs.worker import Told
from matcher.photo_work import photo_crew
from matcher.settings import Settings
from matcher.spooling import pieces_of, spool
from matcher.upload_cases import read_upload
from matcher.wording import counted, duration

app = typer.Typer(name="jobs", help="Many photos searched as a job that survives whoever works on it.")

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id, as in J-00AB3-Q2XWD.")]
PriorityOption = Annotated[int, typer.Option("--priority", min=-9, max=9, help="Higher ones are worked on first.")]
JsonOption = Annotated[bool, typer.Option("--json", help="An object for each line.")]
_MOST_SPOOLED = 2**40


@app.command("add")
def add(
    ctx: typer.Context,
    *,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A CSV with case_id,photo; a folder, a zip or a tar with photos; s3://BUCKET/FOLDER; - for a tar "
            "on standard input.",
            show_default=False,
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="What to call it.", show_default="the source")] = "",
    gallery: GalleryOption = None,
    top: TopOption = None,
    fpir: FpirOption = None,
    anyway: AnywayOption = False,
    priority: PriorityOption = 0,
    encoding: Annotated[str, typer.Option("--encoding", help="Of the CSV, as in gb18030.")] = "",
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, help="That one comparison by a person takes, for the estimate.")
    ] = SECONDS_A_COMPARISON,
    work: Annotated[bool, typer.Option("--work", help="Work on it here, until it is done.")] = False,
    workers: WorkersOption = None,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Make a job of many photos; whoever runs matcher work searches with them."""
    settings = settings_to_ask(ctx, home, engine, top=top, fpir=fpir, workers=workers)
    options = JobOptions(engine_key(settings), settings.top, settings.fpir, anyway, among_of(gallery, None, None, None))
    with _jobs(settings) as jobs:
        made = _made(
            jobs, settings, source, name=name or _name(source), options=options, priority=priority, encoding=encoding
        )
    if work:
        remark(f"job {made.id}: {counted(made.total, 'photo')}")
    else:
        say(f"{made.id}")
    remark(estimate(made.total, options.top, options.fpir, seconds_a_comparison=seconds).sentence)
    if work:
        _work(settings, only=made.number, stays=False, photos=made.total)
        with _jobs(settings) as jobs:
            _tell_end(jobs.get(made.number), jobs.progress(made.number))


@app.command("list")
def list_jobs(ctx: typer.Context, *, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """The latest jobs: those that are worked on first."""
    with _jobs(settings_to_ask(ctx, home, None)) as jobs:
        found = jobs.every()
    if as_json:
        for job, far in found:
            say(json.dumps(_object(job, far)))
        return
    shown = table("job", "name", "state", "done", "of", "left", "priority", right=("done", "of", "priority"))
    for job, far in found:
        left = duration(far.seconds_left) if far.seconds_left is not None else ""
        shown.add_row(job.id, job.name, job.state.value, f"{far.done:,}", f"{far.total:,}", left, str(job.priority))
    console().print(shown)


@app.command("show")
def show(ctx: typer.Context, *, job: JobId, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """How far a job has come, how fast it goes and how long it will take."""
    with _jobs(settings_to_ask(ctx, home, None)) as jobs:
        found = jobs.get(job_number(job))
        far = jobs.progress(found.number)
    if as_json:
        say(json.dumps(_object(found, far)))
        return
    say(f"{found.id}  {found.name}: {found.state.value}, priority {found.priority}")
    if found.reason:
        say(f"  {found.reason}")
    say(f"  {_far(far)}")
    for outcome, count in sorted(far.outcomes.items()):
        say(f"  {count:>8,}  {outcome}")


@app.command("cancel")
def cancel(ctx: typer.Context, *, job: JobId, home: HomeOption = None) -> None:
    """Let nobody work on a job any more; what was found stays."""
    with _jobs(settings_to_ask(ctx, home, None)) as jobs:
        found = jobs.cancel(job_number(job))
    say(f"{found.id} is {found.state.value}; matcher jobs resume {found.id} goes on with it.")


@app.command("resume")
def resume(ctx: typer.Context, *, job: JobId, home: HomeOption = None) -> None:
    """Go on with a job that was cancelled, or that could not go on."""
    with _jobs(settings_to_ask(ctx, home, None)) as jobs:
        found = jobs.resume(job_number(job), by=ON_THIS_MACHINE)
    say(f"{found.id} is {found.state.value}.")


@app.command("again")
def again(ctx: typer.Context, *, job: JobId, home: HomeOption = None) -> None:
    """Search anew with the photos of a job that is done, where the gallery or a photo has changed since."""
    with _jobs(settings_to_ask(ctx, home, None)) as jobs:
        found = jobs.again(job_number(job))
    say(f"{found.id} is {found.state.value}; photos and answers that have not changed are kept.")


@app.command("priority")
def priority_command(
    ctx: typer.Context,
    *,
    job: JobId,
    priority: Annotated[int, typer.Argument(min=-9, max=9, help="Higher ones are worked on first.")],
    home: HomeOption = None,
) -> None:
    """Which job is worked on first; workers heed it at their next photos."""
    with _jobs(settings_to_ask(ctx, home, None)) as jobs:
        found = jobs.prioritise(job_number(job), priority)
    say(f"{found.id} has priority {found.priority}.")


@app.command("remove")
def remove(ctx: typer.Context, *, job: JobId, home: HomeOption = None) -> None:
    """Forget a job with everything that it found; the audit keeps that it was searched."""
    with _jobs(settings_to_ask(ctx, home, None)) as jobs:
        jobs.remove(job_number(job))
    say("Removed.")


@app.command("results")
def results(
    ctx: typer.Context,
    *,
    job: JobId,
    folder: Annotated[Path, typer.Option("--out", help="The folder for the files.", show_default=False)],
    report: Annotated[bool, typer.Option(help="Also the page with pictures.")] = True,
    workers: WorkersOption = None,
    home: HomeOption = None,
) -> None:
    """Write what a job found so far: candidates.csv, candidates.parquet and report.html."""
    settings = settings_to_ask(ctx, home, None, workers=workers)
    with open_gallery(settings) as gallery:
        found = Jobs(gallery.database, settings.home).get(job_number(job))
        if not report:
            files = write_results(gallery.database, found, gallery, folder)
        else:
            with photo_crew(settings, photos=found.total) as crew, progress("Drawing the report") as told:
                files = write_results(gallery.database, found, gallery, folder, crew=crew, told=told)
    if found.state is not JobState.DONE:
        remark(f"job {found.id} is {found.state.value}; what is not searched yet is listed as not_searched")
    for file in files:
        say(str(file))


def work(
    ctx: typer.Context,
    *,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when no job has photos left.")] = False,
    job: Annotated[str, typer.Option("--job", help="Work on this job only, and end with it.")] = "",
    workers: WorkersOption = None,
    ray: RayOption = "",
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Work on jobs: a worker that takes photos of the jobs of this home, beside any number of others."""
    settings = settings_to_ask(ctx, home, engine, workers=workers)
    only = None
    if job:
        with _jobs(settings) as jobs:
            only = jobs.get(job_number(job)).number
    searched = _work(settings, only=only, stays=not (until_idle or job), ray=ray)
    say(f"{searched:,} searched.")


def _work(settings: Settings, *, only: int | None, stays: bool, photos: int = 1_000_000, ray: str = "") -> int:
    with (
        progress("Searching photos") as told,
        open_worker(settings, only=only, stays=stays, photos=photos, ray=ray, told=_teller(told)) as worker,
    ):

        def end(_number: int, _frame: object) -> None:
            worker.stop()
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGTERM, end)
        try:
            return worker.run()
        finally:
            signal.signal(signal.SIGTERM, before)


def _teller(told: Any) -> Told:
    """Progress for people: a bar on a terminal; else a line every ten seconds."""
    latest = [time.monotonic()]

    def tell(job: Job, far: Progress) -> None:
        told(far.done, far.total)
        if not sys.stderr.isatty() and time.monotonic() > latest[0] + 10:
            latest[0] = time.monotonic()
            remark(f"{datetime.now():%H:%M:%S} {job.id}: {_far(far)}")

    return tell


def _made(
    jobs: Jobs, settings: Settings, source: str, *, name: str, options: JobOptions, priority: int, encoding: str
) -> Job:
    who, limits = current_actor(), photo_limits(settings)
    if source != "-":
        cases = read_cases(source, limits=limits, encoding=encoding)
        return jobs.create(name, cases, options, made_by=who, source=source, priority=priority)
    made = jobs.begin(name, options, made_by=who, source="standard input", priority=priority, uploads=True)
    place = jobs.upload_place(made)
    try:
        spool(pieces_of(sys.stdin.buffer), place, most_bytes=_MOST_SPOOLED)
        return jobs.fill(made.number, read_upload(place, limits=limits, encoding=encoding))
    except BaseException:
        jobs.cancel(made.number)
        jobs.remove(made.number)
        raise


def _name(source: str) -> str:
    name = Path(source).name or source
    return "".join(sign if sign.isprintable() else "?" for sign in name)[:128] or "photos"


@contextmanager
def _jobs(settings: Settings) -> Iterator[Jobs]:
    database = open_database(settings)
    try:
        yield Jobs(database, settings.home)
    finally:
        database.close()


def _far(far: Progress) -> str:
    parts = [f"{far.done:,} of {counted(far.total, 'photo')}"]
    if far.a_second:
        parts.append(f"{far.a_second:.1f}/s by {counted(far.workers, 'worker')}")
    if far.seconds_left is not None:
        parts.append(f"{duration(far.seconds_left)} left")
    return ", ".join(parts)


def _tell_end(job: Job, far: Progress) -> None:
    say(f"{job.id}: {job.state.value}, {_far(far)}; matcher jobs results {job.id} --out DIR writes what was found.")
    if job.state is JobState.FAILED:
        remark(job.reason)
        raise typer.Exit(Exit.UNAVAILABLE)


def _object(job: Job, far: Progress) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "kind": job.kind.value,
        "state": job.state.value,
        "reason": job.reason,
        "priority": job.priority,
        "made_by": job.made_by,
        "made_at": job.made_at,
        "total": far.total,
        "done": far.done,
        "outcomes": far.outcomes,
        "photos_a_second": round(far.a_second, 2),
        "seconds_left": None if far.seconds_left is None else round(far.seconds_left),
    }
