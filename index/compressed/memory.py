"""How vectors are kept, by how many there are and what this machine has."""

import os

from index.compressed.manifest import Manifest, Precision

# Vectors at full precision may take this share of the memory: the rest of the page cache has other work too.
SHARE = 0.5


def machine_memory() -> int:
    """The machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def precision_for(manifest: Manifest, rows: int, room: int) -> Precision:
    """The precision of a segment of so many rows that is about to join the others of a manifest.

    room: bytes that vectors at full precision may take; 0 for a share of this machine's memory.
    """
    if manifest.precision is not Precision.AUTO:
        return manifest.precision
    total = rows + sum(each.count for each in manifest.segments)
    fits = 4 * manifest.dimension * total <= (room or SHARE * machine_memory())
    return Precision.FLOAT32 if fits else Precision.INT16
