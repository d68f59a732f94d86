"""Which photos meet the operator's own galleries only, and which galleries those are not."""

from collections.abc import Collection

from sqlalchemy import Connection, or_, select

from matcher.records import coding, tables
from matcher.records.bulk import in_parts
from matcher.records.case_tables import case_file, case_photo, gallery_terms


def is_foreign(connection: Connection, gallery: str | None) -> bool:
    """Whether another country supplied this gallery, or with None any, or nobody has stated that none did.

    A gallery without people does not count: there is nobody to be found.
    """
    terms, named = gallery_terms, tables.gallery
    query = select(named.c.id).join(terms, terms.c.gallery_id == named.c.id, isouter=True)
    query = query.where(named.c.people > 0, or_(terms.c.gallery_id.is_(None), terms.c.is_foreign != 0))
    if gallery is not None:
        query = query.where(named.c.name == gallery)
    return connection.execute(query.limit(1)).one_or_none() is not None


def confined(connection: Connection, photos: Collection[str]) -> frozenset[str]:
    """Those of these photos, by SHA-256, that a case has whose protection is not lifted."""
    found: set[str] = set()
    for part in in_parts(sorted({photo for photo in photos if photo}), 500):
        query = select(case_photo.c.sha256).join(case_file, case_file.c.id == case_photo.c.case_id)
        wanted = case_photo.c.sha256.in_([coding.digest_bytes(photo) for photo in part])
        rows = connection.execute(query.where(wanted, case_file.c.protection != "none")).scalars()
        found |= {bytes(digest).hex() for digest in rows}
    return frozenset(found)
