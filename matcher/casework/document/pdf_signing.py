"""A signature over every byte of a PDF, in a comment before its last lines, where readers skip it and PDF/A allows it.

::

    ...
    %identity-matcher-signature-1 <key, 64 hex digits> <signature, 128 hex digits>
    startxref
    64778
    %%EOF

Signed is everything but the signature's own digits: what follows it too, so that nothing can be appended.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from matcher.audit.signing import fingerprint
from matcher.casework.document.signing import NotGenuine

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_SIGNED = b"identity-matcher signed PDF 1\n"
_ENDING = re.compile(rb"startxref\n[0-9]+\n%%EOF\n?\Z")
_LINE = re.compile(rb"\n%identity-matcher-signature-1 ([0-9a-f]{64}) ([0-9a-f]{128})\nstartxref\n[0-9]+\n%%EOF\n?\Z")
_TAIL = 512


def signed_pdf(pdf: bytes, key: "Ed25519PrivateKey") -> bytes:
    """The PDF with its signature; raises ValueError for one that doesn't end as PDFs do."""
    ending = _ENDING.search(pdf, max(0, len(pdf) - _TAIL))
    if ending is None:
        raise ValueError("the PDF has no startxref at its end")
    before, after = pdf[: ending.start()], pdf[ending.start() :]
    gap = b"" if before.endswith(b"\n") else b"\n"
    head = before + gap + b"%identity-matcher-signature-1 " + fingerprint(key.public_key()).encode() + b" "
    tail = b"\n" + after
    return head + key.sign(_SIGNED + head + tail).hex().encode() + tail


def verify_pdf(pdf: bytes, keys: Mapping[str, "Ed25519PublicKey"]) -> str:
    """The fingerprint of the key that signed these bytes; raises NotGenuine. keys: by fingerprint."""
    from cryptography.exceptions import InvalidSignature

    line = _LINE.search(pdf, max(0, len(pdf) - _TAIL))
    if line is None:
        raise NotGenuine("the PDF carries no signature at its end: it was altered or cut off, or is no such document")
    name, signature = line.group(1).decode(), bytes.fromhex(line.group(2).decode())
    if name not in keys:
        raise NotGenuine(f"it was signed with a key that is not known here ({name[:16]}); ask for its public key")
    try:
        keys[name].verify(signature, _SIGNED + pdf[: line.start(2)] + pdf[line.end(2) :])
    except InvalidSignature:
        raise NotGenuine("the PDF's bytes are not those that were signed: it was altered") from None
    return name
