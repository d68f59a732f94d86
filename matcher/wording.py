"""How amounts are said."""


def counted(count: int, one: str, many: str = "") -> str:
    """As in ``1 photo`` and ``2,000 photos``; many: where it is not `one` and an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
