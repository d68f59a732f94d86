"""Processes that share the work on a long list: bounded, in order, and none of them able to spoil it for the others.

Each process prepares itself once (loads an engine, say) and then takes one task at a time. A thread of the parent
stands behind each process, so that tasks are handed out while the parent searches or writes. Results come in the
order of the tasks whatever the timing. A process that is killed costs nothing but the time of one task, which is
tried once more in a fresh process. All of them end when the parent does, even when it is killed.

Errors::

    MatcherError (matcher/errors.py)
    `-- WorkersUnavailable    processes can't be started, or can't prepare themselves
"""

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from matcher.errors import MatcherError

Task = TypeVar("Task")
Value = TypeVar("Value")
Given_contra = TypeVar("Given_contra", contravariant=True)
Made_co = TypeVar("Made_co", covariant=True)

_ATTEMPTS = 2
_PATIENCE = 120.0
_STARTING = 300.0
_AHEAD = 32
_HELD_BYTES = 256 * 2**20
# Fresh processes, since a fork of a process with threads can hang.
_processes = get_context("spawn")


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
class _Fault:
    """A worker can't work at all; what it has to say goes to the caller."""

    message: str


@dataclass(frozen=True, slots=True)
class _Ready:
    pass


class Crew(Generic[Task, Value]):
    """A number of processes, started when the first tasks come.

    prepare: a picklable callable that a process calls once; what it returns is called with every task.
    patience: seconds that one task may take before its process is given up.
    """

    def __init__(
        self, prepare: Callable[[], Callable[[Task], Value]], *, workers: int, patience: float = _PATIENCE
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers is {workers}; at least one is needed")
        self._members = [_Member(prepare, patience) for _ in range(workers)]

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

    def serve(self, member: "_Member[Task, Value]") -> None:
        """Let one process work until there are no more tasks; runs in a thread of its own."""
        try:
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


class _Member(Generic[Task, Value]):
    """One process, and its replacement where it dies. Used by one thread at a time; end() by any."""

    def __init__(self, prepare: Callable[[], Callable[[Task], Value]], patience: float) -> None:
        self._prepare = prepare
        self._patience = patience
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._ended = False
        self._changing = threading.Lock()

    def do(self, task: Task) -> Value | Lost:
        """The task's value, or what became of it after the last attempt."""
        lost = Lost("worker_died", "the process that worked on it was ended twice, perhaps for lack of memory")
        for _ in range(_ATTEMPTS):
            pipe = self._started()
            try:
                pipe.send(task)
                answered = pipe.poll(self._patience)
                answer = pipe.recv() if answered else Lost("took_too_long", f"not done in {self._patience:.0f} s")
            except (EOFError, OSError):
                self._drop()
                continue
            if isinstance(answer, _Fault):
                raise WorkersUnavailable(answer.message)
            if answered:
                value: Value | Lost = answer
                return value
            lost = answer
            self._drop()
        return lost

    def end(self) -> None:
        self._ended = True
        self._drop()

    def _started(self) -> "Connection[Any, Any]":
        if self._pipe is not None:
            return self._pipe
        for _ in range(_ATTEMPTS):
            pipe = self._start()
            try:
                said = pipe.recv() if pipe.poll(_STARTING) else _Fault(f"a worker was not ready in {_STARTING:.0f} s")
            except (EOFError, OSError):
                self._drop()
                continue
            if isinstance(said, _Fault):
                self._drop()
                raise WorkersUnavailable(said.message)
            return pipe
        raise WorkersUnavailable("worker processes end while they start; see whether memory is left, then try again")

    def _start(self) -> "Connection[Any, Any]":
        with self._changing:
            if self._ended:
                raise WorkersUnavailable("the work was ended")
            ours, theirs = _processes.Pipe()
            process = _processes.Process(target=_work, args=(self._prepare, theirs), daemon=True)
            try:
                process.start()
            except OSError as exc:
                raise WorkersUnavailable(
                    f"no process can be started ({exc.strerror}); end others or use fewer workers"
                ) from exc
            theirs.close()
            self._process, self._pipe = process, ours
            return ours

    def _drop(self) -> None:
        with self._changing:
            process, self._process, self._pipe = self._process, None, None
        if process is not None:
            # Its end of the pipe closes with it, which wakes the thread that waits; ours goes with the last reference.
            process.kill()
            process.join()


def _work(prepare: Callable[[], Callable[[Any], Any]], pipe: "Connection[Any, Any]") -> None:
    """The life of a process."""
    # Ctrl-C reaches every process of the terminal; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with_parent()
    try:
        handle = prepare()
    except Exception as exc:  # noqa: BLE001 - told to the parent, who raises it
        pipe.send(_Fault(str(exc) or type(exc).__name__))
        return
    pipe.send(_Ready())
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(_handled(handle, task))


def _handled(handle: Callable[[Any], Any], task: object) -> object:
    try:
        return handle(task)
    except MatcherError as exc:
        return _Fault(str(exc))
    except MemoryError:
        return Lost("out_of_memory", "there was not enough memory for it; use fewer workers or a smaller file")
    except Exception as exc:  # noqa: BLE001 - one task must not end the others
        return Lost("failed", f"unexpected {type(exc).__name__}: {exc}"[:300])


def _end_with_parent() -> None:
    """End at once when the parent is gone, even while a task is worked on."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
