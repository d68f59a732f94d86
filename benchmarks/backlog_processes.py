"""What this process and its children take of the machine while a block runs: processor time and memory of their own."""

import os
import threading
import time
from pathlib import Path
from typing import Self

_EVERY_SECONDS = 0.5
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Family:
    """A context manager. cpu_seconds: of all; own_cpu_seconds: of this process alone; most_bytes: memory of all at the
    worst moment that was looked at, without the pages of files that are shared and can be dropped."""

    def __init__(self) -> None:
        self.cpu_seconds = 0.0
        self.own_cpu_seconds = 0.0
        self.most_bytes = 0
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._before = {process: _cpu(process) for process in _family()}
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        after = {process: _cpu(process) for process in _family()}
        taken = {process: cpu - self._before.get(process, 0.0) for process, cpu in after.items()}
        self.cpu_seconds, self.own_cpu_seconds = sum(taken.values()), taken[os.getpid()]
        self._over.set()
        self._watching.join()

    def _watch(self) -> None:
        while True:
            self.most_bytes = max(self.most_bytes, sum(map(_own_bytes, _family())))
            if self._over.wait(_EVERY_SECONDS):
                return


def _family() -> list[int]:
    """This process and its children."""
    me = os.getpid()
    found = [me]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="latin-1").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == me:
            found.append(int(stat.parent.name))
    return found


def _cpu(process: int) -> float:
    """Processor time of all its threads, by the clock that clock_getcpuclockid(3) gives."""
    try:
        return time.clock_gettime((~process << 3) | 2)
    except OSError:
        return 0.0


def _own_bytes(process: int) -> int:
    try:
        _size, resident, shared, *_ = map(int, Path(f"/proc/{process}/statm").read_text(encoding="ascii").split())
    except OSError:
        return 0
    return (resident - shared) * _PAGE
