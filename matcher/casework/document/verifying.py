"""What a recipient does: a PDF, a JSON or a QR code's text is held against public keys; nothing else is needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matcher.casework.document.pdf_signing import verify_pdf
from matcher.casework.document.signing import NotGenuine, Signature, read_signed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MOST_BYTES = 16 * 2**20
JSON_NAME = "verification-request.json"
PublicKeys = Mapping[str, "Ed25519PublicKey"]


@dataclass(frozen=True, slots=True)
class Genuine:
    """What a known key has signed. kind: pdf, json or short. key: the fingerprint. request: empty for a short form."""

    kind: str
    document: str
    case: str
    sha256: str
    key: str
    request: Mapping[str, Any]
    signature: Signature


def verify(data: bytes, keys: PublicKeys) -> Genuine:
    """What a file says, once it is shown that every byte is as it was signed. keys: by fingerprint.

    Raises NotGenuine. Nothing of a PDF is read before its signature holds.
    """
    if len(data) > MOST_BYTES:
        raise NotGenuine(f"it has {len(data):,} bytes; no document is larger than {MOST_BYTES:,}")
    if data.startswith(b"%PDF-"):
        signer = verify_pdf(data, keys)
        found = _verify_json("pdf", _attached(data), keys)
        if found.key != signer:
            raise NotGenuine("the PDF and the JSON in it were signed with different keys")
        return found
    return _verify_json("json", data, keys)


def verify_short(text: str, keys: PublicKeys) -> Genuine:
    """What a QR code says: that a document of this number, case and SHA-256 was issued. Raises NotGenuine."""
    found = Signature.read_short(text)
    return Genuine("short", found.document, found.case, found.sha256, found.verify(keys), {}, found)


def _verify_json(kind: str, data: bytes, keys: PublicKeys) -> Genuine:
    request, found = read_signed(data)
    if len(found.key) != 64:
        raise NotGenuine("its signature names no key")
    return Genuine(kind, found.document, found.case, found.sha256, found.verify(keys), request, found)


def _attached(pdf: bytes) -> bytes:
    """The JSON in a PDF; raises NotGenuine where there is none, or more than one."""
    import io

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        kept = PdfReader(io.BytesIO(pdf), strict=True).attachments.get(JSON_NAME, [])
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError) as exc:
        raise NotGenuine("the PDF is signed, but what is attached to it can't be read") from exc
    if len(kept) != 1:
        raise NotGenuine(f"the PDF is signed, but {JSON_NAME} is not in it once")
    return bytes(kept[0])
