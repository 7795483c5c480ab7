"""Software that we did not write accepts what the log exports and proves, and refuses it once it is altered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from countersign.cli import main
from countersign.evidence import store
from countersign.evidence.checkpoint import parse, signed, split_note
from countersign.evidence.checkpoint_file import read_notes
from tests.end_to_end.verifiers import Program
from tests.evidence import logs, long_logs
from tests.evidence.growth import signer
from tests.evidence.long_logs import LongLog

FULL, LAST, NODES = "tile/0/000", "tile/0/002.p", "tile/1/000.p"
RECORDS, LAST_RECORDS = "tile/entries/000", "tile/entries/002.p"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> LongLog:
    """A log with full tiles and two keys."""
    return long_logs.written(tmp_path_factory.mktemp("long"))


@pytest.fixture(scope="module")
def vkey(log: LongLog) -> str:
    """The log's present key."""
    return log.vkeys.splitlines()[-1]


@pytest.fixture(scope="module")
def exported(log: LongLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of it, that is copied and never changed."""
    directory = tmp_path_factory.mktemp("export") / "export"
    return exported_to(directory, log.database, "--with-payloads")


@pytest.fixture
def export(exported: Path, tmp_path: Path) -> Path:
    """A copy of the export."""
    return Path(shutil.copytree(exported, tmp_path / "export"))


def exported_to(directory: Path, database: Path, *options: str) -> Path:
    """Export a log."""
    result = CliRunner().invoke(
        main, ["evidence", "export", "--unrecorded", "--db", str(database), "--tiles", str(directory), *options]
    )
    assert result.exit_code == 0, result.output
    return directory


def test_export(program: Program, vkey: str, export: Path) -> None:
    """Every record and every tile is accepted; with one bit changed in any of these files, nothing is."""
    assert program.accepts("tiles", vkey, export)
    files = [*(path for path in (export / "tile").rglob("*") if path.is_file()), export / "checkpoint"]
    assert len(files) == 8
    for path in files:
        content = path.read_bytes()
        place = len(content) // 2
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert not program.accepts("tiles", vkey, export), path
        path.write_bytes(content)
    assert program.accepts("tiles", vkey, export)


type Change = Callable[[bytes], bytes]


def entries(data: bytes) -> list[bytes]:
    """The entries of a bundle, each with its length before it."""
    found = []
    while data:
        end = 2 + int.from_bytes(data[:2])
        found.append(data[:end])
        data = data[end:]
    return found


def exchanged(data: bytes) -> bytes:
    """Two records of a bundle change places."""
    first, second, *rest = entries(data)
    return b"".join([second, first, *rest])


def longer_than_it_is(data: bytes) -> bytes:
    """The length of the last record is more than what is left."""
    *rest, last = entries(data)
    return b"".join([*rest, (len(last) - 1).to_bytes(2), last[2:]])


CHANGES: dict[str, tuple[str, Change]] = {
    "a full tile is cut off": (FULL, lambda data: data[:-1]),
    "a full tile lacks a hash": (FULL, lambda data: data[:-32]),
    "a full tile is empty": (FULL, lambda data: b""),
    "a full tile has a hash more": (FULL, lambda data: data + bytes(32)),
    "two hashes of a tile are exchanged": (FULL, lambda data: data[32:64] + data[:32] + data[64:]),
    "the last tile is cut off": (LAST, lambda data: data[:-1]),
    "the last tile lacks a hash": (LAST, lambda data: data[:-32]),
    "the tile of nodes lacks one": (NODES, lambda data: data[:-32]),
    "the tile of nodes is of the leaves": (NODES, lambda data: bytes(len(data))),
    "a bundle is empty": (RECORDS, lambda data: b""),
    "a bundle is cut off": (RECORDS, lambda data: data[:-1]),
    "a bundle has a byte more": (RECORDS, lambda data: data + b"\0"),
    "the first record is gone": (RECORDS, lambda data: b"".join(entries(data)[1:])),
    "the last record is gone": (LAST_RECORDS, lambda data: b"".join(entries(data)[:-1])),
    "a record more": (LAST_RECORDS, lambda data: data + entries(data)[0]),
    "an empty record more": (LAST_RECORDS, lambda data: data + bytes(2)),
    "two records are exchanged": (RECORDS, exchanged),
    "a record is longer than it is": (LAST_RECORDS, longer_than_it_is),
    "no checkpoint": ("checkpoint", lambda data: b""),
    "the checkpoint is cut off": ("checkpoint", lambda data: data[:-20]),
    "the checkpoint is signed by nobody": ("checkpoint", lambda data: data.partition(b"\n\n")[0] + b"\n\n"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed(program: Program, vkey: str, export: Path, name: str) -> None:
    """A file of the export that is cut off, grown, or has its parts exchanged is refused."""
    place, change = CHANGES[name]
    path = next(export.glob(f"{place}/*")) if place.endswith(".p") else export / place
    path.write_bytes(change(path.read_bytes()))
    assert not program.accepts("tiles", vkey, export)


def test_hash_too_many(program: Program, vkey: str, export: Path) -> None:
    """A partial tile that is longer than its name says is refused, except by aics-tlog: the rest hides nothing."""
    (path,) = export.glob(f"{LAST}/*")
    path.write_bytes(path.read_bytes() + bytes(32))
    assert program.accepts("tiles", vkey, export) == (program.name == "python")


@pytest.mark.parametrize("place", [FULL, LAST, NODES, RECORDS, LAST_RECORDS, "checkpoint"])
def test_missing(program: Program, vkey: str, export: Path, place: str) -> None:
    """Without one of its files, an export is refused."""
    path = export / place
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    assert not program.accepts("tiles", vkey, export)


def test_exchanged_tiles(program: Program, vkey: str, export: Path) -> None:
    """Two tiles of the same width do not pass for each other, neither with their records nor without."""
    for level in ("0", "entries"):
        directory = export / "tile" / level
        (directory / "000").rename(directory / "keep")
        (directory / "001").rename(directory / "000")
        (directory / "keep").rename(directory / "001")
        assert not program.accepts("tiles", vkey, export)


def test_forged_checkpoints(program: Program, log: LongLog, vkey: str, export: Path) -> None:
    """Whoever has the log's key can sign another size, root or name, but not make them those of the export."""
    path = export / "checkpoint"
    genuine = parse(split_note(path.read_bytes())[0])
    key = long_logs.key_of(log)
    for size, root in (
        (genuine.size - 1, genuine.root),
        (genuine.size + 1, genuine.root),
        (genuine.size * 2, genuine.root),
        (genuine.size, bytes(32)),
    ):
        path.write_bytes(signed([key], size, root))
        assert not program.accepts("tiles", vkey, export), size
    text = genuine.text().replace("gateway-1", "gateway-2")
    path.write_bytes(f"{text}\n{key.line(text)}".encode())
    assert not program.accepts("tiles", vkey, export)
    path.write_bytes(signed([key], genuine.size, genuine.root))
    assert program.accepts("tiles", vkey, export)


def test_keys(program: Program, log: LongLog, vkey: str, export: Path) -> None:
    """The key that signed is accepted; a stranger's is not, nor an earlier one of the same log, except by us:

    our verifier follows a log from key to key.
    """
    stranger = signer(3).verifier.vkey()
    for other in (stranger, vkey.replace("gateway-1", "gateway-2")):
        assert not program.accepts("tiles", other, export)
    assert program.accepts("tiles", log.vkeys.splitlines()[0], export) == (program.name == "ours")
    assert program.accepts("tiles", vkey, export)


def test_proofs(program: Program, log: LongLog, vkey: str, tmp_path: Path) -> None:
    """The proof of a record is accepted with its bytes, whichever key signed; altered, or of another record, it is not."""
    first = log.vkeys.splitlines()[0]
    signed_with = {0: first, 255: first, 256: first, 511: vkey, log.size - 1: vkey}
    for seq in signed_with:
        path = tmp_path / f"{seq}.tlog-proof"
        source = ["--state", str(log.places.root), "--db", str(log.database), "--unrecorded"]
        command = ["evidence", "prove", *source, str(seq), "-o", str(path)]
        assert CliRunner().invoke(main, command).exit_code == 0
    leaf, proof = tmp_path / "256.leaf", tmp_path / "256.tlog-proof"
    assert not program.accepts("proof", first, proof, tmp_path / "255.leaf")
    assert not program.accepts("proof", vkey, proof, leaf)
    text = proof.read_bytes()
    for old, new in ((b"index 256", b"index 255"), (b"\n\n", b"\nAAAA\n\n"), (b"\n\n", b"\n" + b"A" * 43 + b"=\n\n")):
        proof.write_bytes(text.replace(old, new, 1))
        assert not program.accepts("proof", first, proof, leaf)
    proof.write_bytes(text)
    for seq, key in signed_with.items():
        paths = (tmp_path / f"{seq}.tlog-proof", tmp_path / f"{seq}.leaf")
        assert program.accepts("proof", key, *paths), seq


def test_grown(program: Program, log: LongLog, vkey: str, export: Path, tmp_path: Path) -> None:
    """An earlier checkpoint, as an anchor kept it, is consistent with the export; a fork, or a longer log, is not."""
    notes = {parse(split_note(note)[0]).size: note for note in read_notes(log.anchor)}
    earlier = [size for size, note in notes.items() if note.count(logs.ORIGIN.encode()) == 2 and size > 310]
    old = tmp_path / "old"
    for size in (earlier[0], earlier[len(earlier) // 2], log.size):
        old.write_bytes(notes[size])
        assert program.accepts("grown", vkey, old, export), size
    key = long_logs.key_of(log)
    root = parse(split_note(notes[log.size])[0]).root
    for size, forged in ((earlier[0], bytes(32)), (log.size, bytes(32)), (log.size - 1, root), (log.size + 1, root)):
        old.write_bytes(signed([key], size, forged))
        assert not program.accepts("grown", vkey, old, export), size
    old.write_bytes(signed([signer(3)], log.size, root))
    assert not program.accepts("grown", vkey, old, export)


def test_every_checkpoint(program: Program, log: LongLog, vkey: str, tmp_path: Path) -> None:
    """The log's shortest trees are accepted too: each of its first checkpoints, as an export of then."""
    with closing(store.open_for_reading(log.database)) as db:
        sizes = [size for (size,) in db.execute("select size from checkpoints order by size limit 3")]
    assert sizes[0] == 2
    first = log.vkeys.splitlines()[0]
    for size in sizes:
        copy = Path(shutil.copy(log.database, tmp_path / f"{size}.db"))
        logs.execute(
            copy,
            f"delete from payloads where seq >= {size}",
            f"delete from records where seq >= {size}",
            f"delete from checkpoints where size > {size}",
            f"delete from subtrees where tile >= {size // 256}",
        )
        export = exported_to(tmp_path / f"{size}", copy)
        assert program.accepts("tiles", first, export)
        assert not program.accepts("tiles", vkey, export)
