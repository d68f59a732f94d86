"""What a collection of entries looks like, and filters as Milvus writes them."""

from dataclasses import dataclass

from index.base import Where, WrongRequest
from index.checks import INT32

ID = "id"
VECTOR = "vector"
_BEFORE = "of_"
SMALLEST_DIMENSION = 2


@dataclass(frozen=True, slots=True)
class Fields:
    """The columns beside the id: a vector, 32-bit and 64-bit numbers, and texts."""

    dimension: int
    numbers: tuple[str, ...] = ()
    long_numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def row_bytes(self) -> int:
        """About the size of one row in a message."""
        return 4 * self.dimension + 8 * (len(self.numbers) + len(self.long_numbers)) + 64 * len(self.texts) + 32


def attribute_fields(dimension: int, names: tuple[str, ...]) -> Fields:
    """The columns of entries with these attributes; raises WrongRequest for what Milvus can't hold."""
    if dimension < SMALLEST_DIMENSION:
        raise WrongRequest(f"Milvus holds vectors of {SMALLEST_DIMENSION} dimensions and more, not {dimension}")
    unfit = next((name for name in names if not (name.isascii() and name.isidentifier() and len(name) < 200)), None)
    if unfit is not None:
        raise WrongRequest(f"Milvus can't have an attribute named {unfit[:40]!a}")
    return Fields(dimension, numbers=tuple(_BEFORE + name for name in names))


def plain_filter() -> str:
    """A filter that accepts every entry, where Milvus wants one."""
    return f"{ID} >= 0"


def filter_text(where: Where) -> str | None:
    """The filter as Milvus reads it, empty for no condition; None where no entry can fulfil it.

    Only names that an index was made with may come here.
    """
    texts = []
    for name, values in where.equals.items():
        wanted = sorted({int(value) for value in values if INT32.min <= value <= INT32.max})
        if not wanted:
            return None
        texts.append(f"{_BEFORE}{name} in {wanted}")
    for name, (low, high) in where.between.items():
        low, high = max(int(low), INT32.min), min(int(high), INT32.max)  # noqa: PLW2901 - numbers that a column can hold
        if low > high:
            return None
        texts.append(f"{_BEFORE}{name} >= {low} and {_BEFORE}{name} <= {high}")
    return " and ".join(texts)
