"""Objects of an S3-compatible store, by way of fsspec; the only file that knows it.

Where the store is and who asks come from the environment that s3fs and botocore read: ``AWS_ENDPOINT_URL``,
``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY`` or a profile. Nothing of it is kept.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from matcher.errors import BadManifest, BadSetting
from matcher.formats.refusals import PhotoMissing
from matcher.places import SourceGone

SCHEMES = ("s3://",)
_GIVE = "install the extra: pip install 'identity-matcher[s3]'"


def is_store(text: str) -> bool:
    """Whether a source is a store's address."""
    return text.startswith(SCHEMES)


def objects(url: str) -> Iterator[tuple[str, int]]:
    """Every object below an address with its bytes, in order of name. Raises BadManifest or BadSetting."""
    try:
        found = _files().find(url.removeprefix("s3://").rstrip("/"), detail=True)
    except FileNotFoundError as exc:
        raise BadManifest(f"{url} does not exist; check the bucket and the folder") from exc
    except Exception as exc:
        raise BadManifest(f"{url} can't be listed ({_said(exc)}); check the address and the credentials") from exc
    for name in sorted(found):
        yield f"s3://{name}", int(found[name].get("size") or 0)


def read_object(url: str, most: int) -> bytes:
    """The first bytes of an object, at most so many. Raises PhotoMissing, SourceGone or BadSetting."""
    try:
        data: bytes = _files().cat_file(url.removeprefix("s3://"), start=0, end=most)
    except FileNotFoundError as exc:
        raise PhotoMissing("the store has no such object; check the name") from exc
    except PermissionError as exc:
        raise SourceGone(f"the store refuses {url} ({_said(exc)}); check the credentials and go on") from exc
    except Exception as exc:
        raise SourceGone(f"{url} can't be read ({_said(exc)}); check the store and go on") from exc
    return data


@lru_cache(maxsize=1)
def _files() -> Any:
    """One client for the process."""
    try:
        import fsspec
        import s3fs  # noqa: F401 - fsspec would say it less well
    except ImportError as exc:
        raise BadSetting(f"photos in an S3-compatible store need the package s3fs; {_GIVE}") from exc
    return fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True)


def _said(exc: BaseException) -> str:
    return " ".join(str(exc).split())[:200] or type(exc).__name__
