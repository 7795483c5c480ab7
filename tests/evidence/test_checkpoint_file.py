"""The append-only file of signed checkpoints."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign import limits
from countersign.evidence.checkpoint import Checkpoint, split_note
from countersign.evidence.checkpoint_file import (
    CheckpointFile,
    CheckpointFileError,
    read_checkpoints,
    read_last_notes,
    read_notes,
)
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.errors import BadNote, EvidenceDamaged, LogInUse
from tests.evidence.growth import Growth, signer

LOG = Growth()
WITNESS = Cosigner.of("witness.example.com/1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
NOTES = [LOG.note(size) for size in (1, 2, 5)]


def cosigned(note: bytes) -> bytes:
    return note + WITNESS.line(split_note(note)[0], 1_800_000_000).encode()


def append(path: Path, *notes: bytes) -> None:
    with closing(CheckpointFile.open(path)) as file:
        for note in notes:
            file.append(note)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


def test_notes_come_back(path: Path) -> None:
    """What was appended is read in order, byte for byte, also after it was opened again."""
    append(path, NOTES[0], cosigned(NOTES[1]))
    append(path, NOTES[2])
    assert list(read_notes(path)) == [NOTES[0], cosigned(NOTES[1]), NOTES[2]]
    assert path.read_bytes() == NOTES[0] + cosigned(NOTES[1]) + NOTES[2]
    assert [found.size for found in read_checkpoints(path, signer(1).verifier.open_checkpoint)] == [1, 2, 5]


def test_while_it_grows(path: Path) -> None:
    """What is appended while the file is read belongs to the next reading: the log that is compared is older than that."""
    append(path, NOTES[0], cosigned(NOTES[1]))
    reading = read_notes(path)
    assert next(reading) == NOTES[0]
    append(path, NOTES[2])
    assert list(reading) == [cosigned(NOTES[1])]
    assert len(list(read_notes(path))) == 3


def test_an_empty_file(path: Path) -> None:
    """A file that was just begun holds nothing, for everybody to read."""
    append(path)
    assert list(read_notes(path)) == []
    assert list(read_last_notes(path)) == []
    assert path.stat().st_mode & 0o777 == 0o644 & ~_umask()


def test_an_append_is_one_write_and_one_fdatasync(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut meets one write only, and the note is durable before append returns."""
    calls: list[str] = []

    def recorded[**P, R](name: str, call: Callable[P, R]) -> Callable[P, R]:
        def recording(*arguments: P.args, **more: P.kwargs) -> R:
            calls.append(name)
            return call(*arguments, **more)

        return recording

    with closing(CheckpointFile.open(path)) as file, monkeypatch.context() as patched:
        patched.setattr(os, "write", recorded("write", os.write))
        patched.setattr(os, "fdatasync", recorded("fdatasync", os.fdatasync))
        file.append(cosigned(NOTES[0]))
    assert calls == ["write", "fdatasync"]


@pytest.mark.parametrize("note", [NOTES[0], cosigned(NOTES[1])], ids=["one line", "two lines"])
def test_a_torn_end(tmp_path: Path, note: bytes) -> None:
    """Wherever a power cut ended the last write: nothing is cut back, and what was complete before and comes after is read."""
    for kept in range(len(note)):
        path = tmp_path / str(kept)
        path.write_bytes(NOTES[0] + note[:kept])
        before = path.read_bytes()
        complete = note[: note[:kept].rfind(b"\n") + 1]
        expected = [NOTES[0]] + ([complete] if "—".encode() in complete else [])
        assert list(read_notes(path)) == expected, kept
        append(path, NOTES[2])
        assert path.read_bytes().startswith(before)
        assert path.read_bytes().endswith(NOTES[2])
        assert list(read_notes(path)) == [*expected, NOTES[2]], kept
        assert list(read_last_notes(path)) == [*expected, NOTES[2]], kept
        append(path)
        assert list(read_notes(path)) == [*expected, NOTES[2]], "opening it again changes nothing"


@pytest.mark.parametrize("appended", [b"# torn\n", "— log QUJD# torn\n".encode(), b"example# torn\n"])
def test_a_mark_hides_no_checkpoint(path: Path, appended: bytes) -> None:
    """Who can only append cannot make readers skip what is complete."""
    path.write_bytes(NOTES[0] + appended)
    assert list(read_notes(path)) == [NOTES[0]]
    append(path, NOTES[1])
    assert list(read_notes(path)) == [NOTES[0], NOTES[1]]


