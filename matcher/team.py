"""Members that share the work on a long list: bounded, in order, and none of them able to spoil it for the others.

Results come in the order of the tasks whatever the timing. A thread of this process stands behind each member, so that
tasks are handed out while it searches or writes.

Errors::

    MatcherError (matcher/errors.py)
    `-- WorkersUnavailable    workers can't be started, or can't prepare themselves
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from matcher.errors import MatcherError

Task = TypeVar("Task")
Value = TypeVar("Value")
Given_contra = TypeVar("Given_contra", contravariant=True)
Made_co = TypeVar("Made_co", covariant=True)

_AHEAD = 32
_HELD_BYTES = 256 * 2**20


class WorkersUnavailable(MatcherError):
    """Worker processes can't be started, or can't prepare themselves."""


@dataclass(frozen=True, slots=True)
class Lost:
    """In place of a task's value: what happened to it. code: fit for programs."""

    code: str
    reason: str


class Workforce(Protocol[Given_contra, Made_co]):
    """Who works on a long list: the processes of a `Crew`, or those of a cluster. The values are the same."""

    def run(
        self, tasks: Iterable[Given_contra], *, weigh: Callable[[Any], int] = lambda _value: 0
    ) -> Generator[Made_co | Lost, None, None]:
        """The value of each task, in their order, or what became of it; tasks is read only a little ahead.

        weigh: bytes that a value holds while it waits for its turn. Raises WorkersUnavailable.
        """
        ...

    def close(self) -> None:
        """End the work now."""
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """A worker can't work at all; what it has to say goes to the caller."""

    message: str


class Member(Protocol[Given_contra, Made_co]):
    """One who works on one task at a time. Used by one thread at a time; end() by any."""

    def begin(self, is_over: Callable[[], bool]) -> bool:
        """Get ready, if that takes long; False where it can't be in time. is_over: whether nothing is left to do.

        Raises WorkersUnavailable.
        """
        ...

    def do(self, task: Given_contra) -> Made_co | Lost:
        """The task's value, or what became of it after the last attempt. Raises WorkersUnavailable."""
        ...

    def end(self) -> None:
        """Let go of whatever it is at, for good."""
        ...


class Team(Generic[Task, Value]):
    """Members that share a list of tasks, with a thread of this process behind each."""

    def __init__(self, members: Sequence[Member[Task, Value]]) -> None:
        if not members:
            raise ValueError("there are no workers; at least one is needed")
        self._members = members

    def run(
        self, tasks: Iterable[Task], *, weigh: Callable[[Value], int] = lambda _value: 0
    ) -> Generator[Value | Lost, None, None]:
        """The value of each task, in their order. weigh: bytes that a value holds while it waits for its turn.

        tasks is read a little ahead, from other threads. Raises WorkersUnavailable, and what tasks raises. A run
        that is not read to its end ends the processes.
        """
        job = _Job(iter(tasks), len(self._members) * _AHEAD, weigh)
        threads = [threading.Thread(target=job.serve, args=(member,), daemon=True) for member in self._members]
        for thread in threads:
            thread.start()
        finished = False
        try:
            yield from job.results(len(threads))
            finished = True
        finally:
            job.stop()
            if not finished:
                self.close()
            for thread in threads:
                thread.join()

    def close(self) -> None:
        """End every process now."""
        for member in self._members:
            member.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Job(Generic[Task, Value]):
    """One list of tasks: who does which, and which results wait for their turn."""

    def __init__(self, tasks: Iterator[Task], ahead: int, weigh: Callable[[Value], int]) -> None:
        self._tasks = tasks
        self._ahead = ahead
        self._weigh = weigh
        self._changed = threading.Condition()
        self._taken = 0
        self._given = 0
        self._held = 0
        self._waiting: dict[int, Value | Lost] = {}
        self._over = False
        self._error: BaseException | None = None
        self._idle = 0
        self._begun = False

    def serve(self, member: Member[Task, Value]) -> None:
        """Let one member work until there are no more tasks; runs in a thread of its own."""
        try:
            if not member.begin(lambda: self._over):
                return
            self._begun = True
            while (taken := self._take()) is not None:
                number, task = taken
                value = member.do(task)
                with self._changed:
                    self._waiting[number] = value
                    self._held += self._weight(value)
                    self._changed.notify_all()
        except BaseException as exc:  # noqa: BLE001 - whatever it is, it belongs to the caller of run()
            with self._changed:
                self._error = self._error or exc
        finally:
            with self._changed:
                self._idle += 1
                self._changed.notify_all()

    def results(self, threads: int) -> Iterator[Value | Lost]:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._given in self._waiting or self._error is not None or self._idle == threads
                )
                if self._error is not None:
                    raise self._error
                if self._given not in self._waiting:
                    if not self._begun:
                        raise WorkersUnavailable("no worker was ready in time; see whether the machines have room")
                    return
                value = self._waiting.pop(self._given)
                self._given += 1
                self._held -= self._weight(value)
                self._changed.notify_all()
            yield value

    def stop(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _take(self) -> tuple[int, Task] | None:
        with self._changed:
            self._changed.wait_for(self._has_room)
            if self._over or self._error is not None:
                return None
            for task in self._tasks:
                self._taken += 1
                return self._taken - 1, task
            self._over = True
            return None

    def _has_room(self) -> bool:
        if self._over or self._error is not None:
            return True
        waiting = self._taken - self._given
        return waiting < self._ahead and (self._held < _HELD_BYTES or waiting == 0)

    def _weight(self, value: Value | Lost) -> int:
        return 0 if isinstance(value, Lost) else self._weigh(value)


def handled(handle: Callable[[Any], Any], task: object) -> object:
    """A task's value, or what became of it; nothing is raised but what ends a process."""
    try:
        return handle(task)
    except MatcherError as exc:
        return Fault(str(exc))
    except MemoryError:
        return Lost("out_of_memory", "there was not enough memory for it; use fewer workers or a smaller file")
    except Exception as exc:  # noqa: BLE001 - one task must not end the others
        return Lost("failed", f"unexpected {type(exc).__name__}: {exc}"[:300])
