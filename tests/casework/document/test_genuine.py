"""A recipient with the public key alone: what was issued is genuine, and whatever was changed is not."""

import json
import re
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from matcher.audit.signing import fingerprint
from matcher.casework.document.canonical import canonical
from matcher.casework.document.pdf_signing import signed_pdf
from matcher.casework.document.request import document_id
from matcher.casework.document.signing import NotGenuine, Signature, read_signed, sign, signed_json
from matcher.casework.document.stationery import Stationery
from matcher.casework.document.typesetting import pages
from matcher.casework.document.verifying import verify, verify_short
from tests.casework.document.conftest import Issued

CHANGES = 300


def test_both_files_and_the_qr_code_are_genuine(issued: Issued) -> None:
    for kind, data in (("pdf", issued.pdf), ("json", issued.json)):
        found = verify(data, issued.keys)
        assert (found.kind, found.document, found.sha256) == (kind, document_id(issued.kept.number), issued.kept.sha256)
        assert found.request["comparison"]["examined"]["name"] == "anna"
    short = verify_short(found.signature.short(), issued.keys)
    assert (short.document, short.case, short.sha256, short.key) == (
        found.document,
        found.case,
        found.sha256,
        found.key,
    )


@pytest.mark.parametrize("kind", ["pdf", "json"])
def test_a_changed_byte_anywhere_is_found(issued: Issued, kind: str) -> None:
    data, random = bytearray(getattr(issued, kind)), Random(5)
    # Random places, and every byte of the last lines, where the PDF's signature stands.
    places = [random.randrange(len(data)) for _ in range(CHANGES)] + list(range(len(data) - 320, len(data)))
    for place in places:
        before = data[place]
        data[place] = (before + random.randrange(1, 256)) % 256
        with pytest.raises(NotGenuine):
            verify(bytes(data), issued.keys)
        data[place] = before
    assert verify(bytes(data), issued.keys).kind == kind


@pytest.mark.parametrize("kind", ["pdf", "json"])
def test_a_byte_more_or_less_is_found(issued: Issued, kind: str) -> None:
    data: bytes = getattr(issued, kind)
    for place in (0, 1, len(data) // 2, len(data) - 1):
        for other in (data[:place] + data[place + 1 :], data[:place] + b"\n" + data[place:], data[:place]):
            with pytest.raises(NotGenuine):
                verify(other, issued.keys)
    for ending in (b"\n", b" ", b"%", b"\nstartxref\n1\n%%EOF\n", data):
        with pytest.raises(NotGenuine):
            verify(data + ending, issued.keys)


def test_upper_case_digits_of_a_signature_are_another_file(issued: Issued) -> None:
    line = re.search(rb"%identity-matcher-signature-1 [0-9a-f]{64} ([0-9a-f]{128})", issued.pdf)
    assert line is not None
    with pytest.raises(NotGenuine):
        verify(issued.pdf[: line.start(1)] + line.group(1).upper() + issued.pdf[line.end(1) :], issued.keys)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("strength", "log10_likelihood_ratio"), 9.9),
        (("strength", "false_alarm_probability"), 1e-9),
        (("strength", "rank"), 2),
        (("proposed", "national_id"), "110101198005170026"),
        (("proposed", "register_number"), "p2"),
        (("claimed", "native_name"), "岚若日月"),
        (("comparison", "confirmed", "name"), "zoe"),
        (("case", "reference"), "C-00000-00001"),
        (("document",), "D-00000-00001"),
        (("statement", "en"), "This is a decision."),
        (("photos", 0, "taken_on"), "2026-02-03"),
        (("photos", 1, "jpeg"), ""),
    ],
)
def test_a_changed_figure_is_found(issued: Issued, path: tuple[Any, ...], value: object) -> None:
    """Also where whoever changed it writes the file anew, with the SHA-256 that fits."""
    request, signature = read_signed(issued.json)
    part: Any = request
    for name in path[:-1]:
        part = part[name]
    assert part[path[-1]] != value
    part[path[-1]] = value
    whole = json.loads(issued.json)
    with pytest.raises(NotGenuine, match="SHA-256"):
        verify(canonical({**whole, "request": request}), issued.keys)
    forged = sign(request, Ed25519PrivateKey.generate())
    with pytest.raises(NotGenuine, match="was altered"):
        verify(signed_json(request, Signature(forged.case, forged.document, forged.sha256, signature.key,
                                              signature.value)), issued.keys)  # fmt: skip


def test_another_key_is_another_office(issued: Issued) -> None:
    stranger = Ed25519PrivateKey.generate()
    public = {fingerprint(stranger.public_key()): stranger.public_key()}
    short = read_signed(issued.json)[1].short()
    for verifying in (lambda: verify(issued.pdf, public), lambda: verify(issued.json, public),
                      lambda: verify_short(short, public)):  # fmt: skip
        with pytest.raises(NotGenuine, match="not known here"):
            verifying()
    request, _ = read_signed(issued.json)
    forged = sign(request, stranger)
    data = signed_json(request, forged)
    with pytest.raises(NotGenuine, match="not known here"):
        verify(data, issued.keys)
    # Pages around somebody else's JSON, signed once more.
    pdf = signed_pdf(pages(request, Stationery(), signature=forged, attached=data), stranger)
    assert verify(pdf, public).kind == "pdf"
    mixed = signed_pdf(pages(request, Stationery(), signature=forged, attached=issued.json), stranger)
    with pytest.raises(NotGenuine, match="different keys"):
        verify(mixed, {**public, **issued.keys})


def test_every_sign_of_a_qr_code_counts(issued: Issued) -> None:
    text = read_signed(issued.json)[1].short()
    assert len(text) < 200
    for place, sign_ in enumerate(text):
        other = "A" if sign_ != "A" else "B"
        with pytest.raises(NotGenuine):
            verify_short(text[:place] + other + text[place + 1 :], issued.keys)
    for other in ("", "IMD1", text[:-1], text + "A", text.lower(), "https://example.org/"):
        with pytest.raises(NotGenuine):
            verify_short(other, issued.keys)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"%PDF-", b"%PDF-1.7\nstartxref\n1\n%%EOF", b"\x00" * 99])
def test_what_is_no_document_is_told(issued: Issued, data: bytes) -> None:
    with pytest.raises(NotGenuine):
        verify(data, issued.keys)
