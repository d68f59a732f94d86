"""The one place that turns a setting into a backend."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from index.base import VectorIndex, WrongRequest
from index.compressed.index import CompressedIndex
from index.compressed.manifest import Precision
from index.exact import ExactIndex
from index.milvus.address import MilvusAddress
from index.milvus.index import MilvusIndex


class Backend(StrEnum):
    """The backends that there are."""

    EXACT = "exact"
    COMPRESSED = "compressed"
    MILVUS = "milvus"


def open_index(
    backend: Backend,
    dimension: int,
    attribute_names: Sequence[str] = (),
    *,
    tag: str,
    folder: Path | None = None,
    key: bytes = b"",
    recall_target: float | None = None,
    precision: Precision = Precision.AUTO,
    address: MilvusAddress | None = None,
    name: str = "",
) -> VectorIndex:
    """An index of this backend: made where there is none yet, opened where there is.

    EXACT lives in memory and needs nothing more. COMPRESSED needs a folder and a key of at least 16 secret bytes;
    it compares with every entry by itself while the gallery is small. MILVUS needs an address, a name there and such a
    key. tag names the engine that the vectors are from.
    Raises WrongRequest, IndexDamaged, IndexForeign, RecallTooLow, IndexUnwritable or IndexUnavailable.
    """
    if backend is Backend.EXACT:
        return ExactIndex(dimension, attribute_names)
    if backend is Backend.MILVUS:
        if address is None:
            raise WrongRequest("an index on Milvus needs an address, as in milvus://host:19530")
        return MilvusIndex(address, name, dimension, attribute_names, tag=tag, key=key)
    if folder is None:
        raise WrongRequest("the compressed index needs a folder")
    return CompressedIndex(
        folder,
        dimension,
        attribute_names,
        tag=tag,
        key=key,
        recall_target=recall_target,
        precision=precision,
    )
