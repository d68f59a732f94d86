"""The key that documents are signed with: the private half a file of this machine, every public half in the records.

Keys are replaced, never removed: what an older key has signed stays verifiable. The private half of a key that was
replaced is gone.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.audit.signing import fingerprint, make_key, private_key, public_from_bytes, public_path, raw_public
from matcher.casework.files import Files
from matcher.errors import AlreadyThere, BadSetting, NotFound
from matcher.records import case_documents
from matcher.records.case_documents import KeptKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

COMMAND = "matcher document key new"


@dataclass(frozen=True, slots=True)
class NewKey:
    """fingerprint: of the public key, which lies in the file `public` and in the records. replaced: the one before."""

    fingerprint: str
    public: Path
    replaced: str


class DocumentKeys:
    """Keys of one home's documents. path: the private key's file; None where there can be none."""

    def __init__(self, files: Files, path: Path | None) -> None:
        self._files = files
        self._path = path

    def make(self, actor: str, *, replace: bool = False) -> NewKey:
        """A new key, readable by its owner alone. Raises AlreadyThere where there is one and it is not to be replaced,
        BadSetting, or OSError; killed in the middle, it is made by the same command again."""
        place = self._place()
        if not replace and (place.exists() or self._current() is not None):
            raise AlreadyThere(f"there is a document key already; {COMMAND} --replace makes a new one in its place")
        draft = place.with_name(f".{place.name}.{os.getpid()}.new")
        for left in (draft, public_path(draft)):
            left.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made_public = make_key(draft)
        public = private_key(draft, command=COMMAND).public_key()
        name = fingerprint(public)
        with self._files.database.writing() as connection:
            before = case_documents.current_key(connection)
            if before is not None and not replace:
                raise AlreadyThere(f"somebody else has just made a document key; {COMMAND} --replace makes another one")
            if before is not None:
                case_documents.retire(connection, before.fingerprint, now=self._files.now)
            kept = KeptKey(name, raw_public(public), actor, self._files.now, None)
            case_documents.add_key(connection, kept)
            replaced = "" if before is None else before.fingerprint
            # Before it is written down: a key in the file that the records don't know signs nothing, and is replaced.
            made_public.replace(public_path(place))
            draft.replace(place)
            _to_disk(place.parent)
            details = {"what": "document", "fingerprint": name, "before": replaced}
            append(connection, Entry(Action.KEY_CHANGED, (), details, actor=actor), clock=self._files.clock)
        return NewKey(name, public_path(place), replaced)

    def private(self) -> "Ed25519PrivateKey":
        """The key in use; raises BadSetting where there is none, or where the file holds another one."""
        place = self._place()
        current = self._current()
        if current is None or not place.exists():
            raise BadSetting(f"there is no document key at {place}; {COMMAND} makes one")
        key = private_key(place, command=COMMAND)
        if fingerprint(key.public_key()) != current.fingerprint:
            raise BadSetting(
                f"the key in {place} is not the one in use ({current.fingerprint[:16]}); copy that one here, or make a "
                f"new one with {COMMAND} --replace"
            )
        return key

    def public(self) -> "dict[str, Ed25519PublicKey]":
        """Every public key that documents were ever signed with, by fingerprint."""
        return {kept.fingerprint: public_from_bytes(kept.public) for kept in self.known()}

    def known(self) -> tuple[KeptKey, ...]:
        """The same with when they were made and retired, the newest first."""
        with self._files.database.reading() as connection:
            return case_documents.keys(connection)

    def one(self, fingerprint: str) -> KeptKey:
        """The key whose fingerprint begins so; the one in use if empty. Raises NotFound."""
        wanted = fingerprint.strip().lower()
        found = [kept for kept in self.known() if kept.fingerprint.startswith(wanted)]
        if not wanted:
            found = [kept for kept in found if kept.retired_at is None]
        if len(found) != 1:
            raise NotFound(
                f"{len(found)} document keys have the fingerprint {wanted or 'in use'!r}; {COMMAND} makes one"
            )
        return found[0]

    def _current(self) -> KeptKey | None:
        with self._files.database.reading() as connection:
            return case_documents.current_key(connection)

    def _place(self) -> Path:
        if self._path is None:
            raise BadSetting("no place for a document key is known; set document_key")
        return self._path


def _to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
