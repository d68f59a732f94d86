"""What seals the small secrets beside the records with the records' own key."""

from matcher.records.database import Database
from matcher.records.vault import vault_of

INDEX_SECRET = b"index.secret"
INDEX_CLUSTER = b"index.cluster"
_ONLY = 0


class RecordsGuard:
    """Seals and opens one secret; where the home has no key, it stays as it is. See `matcher.index_secret.Guard`."""

    def __init__(self, database: Database, place: bytes = INDEX_SECRET) -> None:
        self._database = database
        self._place = place

    def seal(self, secret: bytes) -> bytes:
        """The secret as it is to be kept; raises KeyRefused."""
        with self._database.reading() as connection:
            return vault_of(connection).seal(connection, self._place, [_ONLY], [secret])[0]

    def open(self, kept: bytes) -> bytes:
        """The secret again; raises KeyRefused, and RecordsUnavailable where it was altered."""
        with self._database.reading() as connection:
            return vault_of(connection).open(connection, self._place, [_ONLY], [kept])[0]
