"""Where a Milvus is and how it is used, in one URL without anything secret in it.

::

    milvus://host:19530/database?index=HNSW&build.M=32&search.ef=1024&timeout=10
    milvus+tls://host
    milvus-lite:/folder/file.db          a library in this process: for trials and tests, one process at a time
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from index.base import WrongRequest

PORT = 19530
_SECONDS = 10.0
_WIDER = 8
_SCHEMES = {"milvus": "http", "milvus+tls": "https", "milvus-lite": ""}
_FORM = "write it as in milvus://host:19530/database, milvus+tls://host or milvus-lite:/folder/file.db"

Numbers = Mapping[str, int | float]


class IndexType(StrEnum):
    """The index types of Milvus that can be asked for. All but FLAT may miss a neighbour."""

    FLAT = "FLAT"
    """Compares with every entry at full precision."""
    HNSW = "HNSW"
    HNSW_SQ = "HNSW_SQ"
    IVF_FLAT = "IVF_FLAT"
    IVF_SQ8 = "IVF_SQ8"
    IVF_PQ = "IVF_PQ"
    IVF_RABITQ = "IVF_RABITQ"
    SCANN = "SCANN"
    DISKANN = "DISKANN"
    AUTOINDEX = "AUTOINDEX"


@dataclass(frozen=True, slots=True)
class MilvusAddress:
    """A place, and how entries are indexed and searched there; str() is its URL.

    uri: as pymilvus takes it. lite: whether it is a file of milvus-lite. database: empty for the default one.
    build, search: parameters of the index type. seconds: the longest that one request may take.
    wider: how many times k an index type that may miss is asked for, before the exact distances decide.
    token: `user:password` or an API key; never part of the URL.
    """

    uri: str
    lite: bool
    database: str = ""
    index_type: IndexType = IndexType.FLAT
    build: Numbers = field(default_factory=dict)
    search: Numbers = field(default_factory=dict)
    seconds: float = _SECONDS
    wider: int = _WIDER
    token: str = field(default="", repr=False)

    @property
    def exact(self) -> bool:
        return self.index_type is IndexType.FLAT

    def __str__(self) -> str:
        if self.lite:
            place = f"milvus-lite:{self.uri}"
        else:
            scheme, _, host = self.uri.partition("://")
            place = f"{'milvus+tls' if scheme == 'https' else 'milvus'}://{host}"
            place += f"/{self.database}" if self.database else ""
        said: dict[str, object] = {} if self.exact else {"index": self.index_type.value}
        said |= {f"build.{name}": value for name, value in sorted(self.build.items())}
        said |= {f"search.{name}": value for name, value in sorted(self.search.items())}
        said |= {} if self.seconds == _SECONDS else {"timeout": f"{self.seconds:g}"}
        said |= {} if self.wider == _WIDER else {"wider": self.wider}
        return place + (f"?{urlencode(said)}" if said else "")


def milvus_address(url: str, *, token: str = "") -> MilvusAddress:
    """The address that a URL names; raises WrongRequest, which never shows what might be a password."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORT
    except ValueError as exc:
        raise WrongRequest(f"the index URL can't be read; {_FORM}") from exc
    if parts.scheme not in _SCHEMES:
        raise WrongRequest(f"index URLs of the kind {parts.scheme[:20]!a} are not supported; {_FORM}")
    if parts.username is not None or parts.password is not None:
        raise WrongRequest("the index URL holds a name or password; give them apart, as MATCHER_INDEX_TOKEN")
    lite = parts.scheme == "milvus-lite"
    path = unquote(parts.path)
    if parts.fragment or (lite and (parts.netloc or not path.startswith("/") or not path.endswith(".db"))):
        raise WrongRequest(f"the index URL {_shown(url)} can't be used; {_FORM}")
    if not lite and (not parts.hostname or "/" in path.strip("/")):
        raise WrongRequest(f"the index URL {_shown(url)} names no host, or no database; {_FORM}")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    said = _Query(parse_qsl(parts.query, keep_blank_values=True))
    return MilvusAddress(
        uri=path if lite else f"{_SCHEMES[parts.scheme]}://{host}:{port}",
        lite=lite,
        database="" if lite else path.strip("/"),
        index_type=said.index_type,
        build=said.build,
        search=said.search,
        seconds=said.seconds,
        wider=said.wider,
        token=token,
    )


class _Query:
    """The part of a URL behind the question mark."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.index_type, self.seconds, self.wider = IndexType.FLAT, _SECONDS, _WIDER
        self.build: dict[str, int | float] = {}
        self.search: dict[str, int | float] = {}
        for name, value in pairs:
            kind, _, parameter = name.partition(".")
            if name == "index":
                self.index_type = _index_type(value)
            elif name == "timeout":
                self.seconds = float(_number(name, value, 0.1, 3600))
            elif name == "wider":
                self.wider = int(_number(name, value, 1, 1000))
            elif kind in ("build", "search") and parameter.isidentifier():
                (self.build if kind == "build" else self.search)[parameter] = _number(name, value, -1e12, 1e12)
            else:
                raise WrongRequest(
                    f"the index URL says {name[:40]!a}; there are index, build.NAME, search.NAME, timeout and wider"
                )


def _index_type(value: str) -> IndexType:
    try:
        return IndexType(value.upper())
    except ValueError as exc:
        raise WrongRequest(f"index={value[:40]!a} in the index URL is none of {', '.join(IndexType)}") from exc


def _number(name: str, value: str, low: float, high: float) -> int | float:
    try:
        found = int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        found = float("nan")
    if not low <= found <= high:
        raise WrongRequest(f"{name}={value[:40]!a} in the index URL is not a number from {low:g} to {high:g}")
    return found


def _shown(url: str) -> str:
    return ascii(url.partition("?")[0][:80])
