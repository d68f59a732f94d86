"""Photos of a store are fetched several at once: each takes many times longer to come than to be worked on."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from matcher.errors import PhotoUnreadable
from matcher.jobs.job import Item
from matcher.photo import PhotoLimits
from matcher.photo_work import ContentTask, FileTask, PhotoTask
from matcher.places import SourceGone, StorePlace, place_of, read_place

_AT_ONCE = 8


def tasks_of(items: Sequence[Item], *, limits: PhotoLimits, keep: bool) -> Iterator[PhotoTask]:
    """What is to be done with each photo, in their order. keep: whether the bytes are wanted back."""

    def task(item: Item) -> PhotoTask:
        known, place = frozenset((item.known,)) if item.known else frozenset(), place_of(item.place)
        if isinstance(place, StorePlace):
            try:
                return ContentTask(read_place(place, limits=limits), known, keep=keep, draw=True)
            except (PhotoUnreadable, SourceGone):
                # The process that works on it meets the same, and says it.
                pass
        return FileTask(item.place, known, keep=keep, draw=True)

    if not any(isinstance(place_of(item.place), StorePlace) for item in items):
        yield from map(task, items)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(task, items)
