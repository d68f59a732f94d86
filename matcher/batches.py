"""The engine of every backlog: photos prepared by a workforce, handed on in batches, in the order of their tasks."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Generic, TypeVar

from matcher.photo_work import Known, PhotoTask, PhotoWorkforce, Worked, held_bytes, lost_photo
from matcher.workers import Lost

BATCH = 64
"""How many photos are searched together: enough that an index is read once for many, few enough to lose when killed."""

_Item = TypeVar("_Item")
Prepared = tuple[_Item, Worked | Known]
Handle = Callable[[Sequence[tuple[_Item, Worked | Known]]], None]


def in_batches(
    tasks: Iterable[tuple[_Item, PhotoTask]],
    workforce: PhotoWorkforce,
    handle: Handle[_Item],
    *,
    together: Callable[[_Item], Hashable] = lambda _item: None,
    size: int = BATCH,
    told: Callable[[int], None] = lambda _done: None,
) -> None:
    """Prepare every task's photo and give them to `handle`, at most `size` at once.

    tasks: read only a little ahead, from other threads. together: only items for which it is equal come in one batch.
    told: after each photo, how many are prepared. Whatever interrupts it, what is prepared is handed on first, as it
    need not be prepared again. Raises WorkersUnavailable, and what tasks and handle raise.
    """
    under_way: deque[_Item] = deque()
    batch = _Batch(handle, together, size)
    with closing(workforce.run(_noted(tasks, under_way), weigh=held_bytes)) as results:
        try:
            for done, result in enumerate(results, start=1):
                batch.add(under_way.popleft(), _worked(result))
                told(done)
        finally:
            batch.hand_on()


class _Batch(Generic[_Item]):
    """Photos that wait until there are enough of one kind."""

    def __init__(self, handle: Handle[_Item], together: Callable[[_Item], Hashable], size: int) -> None:
        self._handle = handle
        self._together = together
        self._size = size
        self._kind: Hashable = None
        self._waiting: list[tuple[_Item, Worked | Known]] = []

    def add(self, item: _Item, done: Worked | Known) -> None:
        kind = self._together(item)
        if self._waiting and kind != self._kind:
            self.hand_on()
        self._kind = kind
        self._waiting.append((item, done))
        if len(self._waiting) >= self._size:
            self.hand_on()

    def hand_on(self) -> None:
        ready, self._waiting = self._waiting, []
        if ready:
            self._handle(ready)


def _noted(tasks: Iterable[tuple[_Item, PhotoTask]], under_way: deque[_Item]) -> Iterator[PhotoTask]:
    """The tasks alone. A workforce takes them one at a time, and its results come in the same order."""
    for item, task in tasks:
        under_way.append(item)
        yield task


def _worked(result: object) -> Worked | Known:
    done = lost_photo(result) if isinstance(result, Lost) else result
    if not isinstance(done, Worked | Known):
        raise TypeError(f"a photo to search with came back as {type(done).__name__}")
    return done
