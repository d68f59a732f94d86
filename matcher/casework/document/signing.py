"""What is signed: the case's reference, the document's number and the SHA-256 of its canonical JSON, by one key.

The same signature stands in the JSON and in the QR code, so that the short form on paper is verified with the public
key alone, and the JSON held against it.

::

    IMD1.C-7K3M9-Q2XWD.D-0S5TB-41MZR.<SHA-256>.<key, 16 digits>.<signature>     SHA-256 and signature in base64url
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from matcher.audit.signing import fingerprint
from matcher.casework.document.canonical import canonical, read_canonical
from matcher.errors import BadManifest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = "identity-matcher verification request 1"
_SIGNED = b"identity-matcher verification request 1\n"
_SHORT = "IMD1"
_FIELDS = {"format", "request", "signature"}
_SIGNATURE_FIELDS = {"algorithm", "key", "sha256", "value"}
_HEX = re.compile(r"[0-9a-f]+")


class NotGenuine(BadManifest):
    """A document, or its short form, is not what a known key has signed."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and what it is of. sha256, key: 64 hex digits, of the canonical request and of the public key; a
    short form has the key's first 16 alone. value: 64 bytes."""

    case: str
    document: str
    sha256: str
    key: str
    value: bytes

    @classmethod
    def read_short(cls, text: str) -> Self:
        """From a QR code; raises NotGenuine for what is no short form."""
        parts = text.strip().split(".")
        try:
            mark, case, document, digest, key, value = parts
            found = cls(case, document, _debase(digest).hex(), key, _debase(value))
        except (ValueError, binascii.Error):
            mark, found = "", None
        if mark != _SHORT or found is None or found.short() != text.strip():
            raise NotGenuine("it is no short form of a document; read the QR code again, it begins with IMD1.")
        return found

    def short(self) -> str:
        """The text of the QR code."""
        digest, value = _base(bytes.fromhex(self.sha256)), _base(self.value)
        return ".".join((_SHORT, self.case, self.document, digest, self.key[:16], value))

    def verify(self, keys: Mapping[str, "Ed25519PublicKey"]) -> str:
        """The fingerprint of the key that signed this; raises NotGenuine. keys: by fingerprint."""
        from cryptography.exceptions import InvalidSignature

        full = next((name for name in keys if name.startswith(self.key) and len(self.key) >= 16), None)
        if full is None:
            raise NotGenuine(
                f"it was signed with a key that is not known here ({self.key[:16]}); ask for its public key"
            )
        try:
            keys[full].verify(self.value, _message(self.case, self.document, self.sha256, full))
        except InvalidSignature:
            raise NotGenuine("its signature is not of what it says: it was altered, or is not genuine") from None
        return full


def sign(request: Mapping[str, Any], key: "Ed25519PrivateKey") -> Signature:
    """The signature of a request, which names its document and case."""
    case, document = str(request["case"]["reference"]), str(request["document"])
    sha256, name = hashlib.sha256(canonical(request)).hexdigest(), fingerprint(key.public_key())
    return Signature(case, document, sha256, name, key.sign(_message(case, document, sha256, name)))


def signed_json(request: Mapping[str, Any], signature: Signature) -> bytes:
    """The document as JSON."""
    said = {"algorithm": "Ed25519", "key": signature.key, "sha256": signature.sha256, "value": signature.value.hex()}
    return canonical({"format": FORMAT, "request": request, "signature": said})


def read_signed(data: bytes) -> tuple[dict[str, Any], Signature]:
    """A document's request and signature, which is not verified yet; raises NotGenuine where the bytes are no such
    document, where one of them differs from how it was written, or where it does not have the SHA-256 it names."""
    try:
        found = read_canonical(data)
    except BadManifest as exc:
        raise NotGenuine(f"{exc}; it was altered, or is no document of this kind") from exc
    if not isinstance(found, dict) or set(found) != _FIELDS or found["format"] != FORMAT:
        raise NotGenuine("it is JSON, but no verification request")
    request, said = found["request"], found["signature"]
    if not isinstance(said, dict) or set(said) != _SIGNATURE_FIELDS or said["algorithm"] != "Ed25519":
        raise NotGenuine("its signature is of no kind that is known here")
    if not all(isinstance(text, str) and _HEX.fullmatch(text) for text in (said["key"], said["sha256"], said["value"])):
        raise NotGenuine("its signature can't be read")
    if hashlib.sha256(canonical(request)).hexdigest() != said["sha256"]:
        raise NotGenuine("what it states does not have the SHA-256 that was signed: it was altered")
    try:
        case, document = request["case"]["reference"], request["document"]
        signature = Signature(str(case), str(document), said["sha256"], said["key"], bytes.fromhex(said["value"]))
    except (KeyError, TypeError, ValueError) as exc:
        raise NotGenuine("it names no case or document") from exc
    return request, signature


def _message(case: str, document: str, sha256: str, key: str) -> bytes:
    return _SIGNED + canonical({"case": case, "document": document, "key": key, "sha256": sha256})


def _base(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _debase(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
