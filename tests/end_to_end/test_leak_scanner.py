"""The search for leaks is worth something: it finds each secret of the corpus in each place and writing, and nothing else."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import quopri
import re
import sqlite3
import tarfile
import textwrap
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, quote_plus

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
import zstandard

from tests.end_to_end.leaks import Scanner
from tests.end_to_end.planted import SEED, Secret, cores, corpus

type Writing = Callable[[str], bytes]

OTHERS = SEED + 1  # secrets that nobody planted
NOISE = bytes(range(0, 256, 3))


def halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def escaped(text: str, times: int = 1) -> str:
    """As JSON has it, in a string in a string ..."""
    for _ in range(times):
        text = json.dumps(text)[1:-1]
    return text


def every_unit(text: str) -> bytes:
    """Each character as `\\uXXXX`."""
    units = text.encode("utf-16-be")
    return b"".join(b"\\u" + units[start : start + 2].hex().encode() for start in range(0, len(units), 2))


def partly(text: str) -> bytes:
    """Every third byte percent-encoded in lower case, whether it has to be or not."""
    return b"".join(
        b"%%%02x" % byte if place % 3 == 0 or byte < 33 else bytes([byte]) for place, byte in enumerate(text.encode())
    )


def chunked(text: str, size: int) -> bytes:
    """The chunks of a body."""
    data = text.encode()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def broken(text: str, end: str) -> bytes:
    """base64 in lines."""
    return end.join(textwrap.wrap(base64.b64encode(text.encode()).decode(), 20)).encode()


WRITINGS: dict[str, Writing] = {
    "raw": str.encode,
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64, shifted by one": lambda text: base64.b64encode(b"a" + text.encode()),
    "base64, shifted by two": lambda text: base64.b64encode(b"ab" + text.encode()),
    "base64 after a word": lambda text: b"token_" + base64.b64encode(text.encode()),
    "base64url": lambda text: base64.urlsafe_b64encode(b"?" + text.encode()).rstrip(b"="),
    "base64 in lines": lambda text: broken(text, "\r\n"),
    "base64 in escaped lines": lambda text: broken(text, "\\n"),
    "base64 of base64": lambda text: base64.b64encode(base64.b64encode(text.encode())),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16")),
    "base64 in a URL": lambda text: quote(base64.b64encode(text.encode()), safe="").encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: b"0x" + text.encode().hex().upper().encode(),
    "hex dump": lambda text: text.encode().hex(" ").encode(),
    "URL": lambda text: quote(text, safe="").encode(),
    "url": lambda text: re.sub(r"%..", lambda found: found[0].lower(), quote(text, safe="")).encode(),
    "URL in part": partly,
    "URL twice": lambda text: quote(quote(text, safe=""), safe="").encode(),
    "form": lambda text: b"a=" + quote_plus(text).encode() + b"&b=c+d",
    "JSON": lambda text: json.dumps(text).encode(),
    "JSON, every character": every_unit,
    "JSON with escaped slashes": lambda text: escaped(text).replace("/", "\\/").encode(),
    "JSON twice": lambda text: escaped(text, 2).encode(),
    "JSON five times": lambda text: escaped(text, 5).encode(),
    "bytes of Python": lambda text: repr(text.encode()).encode(),
    "text of Python": lambda text: ascii(text).encode(),
    "UTF-16-LE": lambda text: text.encode("utf-16-le"),
    "UTF-16-BE": lambda text: text.encode("utf-16-be"),
    "Latin-1": lambda text: text.encode("latin-1", "replace"),
    "HTML": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace"),
    "HTML, every character": lambda text: "".join(f"&#x{ord(each):X};" for each in text).encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "zlib": lambda text: zlib.compress(text.encode()),
    "zstd": lambda text: zstandard.compress(text.encode()),
    "bzip2": lambda text: bz2.compress(text.encode()),
    "xz": lambda text: lzma.compress(text.encode()),
    "base64 of gzip": lambda text: base64.b64encode(gzip.compress(text.encode())),
    "base64 of Brotli": lambda text: base64.b64encode(brotli.compress(text.encode())),
    "hex of zlib": lambda text: zlib.compress(text.encode()).hex().encode(),
    "two chunks": lambda text: chunked(text, -(-len(text.encode()) // 2)),
    "chunks of one byte": lambda text: chunked(text, 1),
    "two log lines": lambda text: "\n[12:00:01.123][127.0.0.1:5000] ".join(halves(text)).encode(),
    "two lines": lambda text: "\r\n    ".join(halves(text)).encode(),
    "two strings": lambda text: json.dumps(halves(text)).encode(),
    "two members": lambda text: json.dumps(dict(zip("ab", halves(text), strict=True))).encode(),
    "two literals": lambda text: '" + "'.join(halves(text)).encode(),
    "soft line breaks": lambda text: "=\r\n".join(halves(text)).encode(),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()),
}


def planted(secrets: Iterable[Secret], writing: Writing) -> bytes:
    """All of them, written so, in something that is no text."""
    return b"".join(NOISE + b"|" + writing(secret.text) + b"|\xff\x00" for secret in secrets)


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    """Of the whole corpus."""
    return Scanner(cores(corpus()))


@pytest.mark.parametrize("name", WRITINGS)
def test_each_secret_is_found_in_each_writing(scanner: Scanner, name: str) -> None:
    """Every secret of the corpus, wherever it begins, and none that was not planted."""
    for before in ("", "key="):
        data = planted(corpus(), lambda text, before=before: WRITINGS[name](before + text))  # type: ignore[misc]
        missed = {secret.name for secret in corpus()} - {leak.secret for leak in scanner.in_bytes("here", data)}
        assert missed == set()
    assert scanner.in_bytes("here", planted(corpus(OTHERS), WRITINGS[name])) == []


def database(folder: Path, secrets: Iterable[Secret], *, deleted: bool, in_wal: bool) -> Path:
    """Values that run over many pages, each secret where one page goes on in the next; still there, or deleted since."""
    path = folder / "some.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma page_size = 512")
        db.execute("pragma secure_delete = off")
        db.execute(f"pragma journal_mode = {'wal' if in_wal else 'delete'}")
        db.execute("pragma wal_autocheckpoint = 0")
        db.execute("create table t (id integer primary key, value blob)")
        db.execute("create table padding (value blob)")
        for number, secret in enumerate(secrets):
            data = secret.text.encode()
            for shift in (0, 190) if deleted else (0,):  # a free page loses its first bytes
                start = 1524 - len(data) // 2 + (73 * number + shift) % 508  # wherever the first page ends
                db.execute("insert into t (value) values (?)", [b"." * start + data + b"." * 900])
        db.execute("insert into padding values (?)", [b"." * 5000])
        if deleted:
            db.execute("delete from t")
        if in_wal:  # as a gateway has it that was killed
            aside = folder / "aside"
            aside.write_bytes(path.with_name("some.db-wal").read_bytes())
    if in_wal:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("delete from t")
            db.execute("vacuum")
        path.with_name("some.db-wal").write_bytes((folder / "aside").read_bytes())
    return path


@pytest.mark.parametrize("deleted", [False, True], ids=["there", "deleted"])
@pytest.mark.parametrize("in_wal", [False, True], ids=["file", "write-ahead log"])
def test_each_secret_is_found_in_a_database(tmp_path: Path, deleted: bool, in_wal: bool) -> None:
    """Through SQL, over overflow pages, in free pages, and in what only the write-ahead log still has."""
    for secrets, expected in ((corpus(), {secret.name for secret in corpus()}), (corpus(OTHERS), set[str]())):
        folder = tmp_path / str(len(expected))
        folder.mkdir()
        path = database(folder, secrets, deleted=deleted, in_wal=in_wal)
        files = [path, path.with_name("some.db-wal")] if in_wal else [path]
        leaks = Scanner(cores(corpus())).in_files(files)
        assert {leak.secret for leak in leaks} == expected


def test_each_secret_is_found_in_files_and_names(scanner: Scanner, tmp_path: Path) -> None:
    """In an archive, in a log, and in the name of a file; each leak says where."""
    text = planted(corpus(), str.encode)
    with zipfile.ZipFile(tmp_path / "some.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", text)
    with tarfile.open(tmp_path / "some.tar.gz", "w:gz") as packed:
        member = tarfile.TarInfo("inside")
        member.size = len(text)
        packed.addfile(member, io.BytesIO(text))
    (tmp_path / "log").write_bytes(b"clean line\n" * 1000 + text)
    for name in ("some.zip", "some.tar.gz", "log"):
        leaks = scanner.in_files([tmp_path / name])
        assert {leak.secret for leak in leaks} == {secret.name for secret in corpus()}
        assert all(str(leak.place).startswith(str(tmp_path / name)) for leak in leaks)
    account = next(secret for secret in corpus() if secret.name == "account name")
    (tmp_path / f"crash-{account.text}.txt").write_text("clean")
    assert [leak.secret for leak in scanner.in_files(tmp_path.glob("crash*"))] == ["account name"]


def test_a_part_of_a_long_secret_is_found(scanner: Scanner) -> None:
    """Thirty characters in a row are enough; a few are no leak."""
    for secret in corpus():
        if len(secret.core) > 60:
            assert scanner.in_bytes("cut", b"..." + secret.core[25:55].encode()) != [], secret.name
            assert scanner.in_bytes("end", b"..." + secret.core[-4:].encode()) == [], secret.name


def test_what_was_clean_is_read_once_and_what_was_not_is_told_again(scanner: Scanner) -> None:
    """The memory of the scanner hides nothing: a leak is told of each place."""
    secret = corpus()[0]
    data = base64.b64encode(secret.text.encode())
    for place in ("first", "second", "third"):
        assert [(leak.secret, leak.place) for leak in scanner.in_bytes(place, data)] == [(secret.name, place)]
    told = scanner.in_all([("clean", b"nothing"), ("fourth", data), ("fifth", b"." + data)])
    assert [(leak.secret, leak.place) for leak in told] == [(secret.name, "fourth"), (secret.name, "fifth")]


def test_the_corpus_is_large_and_of_many_kinds() -> None:
    """At least sixty secrets, no two alike, and none of them in another's words; some without any form."""
    secrets = corpus()
    assert len(secrets) >= 60
    assert len({secret.core for secret in secrets} - {""}) >= len(secrets) - 1  # one key is written in two ways
    assert {secret.name.split()[0] for secret in secrets} >= {
        "card", "iban", "id", "email", "phone", "key", "jwt", "pem", "url", "connection", "assigned", "password"
    }  # fmt: skip
    assert sum(secret.name.startswith("key ") for secret in secrets) >= 20
    assert sum(not secret.has_form for secret in secrets) >= 10
    assert corpus(OTHERS)[0].text != secrets[0].text
