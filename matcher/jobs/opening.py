"""A worker put together from settings: the matcher, the processes that prepare photos, the jobs of the home."""

from collections.abc import Iterator
from contextlib import contextmanager

from matcher.build import open_matcher, photo_limits
from matcher.jobs.answering import Answering
from matcher.jobs.register import Jobs
from matcher.jobs.worker import Told, Worker
from matcher.ray_photos import photo_workforce
from matcher.settings import Settings

_MANY = 1_000_000


@contextmanager
def open_worker(
    settings: Settings,
    *,
    only: int | None = None,
    stays: bool = False,
    photos: int = _MANY,
    ray: str = "",
    told: Told = lambda _job, _progress: None,
) -> Iterator[Worker]:
    """A worker over the settings' home. only: the number of one job; stays: waits for more; photos: about how many
    there are, so that for a few no needless processes are started; ray: the address of a cluster that prepares them.
    Raises what `open_matcher` raises, and WorkersUnavailable."""
    with open_matcher(settings) as matcher, photo_workforce(settings, photos=photos, ray=ray) as crew:
        limits = photo_limits(settings)
        jobs = Jobs(matcher.gallery.database, settings.home)
        yield Worker(matcher, crew, jobs, Answering(matcher, limits=limits), only=only, stays=stays, told=told)
