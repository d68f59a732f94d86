"""``matcher enroll``: a folder or a CSV into a gallery."""

import time
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import progress, rate, remark, say
from api.cli.exits import Exit, plain, tell
from api.cli.galleries import tell_held
from api.cli.options import AnywayOption, EngineOption, HomeOption, IntoGallery, WorkersOption, settings_of
from matcher.build import build_engine, open_gallery
from matcher.enrolment import Tally, enroll_source
from matcher.gallery import Gallery
from matcher.gallery_audit import strays_among
from matcher.person import checked_gallery
from matcher.photo_work import photo_crew
from matcher.records.values import PersonKey
from matcher.refused_before import RefusalFile
from matcher.scoring.opening import open_scorer
from matcher.settings import Settings
from matcher.sources import REFUSED_FILE, Source, latest_day, read_source, write_refused
from matcher.wording import counted

_SHOWN = 10


def enroll(
    ctx: typer.Context,
    *,
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder (a subfolder for each person, or a photo for each, named by the person_id), or a CSV with "
            "person_id,photo and any of taken_on (of the photo) and the person's fields; its photo paths are relative "
            "to it.",
            show_default=False,
        ),
    ],
    gallery: IntoGallery = "main",
    workers: WorkersOption = None,
    refused: Annotated[
        Path, typer.Option("--refused", help="Where to list rows and photos that were not enrolled, and why.")
    ] = Path(REFUSED_FILE),
    encoding: Annotated[
        str, typer.Option("--encoding", help="The CSV's text encoding if it is not UTF-8, as in gb18030.")
    ] = "",
    anyway: AnywayOption = False,
    home: HomeOption = None,
    engine: EngineOption = None,
) -> None:
    """Add people with their photos. May be interrupted and run again: nothing is done twice."""
    settings = settings_of(ctx, home, engine, workers=workers)
    found = read_source(source, gallery=checked_gallery(gallery), today=latest_day(), encoding=encoding)
    write_refused(refused, source, found.refused)
    tally = enroll_found(settings, found, source, refused, anyway=anyway)
    if found.photos and not tally.people:
        tell(f"no one was enrolled; {refused} says why for each photo")
        raise typer.Exit(Exit.NOTHING_DONE)
    if not found.photos:
        tell(f"no row could be used; {refused} says why for each")
        raise typer.Exit(Exit.NOTHING_DONE)


def enroll_found(settings: Settings, found: Source, source: Path, refused: Path, *, anyway: bool = False) -> Tally:
    """Enroll what was read, list what was refused, and say both in a summary, also where it ends early."""
    tally = Tally()
    started = time.monotonic()
    with open_gallery(settings) as gallery:
        # Before any process needs them: the networks are built once, and an engine that can't run is told at once.
        build_engine(settings)
        try:
            beside = gallery.engines().made_at_enrolment
            refusals = RefusalFile(settings)
            before = refusals.before()
            crews = photo_crew(settings, photos=found.photos, beside=beside, refused=before)
            with crews as crew, progress("Enrolling photos") as told:
                keep = settings.keep_photos
                enroll_source(
                    found,
                    gallery,
                    crew,
                    tally=tally,
                    keep_photos=keep,
                    anyway=anyway,
                    progress=told,
                    remember=refusals.keep,
                )
        except BaseException as exc:
            # What could not begin would not go on either; the error says what to do.
            if tally.people or isinstance(exc, KeyboardInterrupt):
                remark(f"ended early; {_done(tally)} kept, the same command goes on from there")
            raise
        finally:
            write_refused(refused, source, tally.refused or found.refused)
        _summary(gallery, tally, refused, time.monotonic() - started)
        _tell_poor(tally)
        tell_held(gallery.database)
        if tally.photos_new:
            _tell_strays(gallery, settings, found)
    return tally


def _tell_poor(tally: Tally) -> None:
    """Name the photos that were taken although their quality is not good."""
    for photo in tally.poor[:_SHOWN]:
        remark(f"  {plain(photo.person_id)}, {plain(photo.photo)}: taken, but {photo.reason}")
    if len(tally.poor) > _SHOWN:
        remark(
            f"  and {len(tally.poor) - _SHOWN:,} more photos of low quality; better ones of them would be found surer"
        )


def _tell_strays(gallery: Gallery, settings: Settings, found: Source) -> None:
    """Name the people of this run of whom a photo does not look like the others."""
    scorer = open_scorer(gallery, settings.home, prior=settings.prior)
    people: dict[str, list[PersonKey]] = {}
    for entry in found.people:
        people.setdefault(entry.person.gallery, []).append((entry.person.gallery, entry.person.person_id))
    strays = [stray for name, keys in people.items() for stray in strays_among(gallery, scorer, name, keys)]
    for stray in strays[:_SHOWN]:
        remark(
            f"  {plain(stray.person[1])}: one of {stray.photos} photos is unlike the others ({stray.agreement.value}); "
            "compare them"
        )
    if len(strays) > _SHOWN:
        more = counted(len(strays) - _SHOWN, "more person", "more people")
        remark(f"  and {more}; matcher audit-gallery lists them all")


def _done(tally: Tally) -> str:
    return f"{counted(tally.people, 'person', 'people')} with {counted(tally.photos_new, 'new photo')}"


def _summary(gallery: Gallery, tally: Tally, refused: Path, seconds: float) -> None:
    photos = tally.photos_new + tally.photos_known + len(tally.refused)
    say(
        f"People: {tally.people_new:,} new, {tally.people_updated:,} updated, {tally.people_unchanged:,} unchanged. "
        f"Photos: {tally.photos_new:,} enrolled, {tally.photos_known:,} known already, {len(tally.refused):,} refused."
    )
    if tally.dated:
        say(f"{counted(tally.dated, 'recorded photo')} got another date of taking.")
    state = gallery.state()
    say(
        f"{counted(photos, 'photo')} in {seconds:.1f} s ({rate(photos, seconds)}). The records hold "
        f"{counted(state.people, 'person', 'people')}, {counted(state.templates, 'photo')} searchable with "
        f"{state.engine}."
    )
    if tally.refused:
        say(f"Why photos or rows were refused is in {refused}.")
