"""CSV files in and out: read as people make them, written so that neither a kill nor a spreadsheet spoils them."""

import codecs
import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from matcher.errors import BadManifest
from matcher.person import shown
from matcher.wording import why

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PART = ".part"
_LONGEST_HEADER = 65_536
_DELIMITERS = ",;\t"
# Those of full width count where the keyboard is East Asian.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True, slots=True)
class Row:
    """One row. line: where it begins in the file, the first line being 1. cells: column -> text, without outer space.

    fault: why the row can't be used; empty where it can.
    """

    line: int
    cells: dict[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The columns, and the rows below as they are parsed, once; BadManifest may come in between."""

    columns: tuple[str, ...]
    rows: Iterator[Row]


def read_table(path: Path, *, required: Sequence[str], allowed: Sequence[str], encoding: str = "") -> Table:
    """The rows of a CSV, TSV or semicolon-separated file with a header; empty rows are left out.

    encoding: empty for UTF-8 with or without a byte-order mark. Raises BadManifest where the file as a whole can't
    be used; it names the line or column and the remedy.
    """
    text = _text(path, encoding)
    if not text.strip():
        raise BadManifest(f"{path} is empty; its first line must name the columns, as in {','.join(required)}")
    # Not all lines: of a list made of line ends alone, each would be an object.
    header = text.lstrip()[:_LONGEST_HEADER].splitlines()[0]
    delimiter = next((sign for sign in _DELIMITERS if sign in header), ",")
    return _parsed(path, text, delimiter, required, allowed)


def cell(text: str) -> str:
    """Text for a cell that a spreadsheet will not take for a formula: an apostrophe goes before what begins as one."""
    return "'" + text if text.startswith(_FORMULA) else text


def path_cell(text: str) -> str:
    """A path for a cell: a relative one that begins like a formula gets ``./`` before it and stays the same path."""
    return "./" + text if text.startswith(_FORMULA) else text


@contextmanager
def writing_whole(path: Path) -> Iterator[IO[str]]:
    """A text file that appears under its name when the block ends without an error, and not at all otherwise."""
    with writing_bytes_whole(path) as data:
        # Names of files need not be text; what can't be written as UTF-8 is shown by its number.
        file = io.TextIOWrapper(data, encoding="utf-8", errors="backslashreplace", newline="")
        try:
            yield file
        finally:
            # The file below is closed by whoever opened it.
            file.detach()


@contextmanager
def writing_bytes_whole(path: Path) -> Iterator[IO[bytes]]:
    """The same for a file of bytes."""
    with naming(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_PART)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError inside that names no file, as of a full disk, or the draft of this one, names this one."""
    try:
        yield
    except OSError as exc:
        if exc.filename is None or str(exc.filename).endswith(_PART):
            raise OSError(exc.errno, exc.strerror, os.fspath(path)) from exc
        raise


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV as a whole or not at all; raises OSError."""
    with writing_whole(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _text(path: Path, encoding: str) -> str:
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise BadManifest(f"{path} can't be read ({why(exc)[0]}); check the path and the rights") from exc
    if encoding:
        return _decoded(path, data, encoding)
    if data.startswith(_UTF16):
        raise BadManifest(f"{path} is UTF-16; save it as CSV UTF-8, or give --encoding utf-16")
    if b"\0" in data[:4096]:
        raise BadManifest(f"{path} is not a text file; give a CSV")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        guess = "gb18030" if _is(data, "gb18030") else "latin-1"
        raise BadManifest(
            f"{path} is not UTF-8 (line {line}); save it as CSV UTF-8, or name its encoding, as in --encoding {guess}"
        ) from exc


def _is(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(path: Path, data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except (LookupError, TypeError) as exc:
        raise BadManifest(f"there is no text encoding {encoding!r}; try utf-8, gb18030 or utf-16") from exc
    except UnicodeError as exc:
        raise BadManifest(f"{path} is not {encoding}; name another --encoding") from exc
    return text.removeprefix("\ufeff")


def _parsed(path: Path, text: str, delimiter: str, required: Sequence[str], allowed: Sequence[str]) -> Table:
    lines = _lines(path, text, delimiter)
    _, header = next(lines, (1, []))
    columns = _columns(path, header, required, allowed)
    return Table(columns, (_row(line, cells, columns) for line, cells in lines))


def _lines(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with the line where it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if any(value.strip() for value in cells):
                yield line, cells
    except csv.Error as exc:
        raise BadManifest(f"{path}, line {reader.line_num}: {exc}; check the quotation marks near it") from exc


def _columns(path: Path, cells: Sequence[str], required: Sequence[str], allowed: Sequence[str]) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in cells)
    known = [*required, *(name for name in allowed if name not in required)]
    for name in required:
        if name not in names:
            raise BadManifest(f"{path} has no column {name}; its first line must name {' and '.join(required)}")
    for name in names:
        if name not in known:
            raise BadManifest(f"{path} has the unknown column {shown(name)}; the columns are {', '.join(known)}")
        if names.count(name) > 1:
            raise BadManifest(f"{path} has the column {name} twice; remove one")
    return names


def _row(line: int, cells: Sequence[str], columns: Sequence[str]) -> Row:
    values = {name: value.strip() for name, value in zip(columns, cells, strict=False)}
    fault = ""
    if len(cells) != len(columns):
        fault = f"the row has {len(cells)} cells, the header {len(columns)}; check its commas and quotation marks"
    return Row(line, values, fault)
