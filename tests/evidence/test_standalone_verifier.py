"""The standalone verifier, run as an auditor runs it, beside the package's own verification."""

from __future__ import annotations

import ast
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlite_utils import Database

from countersign.evidence import StatePlaces, schema, standalone_verifier, store, tiles, verify
from countersign.evidence.anchors import Anchor
from countersign.evidence.checkpoint import Signer, parse, signed, split_note
from countersign.evidence.checkpoint_file import read_notes
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.erasures import Selection
from countersign.evidence.tree import Frontier, leaf_hash
from tests.evidence import logs, long_logs
from tests.evidence.cosigning import FIRST, SECOND, cosigned, keep
from tests.evidence.long_logs import LongLog

OK, TAMPERED, UNREADABLE, UNANCHORED = 0, 1, 2, 3
WITNESS = Cosigner.of("witness.example/w1", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> LongLog:
    """A log with everything in it, that is copied and never changed."""
    written = long_logs.written(tmp_path_factory.mktemp("long"))
    with closing(sqlite3.connect(written.database)) as db:
        db.execute("PRAGMA wal_checkpoint(truncate)")
    return written


@pytest.fixture(scope="module")
def exported(log: LongLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its export, with payloads."""
    directory = tmp_path_factory.mktemp("exported") / "export"
    with closing(store.open_for_reading(log.database)) as db:
        tiles.export(db, directory, with_payloads=True, note_export=lambda _: None)
    return directory


@pytest.fixture
def copy(log: LongLog, tmp_path: Path) -> Path:
    """A copy of its database."""
    return Path(shutil.copy(log.database, tmp_path / "copy.db"))


@pytest.fixture
def export(exported: Path, tmp_path: Path) -> Path:
    """A copy of its export."""
    return Path(shutil.copytree(exported, tmp_path / "export"))


def verified(
    capsys: pytest.CaptureFixture[str], vkeys: str | Path, target: Path, *options: str | Path
) -> tuple[int, str]:
    """Exit code and output, in this process, for speed."""
    keys = vkeys if isinstance(vkeys, Path) else target.parent / "given.vkey"
    if isinstance(vkeys, str):
        keys.write_text(vkeys)
    code = standalone_verifier.main(["--vkey", str(keys), *map(str, options), str(target)])
    return code, capsys.readouterr().out


def test_as_a_program(log: LongLog, exported: Path, tmp_path: Path) -> None:
    """One copied file, run by a Python that sees nothing of this package, verifies database and export."""
    program = shutil.copy(standalone_verifier.__file__, tmp_path / "verifier.py")
    for target in (log.database, exported):
        command = [sys.executable, "-I", program, "--vkey", log.places.vkey, "--anchor", log.anchor, target]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
        assert done.returncode == OK, done.stdout + done.stderr
        assert done.stderr == ""


def test_imports() -> None:
    """It imports the standard library and `cryptography`, and nothing else."""
    found = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(Path(standalone_verifier.__file__).read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.partition(".")[0] for name in found} - sys.stdlib_module_names == {"cryptography"}


def test_intact(capsys: pytest.CaptureFixture[str], log: LongLog, exported: Path) -> None:
    """It says up to which size each key and each anchor vouches, and how many payloads were erased by rule."""
    rotated = verify(log.database, log.vkeys).epochs[1].begin
    for target in (log.database, exported):
        code, said = verified(capsys, log.places.vkey, target, "--anchor", log.anchor, "--require-anchor")
        assert code == OK
        assert f"{log.size} records" in said
        assert "80 were erased by rule" in said
        assert f"vouches for the first {rotated} records" in said
        assert f"checkpoints vouches for the first {log.size} records" in said


def test_export_without_payloads(capsys: pytest.CaptureFixture[str], log: LongLog, tmp_path: Path) -> None:
    """An export without payloads is whole without them, and that is said."""
    with closing(store.open_for_reading(log.database)) as db:
        tiles.export(db, tmp_path / "bare", with_payloads=False, note_export=lambda _: None)
    code, said = verified(capsys, log.places.vkey, tmp_path / "bare")
    assert code == OK
    assert "holds no payloads" in said


# what is done to a copy of the database; each is also shown to the package's own verification
ATTACKS: dict[str, Sequence[str]] = {
    "delete a record": ["delete from payloads where seq = 5", "delete from records where seq = 5"],
    "delete the last record": ["delete from records where seq = (select max(seq) from records)"],
    "delete the last checkpoint": ["delete from checkpoints where size = (select max(size) from checkpoints)"],
    "delete a checkpoint": ["delete from checkpoints where size = 7"],
    "delete a payload": ["delete from payloads where seq = (select max(seq) from payloads)"],
    "delete a payload of a range that a rule erased from": [
        "delete from payloads where name = 'response' and seq < 20"
    ],
    "rename a payload": ["update payloads set name = 'other' where seq = (select max(seq) from payloads)"],
    "swap a salt": ["update payloads set salt = zeroblob(32) where seq = (select max(seq) from payloads)"],
    "a salt that is no blob of 32": ["update payloads set salt = x'00' where seq = (select max(seq) from payloads)"],
    "another body": ["update payloads set data = x'00' where seq = (select max(seq) from payloads)"],
    "a payload nobody named": ["insert into payloads values (3, 'x', zeroblob(32), x'00')"],
    "a payload of no record": ["insert into payloads values (9999, 'x', zeroblob(32), x'00')"],
    "a payload back that was erased": ["insert into payloads values (2, 'request', zeroblob(32), x'00')"],
    "a checkpoint that was not": ["insert into checkpoints select 5, note from checkpoints where size = 12"],
    "a checkpoint beyond": ["insert into checkpoints select 9999, note from checkpoints where size = 12"],
    "another checkpoint's note": [
        "update checkpoints set note = (select note from checkpoints where size = 12) where size = 7"
    ],
    "reorder": [
        "update records set seq = -1 where seq = 20",
        "update records set seq = 20 where seq = 21",
        "update records set seq = 21 where seq = -1",
    ],
    "a column": ["update records set subject = 'other' where seq = 5"],
    "a column to null": ["update records set caller = null where seq = 5"],
    "a column of another type": ["update records set status = null where status = 200"],
    "a leaf hash": ["update records set leaf_hash = zeroblob(32) where seq = 5"],
    "a leaf": ["update records set leaf = cast(replace(leaf, 'alice', 'mally') as blob) where seq = 5"],
    "a tile": ["update subtrees set root = zeroblob(32) where tile = 1"],
    "no tile": ["delete from subtrees where tile = 1"],
    "a tile more": ["insert into subtrees values (7, zeroblob(32))"],
    "a tile far away": ["insert into subtrees values (999, zeroblob(32))"],
    "nothing left": [f"delete from {table}" for table in ("payloads", "records", "checkpoints", "subtrees")],
    "another table": ["create table extra (x)"],
    "a trigger": ["create trigger extra after insert on records begin select 1; end"],
    "no payloads": ["drop table payloads"],
    "no tiles": ["drop table subtrees"],
    "text that is no text": ["update records set subject = cast(x'ff' as text) where seq = 2"],
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks(capsys: pytest.CaptureFixture[str], log: LongLog, copy: Path, name: str) -> None:
    """What the package's verification calls tampering the standalone verifier calls so too; untouched, neither does."""
    assert verified(capsys, log.places.vkey, copy)[0] == OK
    logs.execute(copy, *ATTACKS[name])
    assert not verify(copy, log.vkeys).ok
    code, said = verified(capsys, log.places.vkey, copy)
    assert code == TAMPERED
    assert "TAMPERED" in said
    assert "problem: " in said


FORGER = Signer.of(logs.ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
NEXT = Signer.of(logs.ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def record(seq: int, kind: str, exchange: str | None = None, **members: object) -> dict[str, object]:
    """A record in a commit of its own, or one that differs from it in `members`."""
    made: dict[str, object] = {
        "batch": seq,
        "exchange": exchange,
        "fields": {},
        "origin": logs.ORIGIN,
        "payloads": {},
        "seq": seq,
    }
    return {**made, "time": 1_800_000_000_000_000 + seq, "type": kind, "v": 1, **members}


GENESIS = record(0, "genesis", fields={"vkey": FORGER.verifier.vkey()})


def forge(path: Path, *told: dict[str, object], edit: tuple[bytes, bytes] = (b"", b""), also: Signer = FORGER) -> None:
    """Whatever the holder of the key writes, one record in each commit; the last checkpoint is signed by `also` too."""
    with closing(Database(path)) as db:
        schema.migrate(db)
        frontier = Frontier()
        for seq, each in enumerate(told):
            leaf = json.dumps(each, sort_keys=True, separators=(",", ":")).encode().replace(*edit)
            frontier.append(leaf_hash(leaf))
            row = {name: each[name] for name in ("time", "type", "exchange")}
            db.table("records").insert({"seq": seq, **row, "leaf": leaf, "leaf_hash": leaf_hash(leaf)})
            signers = [FORGER] if seq < len(told) - 1 or also == FORGER else [FORGER, also]
            note = signed(signers, seq + 1, frontier.root())
            db.table("checkpoints").insert({"size": seq + 1, "note": note})


def agreed(capsys: pytest.CaptureFixture[str], path: Path) -> bool:
    """Whether both programs find a log intact."""
    vkey = FORGER.verifier.vkey()
    code, said = verified(capsys, vkey + "\n", path)
    assert (code == OK) == verify(path, vkey).ok, said
    assert code in (OK, TAMPERED)
    return code == OK


def rotation(epoch: int, successor: Signer) -> dict[str, object]:
    """A record that names the next key."""
    return record(1, "key_rotation", fields={"epoch": epoch, "next": successor.verifier.vkey()})


@pytest.mark.parametrize(
    ("told", "edit"),
    [
        ([GENESIS, record(1, "rules")], (b'"v":1', b'"v":1,"v":1')),
        ([GENESIS, record(1, "rules")], (b'"fields":{}', b'"fields":{"a":1,"a":1}')),
        ([GENESIS, record(1, "rules")], (b'"fields":{}', b'"fields":{"a":NaN}')),
        ([GENESIS, record(1, "rules")], (b'"v":1', b'"v":1,"w":1')),
        ([GENESIS, record(1, "rules")], (b'"v":1', b'"v":2')),
        ([GENESIS, record(1, "rules")], (b'"v":1', b'"v":true')),
        ([GENESIS, record(1, "rules")], (b'"v":1}', b'"v":1} x')),
        ([GENESIS, record(1, "genesis")], (b"", b"")),
        ([record(0, "rules"), record(1, "rules")], (b"", b"")),
        ([record(0, "genesis", fields={"vkey": NEXT.verifier.vkey()})], (b"", b"")),
        ([GENESIS, record(1, "intent", "x"), record(2, "start")], (b"", b"")),
        ([GENESIS, {**record(1, "rules"), "seq": 2}], (b"", b"")),
        ([GENESIS, record(1, "rules", batch=0)], (b"", b"")),
        ([GENESIS, record(1, "rules", origin="example.com/other")], (b"", b"")),
        ([GENESIS, record(1, "rules", fields={"status": "200"})], (b"", b"")),
        ([GENESIS, record(1, "rules", fields={"subject": 1})], (b"", b"")),
        ([GENESIS, record(1, "rules", payloads={"x": {}})], (b"", b"")),
        ([GENESIS, rotation(1, NEXT)], (b"", b"")),
        ([GENESIS, record(1, "prune", fields={"before": 0})], (b"", b"")),
    ],
)
def test_what_only_the_key_holder_can_write(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, told: list[dict[str, object]], edit: tuple[bytes, bytes]
) -> None:
    """Signed by the log's own key, and still refused by both: it is not what a gateway writes. The twin is accepted."""
    forge(tmp_path / "good.db", GENESIS, record(1, "intent", "x"), record(2, "outcome", "x"), record(3, "start"))
    assert agreed(capsys, tmp_path / "good.db")
    forge(tmp_path / "forged.db", *told, edit=edit)
    assert not agreed(capsys, tmp_path / "forged.db")


@pytest.mark.parametrize(
    ("epoch", "successor", "also", "is_right"),
    [(1, NEXT, NEXT, True), (1, NEXT, FORGER, False), (2, NEXT, NEXT, False), (1, FORGER, FORGER, False)],
)
def test_rotation(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, epoch: int, successor: Signer, also: Signer, is_right: bool
) -> None:
    """The next key has the next number, is another, and signs the commit that names it."""
    forge(tmp_path / "log.db", GENESIS, rotation(epoch, successor), also=also)
    assert agreed(capsys, tmp_path / "log.db") == is_right


def test_signed_twice(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A key signs a checkpoint once."""
    path = tmp_path / "log.db"
    forge(path, GENESIS)
    with closing(sqlite3.connect(path)) as db:
        note = db.execute("select note from checkpoints").fetchone()[0]
    assert agreed(capsys, path)
    logs.execute(path, ("update checkpoints set note = ?", [note + note.rpartition(b"\n\n")[2]]))
    assert not agreed(capsys, path)


def test_an_erased_payload_is_back(capsys: pytest.CaptureFixture[str], places: StatePlaces, tmp_path: Path) -> None:
    """A payload that a rule erased, put back from a copy with its salt, is not what the prune record says."""
    clock = logs.Clock()
    with logs.opened(places, clock=clock) as log:
        logs.tell_story(log)
        with closing(sqlite3.connect(places.database)) as db:
            rows = db.execute("select seq, name, salt, data from payloads").fetchall()
        clock.now_us += long_logs.TWO_DAYS_US
        before_us = clock.now_us - long_logs.TWO_DAYS_US // 2
        log.prune(Selection(before_us), logs.nothing_needed, rule="retention.yaml:1", actor="tests")
    copy = Path(shutil.copy(places.database, tmp_path / "copy.db"))
    assert verified(capsys, places.vkey, copy)[0] == OK
    logs.execute(copy, ("insert into payloads values (?, ?, ?, ?)", rows[0]))
    assert not verify(copy, places.vkey.read_text()).ok
    code, said = verified(capsys, places.vkey, copy)
    assert (code, "other payloads are missing" in said) == (TAMPERED, True)


def test_another_letter_for_the_same_bytes(capsys: pytest.CaptureFixture[str], log: LongLog, copy: Path) -> None:
    """A signature whose base64 has other unused bits at its end is not the one that was written."""
    with closing(sqlite3.connect(copy)) as db:
        note = db.execute("select note from checkpoints where size = 7").fetchone()[0]
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = letters[letters.index(note[-3]) ^ 1]
    logs.execute(copy, ("update checkpoints set note = ? where size = 7", [note[:-3] + bytes([other]) + note[-2:]]))
    assert not verify(copy, log.vkeys).ok
    code, said = verified(capsys, log.places.vkey, copy)
    assert (code, "not canonical base64" in said) == (TAMPERED, True)


def rewritten(log: LongLog, target: Path, *, keep: int, signers: Sequence[Signer], change_at: int = -1) -> None:
    """The first `keep` records anew by who holds a key: one of them changed, every later checkpoint signed again."""
    logs.execute(
        target,
        *(f"delete from {table} where seq >= {keep}" for table in ("payloads", "records")),
        f"delete from checkpoints where size > {keep}",
        f"delete from subtrees where tile >= {keep // 256}",
    )
    with closing(sqlite3.connect(target)) as db, db:
        frontier = Frontier()
        notes = dict(db.execute("select size, note from checkpoints").fetchall())
        for seq, leaf in db.execute("select seq, leaf from records order by seq").fetchall():
            if seq == change_at:
                leaf = leaf.replace(b"alice", b"mally")
                db.execute("update records set leaf = ?, leaf_hash = ? where seq = ?", [leaf, leaf_hash(leaf), seq])
                db.execute("update records set caller = 'mally' where seq = ?", [seq])
            tile = frontier.append(leaf_hash(leaf))
            if tile is not None:
                db.execute("update subtrees set root = ? where tile = ?", [tile, seq // 256])
            size = seq + 1
            if size in notes and parse(split_note(notes[size])[0]).root != frontier.root():
                note = signed(signers, size, frontier.root())
                db.execute("update checkpoints set note = ? where size = ?", [note, size])


def compared(log: LongLog, target: Path) -> bool:
    """What the package says with the same anchor."""
    return verify(target, log.vkeys, [Anchor("elsewhere", lambda: read_notes(log.anchor))]).ok


def test_cut_off(capsys: pytest.CaptureFixture[str], log: LongLog, copy: Path) -> None:
    """Cut back to an older checkpoint: only the key of a later epoch, or an anchor, shows it; both programs agree."""
    rewritten(log, copy, keep=verify(log.database, log.vkeys).epochs[1].begin - 1, signers=[])
    first = log.vkeys.splitlines(keepends=True)[0]
    assert verify(copy, first).ok
    assert verified(capsys, first, copy)[0] == OK
    assert not verify(copy, log.vkeys).ok
    code, said = verified(capsys, log.places.vkey, copy)
    assert (code, "later keys" in said) == (TAMPERED, True)
    code, said = verified(capsys, first, copy, "--anchor", log.anchor)
    assert (code, "its end is gone" in said) == (TAMPERED, True)


def test_rewritten_with_the_stolen_key(capsys: pytest.CaptureFixture[str], log: LongLog, copy: Path) -> None:
    """Who stole today's key cannot sign what an earlier key signed; in today's epoch only an anchor shows the rewriting."""
    with closing(sqlite3.connect(copy)) as db:
        changed = db.execute("select max(seq) from records where type = 'intent'").fetchone()[0]
    rewritten(log, copy, keep=log.size, signers=[long_logs.key_of(log)], change_at=changed)
    assert verify(copy, log.vkeys).ok
    code, said = verified(capsys, log.places.vkey, copy)
    assert code == OK, said
    assert not compared(log, copy)
    code, said = verified(capsys, log.places.vkey, copy, "--anchor", log.anchor)
    assert (code, "in the anchor" in said) == (TAMPERED, True)


def test_rewritten_with_the_key_of_another_epoch(capsys: pytest.CaptureFixture[str], log: LongLog, copy: Path) -> None:
    """The key of a later epoch signs nothing in an earlier one."""
    rewritten(log, copy, keep=log.size, signers=[long_logs.key_of(log)], change_at=12)
    assert not verify(copy, log.vkeys).ok
    code, said = verified(capsys, log.places.vkey, copy)
    assert (code, "is not signed by the key" in said) == (TAMPERED, True)
    assert "vouches for the first 12 records" in said


def test_export_attacks(capsys: pytest.CaptureFixture[str], log: LongLog, export: Path, tmp_path: Path) -> None:
    """Every file of an export that is gone, cut off, empty or made longer is seen; so is a file that does not belong."""
    files = [path for path in export.rglob("*") if path.is_file()]
    assert len(files) == 13
    for path in files:
        content = path.read_bytes()
        for altered in (None, content[:-1], content + b"\n"):
            path.unlink()
            if altered is not None:
                path.write_bytes(altered)
            code, said = verified(capsys, log.places.vkey, export)
            assert code in (TAMPERED, UNREADABLE), (path, altered and len(altered))
            assert code == TAMPERED or path.name == "checkpoint", said
            path.write_bytes(content)
    for path in (export / "tile" / "2" / "000.p" / "1", export / "payloads" / "007"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        assert verified(capsys, log.places.vkey, export)[0] == TAMPERED
        path.unlink()
    assert verified(capsys, log.places.vkey, export)[0] == OK


def test_any_byte_of_an_export(capsys: pytest.CaptureFixture[str], log: LongLog, export: Path) -> None:
    """One bit in any file of an export is never called intact, and never ends in a crash."""
    chosen = random.Random(1)
    for path in sorted(path for path in export.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for place in {0, len(content) - 1, *(chosen.randrange(len(content)) for _ in range(2))}:
            path.write_bytes(
                content[:place] + bytes([content[place] ^ (1 << chosen.randrange(8))]) + content[place + 1 :]
            )
            code, said = verified(capsys, log.places.vkey, export)
            assert code in (TAMPERED, UNREADABLE), (path, place)
            assert said
        path.write_bytes(content)
    assert verified(capsys, log.places.vkey, export)[0] == OK


def test_any_byte_of_a_database(capsys: pytest.CaptureFixture[str], log: LongLog, copy: Path) -> None:
    """Bytes changed anywhere in a database: never a crash, and never intact where the package finds tampering."""
    content, chosen, found = copy.read_bytes(), random.Random(2), 0
    for _ in range(20):
        altered = bytearray(content)
        for _ in range(3):
            altered[chosen.randrange(len(altered))] ^= 1 << chosen.randrange(8)
        copy.write_bytes(altered)
        code, said = verified(capsys, log.places.vkey, copy)
        assert (code == OK) <= verify(copy, log.vkeys).ok, said
        found += code != OK
    assert found > 10


@pytest.mark.parametrize("damage", ["no file", "directory", "text", "cut", "empty", "locked"])
def test_what_cannot_be_read(capsys: pytest.CaptureFixture[str], log: LongLog, copy: Path, damage: str) -> None:
    """What is no log is never intact, and is told from one that was tampered with as the package tells it."""
    expected = UNREADABLE if damage in ("no file", "directory", "locked") else TAMPERED
    content = copy.read_bytes()
    copy.unlink()
    match damage:
        case "directory":
            copy.mkdir()
        case "text":
            copy.write_bytes(b"not a database" * 1000)
        case "cut":
            copy.write_bytes(content[: len(content) // 8192 * 4096])
        case "empty":
            copy.write_bytes(b"")
        case "locked":
            copy.write_bytes(content)
    with closing(sqlite3.connect(":memory:" if damage != "locked" else copy, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=exclusive")
        other.execute("begin exclusive")
        code, said = verified(capsys, log.places.vkey, copy)
        assert code == expected, said
        if damage != "directory":
            assert (verify(copy, log.vkeys).unreadable is not None) == (expected == UNREADABLE)


def test_keys_that_cannot_be_used(capsys: pytest.CaptureFixture[str], log: LongLog, tmp_path: Path) -> None:
    """Without the log's keys, or with others, nothing is verified."""
    first, second = log.vkeys.splitlines()
    other = Signer.of(logs.ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32))).verifier.vkey()
    elsewhere = Signer.of("example.com/other", Ed25519PrivateKey.from_private_bytes(bytes(32))).verifier.vkey()
    target = Path(shutil.copy(log.database, tmp_path / "copy.db"))
    for vkeys in ("", "nonsense\n", f"{first}\n{first}\n", f"{first}\n{elsewhere}\n", WITNESS.verifier.vkey() + "\n"):
        assert verified(capsys, vkeys, target)[0] == UNREADABLE, vkeys
    assert verified(capsys, tmp_path / "missing", target)[0] == UNREADABLE
    for vkeys in (f"{other}\n", f"{first}\n{other}\n", f"{second}\n{first}\n", elsewhere):
        assert verified(capsys, vkeys, target)[0] == TAMPERED, vkeys
        assert not verify(target, vkeys).ok
    assert verified(capsys, f"{first}\n", target)[0] == OK


def test_anchors(capsys: pytest.CaptureFixture[str], log: LongLog, tmp_path: Path) -> None:
    """An anchor vouches up to its last checkpoint; torn at its end it is read up to there; else its damage is told."""
    notes = list(read_notes(log.anchor))
    size = parse(split_note(notes[5])[0]).size
    anchor = tmp_path / "anchor"

    def told(content: bytes) -> tuple[int, str]:
        anchor.write_bytes(content)
        return verified(capsys, log.places.vkey, log.database, "--anchor", anchor, "--require-anchor")

    kept = b"".join(notes[:6])
    for content in (kept, kept + notes[6][:50], kept + notes[6][:50] + b"# torn\n" + notes[6][:20]):
        code, said = told(content)
        assert code == OK, said
        assert f"anchor {anchor} vouches for the first {size} records" in said
    for content in (
        b"",
        b"nonsense\n" * 5,
        kept + notes[0],
        kept + kept,
        kept + notes[5],
        kept.replace(b"\n\n", b"\n"),
    ):
        assert told(content)[0] == TAMPERED, content
    forged = signed([Signer.of(logs.ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))], 7, bytes(32))
    assert told(forged)[0] == TAMPERED
    anchor.unlink()
    assert verified(capsys, log.places.vkey, log.database, "--anchor", anchor)[0] == UNREADABLE


def test_required_anchor(capsys: pytest.CaptureFixture[str], log: LongLog) -> None:
    """Asked for an anchor, an intact log without any is 3; with one that vouches it is 0."""
    assert verified(capsys, log.places.vkey, log.database)[0] == OK
    assert verified(capsys, log.places.vkey, log.database, "--require-anchor")[0] == UNANCHORED
    assert verified(capsys, log.places.vkey, log.database, "--anchor", log.anchor, "--require-anchor")[0] == OK


def test_witnesses(capsys: pytest.CaptureFixture[str], log: LongLog, tmp_path: Path) -> None:
    """A witness vouches up to the last checkpoint that it cosigned, and when; a cosignature that is wrong is tampering."""
    notes = list(read_notes(log.anchor))
    text = split_note(notes[5])[0]
    line = WITNESS.line(text, 1_800_000_000).encode()
    cosigned = tmp_path / "cosigned"
    options = ("--anchor", cosigned, "--witness", WITNESS.verifier.vkey(), "--require-anchor")
    cosigned.write_bytes(notes[5] + line + notes[6])
    code, said = verified(capsys, log.places.vkey, log.database, *options)
    assert code == OK, said
    assert f"w1 vouches for the first {parse(text).size} records, seen 2027-01-15 08:00:00 UTC" in said
    cosigned.write_bytes(notes[5] + notes[6])
    assert verified(capsys, log.places.vkey, log.database, *options)[0] == UNANCHORED
    cosigned.write_bytes(notes[6] + line)
    code, said = verified(capsys, log.places.vkey, log.database, *options)
    assert (code, "the signature of witness.example/w1 is wrong" in said) == (TAMPERED, True)
    assert verified(capsys, log.places.vkey, log.database, "--witness", "nonsense")[0] == UNREADABLE


def test_quorum(capsys: pytest.CaptureFixture[str], log: LongLog, copy: Path) -> None:
    """All witnesses that are named must vouch, or the quorum; their cosignatures are found beside the database."""
    notes = list(read_notes(log.anchor))
    named = [word for each in (FIRST, SECOND) for word in ("--witness", each.verifier.vkey())]
    assert verified(capsys, log.places.vkey, copy, *named)[0] == UNANCHORED
    keep(copy.parent, FIRST, []).write_bytes(b"".join(notes))
    code, said = verified(capsys, log.places.vkey, copy, *named)
    assert (code, "What comes after the first 0 records" in said) == (UNANCHORED, True)
    keep(copy.parent, FIRST, [notes[4], notes[9]])
    keep(copy.parent, SECOND, [])
    code, said = verified(capsys, log.places.vkey, copy, *named)
    assert (code, "NOT ANCHORED" in said) == (UNANCHORED, True)
    code, said = verified(capsys, log.places.vkey, copy, *named, "--quorum", "1")
    sizes = [parse(split_note(notes[place])[0]).size for place in (4, 9)]
    assert (code, f"What comes after the first {sizes[1]} records" in said) == (OK, True)
    keep(copy.parent, SECOND, notes[3:6])
    keep(copy.parent, FIRST, [notes[4]])
    code, said = verified(capsys, log.places.vkey, copy, *named)
    assert (code, f"2 of these witnesses, as asked, vouch for the first {sizes[0]} records" in said) == (OK, True)
    for options in (["--quorum", "3"], ["--quorum", "0"], named[:2]):
        assert verified(capsys, log.places.vkey, copy, *named, *options)[0] == UNREADABLE
    assert verified(capsys, log.places.vkey, copy, "--quorum", "1")[0] == UNREADABLE


def test_export_with_cosignatures(capsys: pytest.CaptureFixture[str], log: LongLog, tmp_path: Path) -> None:
    """What witnesses cosigned goes with an export, and counts there; of another tree it is told."""
    kept = [keep(tmp_path, FIRST, list(read_notes(log.anchor))[-2:])]
    with closing(store.open_for_reading(log.database)) as db:
        tiles.export(db, tmp_path / "export", with_payloads=False, note_export=lambda _: None, cosigned=kept)
    options = ("--witness", FIRST.verifier.vkey())
    code, said = verified(capsys, log.places.vkey, tmp_path / "export", *options)
    assert (code, f"w1 vouches for the first {log.size} records, seen 2027-01-15 08:01:40 UTC" in said) == (OK, True)
    path = tmp_path / "export" / kept[0].name
    other = signed([long_logs.key_of(log)], log.size, bytes(32))
    path.write_bytes(cosigned(other, FIRST))
    assert verified(capsys, log.places.vkey, tmp_path / "export", *options)[0] == TAMPERED
    path.unlink()
    assert verified(capsys, log.places.vkey, tmp_path / "export", *options)[0] == UNANCHORED


def test_gaps_and_torn_notes(capsys: pytest.CaptureFixture[str], log: LongLog, tmp_path: Path) -> None:
    """As the package has it: a checkpoint file with a gap is remarked on, a witness's is not; so is a note cut off."""
    notes, anchor = list(read_notes(log.anchor)), tmp_path / "anchor"

    def told(*kept: bytes) -> str:
        anchor.write_bytes(b"".join(kept))
        report = verify(log.database, log.vkeys, [Anchor("elsewhere", lambda: read_notes(anchor))])
        code, said = verified(capsys, log.places.vkey, log.database, "--anchor", anchor)
        of_anchor = any("elsewhere" in remark.what for remark in report.remarks)
        assert (code, report.ok, of_anchor) == (OK, True, "remark: " in said)
        return said

    assert "remark" not in told(*notes)
    assert "remark" not in told(*notes[3:9])
    assert "lacks 2 checkpoints in its middle" in told(*notes[:3], *notes[5:])
    assert "remark" not in told(*(cosigned(note, FIRST) for note in (*notes[:3], *notes[5:])))
    (place,) = [place for place, note in enumerate(notes) if len(split_note(note)[1]) == 2]
    torn = notes[place].rpartition("— ".encode())[0]
    assert "cut off" in told(*notes[:place], torn, *notes[place + 1 :])


def test_beside_an_anchor_that_grows(log: LongLog, tmp_path: Path) -> None:
    """Checkpoints that are added to an anchor while it is read are left for the next time."""
    notes, anchor = list(read_notes(log.anchor)), tmp_path / "anchor"
    anchor.write_bytes(b"".join(notes[:3]))
    reading = standalone_verifier.read_notes(anchor)
    assert next(reading) == notes[0]
    anchor.write_bytes(b"".join(notes))
    assert list(reading) == notes[1:3]
