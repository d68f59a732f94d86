"""The master key: it comes from a file or the environment, never from the home, and wraps the keys that seal data."""

import base64
import binascii
import os
import secrets
from pathlib import Path

from matcher.errors import BadSetting, RecordsUnavailable
from matcher.protection.sealing import KEY_BYTES, Key, NotOpened

FILE_VARIABLE = "MATCHER_KEY_FILE"
VARIABLE = "MATCHER_KEY"
_NUMBER = 0


class KeyRefused(RecordsUnavailable):
    """The records are encrypted, and the key that they need was not given."""


def master_key() -> Key | None:
    """The key that the environment names; None where it names none. Raises BadSetting for what is no key."""
    if text := os.environ.get(VARIABLE):
        return _key(text, VARIABLE)
    if name := os.environ.get(FILE_VARIABLE):
        return key_in(Path(name))
    return None


def key_in(path: Path) -> Key:
    """The key in a file; raises BadSetting, also where everybody may read it."""
    try:
        text = path.read_text(encoding="ascii")
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as exc:
        raise BadSetting(f"the key file {path} can't be read ({exc}); name it with {FILE_VARIABLE}") from exc
    if mode & 0o007:
        raise BadSetting(f"the key file {path} can be read by everybody; chmod 600 it")
    return _key(text, str(path))


def make_key_file(path: Path) -> Key:
    """Write a new key, readable by its owner alone; raises BadSetting where something is there, or OSError."""
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as exc:
        raise BadSetting(f"{path} is there already; name another file") from exc
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return _key(text, str(path))


def wrap(master: Key, number: int, secret: bytes) -> bytes:
    """A data key's secret, sealed by the master key for its number."""
    return master.seal([secret], [_place(number)])[0]


def unwrap(master: Key | None, number: int, wrapped: bytes, *, needed: str) -> Key:
    """The data key again. needed: the fingerprint of the master key that wrapped it. Raises KeyRefused."""
    if master is None:
        raise KeyRefused(f"the records are encrypted: name the file of key {needed} with {FILE_VARIABLE}")
    if master.fingerprint != needed:
        raise KeyRefused(
            f"the records are encrypted with key {needed}, the one given is {master.fingerprint}; name the right file "
            f"with {FILE_VARIABLE}"
        )
    try:
        return Key(number, master.open(wrapped, _place(number)))
    except (NotOpened, ValueError) as exc:
        raise RecordsUnavailable(f"data key {number} in the records was altered; restore them from a backup") from exc


def _place(number: int) -> bytes:
    return b"data key\0" + number.to_bytes(8, "little")


def _key(text: str, origin: str) -> Key:
    """A key from 64 hexadecimal digits or base64; the text itself is in no message."""
    text = text.strip()
    try:
        secret = bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else base64.b64decode(text, validate=True)
        return Key(_NUMBER, secret)
    except (ValueError, binascii.Error) as exc:
        raise BadSetting(
            f"{origin} is not a key: {KEY_BYTES} bytes in base64 or hexadecimal are needed; matcher keys init makes one"
        ) from exc
