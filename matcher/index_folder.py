"""The folder that holds one engine's index on disk: which of its indexes is current, and who may change it.

::

    <home>/index/<engine>/lock       held by the process that changes entries or builds a new index
    <home>/index/<engine>/current    the name of the index that all processes search; replaced as a whole
    <home>/index/<engine>/<name>/    the files of one index; one that is being built has a name that nobody knows
"""

import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote

from index.base import IndexDamaged
from index.compressed.files import locked, refusals, replace
from matcher.faces import EngineKey

CURRENT = "current"
LOCK = "lock"

Mark = tuple[int, int, int]
"""What tells one `current` file from the next without reading it."""


class IndexFolder:
    """Names and locks; opens no index."""

    def __init__(self, root: Path, engine: EngineKey) -> None:
        """root: the home's index folder; engines share nothing in it but the secret."""
        self.root = root
        # Every byte that might mean something to a file system is written by its number; keys stay apart.
        self.path = root / quote(engine, safe="@").replace(".", "%2E")

    def exists(self) -> bool:
        return (self.path / CURRENT).exists()

    def lock(self) -> AbstractContextManager[None]:
        """The right to change the index, among all processes and threads; not to be taken twice by one thread."""
        with refusals(self.path):
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return locked(self.path / LOCK)

    def mark(self) -> Mark | None:
        """Differs whenever another index became the current one; None where there is none."""
        try:
            status = (self.path / CURRENT).stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def current(self) -> str:
        """The name of the current index, empty where there is none yet; raises IndexDamaged."""
        try:
            name = (self.path / CURRENT).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            name = ""
        if not (name and name.isalnum()):
            raise IndexDamaged(f"{self.path / CURRENT} was altered: rebuild the index from the records")
        return name

    def new_name(self) -> str:
        return token_hex(8)

    def publish(self, name: str) -> None:
        """Make this index the current one, durably, and remove every other; needs the lock."""
        replace(self.path / CURRENT, f"{name}\n".encode("ascii"))
        self.sweep(name)

    def sweep(self, kept: str) -> None:
        """Remove every index but this one: replaced, damaged, or left half built; needs the lock."""
        for path in self.path.iterdir():
            if path.is_dir() and path.name != kept:
                shutil.rmtree(path, ignore_errors=True)
