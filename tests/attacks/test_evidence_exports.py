"""Every part of an export changed after it was made: told by both verifiers, and vouched for up to the damage only."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign.evidence import checkpoint_file, standalone_verifier, store, tiles, verify
from countersign.evidence.anchors import beside
from countersign.evidence.checkpoint import Signer, signed, split_note
from countersign.evidence.tiling import Tiling, tile_path
from countersign.evidence.tree import leaf_hash
from tests.attacks.attacked_log import MODES, Log, exported, written
from tests.evidence import logs
from tests.evidence.cosigning import FIRST, keep, size_of


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Written once."""
    return written(tmp_path_factory.mktemp("attacked"))


@pytest.fixture(scope="module")
def whole(log: Log, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its export, with payloads and with what a witness cosigned."""
    directory = tmp_path_factory.mktemp("exported")
    kept = keep(directory, FIRST, log.notes[-1:])
    with closing(store.open_for_reading(log.places.database)) as db:
        tiles.export(db, directory / "export", with_payloads=True, note_export=lambda _: None, cosigned=[kept])
    return directory / "export"


@pytest.fixture
def export(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(whole, tmp_path / "export"))


def tampered(log: Log, export: Path, mode: str = "none") -> bool:
    """Whether both verifiers say so; they never say different things, and what is not whole is not anchored."""
    report = log.verified(mode, export)
    code = log.standalone(mode, export)
    assert (code == standalone_verifier.OK) == report.ok, report.problems
    assert report.unreadable is None
    assert report.ok or (report.anchored_size, report.is_anchored) == (0, False)
    return not report.ok


def entries(export: Path) -> Iterator[tuple[Path, int, int]]:
    """The bundle of each record, and where its leaf begins and ends in it."""
    for path in (export / "tile" / "entries" / tile_path(0, 256), *(export / "tile" / "entries" / "001.p").iterdir()):
        content, place = path.read_bytes(), 0
        while place < len(content):
            begin = place + 2
            place = begin + int.from_bytes(content[place:begin])
            yield path, begin, place


def test_untouched(log: Log, export: Path) -> None:
    """The twin of every attack here: the export as it was made verifies in every mode, up to all that is anchored."""
    for mode in MODES:
        report = log.verified(mode, export)
        assert (tampered(log, export, mode), report.vouched_size) == (False, log.size)
        assert report.anchored_size == log.modes[mode].size


def test_every_entry(log: Log, export: Path) -> None:
    """One bit of any record is told, and what stands before it is vouched for up to the last checkpoint before it."""
    ends = sorted(size_of(note) for note in log.notes)
    found = list(entries(export))
    assert len(found) == log.size
    for seq, (path, begin, end) in enumerate(found):
        content = path.read_bytes()
        place = begin + seq % (end - begin)
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        report = log.verified("none", export)
        assert not report.ok, seq
        assert report.vouched_size <= max((size for size in ends if size <= seq), default=0), seq
        if seq % 8 == 0:
            assert tampered(log, export, "file"), seq
        path.write_bytes(content)
    assert not tampered(log, export)


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/000",
        "tile/0/001.p/*",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/*",
        "checkpoints",
        "log.vkey",
        "payloads/000",
        "payloads/001.p/*",
    ],
)
@pytest.mark.parametrize("how", ["a bit", "gone", "cut off", "longer", "swapped", "empty"])
def test_every_kind_of_file(log: Log, export: Path, name: str, how: str) -> None:
    """Each kind of file, in each way."""
    (path,) = export.glob(name)
    content = path.read_bytes()
    path.unlink()
    match how:
        case "a bit":
            path.write_bytes(
                content[:50] + bytes([content[50] ^ 2]) + content[51:] if len(content) > 50 else content[::-1]
            )
        case "cut off":
            path.write_bytes(content[: len(content) // 2])
        case "longer":
            path.write_bytes(content + content[-32:])
        case "swapped":
            path.write_bytes(content[32:] + content[:32] if len(content) > 32 else content[::-1])
        case "empty":
            path.write_bytes(b"")
    assert tampered(log, export)


type Change = Callable[[Log, Path], object]


def _forger() -> Signer:
    return Signer.of(logs.ORIGIN, Ed25519PrivateKey.generate())


def _edited(log: Log, export: Path) -> None:
    """One record, and every tile that it is in: what can be computed anew without the key."""
    path, begin, end = list(entries(export))[log.story.commits[40].records[0].leaf["seq"]]
    content = path.read_bytes()
    leaf = content[begin:end].replace(b"gateway-1", b"gateway-2", 1)
    assert leaf != content[begin:end]
    path.write_bytes(content[:begin] + leaf + content[end:])
    _tiled_anew(export)


def _tiled_anew(export: Path) -> bytes:
    """The root, for who wants to sign it."""
    tiling = Tiling()
    made = [
        tile for path, begin, end in entries(export) for tile in tiling.add(leaf_hash(path.read_bytes()[begin:end]))
    ] + tiling.rest()
    for tile in made:
        (export / "tile" / tile.path).write_bytes(b"".join(tile.hashes))
    return tiling.tree.root()


def _signed_anew(log: Log, export: Path) -> None:
    """The same, and a last checkpoint of it signed by somebody."""
    _edited(log, export)
    note = signed([_forger()], log.size, _tiled_anew(export))
    (export / "checkpoint").write_bytes(note)
    (export / "checkpoints").write_bytes(b"".join((*log.notes[:-1], note)))


def _another_key(log: Log, export: Path) -> None:
    (export / "log.vkey").write_text(_forger().verifier.vkey() + "\n")


def _older(log: Log, export: Path) -> None:
    """The last checkpoint is an earlier one."""
    (export / "checkpoint").write_bytes(log.notes[-3])


def _of_another_key(log: Log, export: Path) -> None:
    text = split_note(log.notes[-1])[0]
    (export / "checkpoint").write_bytes(f"{text}\n{_forger().line(text)}".encode())


def _without_one(log: Log, export: Path) -> None:
    (export / "checkpoints").write_bytes(b"".join((*log.notes[:9], *log.notes[10:])))


def _without_the_last(log: Log, export: Path) -> None:
    (export / "checkpoints").write_bytes(b"".join(log.notes[:-1]))


def _twice(log: Log, export: Path) -> None:
    (export / "checkpoints").write_bytes(b"".join((*log.notes[:9], log.notes[8], *log.notes[9:])))


def _swapped_entries(log: Log, export: Path) -> None:
    path = export / "tile" / "entries" / "000"
    content = path.read_bytes()
    bundle = [content[begin - 2 : end] for of, begin, end in entries(export) if of == path]
    bundle[40], bundle[41] = bundle[41], bundle[40]
    path.write_bytes(b"".join(bundle))


def _swapped_tiles(log: Log, export: Path) -> None:
    """The last tile of leaves in the place of the first."""
    (last,) = (export / "tile" / "0" / "001.p").iterdir()
    (export / "tile" / "0" / "000").write_bytes((last.read_bytes() * 256)[: 256 * 32])


def _swapped_payloads(log: Log, export: Path) -> None:
    path = export / "payloads" / "000"
    lines = path.read_bytes().split(b"\n")
    lines[1], lines[5] = lines[5], lines[1]
    path.write_bytes(b"\n".join(lines))


def _a_payload_less(log: Log, export: Path) -> None:
    path = export / "payloads" / "000"
    path.write_bytes(path.read_bytes().split(b"\n", 2)[2])


def _a_payload_more(log: Log, export: Path) -> None:
    path = export / "payloads" / "000"
    path.write_bytes(b"0 extra " + b"00" * 32 + b" 1\nx\n" + path.read_bytes())


def _a_file_more(log: Log, export: Path) -> None:
    (export / "tile" / "0" / "000.p").mkdir()
    (export / "tile" / "0" / "000.p" / "7").write_bytes(bytes(7 * 32))


def _a_torn_checkpoint(log: Log, export: Path) -> None:
    with (export / "checkpoints").open("ab") as file:
        file.write(log.notes[-1][:40] + b"# torn\n")


CHANGES: dict[str, Change] = {
    "an entry, and every tile above it": _edited,
    "the same, and the last checkpoint by another key": _signed_anew,
    "the list of keys": _another_key,
    "an older last checkpoint": _older,
    "the last checkpoint by another key": _of_another_key,
    "a checkpoint less": _without_one,
    "the last of all checkpoints gone": _without_the_last,
    "a checkpoint twice": _twice,
    "two entries swapped": _swapped_entries,
    "two tiles swapped": _swapped_tiles,
    "two payloads swapped": _swapped_payloads,
    "a payload less": _a_payload_less,
    "a payload more": _a_payload_more,
    "a file more": _a_file_more,
    "what a gateway marks as torn": _a_torn_checkpoint,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_can_be_made_to_fit(log: Log, export: Path, name: str) -> None:
    """Also what was made to look right is told, with anchors and without."""
    CHANGES[name](log, export)
    for mode in ("none", "quorum"):
        assert tampered(log, export, mode)


def test_cosignatures(log: Log, export: Path) -> None:
    """What a witness cosigned is part of an export: of another tree it is told; without it the witness vouches for nothing."""
    (path,) = export.glob("cosigned-checkpoints-*")
    assert next(checkpoint_file.read_notes(path)) == keep(export, FIRST, log.notes[-1:]).read_bytes()
    other = signed([log.key], log.size, bytes(32))
    keep(export, FIRST, [other])
    witnesses = [FIRST.verifier]
    assert not verify(export, log.vkeys, beside(export, witnesses), witnesses).ok
    path.unlink()
    report = verify(export, log.vkeys, beside(export, witnesses), witnesses)
    assert (report.ok, report.is_anchored) == (True, False)


def test_not_complete(log: Log, export: Path) -> None:
    """An export whose last checkpoint is gone was not written to its end: unreadable, and never intact."""
    (export / "checkpoint").unlink()
    report = log.verified("file", export)
    assert (report.ok, report.unreadable is not None) == (False, True)
    assert log.standalone("file", export) == standalone_verifier.UNREADABLE


def test_without_payloads(log: Log, tmp_path: Path, whole: Path) -> None:
    """Taking all payloads out of an export makes it one that was made without, and the report says that it holds none."""
    bare = exported(log.places.database, tmp_path / "bare", with_payloads=False)
    stripped = Path(shutil.copytree(whole, tmp_path / "stripped"))
    shutil.rmtree(stripped / "payloads")
    assert bare is not None
    for export in (bare, stripped):
        report = log.verified("file", export)
        assert (report.ok, report.holds_payloads, report.payloads) == (True, False, 0)
    assert log.verified("file", whole).holds_payloads
