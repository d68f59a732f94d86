"""Casework with a document key, on both databases, and one document for the tests that only read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matcher.casework.document.stationery import KEY_NAME, Stationery
from matcher.records.case_documents import KeptDocument
from matcher.records.sqlite import url_in
from tests.casework.document.parts import ROOT, both_files, identified, keys_of, made
from tests.casework.parts import Bureau, bureau

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def _stationery(folder: Path) -> Stationery:
    return Stationery(folder / KEY_NAME, "Office of Documents, Section 4", "documents@office.example")


@pytest.fixture
def both(url: str, tmp_path: Path) -> Iterator[Bureau]:
    """On both databases."""
    with bureau(url, _stationery(tmp_path)) as opened:
        keys_of(opened).make(ROOT)
        yield opened


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bureau]:
    """On SQLite."""
    with bureau(url_in(tmp_path), _stationery(tmp_path)) as opened:
        keys_of(opened).make(ROOT)
        yield opened


@dataclass(frozen=True, slots=True)
class Issued:
    """A document as a recipient has it, and the public keys of whoever issued it."""

    kept: KeptDocument
    pdf: bytes
    json: bytes
    keys: "dict[str, Ed25519PublicKey]"


@pytest.fixture(scope="package")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    folder = tmp_path_factory.mktemp("issued")
    with bureau(url_in(folder), _stationery(folder)) as opened:
        keys_of(opened).make(ROOT)
        kept = made(opened, identified(opened, photos=3))
        pdf, data = both_files(opened, kept)
        return Issued(kept, pdf, data, keys_of(opened).public())
