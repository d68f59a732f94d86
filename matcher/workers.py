"""Processes that share the work on a long list: bounded, in order, and none of them able to spoil it for the others.

Each process prepares itself once (loads an engine, say) and then takes one task at a time. A process that is killed
costs nothing but the time of one task, which is tried once more in a fresh process. All of them end when the parent
does, even when it is killed.
"""

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Generic

from matcher.team import Fault, Lost, Task, Team, Value, WorkersUnavailable, Workforce, handled

__all__ = ["Crew", "Lost", "WorkersUnavailable", "Workforce"]

_ATTEMPTS = 2
_PATIENCE = 120.0
_STARTING = 300.0
# Fresh processes, since a fork of a process with threads can hang.
_processes = get_context("spawn")


@dataclass(frozen=True, slots=True)
class _Ready:
    pass


class Crew(Team[Task, Value]):
    """A number of processes, started when the first tasks come.

    prepare: a picklable callable that a process calls once; what it returns is called with every task.
    patience: seconds that one task may take before its process is given up.
    """

    def __init__(
        self, prepare: Callable[[], Callable[[Task], Value]], *, workers: int, patience: float = _PATIENCE
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers is {workers}; at least one is needed")
        super().__init__([_Process[Task, Value](prepare, patience) for _ in range(workers)])


class _Process(Generic[Task, Value]):
    """One process, and its replacement where it dies. Used by one thread at a time; end() by any."""

    def __init__(self, prepare: Callable[[], Callable[[Task], Value]], patience: float) -> None:
        self._prepare = prepare
        self._patience = patience
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._ended = False
        self._changing = threading.Lock()

    def begin(self, is_over: Callable[[], bool]) -> bool:
        # It is started for its first task: there may be fewer tasks than members.
        return not is_over()

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
            if isinstance(answer, Fault):
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
                said = pipe.recv() if pipe.poll(_STARTING) else Fault(f"a worker was not ready in {_STARTING:.0f} s")
            except (EOFError, OSError):
                self._drop()
                continue
            if isinstance(said, Fault):
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
    end_with_parent()
    try:
        handle = prepare()
    except Exception as exc:  # noqa: BLE001 - told to the parent, who raises it
        pipe.send(Fault(str(exc) or type(exc).__name__))
        return
    pipe.send(_Ready())
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(handled(handle, task))


def end_with_parent() -> None:
    """End at once when the parent is gone, even while a task is worked on."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
