"""A workforce for photos on a Ray cluster: what a `photo_crew` does, with the same results."""

from functools import partial

from matcher.build import photo_limits
from matcher.faces import EngineKey
from matcher.photo import PhotoLimits
from matcher.photo_work import (
    NOTHING_REFUSED,
    ContentTask,
    DrawTask,
    PhotoDone,
    PhotoTask,
    fetched,
    photo_crew,
    photo_desk,
)
from matcher.ray_workers import RayCrew
from matcher.records.serving import NO_ENGINE
from matcher.refused_before import RefusedBefore
from matcher.settings import Settings
from matcher.team import Team

_SECRETS = ("database_url", "index_url", "index_token", "openid_client_secret")


def ray_photo_crew(
    settings: Settings,
    *,
    address: str,
    beside: EngineKey = NO_ENGINE,
    refused: RefusedBefore = NOTHING_REFUSED,
) -> RayCrew[PhotoTask, PhotoDone]:
    """Workers of a cluster, see `RayCrew`; beside, refused: as of `photo_crew`. Raises WorkersUnavailable.

    Photos are read here and travel as bytes, so that the other machines need no access to them.
    """
    told = settings.model_copy(
        update={
            "threads": 1,
            # What this machine would choose: a template is the same wherever it is made.
            "precision": settings.precision.resolved(),
            **dict.fromkeys(_SECRETS),
        }
    )
    return RayCrew(
        partial(photo_desk, told, beside, refused),
        address=address,
        workers=settings.workers,
        here=partial(_read_here, photo_limits(settings)),
    )


def photo_workforce(settings: Settings, *, photos: int, ray: str = "") -> Team[PhotoTask, PhotoDone]:
    """Who prepares about so many photos: the cluster at this address, or where there is none this machine's processes.

    Raises WorkersUnavailable.
    """
    return ray_photo_crew(settings, address=ray) if ray else photo_crew(settings, photos=photos)


def _read_here(limits: PhotoLimits, task: PhotoTask) -> tuple[PhotoTask, None] | tuple[None, PhotoDone]:
    if isinstance(task, DrawTask):
        return task, None
    found = fetched(task, limits)
    return (found, None) if isinstance(found, ContentTask) else (None, found)
