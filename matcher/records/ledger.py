"""Numbers, the change log and the counts of one writing transaction: taken once, kept in memory, written at its end."""

from collections import Counter

from sqlalchemy import Connection, func, insert, select, update

from matcher.records import tables
from matcher.records.bulk import insert_rows


class Ledger:
    """Made first in a writing transaction: from then on other writers wait for its end, whatever the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        counter = tables.counter
        # Writing the row takes its lock, which orders the writers; so positions become visible in their order.
        connection.execute(update(counter).where(counter.c.name == "change").values(value=counter.c.value))
        rows = connection.execute(select(counter.c.name, counter.c.value))
        self._numbers: dict[str, int] = dict(rows.all())
        self._before = dict(self._numbers)
        self._changes: list[tuple[int, int, str]] = []
        self._people: Counter[int] = Counter()
        self._photos: Counter[int] = Counter()
        self._templates: Counter[tuple[int, str]] = Counter()

    def number(self, name: str) -> int:
        """The next number of a kind: gallery, person, photo or template. None is given out twice."""
        self._numbers[name] += 1
        return self._numbers[name]

    def person(self, gallery_id: int, count: int) -> None:
        """count people more (or less) in a gallery."""
        self._people[gallery_id] += count

    def photo(self, gallery_id: int, count: int) -> None:
        """count photos more (or less) in a gallery."""
        self._photos[gallery_id] += count

    def template_added(self, template_id: int, gallery_id: int, engine: str) -> None:
        self._templates[gallery_id, engine] += 1
        self._log(template_id, "added")

    def template_removed(self, template_id: int, gallery_id: int, engine: str) -> None:
        self._templates[gallery_id, engine] -= 1
        self._log(template_id, "removed")

    def template_moved(self, template_id: int) -> None:
        """The attributes of a template's entry changed: it leaves the indexes and comes back with the new ones."""
        self._log(template_id, "removed")
        self._log(template_id, "added")

    def write(self) -> None:
        """The last act of the transaction."""
        connection = self._connection
        insert_rows(connection, tables.change, self._changes)
        counter = tables.counter
        for name, value in self._numbers.items():
            if value != self._before[name]:
                connection.execute(update(counter).where(counter.c.name == name).values(value=value))
        self._write_sizes()
        self._write_templates()

    def _log(self, template_id: int, kind: str) -> None:
        self._changes.append((self.number("change"), template_id, kind))

    def _write_sizes(self) -> None:
        gallery = tables.gallery
        for gallery_id in self._people.keys() | self._photos.keys():
            self._connection.execute(
                update(gallery)
                .where(gallery.c.id == gallery_id)
                .values(
                    people=gallery.c.people + self._people[gallery_id],
                    photos=gallery.c.photos + self._photos[gallery_id],
                )
            )

    def _write_templates(self) -> None:
        sizes = tables.gallery_engine
        for (gallery_id, engine), count in self._templates.items():
            here = (sizes.c.gallery_id == gallery_id) & (sizes.c.engine == engine)
            changed = self._connection.execute(update(sizes).where(here).values(templates=sizes.c.templates + count))
            if changed.rowcount == 0:
                row = {"gallery_id": gallery_id, "engine": engine, "templates": count}
                self._connection.execute(insert(sizes), row)


def gallery_ids(connection: Connection, names: set[str], ledger: Ledger) -> dict[str, int]:
    """The numbers of galleries by name; those that are not there yet are made."""
    gallery = tables.gallery
    query = select(gallery.c.name, gallery.c.id).where(gallery.c.name.in_(sorted(names)))
    found: dict[str, int] = dict(connection.execute(query).all())
    for name in sorted(names - found.keys()):
        found[name] = ledger.number("gallery")
        connection.execute(insert(gallery), {"id": found[name], "name": name, "people": 0, "photos": 0})
    return found


def forget_changes(connection: Connection, *, keep: int) -> int:
    """Drop all but the last `keep` changes of the log; return how many went.

    An index that stands before them is then rebuilt instead of caught up.
    """
    ledger = Ledger(connection)
    change, counter = tables.change, tables.counter
    latest = connection.execute(select(counter.c.value).where(counter.c.name == "change")).scalar_one()
    start = max(0, latest - keep)
    count = connection.execute(select(func.count()).where(change.c.position <= start)).scalar_one()
    connection.execute(change.delete().where(change.c.position <= start))
    connection.execute(update(counter).where(counter.c.name == "change_start").values(value=start))
    ledger.write()
    return int(count)
