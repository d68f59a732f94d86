"""Which workers are alive: by their heartbeat everywhere, and on this machine by their process, which tells sooner."""

import os
from pathlib import Path

from sqlalchemy import Connection

from matcher.records import job_leases, job_rows

LEASE_SECONDS = 30
"""A worker that was not heard of for so long is taken for dead, and what it held is taken over."""
BEAT_SECONDS = 5.0


def host_here() -> str:
    """This machine since it was started, and whose numbers of processes are meant; empty where that is not known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def born(process: int) -> str:
    """When a process of this machine began, so that another one with its number is not taken for it; empty if none."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="latin-1")
    except OSError:
        return ""
    # The name, in brackets, may hold anything; a process that has ended and waits to be noticed is dead, too.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


def bury(connection: Connection, *, lease_seconds: float = LEASE_SECONDS) -> int:
    """Let the photos of dead workers wait again; how many. Inside a writing transaction."""
    here, now = host_here(), job_leases.now_of(connection)
    dead = [
        row.id
        for row in job_rows.workers(connection)
        if row.seen_at < now - lease_seconds or (here and row.host == here and born(row.process) != row.born)
    ]
    return job_leases.end(connection, dead)


def introduce(connection: Connection, worker: int) -> None:
    """Note this process as a worker."""
    process = os.getpid()
    job_leases.begin(connection, worker, host=host_here(), process=process, born=born(process))
