"""Pages over many cases: ``python -m benchmarks pages``.

A real service process over a home with so many cases that were written before. Somebody who may do everything signs in
and follows the links of the pages, one address of each kind; each page is then asked for in turn with all others. What
counts is the service's own processor time for a page, since the machine may be busy; beside it the waiting and the
bytes of the page, without photos.
"""

import argparse
import os
import re
import statistics
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, bindparam, insert, update

from benchmarks.environment import keep
from benchmarks.service_process import Service, serving
from matcher.accounts.opening import accounts_of
from matcher.accounts.roles import Role
from matcher.casework.case import Claim, Protection
from matcher.casework.numbers import new_number
from matcher.casework.statuses import Status
from matcher.drawn import biography
from matcher.records import case_files
from matcher.records import case_tables as tables
from matcher.records.database import Database
from matcher.settings import load_settings

_WHO, _PASSWORD = "benchmark-officer", "a long enough secret 9"
_AT_ONCE = 2_000
_DEEP = 3
_MOST_MS = 100.0
_LATER = (
    Status.OPEN, Status.OPEN, Status.SEARCHING, Status.UNDER_REVIEW, Status.PENDING_DOCUMENTS, Status.ABSCONDED,
    Status.CLOSED,
)  # fmt: skip
_STAY = ("/static", "/preferences", "/signout", "/signin", "/v1")


def main(argv: list[str]) -> int:
    options = _options(argv)
    _prepare(options.home, options.cases)
    results: dict[str, Any] = {"cases": options.cases, "load_before": os.getloadavg()}
    with serving(options.home, log=options.home / "serve.log") as service:
        address = f"http://{service.host}:{service.port}"
        with httpx.Client(base_url=address, timeout=300, follow_redirects=True) as client:
            client.headers["Accept"] = "text/html"
            _sign_in(client)
            kinds = _kinds(client)
            service.wait_until_idle()
            results["pages"] = _measured(client, service, kinds, turns=options.turns)
    print(_told(results))
    print(f"raw results: {keep('pages', results, options.out)}")
    return 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks pages", description=__doc__)
    parser.add_argument("--cases", type=int, default=40_000, help="cases in the records")
    parser.add_argument("--home", type=Path, default=Path("out") / "pages-home", help="made once, and used again")
    parser.add_argument("--turns", type=int, default=10, help="how often each page is asked for")
    parser.add_argument("--out", type=Path, default=Path("out") / "benchmarks")
    return parser.parse_args(argv)


def _prepare(home: Path, count: int) -> None:
    """A home with so many cases in several states, made once; the same is found again."""
    mark = home / f"cases-{count}"
    if mark.exists():
        return
    if home.exists() and any(home.iterdir()):
        raise SystemExit(f"benchmarks: {home} holds something else, or a part of it; name another with --home")
    home.mkdir(parents=True, exist_ok=True)
    database = Database.in_home(home)
    try:
        register = accounts_of(database, load_settings(home)).register
        register.add(_WHO, frozenset(Role), _PASSWORD, must_change=False)
        for start in range(0, count, _AT_ONCE):
            with database.writing(flushed=False) as connection:
                _write(connection, range(start, min(count, start + _AT_ONCE)))
    finally:
        database.close()
    mark.touch()


def _write(connection: Connection, places: Iterable[int]) -> None:
    """Cases with their first event, seen by who opened them; a tenth is the officer's, every second one nobody's."""
    cases, access, events, later = [], [], [], []
    account = f"account:{_WHO}"
    for place in places:
        papers, number, days = biography(place), new_number(), place % 360
        opened = datetime.now(UTC) - timedelta(days=days)
        custody, at = opened.date(), int(opened.timestamp())
        claim = Claim(papers.name, papers.native_name, papers.date_of_birth, papers.household_registration)
        cases.append({
            "id": number, "country": "CHN", "claim": case_files.sealed_claim(connection, number, claim),
            "status": Status.OPEN.value, "status_at": at, "protection": Protection.UNKNOWN.value, "epoch": 0,
            "custody_date": custody.isoformat(), "deadline": (custody + timedelta(days=180)).isoformat(),
            "assignee": account if place % 10 == 0 else "" if place % 2 else "account:somebody-else",
            "opened_by": account, "opened_at": at, "version": 1,
        })  # fmt: skip
        access.append({"case_id": number, "account": account, "granted_by": account, "at": at})
        events.append({
            "id": new_number(), "case_id": number, "number": 1, "at": at, "actor": account, "kind": "opened",
            "before": "", "after": Status.OPEN.value, "reason": "",
        })  # fmt: skip
        later.append({"number": number, "then": _LATER[place % len(_LATER)].value})
    connection.execute(insert(tables.case_file), cases)
    connection.execute(insert(tables.case_access), access)
    connection.execute(insert(tables.case_event), events)
    # Every case begins open: the database itself refuses another beginning.
    here = tables.case_file.c.id == bindparam("number")
    connection.execute(update(tables.case_file).where(here).values(status=bindparam("then")), later)


