"""Purges and imports as a running service asks for them: each in a process of its own, as if at the command line.

Every function here is called in that process; what it is given and what it returns is pickled.
"""

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from matcher.audit.acting import acting
from matcher.build import open_database, open_parts
from matcher.casework import erasing
from matcher.casework.erasing import PurgedCases
from matcher.casework.files import Files
from matcher.casework.officer import Officer
from matcher.casework.statuses import Status
from matcher.engine_choice import as_recorded
from matcher.engines.opening import engine_spec
from matcher.importing import ImportTally, RefusedRow, import_embeddings
from matcher.interchange import read_parquet
from matcher.own_process import Inherited
from matcher.records import gallery_terms
from matcher.retention import Purged, purge
from matcher.settings import Settings
from matcher.sources import latest_day

MOST_REFUSED = 1_000
"""How many refused rows an import tells; all are counted."""
_FILE = Path("embeddings.parquet")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. refused: the first of the rows that were not imported. is_held: whether searches may not use
    the gallery until two administrators have released it."""

    tally: ImportTally
    refused: tuple[RefusedRow, ...]
    is_held: bool


def purge_people(settings: Settings, actor: str) -> Purged:
    """Remove everybody whose time is over, and look whether anything is left; see `purge`. actor: who asks."""
    with acting(actor), closing(open_database(settings)) as database:
        return purge(as_recorded(settings), database, now=datetime.now(UTC))


def purge_cases(settings: Settings, who: Officer, statuses: Collection[Status], days: int | None) -> PurgedCases:
    """The same of cases: of these statuses after so many days, or with neither by the rules that are set."""
    with acting(who.named), closing(open_database(settings)) as database:
        files = Files(database)
        if days is None:
            return erasing.purge_by_rules(files, who, settings.home)
        return erasing.purge(files, who, settings.home, statuses=statuses, days=days)


def import_parquet(settings: Settings, actor: str, into: str, upload: Inherited) -> Imported:
    """Import every usable row of a Parquet file; see `import_embeddings`. into: the gallery of rows that name none.

    Raises BadManifest, EngineMismatch, RecordsError or IndexFault; the rows before are kept all the same.
    """
    settings = as_recorded(settings)
    refused: list[RefusedRow] = []

    def refuse(row: RefusedRow) -> None:
        if len(refused) < MOST_REFUSED:
            refused.append(row)

    tally, dimension = ImportTally(), engine_spec(settings.engine, home=settings.home).dimension
    with acting(actor), upload.file as file:
        source = read_parquet(_FILE, dimension, opened=file)
        with open_parts(settings, expecting=source.rows) as parts:
            import_embeddings(source, parts.gallery, into=into, today=latest_day(), tally=tally, refuse=refuse)
            with parts.database.reading() as connection:
                is_held = into in gallery_terms.held(connection)
            gathered = parts.index.gathers and tally.added
        if gathered:
            with open_parts(settings) as parts:
                parts.index.compact()
    return Imported(tally, tuple(refused), is_held)
