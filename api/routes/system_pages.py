"""Engines, settings and the health of the service as pages for administrators; nothing is changed by them."""

import os
import shutil
from functools import partial

from fastapi import APIRouter, Response

from api.deps import TheDesk, TheGallery
from api.routes.backlog_pages import STATES
from api.web.administering import ROOT, administration
from api.web.engine_view import engine_lines
from api.web.finding_words import ABOUT, finding_words
from api.web.pages import Page, ThePage
from api.web.setting_view import changed_names, setting_groups
from api.web.setting_words import ORIGINS
from matcher.diagnosis import Finding, Level, diagnose
from matcher.gallery import Gallery
from matcher.jobs.job import Job, JobState, Progress
from matcher.jobs.register import Jobs
from matcher.records.serving import Role
from matcher.reembedding import progress
from matcher.settings import Settings

router = APIRouter(include_in_schema=False)
_MOST_JOBS = 20
ENGINES, SETTINGS, HEALTH = f"{ROOT}/engines", f"{ROOT}/settings", f"{ROOT}/health"


@router.get("/administration/engines")
def engines(page: ThePage, desk: TheDesk, gallery: TheGallery) -> Response:
    """Which engine serves, what each is made of, and how far a move to another one is."""
    return administration(
        page, "engines", at=ENGINES, engines=engine_lines(desk.settings.home, gallery),
        move=progress(desk.database), moving=Role,
    )  # fmt: skip


@router.get("/administration/settings")
def settings(page: ThePage, desk: TheDesk) -> Response:
    """Every setting, where it comes from, and what a change would do."""
    return administration(
        page, "settings", at=SETTINGS, groups=setting_groups(desk.settings), origins=ORIGINS, home=desk.settings.home,
        waiting=list(changed_names(desk.settings)),
    )  # fmt: skip


@router.get("/administration/health")
def health(page: ThePage, desk: TheDesk, gallery: TheGallery) -> Response:
    """How the service stands, as far as that is known without a look at everything."""
    return _health(page, desk.settings, gallery, waiting=desk.waiting, findings=None)


@router.post("/administration/health")
async def examine(page: ThePage, desk: TheDesk, gallery: TheGallery) -> Response:
    """Look at everything that `matcher doctor` looks at; takes seconds."""
    findings = await desk.work(partial(_diagnosed, desk.settings))
    return _health(page, desk.settings, gallery, waiting=desk.waiting, findings=findings)


def _jobs(settings: Settings, gallery: Gallery) -> list[tuple[Job, Progress]]:
    """Jobs that are not over, those that are worked on first."""
    found = Jobs(gallery.database, settings.home).every(limit=_MOST_JOBS)
    return [(job, done) for job, done in found if job.state.is_open or job.state is JobState.UPLOADING]


def _diagnosed(settings: Settings) -> list[Finding]:
    return list(diagnose(settings))


def _health(
    page: Page, settings: Settings, gallery: Gallery, *, waiting: int, findings: list[Finding] | None
) -> Response:
    disk = shutil.disk_usage(settings.home)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return administration(
        page, "health", at=HEALTH, state=gallery.state(), index=gallery.index_stats(), step=gallery.step(),
        move=progress(gallery.database), moving=Role, disk=disk, load=load, cores=os.cpu_count() or 1,
        waiting=waiting, findings=findings, level=Level, about=ABOUT,
        in_words=lambda finding: finding_words(finding.message, page.gettext),
        jobs=_jobs(settings, gallery), states=STATES,
    )  # fmt: skip