def _sign_in(client: httpx.Client) -> None:
    form = client.get("/signin").text
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', form)
    if found is None:
        raise SystemExit("benchmarks: the sign-in page has no form")
    answer = client.post("/signin", data={"csrf": found[1], "name": _WHO, "password": _PASSWORD})
    if "/signin" in str(answer.url):
        raise SystemExit(f"benchmarks: {_WHO} can't sign in")


def _kinds(client: httpx.Client) -> dict[str, str]:
    """One address of each kind of page that links lead to, by its address without numbers and values."""
    found, left = {}, [("/", 0)]
    while left:
        path, depth = left.pop(0)
        kind = _kind(path)
        if kind in found or path.startswith(_STAY):
            continue
        with client.stream("GET", path) as answer:
            if answer.status_code != 200 or not answer.headers["content-type"].startswith("text/html"):
                continue
            html = answer.read().decode()
        found[kind] = path
        if depth < _DEEP:
            links = re.findall(r'href="(/[^"#]*)"', html)
            left += [(link.replace("&amp;", "&"), depth + 1) for link in links]
    return found


def _kind(path: str) -> str:
    """An address without what differs from one thing to the next."""
    plain = re.sub(r"\b[A-Z]-[0-9A-Z]{5}-[0-9A-Z]{5}\b", "{number}", path)
    plain = re.sub(r"/\d+\b", "/{place}", plain)
    address, _, query = plain.partition("?")
    names = [part if part.startswith("view=") else part.partition("=")[0] for part in query.split("&") if part]
    return "?".join([address, *(["&".join(names)] if names else [])])


def _measured(
    client: httpx.Client, service: Service, kinds: Mapping[str, str], *, turns: int
) -> dict[str, dict[str, float]]:
    """Of each kind: milliseconds of waiting and of the service's processor time, and bytes; all kinds in turn."""
    waits: dict[str, list[float]] = {kind: [] for kind in kinds}
    takes: dict[str, list[float]] = {kind: [] for kind in kinds}
    sizes = {}
    for _ in range(turns):
        for kind, path in kinds.items():
            cpu, began = service.cpu_seconds(), time.perf_counter()
            answer = client.get(path)
            waits[kind].append(1e3 * (time.perf_counter() - began))
            takes[kind].append(1e3 * (service.cpu_seconds() - cpu))
            sizes[kind] = len(answer.content)

    def middle(kind: str) -> dict[str, float]:
        return {
            "wait_ms": statistics.median(waits[kind]),
            "cpu_ms": statistics.median(takes[kind]),
            "bytes": sizes[kind],
        }

    return {kind: middle(kind) for kind in kinds}


def _told(results: Mapping[str, Any]) -> str:
    pages = results["pages"]
    width = max(map(len, pages))
    lines = [
        f"{results['cases']:,} cases, load {results['load_before'][0]:.0f} before",
        f"{'page':{width}} {'cpu ms':>8} {'wait ms':>8} {'bytes':>8}",
    ]
    for kind, found in sorted(pages.items(), key=lambda item: -item[1]["cpu_ms"]):
        slow = "  over the aim" if found["cpu_ms"] > _MOST_MS else ""
        lines.append(f"{kind:{width}} {found['cpu_ms']:8.0f} {found['wait_ms']:8.0f} {found['bytes']:8,}{slow}")
    return "\n".join(lines)
