"""How amounts and the refusals of the system are said."""

import errno


def counted(count: int, one: str, many: str = "") -> str:
    """As in ``1 photo`` and ``2,000 photos``; many: where it is not `one` and an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """As in ``40 s``, ``12 min`` and ``3 h 20 min``: as exactly as an estimate deserves."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60:,} h {minutes % 60} min"


def why(error: OSError) -> tuple[str, str]:
    """What the system refused, and the remedy, in words for whoever named the path."""
    known = _FAULTS.get(error.errno or 0)
    return known or (error.strerror or str(error), "check the path, the rights and the free space")


_ANOTHER = "name another place"
_FAULTS = {
    errno.ENOENT: ("there is no such file or folder", "check the path"),
    errno.EEXIST: ("there is a file of that name, not a folder", _ANOTHER),
    errno.ENOTDIR: ("there is a file where a folder must be", _ANOTHER),
    errno.EISDIR: ("it is a folder, not a file", _ANOTHER),
    errno.EACCES: ("the rights don't allow it", f"change them or {_ANOTHER}"),
    errno.EPERM: ("the system doesn't allow it", f"check the rights or {_ANOTHER}"),
    errno.EROFS: ("it can only be read there", _ANOTHER),
    errno.ENOSPC: ("the disk is full", "free some space and run the same command again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space and run the same command again"),
    errno.EFBIG: (
        "the file would be larger than is allowed, or the disk is full",
        "free some space or raise the limit",
    ),
    errno.ENAMETOOLONG: ("the name is too long", "shorten it"),
    errno.EMFILE: ("too many files are open", "raise the limit of open files (ulimit -n) or use fewer workers"),
    errno.EIO: ("the disk reports an error", "check the disk"),
}
