"""The secret that rotates what an index on disk stores: whoever has the files without it can't compare them."""

import os
import secrets
from pathlib import Path
from typing import Protocol

from index.base import IndexDamaged, IndexUnwritable

NAME = "secret"
_BYTES = 32


class Guard(Protocol):
    """Seals the secret where the home has a key for it."""

    def seal(self, secret: bytes) -> bytes: ...

    def open(self, kept: bytes) -> bytes: ...


class Unguarded:
    """The secret lies in its file as it is."""

    def seal(self, secret: bytes) -> bytes:
        return secret

    def open(self, kept: bytes) -> bytes:
        return kept


UNGUARDED = Unguarded()


def index_secret(folder: Path, guard: Guard = UNGUARDED) -> bytes:
    """The secret in this folder, made where there is none; processes that come at once get the same.

    Raises what the guard raises, IndexDamaged where the file is not a secret, IndexUnwritable where it can't be read
    or made.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make(path, guard.seal(secrets.token_bytes(_BYTES)), replacing=False)
        secret = guard.open(path.read_bytes())
    except OSError as exc:
        raise IndexUnwritable(f"can't read or make {path}: {exc.strerror or exc}") from exc
    if len(secret) != _BYTES:
        raise IndexDamaged(
            f"{path} has {len(secret)} bytes instead of {_BYTES}: run matcher index renew, which makes a new one and "
            "rebuilds the index from the records"
        )
    return secret


def guard_index_secret(folder: Path, guard: Guard) -> None:
    """Seal the secret that is there with the guard's newest key; the indexes stay what they are."""
    path = folder / NAME
    if path.exists():
        secret = index_secret(folder, guard)
        try:
            _make(path, guard.seal(secret), replacing=True)
        except OSError as exc:
            raise IndexUnwritable(f"can't write {path}: {exc.strerror or exc}") from exc


def renew_index_secret(folder: Path, guard: Guard = UNGUARDED) -> None:
    """Put a new secret in the place of the old one: indexes made with that are refused from now on, and rebuilt."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(folder / NAME, guard.seal(secrets.token_bytes(_BYTES)), replacing=True)
    except OSError as exc:
        raise IndexUnwritable(f"can't write {folder / NAME}: {exc.strerror or exc}") from exc


def _make(path: Path, content: bytes, *, replacing: bool) -> None:
    """The whole file appears at once, under a name that nobody else writes before."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replacing:
            draft.replace(path)
        else:
            _first_wins(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _first_wins(draft: Path, path: Path) -> None:
    try:
        # Unlike a rename, a link never takes the place of a file that another process has just made.
        os.link(draft, path)
    except FileExistsError:
        return
