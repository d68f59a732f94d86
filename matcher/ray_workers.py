"""Workers of a Ray cluster: the processes of a `Crew` on other machines, or on this one. The only file that knows Ray.

Each worker is an actor that prepares itself once and takes one task at a time. Ray restarts nothing by itself: a task
whose worker or whole machine was lost is handed to a new worker here, a few times, so that one photo that kills every
process that opens it ends as lost and not in a circle.

Ray's errors, most specific first, become `WorkersUnavailable` or are a lost attempt.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any, Generic

from matcher.team import Fault, Lost, Task, Team, Value, WorkersUnavailable, handled

LOCAL = "local"
"""In the place of an address: a cluster of this machine alone, begun for one run and ended with it."""

_ATTEMPTS = 4
_BEGINNINGS = 3
_PATIENCE = 120.0
_STARTING = 300.0
_LOOKING = 0.5
_CONNECTING = 10.0
_ENDING = 30.0
_OBJECTS_BYTES = 256 * 2**20
# Ray tells its makers about each cluster, unless it is told not to.
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class RayCrew(Team[Task, Value]):
    """Workers of a cluster, started when the first tasks come.

    prepare: as of `Crew`; it and the tasks travel to other machines, where this very version must be installed.
    here: what is done with a task before it travels; a task that it answers does not travel at all.
    """

    def __init__(
        self,
        prepare: Callable[[], Callable[[Task], Value]],
        *,
        address: str,
        workers: int = 0,
        here: Callable[[Task], tuple[Task, None] | tuple[None, Value]] = lambda task: (task, None),
        patience: float = _PATIENCE,
    ) -> None:
        """address: host:port of a running cluster, or LOCAL. workers: 0 for one a processor of the cluster.

        Raises WorkersUnavailable.
        """
        self._connection = _Connection(address, workers)
        count = workers or self._connection.processors()
        try:
            super().__init__([_Actor(self._connection.ray, prepare, here, patience) for _ in range(count)])
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        super().close()
        self._connection.close()


class _Connection:
    """This process as a driver of a cluster."""

    def __init__(self, address: str, workers: int) -> None:
        self._folder: str | None = None
        self._closing = threading.Lock()
        self._closed = False
        os.environ.update(_QUIET)
        if address == LOCAL:
            # Nobody else may ask it anything: it listens on the loopback, and takes this process's token alone.
            os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
            os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"] = "token", _own_token()
        self.ray = _ray()
        try:
            if address == LOCAL:
                self._begin(workers or _cores())
            else:
                _must_listen(address)
                self.ray.init(address=address, log_to_driver=False, configure_logging=False)
        except WorkersUnavailable:
            raise
        except Exception as exc:  # Ray raises a bare Exception, too
            self.close()
            remedy = (
                "see whether this machine has room, then try again"
                if address == LOCAL
                else f"this machine must be part of it: ray start --address={address}"
            )
            raise WorkersUnavailable(f"the Ray cluster {address} can't be used ({_first_line(exc)}); {remedy}") from exc

    def _begin(self, processors: int) -> None:
        """Begin a cluster of this machine; more than once, as Ray waits 30 seconds at most for a busy one."""
        for left in reversed(range(_BEGINNINGS)):
            self._folder = tempfile.mkdtemp(prefix="matcher-ray-")
            try:
                self.ray.init(
                    address=LOCAL,
                    num_cpus=processors,
                    num_gpus=0,
                    include_dashboard=False,
                    log_to_driver=False,
                    configure_logging=False,
                    object_store_memory=_OBJECTS_BYTES,
                    _temp_dir=self._folder,
                )
            except Exception as exc:  # tried again, or raised
                begun = _begun(exc)
                _end_all_of(self._folder)
                _wait_for(begun)
                if not left:
                    raise
            else:
                return

    def processors(self) -> int:
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))

    def close(self) -> None:
        with self._closing:
            if self._closed:
                return
            self._closed = True
        # Ray ends what it has started and does not wait for it: that is left to this process.
        started = _started(self.ray)
        self.ray.shutdown()
        _wait_for(started)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class _Desk:
    """What an actor is, in its own process on whatever machine."""

    def __init__(self) -> None:
        self._handle: Callable[[Any], Any] | None = None

    def begin(self, prepare: Callable[[], Callable[[Any], Any]], wanted: str) -> Fault | None:
        """Prepare for tasks; what is wrong, if anything is. wanted: the version of the program."""
        if (found := version("identity-matcher")) != wanted:
            return Fault(f"{socket.gethostname()} has version {found} of this program, {wanted} is needed")
        try:
            self._handle = prepare()
        except Exception as exc:  # noqa: BLE001 - told to the driver, who raises it
            return Fault(f"{socket.gethostname()}: {str(exc) or type(exc).__name__}")
        return None

    def do(self, task: object) -> object:
        return handled(self._handle, task) if self._handle is not None else Fault("a worker was not prepared")


class _Actor(Generic[Task, Value]):
    """One worker, and its replacement where it is lost; see `matcher.team.Member`."""

    def __init__(
        self,
        ray: ModuleType,
        prepare: Callable[[], Callable[[Task], Value]],
        here: Callable[[Task], tuple[Task, None] | tuple[None, Value]],
        patience: float,
    ) -> None:
        self._ray = ray
        self._prepare = prepare
        self._here = here
        self._patience = patience
        self._changing = threading.Lock()
        self._actor: Any = None
        self._beginning: Any = None
        self._ended = False

    def begin(self, is_over: Callable[[], bool]) -> bool:
        """Wait until the cluster has a processor for it, without holding a task meanwhile."""
        waited = 0.0
        while waited < _STARTING and not is_over():
            try:
                if self._is_ready(processors=1):
                    return True
            except _lost(self._ray):
                self._drop()
            waited += _LOOKING
        return False

    def do(self, task: Task) -> Value | Lost:
        travels, done = self._here(task)
        if travels is None:
            return done  # type: ignore[return-value]
        lost = Lost("worker_died", f"the worker that was at it was lost {_ATTEMPTS} times, perhaps for lack of memory")
        for _ in range(_ATTEMPTS):
            try:
                answer = self._answer(travels)
            except self._ray.exceptions.GetTimeoutError:
                lost = Lost("took_too_long", f"not done in {self._patience:.0f} s")
            except _lost(self._ray):
                pass
            except self._ray.exceptions.RayError as exc:
                raise WorkersUnavailable(f"the Ray cluster failed: {_first_line(exc)}") from exc
            else:
                if isinstance(answer, Fault):
                    raise WorkersUnavailable(answer.message)
                value: Value | Lost = answer
                return value
            self._drop()
        return lost

    def end(self) -> None:
        self._ended = True
        self._drop()

    def _answer(self, task: Task) -> Any:
        # A replacement needs no processor of its own: where a machine was lost, none may be free.
        waited = 0.0
        while not self._is_ready(processors=0):
            waited += _LOOKING
            if waited > _STARTING:
                raise WorkersUnavailable(f"a worker of the Ray cluster was not ready in {_STARTING:.0f} s")
        return self._ray.get(self._actor.do.remote(task), timeout=self._patience)

    def _is_ready(self, *, processors: int) -> bool:
        """Start the actor where there is none, wait for a moment, and say whether it is prepared."""
        with self._changing:
            if self._ended:
                raise WorkersUnavailable("the work was ended")
            if self._actor is None:
                options = {"num_cpus": processors, "max_restarts": 0, "scheduling_strategy": "SPREAD"}
                self._actor = self._ray.remote(_Desk).options(**options).remote()
                self._beginning = self._actor.begin.remote(self._prepare, version("identity-matcher"))
            beginning = self._beginning
        if beginning is None:
            return True
        if not self._ray.wait([beginning], timeout=_LOOKING)[0]:
            return False
        said = self._ray.get(beginning)
        if isinstance(said, Fault):
            self._drop()
            raise WorkersUnavailable(said.message)
        self._beginning = None
        return True

    def _drop(self) -> None:
        with self._changing:
            actor, self._actor, self._beginning = self._actor, None, None
        if actor is not None and self._ray.is_initialized():
            self._ray.kill(actor)


def _lost(ray: ModuleType) -> tuple[type[Exception], ...]:
    """What Ray raises where a worker, its machine, or something on the way was lost."""
    known: Mapping[str, Any] = vars(ray.exceptions)
    names = ("RayActorError", "WorkerCrashedError", "NodeDiedError", "OutOfMemoryError", "ObjectLostError")
    return tuple(known[name] for name in names)


def _ray() -> ModuleType:
    try:
        import ray
        import ray.exceptions
    except ImportError as exc:
        raise WorkersUnavailable("Ray is not installed; pip install 'identity-matcher[cluster]'") from exc
    if ray.is_initialized():
        raise WorkersUnavailable("this process is part of a Ray cluster already; end that run first")
    found: ModuleType = ray
    return found


def _must_listen(address: str) -> None:
    """Raises WorkersUnavailable at once where nobody is there; Ray itself would wait for a minute."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or "/" in host or not host:
        raise WorkersUnavailable(f"{address!r} is no address of a Ray cluster; write host:port, or {LOCAL}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECTING).close()
    except (OSError, OverflowError) as exc:
        raise WorkersUnavailable(
            f"nothing listens at {address} ({exc}); start the cluster with ray start --head --port={port}"
        ) from exc


def _end_all_of(folder: str) -> None:
    """End what is left of a cluster that did not begin, known by its folder, which every process of it is told."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if folder.encode() in (place / "cmdline").read_bytes():
                os.kill(int(place.name), signal.SIGKILL)
        except OSError:
            continue
    shutil.rmtree(folder, ignore_errors=True)


def _begun(exc: BaseException) -> "list[subprocess.Popen[bytes]]":
    """The processes of a node that did not come up: nothing but the frames of what was raised knows them."""
    nodes = (frame.f_locals.get("self") for frame, _ in walk_tb(exc.__traceback__))
    return [one.process for node in nodes for kind in getattr(node, "all_processes", {}).values() for one in kind]


def _wait_for(processes: "list[subprocess.Popen[bytes]]") -> None:
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ENDING)


def _started(ray: ModuleType) -> "list[subprocess.Popen[bytes]]":
    node = getattr(ray._private.worker, "_global_node", None)
    return [one.process for kind in getattr(node, "all_processes", {}).values() for one in kind]


@cache
def _own_token() -> str:
    # Ray reads it once in a process, and refuses another one later.
    return secrets.token_hex(32)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _first_line(exc: BaseException) -> str:
    return (str(exc).strip().splitlines() or [type(exc).__name__])[0][:200]
