"""People and photos out of the records."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from matcher.errors import NotFound
from matcher.person import shown
from matcher.records import coding, tables
from matcher.records.ledger import Ledger
from matcher.records.retaining import refuse_held


def remove_person(connection: Connection, gallery: str, person_id: str) -> None:
    """Remove a person with every photo and template; raises NotFound or OnHold."""
    ledger = Ledger(connection)
    gallery_id, owner = _owner(connection, gallery, person_id)
    refuse_held(connection, gallery_id, gallery, person_id)
    photo = tables.photo
    photos = list(connection.execute(select(photo.c.id).where(photo.c.owner_id == owner)).scalars())
    remove_photos(connection, ledger, gallery_id, photos)
    connection.execute(delete(tables.person).where(tables.person.c.id == owner))
    ledger.person(gallery_id, -1)
    ledger.write()


def remove_photo(connection: Connection, gallery: str, person_id: str, sha256: str) -> None:
    """Remove one photo of a person with its templates; raises NotFound or OnHold."""
    ledger = Ledger(connection)
    gallery_id, owner = _owner(connection, gallery, person_id)
    refuse_held(connection, gallery_id, gallery, person_id)
    photo = tables.photo
    here = (photo.c.owner_id == owner) & (photo.c.sha256 == coding.digest_bytes(sha256))
    found = connection.execute(select(photo.c.id).where(here)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"person {shown(person_id)} in gallery {shown(gallery)} has no photo {sha256[:12]}...")
    remove_photos(connection, ledger, gallery_id, [found])
    ledger.write()


def remove_photos(connection: Connection, ledger: Ledger, gallery_id: int, photo_ids: Sequence[int]) -> int:
    """Remove photos of one gallery with their templates and bytes; return how many. The caller writes the ledger."""
    photo, template = tables.photo, tables.template
    for photo_id in photo_ids:
        link = connection.execute(select(photo.c.link).where(photo.c.id == photo_id)).scalar_one()
        of_photo = template.c.photo_link == link
        rows = connection.execute(select(template.c.id, template.c.engine).where(of_photo).order_by(template.c.id))
        for template_id, engine in rows.all():
            ledger.template_removed(template_id, gallery_id, engine)
        connection.execute(delete(template).where(of_photo))
        connection.execute(delete(tables.refusal).where(tables.refusal.c.photo_id == photo_id))
        connection.execute(delete(tables.photo_content).where(tables.photo_content.c.photo_id == photo_id))
        connection.execute(delete(photo).where(photo.c.id == photo_id))
        ledger.photo(gallery_id, -1)
    return len(photo_ids)


def _owner(connection: Connection, gallery: str, person_id: str) -> tuple[int, int]:
    person = tables.person
    query = (
        select(person.c.gallery_id, person.c.id)
        .join(tables.gallery, tables.gallery.c.id == person.c.gallery_id)
        .where(tables.gallery.c.name == gallery, person.c.person_id == person_id)
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        raise NotFound(f"no person {shown(person_id)} in gallery {shown(gallery)}")
    return found[0], found[1]
