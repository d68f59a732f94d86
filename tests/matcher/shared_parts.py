"""A process that writes to a home's gallery over an index on disk, as the tests of shared indexes start it."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from matcher.gallery import Gallery
from matcher.index_folder import IndexFolder
from matcher.index_source import OnDisk
from matcher.records.database import Database
from tests.matcher.gallery_parts import DIMENSION, ENGINE, enrolment


def on_disk(home: Path) -> OnDisk:
    """A new source over the home's index, as each process has its own."""
    return OnDisk(IndexFolder(home / "index", ENGINE), ENGINE, DIMENSION, recall_target=0.999)


@contextmanager
def opened(home: Path) -> Iterator[Gallery]:
    """The home's gallery over the index on disk."""
    with (
        closing(Database.in_home(home)) as database,
        Gallery(database, on_disk(home), engine=ENGINE, dimension=DIMENSION) as gallery,
    ):
        yield gallery


def carry_out(gallery: Gallery, step: dict[str, Any]) -> None:
    """One step of a writer: enroll a person with photos and fields, remove one, or build the index anew."""
    if step["do"] == "enroll":
        gallery.enroll([enrolment(step["person"], *step["photos"], **step.get("fields", {}))])
    elif step["do"] == "remove":
        gallery.remove_person("main", step["person"])
    else:
        gallery.rebuild()


if __name__ == "__main__":
    with opened(Path(sys.argv[1])) as writer:
        print("ready", flush=True)
        for line in sys.stdin:
            carry_out(writer, json.loads(line))
            print("done", flush=True)
