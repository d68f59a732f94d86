"""A bound on the memory that reading a file may take: what a file claims of itself is not believed.

A Parquet file of 20 KB can hold a text of a megabyte ten thousand times over, or a page that unpacks to gigabytes. The
kernel refuses such an allocation (RLIMIT_DATA) before a byte of it is used, and the reader ends with an error.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATUS = Path("/proc/self/status")


@contextmanager
def at_most(more: int) -> Iterator[None]:
    """Inside, this process's own memory may grow by `more` bytes; then allocations fail, MemoryError in Python.

    It holds for all threads of the process, so it is for processes that do one thing. Elsewhere than on Linux nothing
    is bounded.
    """
    if sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _data_bytes() + more
    limits = [limit for limit in before if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([wanted, *limits]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _data_bytes() -> int:
    """Bytes of private memory that can be written to, as the kernel counts them against the limit."""
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{_STATUS} does not say VmData")
