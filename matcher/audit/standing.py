"""What a home's answers rest on: settings, models, calibrations. Compared at every start, changes recorded.

Settings come from files and the environment, which change without this program; so what stands is kept in the records
and compared whenever the home is opened. What a single call states otherwise is in that search's own entry.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from matcher.audit.chain import Clock, append, utc_now
from matcher.audit.entry import Action, Entry, canonical
from matcher.records import tables
from matcher.records.database import Database

_NAME = "standing"
_MASKED = ("url", "key", "token", "secret", "password")
Standing = dict[str, dict[str, Any]]
"""Group -> name -> value; the groups are those of _ACTIONS."""

_ACTIONS = {
    "settings": Action.SETTING_CHANGED,
    "models": Action.MODEL_CHANGED,
    "calibrations": Action.THRESHOLD_CHANGED,
}


def standing(settings: Mapping[str, Any], home: Path) -> Standing:
    """What stands now. settings: by name, as files and the environment have them."""
    shown = {name: _shown(name, value) for name, value in sorted(settings.items())}
    return {
        "settings": shown,
        "models": {"program": _program()},
        "calibrations": {path.stem: _file_digest(path) for path in sorted((home / "calibrations").glob("*.json"))},
    }


def note_standing(database: Database, now: Standing, *, engine: str, clock: Clock = utc_now) -> None:
    """Record what changed since the home was last opened; engine: the one in use, which is new where it never was."""
    with database.reading() as connection:
        before = _kept(connection)
    if _with_engine(before, now, engine) == before:
        return
    with database.writing() as connection:
        # Again, since another process may have been quicker.
        before = _kept(connection)
        after = _with_engine(before, now, engine)
        if after != before:
            connection.execute(delete(tables.meta).where(tables.meta.c.name == _NAME))
            connection.execute(insert(tables.meta), {"name": _NAME, "value": canonical(after)})
            append(connection, *_changes(before, after), clock=clock)


def _with_engine(before: Standing, now: Standing, engine: str) -> Standing:
    known = before.get("models", {}).get("engines", [])
    return {**now, "models": {**now["models"], "engines": sorted({*known, engine})}}


def _changes(before: Standing, after: Standing) -> Iterator[Entry]:
    for group, action in _ACTIONS.items():
        old, new = before.get(group, {}), after[group]
        names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
        if names:
            details = {name: [old.get(name), new.get(name)] for name in names}
            yield Entry(action, (), {"changed": details, "first": not before})


def _kept(connection: Connection) -> Standing:
    found = connection.execute(select(tables.meta.c.value).where(tables.meta.c.name == _NAME)).scalar_one_or_none()
    kept: Standing = json.loads(found) if found else {}
    return kept


def _shown(name: str, value: Any) -> Any:
    if any(word in name for word in _MASKED) and value is not None:
        return "set"
    return value if isinstance(value, (bool, int, float, str, list, type(None))) else str(value)


def _file_digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as exc:
        # That it can't be read is told where it is needed; that it changed is told here.
        return f"unreadable: {exc.strerror}"


def _program() -> str:
    try:
        return version("identity-matcher")
    except PackageNotFoundError:
        return "not installed"
