"""The only file that speaks to pymilvus: requests with a limit of time, strong consistency, and its errors mapped.

Raises IndexUnavailable, CollectionGone (see faults.py), and WrongRequest where pymilvus is not installed.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from index.base import IndexUnavailable, WrongRequest
from index.milvus.address import MilvusAddress
from index.milvus.faults import CollectionUnloaded, mapped
from index.milvus.schema import ID, VECTOR, Fields, plain_filter

STRONG = "Strong"
"""A read sees every write that was acknowledged before it, to any client."""

MOST = 16_384
"""Milvus answers no more rows to one question."""

_MESSAGE_BYTES = 16 * 2**20
_ROWS_AT_ONCE = 4096
# Making a collection takes a cluster longer than answering.
_MAKING_SECONDS = 60.0
# A server that was away is asked again after a second at most; gRPC by itself waits up to two minutes, also on a new
# connection where that shares the old one's knowledge.
_CHANNEL = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
_BEAMS = ("ef", "search_list", "reorder_k")
_T = TypeVar("_T")
Row = Mapping[str, Any]


class Server:
    """One connection; any number of threads may share it. It comes back by itself after the server was away."""

    def __init__(self, address: MilvusAddress) -> None:
        """Connect; raises IndexUnavailable or WrongRequest."""
        self.address = address
        self._renewing = threading.Lock()
        self._closed = self._doubtful = False
        self._client = self._connected()

    def has(self, name: str) -> bool:
        return bool(self._ask(lambda: self._client.has_collection(name, timeout=self._seconds)))

    def names(self) -> tuple[str, ...]:
        """Every collection of the database."""
        return tuple(self._ask(lambda: self._client.list_collections(timeout=self._seconds)))

    def create(self, name: str, fields: Fields, *, small: bool = False) -> None:
        """Make a collection, indexed as the address says or, where small, compared whole; ready for searches."""
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field(ID, DataType.INT64, is_primary=True)
        schema.add_field(VECTOR, DataType.FLOAT_VECTOR, dim=fields.dimension)
        for number in fields.numbers:
            schema.add_field(number, DataType.INT32)
        for number in fields.long_numbers:
            schema.add_field(number, DataType.INT64)
        for text in fields.texts:
            schema.add_field(text, DataType.VARCHAR, max_length=1024)
        asked = self._client.prepare_index_params()
        kind = "FLAT" if small else self.address.index_type.value
        build = {} if small else dict(self.address.build)
        asked.add_index(VECTOR, index_type=kind, metric_type="L2", params=build)
        seconds = max(self._seconds, _MAKING_SECONDS)
        self._ask(
            lambda: self._client.create_collection(name, schema=schema, consistency_level=STRONG, timeout=seconds)
        )
        # An empty collection has nothing to wait for.
        self._ask(lambda: self._client.create_index(name, asked, timeout=seconds, sync=False))
        self._ask(lambda: self._client.load_collection(name, timeout=seconds))

    def drop(self, name: str) -> None:
        """Remove a collection with everything in it; nothing where it is not there."""
        self._ask(lambda: self._client.drop_collection(name, timeout=self._seconds))

    def upsert(self, name: str, rows: Sequence[dict[str, Any]], *, row_bytes: int) -> None:
        """Write rows, in the place of those with the same id; acknowledged means kept and found."""
        for part in _parts(rows, max(1, _MESSAGE_BYTES // row_bytes)):
            self._ask(lambda part=part: self._client.upsert(name, part, timeout=self._seconds))  # type: ignore[misc]

    def delete(self, name: str, ids: Sequence[int]) -> None:
        """Remove the rows with these ids, where they are."""
        for part in _parts(ids, MOST // 2):
            self._ask(lambda part=part: self._client.delete(name, ids=part, timeout=self._seconds))  # type: ignore[misc]

    def count(self, name: str) -> int:
        found = self._read(
            name,
            lambda: self._client.query(
                name, filter="", output_fields=["count(*)"], consistency_level=STRONG, timeout=self._seconds
            ),
        )
        return int(found[0]["count(*)"])

    def rows(self, name: str, ids: Sequence[int], fields: Sequence[str]) -> list[Row]:
        """The rows with these ids that are there, in any order."""
        found: list[Row] = []
        for part in _parts(ids, _ROWS_AT_ONCE):
            asked = f"{ID} in {json.dumps(part)}"
            found += self._read(
                name,
                lambda asked=asked: self._client.query(  # type: ignore[misc]
                    name,
                    filter=asked,
                    output_fields=list(fields),
                    limit=MOST,
                    consistency_level=STRONG,
                    timeout=self._seconds,
                ),
            )
        return found

    def every_row(self, name: str, fields: Sequence[str], *, where: str = "") -> Iterator[list[Row]]:
        """All rows that the filter accepts, in parts."""
        pages = self._read(
            name,
            lambda: self._client.query_iterator(
                name,
                batch_size=_ROWS_AT_ONCE,
                filter=where or plain_filter(),
                output_fields=list(fields),
                consistency_level=STRONG,
                timeout=self._seconds,
            ),
        )
        try:
            while part := self._ask(pages.next):
                yield part
        finally:
            pages.close()

    def nearest(
        self, name: str, queries: Sequence[Any], k: int, fields: Sequence[str], *, where: str, row_bytes: int
    ) -> list[list[tuple[float, Row]]]:
        """For each query at most k (squared distance, row), nearest first as the server sees it. k: at most MOST."""
        found: list[list[tuple[float, Row]]] = []
        for part in _parts(queries, max(1, _MESSAGE_BYTES // (row_bytes * k))):
            answers = self._read(
                name,
                lambda part=part: self._client.search(  # type: ignore[misc]
                    name,
                    data=part,
                    limit=k,
                    filter=where,
                    output_fields=list(fields),
                    search_params={"metric_type": "L2", "params": self._search_params(k)},
                    consistency_level=STRONG,
                    timeout=self._seconds,
                ),
            )
            found += [[(float(hit["distance"]), hit["entity"]) for hit in hits] for hits in answers]
        return found

    def close(self) -> None:
        with self._renewing:
            self._closed = True
            self._client.close()

    def _connected(self) -> Any:
        try:
            from pymilvus import MilvusClient
        except ImportError as exc:
            raise WrongRequest(
                "an index on Milvus needs the package pymilvus, and for milvus-lite URLs milvus-lite; install "
                "identity-matcher[milvus], or in a checkout run EXTRAS=milvus scripts/setup"
            ) from exc
        # It logs requests and their errors by itself; those are raised here, in one line.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
        address = self.address
        with self._mapping():
            return MilvusClient(
                address.uri,
                token=address.token,
                db_name=address.database,
                timeout=address.seconds,
                dedicated=True,
                grpc_options=_CHANNEL,
            )

    def _search_params(self, k: int) -> dict[str, int | float]:
        """What the address says, but a beam that is never narrower than the list asked for: Milvus refuses that."""
        return {name: max(value, k) if name in _BEAMS else value for name, value in self.address.search.items()}

    @property
    def _seconds(self) -> float:
        return self.address.seconds

    def _read(self, name: str, request: Callable[[], _T]) -> _T:
        """What a request to this collection gives; a collection that was released is loaded first."""
        try:
            return self._ask(request)
        except CollectionUnloaded:
            seconds = max(self._seconds, _MAKING_SECONDS)
            self._ask(lambda: self._client.load_collection(name, timeout=seconds))
            return self._ask(request)

    def _ask(self, request: Callable[[], _T]) -> _T:
        """What a request gives. After one that got no answer, the next one is made over a new connection.

        pymilvus mends a connection that was cut, but not one that it tried in vain to mend.
        """
        if self._doubtful:
            with self._renewing:
                if self._doubtful and not self._closed:
                    fresh = self._connected()
                    self._client.close()
                    self._client, self._doubtful = fresh, False
        try:
            with self._mapping():
                return request()
        except IndexUnavailable:
            self._doubtful = True
            raise

    @contextmanager
    def _mapping(self) -> Iterator[None]:
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except MilvusException as exc:
            raise mapped(self.address, exc.code, exc.message) from exc
        except grpc.RpcError as exc:
            code = exc.code().name if hasattr(exc, "code") else "UNKNOWN"
            said = exc.details() if hasattr(exc, "details") else ""
            raise mapped(self.address, code, f"{code}: {said}") from exc
        except (OSError, RuntimeError, ValueError, ImportError) as exc:
            # A closed channel is a ValueError of gRPC.
            raise mapped(self.address, type(exc).__name__, str(exc) or type(exc).__name__) from exc


def _parts(values: Sequence[_T], size: int) -> Iterator[list[_T]]:
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
