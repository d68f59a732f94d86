"""Checkpoints: where a chain stood at a time, signed with Ed25519: the public key alone is enough to verify one."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matcher.audit.entry import canonical
from matcher.errors import BadManifest, BadSetting

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_VARIABLE = "MATCHER_AUDIT_KEY"
KEY_NAME = "audit-key.pem"
_FORMAT = "identity-matcher audit checkpoint 1"
_MAKES = "matcher audit key"
_FIELDS = {"format", "chain", "sequence", "hash", "at", "key", "signature"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A chain's end at a time. at: as entries write it. key: fingerprint of the public key that it was signed for."""

    chain: bytes
    sequence: int
    hash: bytes
    at: str
    key: str


def make_key(path: Path) -> Path:
    """Write a new private key, readable by its owner alone, and the public one beside it, whose path is returned.

    Raises BadSetting where a key is there already, OSError where it can't be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = public_path(path)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as exc:
        raise BadSetting(f"{path} is there already; name another file with --out") from exc
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    public.write_bytes(public_pem(key.public_key()))
    return public


def key_place(home: Path) -> Path:
    """Where the private key is: as the environment says, else in the home."""
    named = os.environ.get(KEY_VARIABLE)
    return Path(named) if named else home / KEY_NAME


def public_path(path: Path) -> Path:
    """Where the public key of a private one is."""
    return path.with_name(path.name + ".pub")


def private_key(path: Path, *, command: str = _MAKES) -> "Ed25519PrivateKey":
    """The private key in a file; raises BadSetting, also where others than its owner may read it.

    command: what makes such keys, for the remedy.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read(path, f"make one with {command}")
    if path.stat().st_mode & 0o077:
        raise BadSetting(f"{path} can be read by others than its owner; chmod 600 it, or make a new key")
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as exc:
        raise BadSetting(f"{path} is not a private key; make one with {command}") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise BadSetting(f"{path} is not an Ed25519 key; make one with {command}")
    return key


def public_key(path: Path, *, command: str = _MAKES) -> "Ed25519PublicKey":
    """The public key in a file; raises BadSetting. command: what makes such keys, for the remedy."""
    return parsed_key(_read(path, "name the file of a public key"), name=str(path), command=command)


def parsed_key(data: bytes, *, name: str, command: str = _MAKES) -> "Ed25519PublicKey":
    """The public key of a file's bytes; raises BadSetting. name: what it is called in the message."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise BadSetting(f"{name} is not a public key; name the .pub file that {command} wrote") from exc
    if not isinstance(key, Ed25519PublicKey):
        raise BadSetting(f"{name} is not an Ed25519 key; name the .pub file that {command} wrote")
    return key


def public_text(key: "Ed25519PublicKey") -> str:
    """A public key in PEM, as its file has it."""
    return public_pem(key).decode("ascii")


def fingerprint(key: "Ed25519PublicKey") -> str:
    """SHA-256, in hex, of a public key's 32 bytes."""
    return hashlib.sha256(raw_public(key)).hexdigest()


def raw_public(key: "Ed25519PublicKey") -> bytes:
    """A public key's 32 bytes."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_from_bytes(raw: bytes) -> "Ed25519PublicKey":
    """The key of these 32 bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(raw)


def public_pem(key: "Ed25519PublicKey") -> bytes:
    """A public key as a file's bytes."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed(checkpoint: Checkpoint, key: "Ed25519PrivateKey") -> str:
    """The checkpoint as a file's text."""
    fields = _fields(checkpoint)
    signature = key.sign(canonical(fields).encode("ascii"))
    return json.dumps({**fields, "signature": signature.hex()}, indent=1, sort_keys=True) + "\n"


def read_checkpoint(path: Path, key: "Ed25519PublicKey") -> Checkpoint:
    """The checkpoint in a file; raises BadManifest where it is none, or where this key did not sign it as it stands."""
    return parsed_checkpoint(_read(path, "name a file that matcher audit checkpoint wrote"), key, name=str(path))


def parsed_checkpoint(data: bytes, key: "Ed25519PublicKey", *, name: str) -> Checkpoint:
    """The checkpoint of a file's bytes; raises BadManifest. name: what it is called in the message."""
    from cryptography.exceptions import InvalidSignature

    try:
        found = json.loads(data)
        if not isinstance(found, dict) or set(found) != _FIELDS or found["format"] != _FORMAT:
            raise BadManifest(f"{name} is not a checkpoint; name a file that matcher audit checkpoint wrote")
        signature = bytes.fromhex(found.pop("signature"))
        checkpoint = _checkpoint(found)
        key.verify(signature, canonical(_fields(checkpoint)).encode("ascii"))
    except InvalidSignature as exc:
        raise BadManifest(
            f"{name} was altered, or signed with another key than this one ({fingerprint(key)[:16]}...)"
        ) from exc
    except (ValueError, TypeError, RecursionError) as exc:
        raise BadManifest(f"{name} is not a checkpoint or was altered: {exc}") from exc
    return checkpoint


def _fields(checkpoint: Checkpoint) -> dict[str, Any]:
    fields = asdict(checkpoint)
    return {**fields, "chain": checkpoint.chain.hex(), "hash": checkpoint.hash.hex(), "format": _FORMAT}


def _checkpoint(found: Mapping[str, Any]) -> Checkpoint:
    if not isinstance(found["sequence"], int):
        raise TypeError("its sequence is no number")
    chain, hash_ = bytes.fromhex(found["chain"]), bytes.fromhex(found["hash"])
    return Checkpoint(chain, found["sequence"], hash_, str(found["at"]), str(found["key"]))


def _read(path: Path, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise BadSetting(f"{path} can't be read ({exc.strerror}); {remedy}") from exc
