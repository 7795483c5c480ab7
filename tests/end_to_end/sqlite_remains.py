"""What a SQLite database holds, read through SQL, and what is left in its pages: free ones, old ones, its write-ahead log.

Values that run over overflow pages are put together as far as the pages name each other; reads the formats of
https://www.sqlite.org/fileformat2.html and does not check them.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

MAGIC = b"SQLite format 3\x00"
WAL_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_SEAM = 200  # bytes of each side: a piece that the search looks for, also with escapes


def values(database: Path) -> Iterator[tuple[str, bytes]]:
    """(place, value) of every value of every table; of a copy, so that nobody who writes is disturbed."""
    with tempfile.TemporaryDirectory(prefix="countersign-scan-") as folder:
        copy = Path(folder) / "copy.db"
        for ending in ("", "-wal"):
            if (part := database.with_name(database.name + ending)).exists():
                shutil.copyfile(part, copy.with_name(copy.name + ending))
        with closing(sqlite3.connect(copy)) as db:
            db.text_factory = bytes
            for (name,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
                table = name.decode()
                rows = db.execute(f'select rowid, * from "{table}"')
                columns = [each[0] for each in rows.description]
                for row in rows:
                    for column, value in zip(columns[1:], row[1:], strict=True):
                        if value is not None:
                            text = value if isinstance(value, bytes) else str(value).encode()
                            yield f"{database.name} {table}.{column} of row {row[0]}", text


def seams(database: Path) -> Iterator[bytes]:
    """Where one page goes on in another: the end of the first and the start of the second, without the number between.

    Every version of a page that is in the database or in its write-ahead log counts.
    """
    found_pages = list(pages(database))
    versions: dict[int, list[bytes]] = {}
    for number, page in found_pages:
        if page not in (known := versions.setdefault(number, [])):
            known.append(page)
    pointer = re.compile(rb"\x00(?!\x00\x00\x00)(?=[\x00-\xff]{3})")
    for number, page in found_pages:
        # an overflow page names the next one in its first bytes; a leaf names the first one behind what it holds itself
        follows = {int.from_bytes(page[:4])} & versions.keys()
        for other in follows - {number}:
            for more in versions[other]:
                yield page[-_SEAM:] + more[4 : 4 + _SEAM]
        for found in pointer.finditer(page):
            start = found.start()
            other = int.from_bytes(page[start : start + 4])
            for more in versions.get(other, ()) if start > 8 and other != number else ():
                if more[0] == 0 and int.from_bytes(more[:4]) <= len(versions) + 1:  # like an overflow page
                    yield page[max(0, start - _SEAM) : start] + more[4 : 4 + _SEAM]


def pages(database: Path) -> Iterator[tuple[int, bytes]]:
    """(number, content) of the pages of the file and of its write-ahead log, oldest first."""
    data = database.read_bytes()
    size = int.from_bytes(data[16:18]) or 512
    size = 65_536 if size == 1 else size
    for start in range(0, len(data), size):
        yield start // size + 1, data[start : start + size]
    log = database.with_name(database.name + "-wal")
    frames = log.read_bytes()[_WAL_HEADER_BYTES:] if log.exists() else b""
    for start in range(0, len(frames), _FRAME_HEADER_BYTES + size):
        head = frames[start : start + _FRAME_HEADER_BYTES]
        yield int.from_bytes(head[:4]), frames[start + _FRAME_HEADER_BYTES : start + _FRAME_HEADER_BYTES + size]