@pytest.mark.parametrize(
    "damage",
    [
        b"\x00" * 100,
        b"exam\x00ple",
        b"not a/\xc3\xa9 name\n",
        b"example.com/log\n007\n",
        b"example.com/log\n7\nshort\n",
        NOTES[1].replace(b"\n\n", b"\n"),
        NOTES[1] + b"\n",
        NOTES[1].replace(b" ", b"  "),
        b"x" * (limits.MAX_NOTE_BYTES + 1),
        b"\r\n",
    ],
)
def test_damage(path: Path, damage: bytes) -> None:
    """What is neither a note nor the beginning of one is named with its place, in reading and in opening."""
    path.write_bytes(NOTES[0] + damage + NOTES[2])
    with pytest.raises(EvidenceDamaged, match=r"byte \d+"):
        list(read_notes(path))
    with pytest.raises(EvidenceDamaged, match=r"byte \d+"):
        CheckpointFile.open(path)
    path.write_bytes(NOTES[0] + NOTES[2])
    assert list(read_notes(path)) == [NOTES[0], NOTES[2]]


@pytest.mark.parametrize("end", [bytes(100), NOTES[1][:30] + bytes(8)])
def test_an_end_of_zeros(path: Path, end: bytes) -> None:
    """What some filesystems leave after a power cut is not the beginning of a note: somebody has to look at it."""
    path.write_bytes(NOTES[0] + end)
    with pytest.raises(EvidenceDamaged, match=r"byte \d+"):
        list(read_notes(path))
    with pytest.raises(EvidenceDamaged):
        CheckpointFile.open(path)
    path.write_bytes(NOTES[0] + end.rstrip(b"\x00"))
    append(path, NOTES[2])
    assert list(read_notes(path)) == [NOTES[0], NOTES[2]]


def test_the_place_of_damage(path: Path) -> None:
    """The byte that is named is where the first line that cannot be begins."""
    path.write_bytes(NOTES[0] + b"!\n")
    with pytest.raises(EvidenceDamaged, match=rf"byte {len(NOTES[0])};"):
        list(read_notes(path))


def test_no_byte_is_ignored(path: Path) -> None:
    """Another bit anywhere: the file is damaged, or the altered note does not verify, or is not one of the log."""
    whole = NOTES[0] + NOTES[1]
    verifier = signer(1).verifier
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            found = [checkpoint.size for checkpoint in read_checkpoints(path, verifier.open_checkpoint)]
        except (EvidenceDamaged, BadNote):
            continue
        assert found == [1], place  # only the last line feed: as if the last write had been torn
        assert place == len(whole) - 1


@pytest.mark.parametrize("order", [(2, 1), (1, 1)])
def test_sizes_increase(path: Path, order: tuple[int, int]) -> None:
    """An older checkpoint after a newer one, or the same twice, is no append-only log."""
    append(path, *(LOG.note(size) for size in order))
    with pytest.raises(EvidenceDamaged, match="follows"):
        list(read_checkpoints(path, signer(1).verifier.open_checkpoint))


def test_a_foreign_note(path: Path) -> None:
    """What `open_note` refuses ends the reading."""
    append(path, NOTES[0])
    with pytest.raises(BadNote):
        list(read_checkpoints(path, signer(2).verifier.open_checkpoint))


def test_memory_is_bounded(path: Path) -> None:
    """Reading is one note at a time, and the last notes are found without reading the file."""
    count = 4000
    path.write_bytes(b"".join(_numbered(number) for number in range(count)))
    notes = read_notes(path)
    assert next(notes) == _numbered(0)
    assert sum(1 for _ in notes) == count - 1
    last = list(read_last_notes(path))
    assert last[-1] == _numbered(count - 1)
    assert 10 < len(last) < count / 2
    append(path, LOG.note(5))
    assert list(read_last_notes(path))[-1] == LOG.note(5)


def test_damage_far_from_the_end(path: Path) -> None:
    """Only a whole reading meets it; one that ends in nothing but damage is not opened."""
    path.write_bytes(b"!\n" + b"".join(_numbered(number) for number in range(400)))
    assert list(read_last_notes(path))
    with pytest.raises(EvidenceDamaged, match="byte 0;"):
        list(read_notes(path))
    last_line = NOTES[0].rpartition(b"\n\n")[2]
    for end in (b"", last_line):
        path.write_bytes(b"example.com/log\n" * 10_000 + end)
        with pytest.raises(EvidenceDamaged, match="after byte"):
            CheckpointFile.open(path)


