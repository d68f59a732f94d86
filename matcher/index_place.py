"""Where the index of some records is, in the home or on a server, and what belongs to an index on a server."""

import hashlib
import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from index.base import WrongRequest
from index.milvus.address import MilvusAddress, milvus_address
from index.milvus.client import Server
from index.milvus.naming import drop_index
from matcher.errors import BadSetting
from matcher.faces import EngineKey
from matcher.index_cluster import OnServer
from matcher.index_folder import IndexFolder
from matcher.protection.guard import INDEX_CLUSTER, RecordsGuard
from matcher.records import placing
from matcher.records.database import Database
from matcher.records.identity import records_id
from matcher.records.placing import LOCAL, Placement
from matcher.records.turns import turn
from matcher.settings import Settings

_KEY_BYTES = 32


def index_root(home: Path) -> Path:
    """Where a home keeps its indexes and their secret."""
    return home / "index"


def index_folder(settings: Settings, database: Database, engine: EngineKey) -> IndexFolder:
    """The folder of an engine's index; one for each database on a server, so that a home never confuses two."""
    root = index_root(settings.home)
    if settings.database_url is None:
        return IndexFolder(root, engine)
    with database.reading() as connection:
        return IndexFolder(root, EngineKey(f"{engine} of {records_id(connection)}"))


def address_of(settings: Settings, url: str) -> MilvusAddress:
    """The address with the token of the settings; raises BadSetting."""
    token = settings.index_token.get_secret_value() if settings.index_token is not None else ""
    try:
        return milvus_address(url, token=token)
    except WrongRequest as exc:
        raise BadSetting(str(exc)) from exc


def placement_of(database: Database) -> Placement:
    """Where the index of these records is."""
    with database.reading() as connection:
        return placing.placement(connection)


def with_key(database: Database) -> Placement:
    """The recorded placement, with a name and a key for servers, which are made where there are none yet."""
    found = placement_of(database)
    if found.key:
        return found
    fresh = RecordsGuard(database, INDEX_CLUSTER).seal(secrets.token_bytes(_KEY_BYTES))
    with database.writing() as connection:
        found = placing.placement(connection)
        # Another process may have been quicker.
        if not found.key:
            found = replace(found, name=secrets.token_hex(8), key=fresh)
            placing.set_placement(connection, found)
    return found


def on_server(
    settings: Settings,
    database: Database,
    engine: EngineKey,
    dimension: int,
    url: str,
    *,
    told: Callable[[int], None] = lambda _added: None,
) -> OnServer:
    """The source of an engine's index at this URL; connects at its first use. Raises BadSetting or RecordsError."""
    address, placed = address_of(settings, url), with_key(database)
    name = _name(placed, engine, address)

    return OnServer(
        address,
        name,
        dimension,
        # The records hold templates as the engine made them, the index their directions.
        tag=f"{engine} unit",
        key=lambda: RecordsGuard(database, INDEX_CLUSTER).open(placement_of(database).key),
        turn=partial(turn, database, f"index {name}"),
        recall=placed.recall,
        told=told,
    )


def remove_from(settings: Settings, database: Database, place: str, engine: EngineKey | None = None) -> None:
    """Remove what a place holds of these records, of one engine or of all; raises IndexFault or BadSetting."""
    if place == LOCAL:
        root = index_root(settings.home)
        if engine is None:
            for path in root.glob("*"):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
        elif (folder := index_folder(settings, database, engine)).path.exists():
            with folder.lock():
                shutil.rmtree(folder.path, ignore_errors=True)
        return
    address, placed = address_of(settings, place), placement_of(database)
    if placed.name:
        drop_index(address, _prefix(placed, address) if engine is None else _name(placed, engine, address))


def forget_before(settings: Settings, database: Database) -> str | None:
    """Remove what lies in the place that the index was moved away from; which it was. Raises as `remove_from`."""
    found = placement_of(database)
    before = found.before
    if before is not None:
        if not _shares(settings, found):
            remove_from(settings, database, before)
        with database.writing() as connection:
            now = placing.placement(connection)
            placing.set_placement(connection, replace(now, before=None if now.before == before else now.before))
    return before


def must_reach(settings: Settings, database: Database) -> None:
    """Raises IndexUnavailable where a server that holds vectors of these records does not answer."""
    found = placement_of(database)
    for place in {found.place, found.before or LOCAL} - {LOCAL}:
        Server(address_of(settings, place)).close()


def renew_key(database: Database) -> bool:
    """A new key for the index on a server, which is refused and so rebuilt at its next use; False where it is local."""
    if placement_of(database).place == LOCAL:
        return False
    fresh = RecordsGuard(database, INDEX_CLUSTER).seal(secrets.token_bytes(_KEY_BYTES))
    with database.writing() as connection:
        placing.set_placement(connection, replace(placing.placement(connection), key=fresh))
    return True


def guard_key(database: Database) -> None:
    """Seal the key of indexes on servers with the records' newest key; the indexes stay what they are."""
    if not placement_of(database).key:
        return
    guard = RecordsGuard(database, INDEX_CLUSTER)
    sealed = guard.seal(guard.open(placement_of(database).key))
    with database.writing() as connection:
        placing.set_placement(connection, replace(placing.placement(connection), key=sealed))


def _prefix(placed: Placement, address: MilvusAddress) -> str:
    """What all engines' indexes in one place are called: another name for each way of building them."""
    made = hashlib.sha256(f"{address.index_type} {sorted(address.build.items())}".encode()).hexdigest()
    return f"matcher_{placed.name}_{made[:8]}"


def _name(placed: Placement, engine: EngineKey, address: MilvusAddress) -> str:
    return f"{_prefix(placed, address)}_{hashlib.sha256(engine.encode()).hexdigest()[:12]}"


def _shares(settings: Settings, placed: Placement) -> bool:
    """Whether what was left behind is the very index that is searched, by another address."""
    if LOCAL in (placed.place, placed.before) or placed.before is None:
        return placed.place == placed.before
    now, before = address_of(settings, placed.place), address_of(settings, placed.before)
    same_server = (now.uri, now.database) == (before.uri, before.database)
    return same_server and _prefix(placed, now) == _prefix(placed, before)
