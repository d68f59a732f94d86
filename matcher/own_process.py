"""One task in a process of its own, for what a running service must not do itself.

A purge reads the files of the records as files, and closing them drops the locks that this process holds on them. A
large import keeps a processor busy for minutes, and a file from elsewhere may ask for any amount of memory. The process
ends with whoever started it, and a task is never tried twice: a purge that was broken off can't prove what it did.
"""

import io
import logging
import os
import pickle
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from index.base import IndexFault
from matcher.errors import MatcherError
from matcher.team import WorkersUnavailable
from matcher.workers import end_with_parent

_Value = TypeVar("_Value")
# A fresh process, since a fork of a process with threads can hang.
_processes = get_context("spawn")
_FIRST_TO_GO = Path("/proc/self/oom_score_adj")
_LOOKS_SECONDS = 0.5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Raised:
    """What the task ended with, pickled."""

    error: bytes


class Inherited:
    """An open file that a task takes along, whether or not it has a name on the disk; at its beginning there."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return _inherited, (DupFd(self.file.fileno()),)


def in_own_process(task: Callable[[], _Value], *, is_over: Callable[[], bool] = lambda: False) -> _Value:
    """What the task returns, or raises; it is pickled, and so is what it makes.

    Blocks until it is done. is_over: asked now and then whether it should be ended. Raises WorkersUnavailable where no
    process can be started, or it was ended.
    """
    ours, theirs = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_work, args=(task, theirs), daemon=True)
    with ours:
        try:
            process.start()
        except OSError as exc:
            raise WorkersUnavailable(f"no process can be started ({exc.strerror}); try again in a moment") from exc
        theirs.close()
        try:
            while not ours.poll(_LOOKS_SECONDS):
                if is_over():
                    process.kill()
                    raise WorkersUnavailable("the service is stopping; what was done is kept, ask again afterwards")
            said: _Value | _Raised = ours.recv()
        except EOFError as exc:
            raise WorkersUnavailable(
                "the process that worked on it was ended, perhaps for lack of memory; what was done is kept"
            ) from exc
        finally:
            process.join()
    if isinstance(said, _Raised):
        raise pickle.loads(said.error)  # noqa: S301 - of our own process
    return said


def _work(task: Callable[[], Any], pipe: "Connection[Any, Any]") -> None:
    """The life of the process."""
    # Ctrl-C reaches every process of the terminal; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()
    # Where memory runs out, Linux ends this process and not the service.
    with suppress(OSError):
        _FIRST_TO_GO.write_text("1000", encoding="ascii")
    try:
        said = task()
    except Exception as exc:  # noqa: BLE001 - raised again by the parent
        if not isinstance(exc, (MatcherError, IndexFault, OSError)):
            _log.exception("unexpected")
        said = _Raised(_pickled(exc))
    pipe.send(said)


def _pickled(error: Exception) -> bytes:
    try:
        text = pickle.dumps(error)
        pickle.loads(text)  # noqa: S301 - what was just written
    except Exception:  # noqa: BLE001 - errors of other packages may be of any make
        text = pickle.dumps(RuntimeError(f"{type(error).__name__} in a process of its own; see the log"))
    return text


def _inherited(duplicate: Any) -> Inherited:
    handle = duplicate.detach()
    os.lseek(handle, 0, io.SEEK_SET)
    return Inherited(os.fdopen(handle, "rb"))
