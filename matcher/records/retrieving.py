"""What a search needs of the people it retrieved, in one question."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from matcher.faces import EngineKey
from matcher.records.bulk import in_parts
from matcher.records.reading import vectors_by_person
from matcher.records.values import Origin, PersonKey
from matcher.records.vault import open_vectors

_FILLED_TO = 100
_HOLDINGS = """
SELECT template.id, gallery.name, person.person_id, photo.sha256,
       (SELECT count(*) FROM photo AS other WHERE other.owner_id = photo.owner_id), template.vector
FROM template
JOIN photo ON photo.link = template.photo_link
JOIN person ON person.id = photo.owner_id
JOIN gallery ON gallery.id = person.gallery_id
WHERE template.id IN ({signs})
"""


def holdings(
    connection: Connection, template_ids: Iterable[int], engine: EngineKey, dimension: int
) -> tuple[dict[int, Origin], dict[PersonKey, NDArray[np.float32]]]:
    """Whose photos these templates of an engine were made of, as `origins`; and every vector of each of these people.

    One statement as the driver takes it: searches ask this of 200 templates each, and building the query took as long
    as answering it. Only of people with several photos the others are read as well.
    """
    found: dict[int, Origin] = {}
    single: dict[PersonKey, tuple[int, bytes]] = {}
    several: set[PersonKey] = set()
    sign = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    for part in in_parts(template_ids):
        # Repeating the last one makes few different statements, which the driver keeps prepared.
        filled = part + part[-1:] * (-len(part) % _FILLED_TO)
        query = _HOLDINGS.format(signs=", ".join([sign] * len(filled)))
        rows = connection.exec_driver_sql(query, tuple(filled)).all()
        for number, gallery, person_id, digest, photos, blob in rows:
            key = (gallery, person_id)
            found[number] = Origin(gallery, person_id, digest.hex())
            if photos == 1:
                single[key] = number, blob
            else:
                several.add(key)
    ids, blobs = [number for number, _ in single.values()], [blob for _, blob in single.values()]
    alone = open_vectors(connection, ids, blobs, dimension)
    vectors = {key: alone[place : place + 1] for place, key in enumerate(single)}
    return found, {**vectors, **vectors_by_person(connection, several, engine, dimension)}
