"""One entry after the other: does each follow from the one before, and does the chain pass through its checkpoints?"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from matcher.audit.chain import Head, genesis
from matcher.audit.entry import hash_of, microseconds
from matcher.audit.signing import Checkpoint


class Fault(StrEnum):
    """What is wrong with a chain."""

    ALTERED = "altered"
    REMOVED = "removed"
    OUT_OF_PLACE = "out_of_place"
    """Inserted, moved, or left after one that was rewritten."""
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    """Sound in itself, but not what a checkpoint saw."""
    OTHER_CHAIN = "other_chain"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong. sequence: the entry it was found at."""

    sequence: int
    fault: Fault
    message: str


class Broken(Exception):
    """Ends a verification at its first finding."""

    def __init__(self, sequence: int, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.finding = Finding(sequence, fault, message)


@dataclass(frozen=True, slots=True, repr=False)
class Stored:
    """An entry as it is kept, with the columns beside its body that questions are asked of."""

    sequence: int
    at: int
    actor: str
    action: str
    body: str
    hash: bytes
    subjects: tuple[str, ...]


class Links:
    """What was verified so far: `sequence` entries, the last of them with the hash `last`."""

    def __init__(self, chain: bytes | None, checkpoints: Sequence[Checkpoint]) -> None:
        """chain: None where it is not known; then the first entry is believed. Raises Broken."""
        self.sequence = 0
        self.last = b"" if chain is None else genesis(chain)
        self._awaited = sorted(checkpoints, key=lambda checkpoint: -checkpoint.sequence)
        for checkpoint in checkpoints:
            if chain is not None and checkpoint.chain != chain:
                raise Broken(0, Fault.OTHER_CHAIN, f"the checkpoint of {checkpoint.at} is of another chain")
        self._pass_checkpoints()

    def follow(self, stored: Stored) -> None:
        """Verify the next entry of the records; raises Broken."""
        number = self.sequence + 1
        if stored.sequence > number:
            until = f" to {stored.sequence - 1}" if stored.sequence > number + 1 else ""
            raise Broken(number, Fault.REMOVED, f"entry {number}{until} was removed")
        if stored.sequence < number:
            raise Broken(stored.sequence, Fault.OUT_OF_PLACE, f"entry {stored.sequence} was inserted before the first")
        if not isinstance(stored.body, str) or hash_of(stored.body) != stored.hash:
            raise Broken(number, Fault.ALTERED, f"entry {number} was altered: it does not have its hash")
        said = self._fields(stored.body, number)
        for name in ("actor", "action"):
            if said[name] != getattr(stored, name):
                raise Broken(number, Fault.ALTERED, f"entry {number} was altered: its {name} is not what was recorded")
        if microseconds(said["at"]) != stored.at:
            raise Broken(number, Fault.ALTERED, f"entry {number} was altered: its time is not what was recorded")
        if sorted(said["subjects"]) != sorted(stored.subjects):
            raise Broken(number, Fault.ALTERED, f"entry {number} was altered: its subjects are not what was recorded")
        self._advance(stored.hash)

    def follow_body(self, body: str) -> None:
        """Verify the next entry of an export; raises Broken."""
        number = self.sequence + 1
        said = self._fields(body, number)
        if not self.last:
            self.last = bytes.fromhex(said["previous"])
        self._advance(hash_of(body))

    def end(self, claimed: Head | None) -> None:
        """The entries are over: the head and the checkpoints must agree; raises Broken."""
        after = self.sequence + 1
        if self._awaited:
            known = self._awaited[0]
            raise Broken(
                after,
                Fault.TRUNCATED,
                f"the chain was cut: the checkpoint of {known.at} knows of entry {known.sequence}, "
                f"the last one here is {self.sequence}",
            )
        if claimed is None:
            return
        if claimed.sequence > self.sequence:
            raise Broken(
                after,
                Fault.TRUNCATED,
                f"the chain was cut: its head names entry {claimed.sequence}, the last one here is {self.sequence}",
            )
        if claimed.sequence < self.sequence:
            number = max(claimed.sequence + 1, 0)
            raise Broken(number, Fault.OUT_OF_PLACE, f"entry {number} was inserted after the head of the chain")
        if claimed.hash != self.last:
            raise Broken(self.sequence, Fault.ALTERED, f"the head was altered: it is not the hash of {self.sequence}")

    def _fields(self, body: str, number: int) -> dict[str, Any]:
        """The entry's fields, in place: it states its number and names the one before. Raises Broken."""
        try:
            said = json.loads(body)
            previous, sequence = bytes.fromhex(said["previous"]), said["sequence"]
        except (ValueError, TypeError, KeyError) as exc:
            raise Broken(number, Fault.ALTERED, f"entry {number} was altered: it is not an entry any more") from exc
        if sequence != number or (self.last and previous != self.last):
            raise Broken(
                number, Fault.OUT_OF_PLACE, f"entry {number} is out of place: it does not follow from the last"
            )
        return dict(said)

    def _advance(self, hash_: bytes) -> None:
        self.sequence += 1
        self.last = hash_
        self._pass_checkpoints()

    def _pass_checkpoints(self) -> None:
        while self._awaited and self._awaited[-1].sequence == self.sequence:
            checkpoint = self._awaited.pop()
            if self.last and checkpoint.hash != self.last:
                raise Broken(
                    self.sequence,
                    Fault.REWRITTEN,
                    f"entry {self.sequence} or one before it was rewritten: another was there at {checkpoint.at}",
                )
