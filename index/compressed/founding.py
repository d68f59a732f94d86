"""Makes an index in an empty folder, and nowhere else."""

from pathlib import Path

from index.base import IndexDamaged, IndexForeign
from index.compressed import manifest as manifests
from index.compressed.files import locked, refusals
from index.compressed.log import Log
from index.compressed.manifest import Manifest, log_path

WRITE_LOCK = "write.lock"


def make_unless_there(folder: Path, fresh: Manifest) -> None:
    """Make an empty index in an empty or missing folder."""
    with refusals(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(folder / WRITE_LOCK):
        if (folder / manifests.NAME).exists():
            return
        # Leavings of a crash in this very step may be there; anything else is not ours to write over.
        others = {path.name for path in folder.iterdir()} - {
            WRITE_LOCK,
            manifests.NAME + ".new",
            log_path(folder, 0).name,
        }
        if any(name.startswith(("segment-", "log-")) for name in others):
            raise IndexDamaged(f"{folder / manifests.NAME} is missing: remove the folder and rebuild from the records")
        if others:
            raise IndexForeign(f"{folder} holds {min(others)}, which is not of an index: name an empty folder")
        Log.create(log_path(folder, 0), fresh.dimension, len(fresh.attribute_names))
        manifests.write(folder, fresh)