@pytest.mark.parametrize("note", [b"", NOTES[0][:-1], NOTES[0] + NOTES[1], b"!" + NOTES[0], NOTES[0] + b"# torn\n"])
def test_only_a_note_is_appended(path: Path, note: bytes) -> None:
    """Anything else is refused before it is written, and does no harm."""
    with closing(CheckpointFile.open(path)) as file:
        with pytest.raises(BadNote):
            file.append(note)
        file.append(NOTES[0])
    assert path.read_bytes() == NOTES[0]


def test_the_place_must_be_there(tmp_path: Path) -> None:
    """A volume that is not mounted is an error, not a new directory; with the directory it opens."""
    with pytest.raises(CheckpointFileError, match="mount"):
        CheckpointFile.open(tmp_path / "volume" / "checkpoints")
    (tmp_path / "volume").mkdir()
    append(tmp_path / "volume" / "checkpoints", NOTES[0])


def test_only_a_regular_file(tmp_path: Path) -> None:
    """A symbolic link, a pipe or a directory is refused; the file itself is not."""
    append(tmp_path / "real", NOTES[0])
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CheckpointFileError, match="symbolic link"):
        CheckpointFile.open(tmp_path / "link")
    with pytest.raises(CheckpointFileError, match="regular"):
        CheckpointFile.open(tmp_path / "pipe")
    with pytest.raises(CheckpointFileError, match="cannot be opened"):
        CheckpointFile.open(tmp_path)


def test_one_process_appends(path: Path) -> None:
    """Two gateways cannot share a file; after the first let go, the next one can."""
    with closing(CheckpointFile.open(path)), pytest.raises(LogInUse, match="another gateway"):
        CheckpointFile.open(path)
    append(path, NOTES[0])


@pytest.mark.parametrize("loss", ["removed", "replaced"])
def test_a_file_that_is_no_longer_there(path: Path, loss: str) -> None:
    """What is written into a file that nobody will find is not written, and nothing more is."""
    with closing(CheckpointFile.open(path)) as file:
        file.append(NOTES[0])
        path.unlink()
        if loss == "replaced":
            path.write_bytes(NOTES[0])
        with pytest.raises(EvidenceDamaged, match=loss):
            file.append(NOTES[1])
        with pytest.raises(OSError, match="earlier"):
            file.append(NOTES[2])


def test_after_a_failed_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full for one write gets no second one until the file was opened again."""
    write = os.write
    with closing(CheckpointFile.open(path)) as file:
        monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:100]))
        with pytest.raises(OSError, match="part"):
            file.append(NOTES[0])
        monkeypatch.undo()
        with pytest.raises(OSError, match="earlier"):
            file.append(NOTES[1])
    append(path, NOTES[1])
    assert list(read_notes(path)) == [NOTES[1]]


def test_after_a_failed_fdatasync(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of fdatasync is reported by the system once; it is not asked again."""

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with closing(CheckpointFile.open(path)) as file:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fdatasync", fail)
            with pytest.raises(OSError, match="Input/output"):
                file.append(NOTES[0])
        with pytest.raises(OSError, match="earlier"):
            file.append(NOTES[1])


def test_closed(path: Path) -> None:
    """A closed file takes nothing: its descriptor may be another file's by then."""
    file = CheckpointFile.open(path)
    file.close()
    file.close()
    with pytest.raises(OSError, match="closed"):
        file.append(NOTES[0])


@pytest.fixture
def append_only(path: Path) -> Iterator[Path]:
    path.write_bytes(NOTES[0] + NOTES[1][:30])
    if shutil.which("chattr") is None or subprocess.run(["chattr", "+a", path], capture_output=True).returncode:
        pytest.skip("chattr +a needs root, chattr and a filesystem that has it")
    yield path
    subprocess.run(["chattr", "-a", path], check=True)


def test_append_only_attribute(append_only: Path) -> None:
    """With chattr +a a torn end is marked and notes are appended; the system refuses everything else."""
    append(append_only, NOTES[2])
    assert list(read_notes(append_only)) == [NOTES[0], NOTES[2]]
    with pytest.raises(PermissionError):
        append_only.write_bytes(b"")
    with pytest.raises(PermissionError):
        append_only.unlink()


def _numbered(number: int) -> bytes:
    """A note of its own size; its signature is not looked at here."""
    return NOTES[0].replace(b"\n1\n", f"\n{number}\n".encode())


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def test_checkpoint_type(path: Path) -> None:
    """A reader may open notes as it likes, with any function to Checkpoint."""
    append(path, NOTES[0])
    assert list(read_checkpoints(path, lambda note: Checkpoint("x", 1, note[:32]))) == [
        Checkpoint("x", 1, NOTES[0][:32])
    ]
