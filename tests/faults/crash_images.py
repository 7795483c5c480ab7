"""What a disk can hold after a power cut: a traced process's writes, replayed as if the power had gone at some moment.

The model is POSIX at its worst: a file's content is what was flushed by the last fsync or fdatasync of it, and any
subset of what was written or truncated since, each write torn into sectors of 512 bytes. A directory's names are what
was flushed by the last fsync of that directory, and any subset of the changes since. Does not model mapped memory: the
only mapped file of SQLite (-shm) is built anew after a crash.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.system_calls import Call

SECTOR_BYTES = 512
_MAPPED = "-shm"
_DELETED = " (deleted)"  # how the kernel names a file that has no name any more


@dataclass
class Inode:
    """A file or directory: what is on the disk, and what may or may not be."""

    is_directory: bool
    names: dict[str, Inode] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    settled_names: dict[str, Inode] = field(default_factory=dict)
    settled_data: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def change(self, change: Change) -> None:
        """In memory at once; on the disk when it is flushed, or perhaps before."""
        change.apply(self.names, self.data)
        self.pending.append(change)

    def settle(self) -> None:
        """It was flushed."""
        for change in self.pending:
            change.apply(self.settled_names, self.settled_data)
        self.pending.clear()


@dataclass(frozen=True, slots=True)
class Change:
    """One write, truncation, or change of a directory."""

    offset: int = 0
    written: bytes = b""
    length: int | None = None  #: truncation to it, or lengthening
    name: str = ""
    inode: Inode | None = None  #: None: the name is removed
    former_name: str = ""  #: of what was renamed; both happen or neither

    def apply(self, names: dict[str, Inode], data: bytearray) -> None:
        """All of it."""
        if self.name:
            names.pop(self.former_name, None)
            if self.inode is None:
                names.pop(self.name, None)
            else:
                names[self.name] = self.inode
        elif self.length is not None:
            del data[self.length :]
            data.extend(bytes(self.length - len(data)))
        else:
            data.extend(bytes(max(0, self.offset + len(self.written) - len(data))))
            data[self.offset : self.offset + len(self.written)] = self.written

    def torn(self, dice: random.Random) -> Iterator[Change]:
        """Some of the sectors of a write."""
        if not self.written:
            yield self
            return
        start = self.offset
        end = self.offset + len(self.written)
        while start < end:
            stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
            if dice.random() < 0.5:
                yield Change(start, self.written[start - self.offset : stop - self.offset])
            start = stop


class Disk:
    """The files below one directory, as far as a trace got."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.top = Inode(is_directory=True)

    def replay(self, call: Call) -> None:
        """One system call that succeeded. Calls on other directories change nothing."""
        match call.name:
            case "openat":
                self._open(call)
            case "pwrite64" | "write":
                if (inode := self._file(call.paths[0])) is not None:
                    inode.change(Change(len(inode.data) if call.offset < 0 else call.offset, call.data))
            case "ftruncate":
                if (inode := self._file(call.paths[0])) is not None:
                    inode.change(Change(length=call.length))
            case "fallocate":
                if (inode := self._file(call.paths[0])) is not None and call.length > len(inode.data):
                    inode.change(Change(length=call.length))
            case "fsync" | "fdatasync":
                if (inode := self._find(call.paths[0])) is not None:
                    inode.settle()
            case "mkdir":
                self._name(call.paths[0], Inode(is_directory=True))
            case "unlink" | "rmdir":
                self._name(call.paths[0], None)
            case "rename":
                before, after = map(Path, call.paths)
                assert before.parent == after.parent, "only a rename within a directory is modelled"
                self._name(call.paths[1], self._find(call.paths[0]), before.name)
            case "link":
                self._name(call.paths[1], self._find(call.paths[0]))
            case _:
                raise AssertionError(f"a call that is not modelled: {call.name}")

    def write_everything(self, directory: Path) -> None:
        """What the process saw: every change is there."""
        _write(self.top, directory, lambda inode: (inode.names, inode.data))

    def write_after_a_cut(self, directory: Path, dice: random.Random) -> None:
        """What can be there if the power goes now."""
        keep = dice.choice((0.0, 0.1, 0.5, 0.9, 1.0))  # from nothing of what is unsettled to everything

        def survivors(inode: Inode) -> tuple[dict[str, Inode], bytearray]:
            names, data = dict(inode.settled_names), bytearray(inode.settled_data)
            for change in inode.pending:
                if dice.random() < keep:
                    change.apply(names, data)
                elif dice.random() < 0.5:
                    for part in change.torn(dice) if change.written else ():
                        part.apply(names, data)
            return names, data

        _write(self.top, directory, survivors)

    def _open(self, call: Call) -> None:
        path = call.paths[0]
        found = self._find(path)
        if found is None and "O_CREAT" in call.flags:
            self._name(path, Inode(is_directory=False))
        elif found is not None and "O_TRUNC" in call.flags and found.data:
            found.change(Change(length=0))

    def _file(self, path: str) -> Inode | None:
        """None: it is elsewhere, or was removed while it was open."""
        inode = self._find(path)
        assert inode is not None or not self._is_inside(path) or path.endswith(_DELETED), f"never created: {path}"
        return inode

    def _name(self, path: str, inode: Inode | None, former_name: str = "") -> None:
        if not self._is_inside(path):
            return
        parent = self._find(str(Path(path).parent))
        assert parent is not None, f"a name in a directory that is not there: {path}"
        parent.change(Change(name=Path(path).name, inode=inode, former_name=former_name))

    def _is_inside(self, path: str) -> bool:
        return Path(path).is_relative_to(self._root) and path != str(self._root) and not path.endswith(_MAPPED)

    def _find(self, path: str) -> Inode | None:
        if path == str(self._root):
            return self.top
        if not self._is_inside(path):
            return None
        inode: Inode | None = self.top
        for name in Path(path).relative_to(self._root).parts:
            inode = inode.names.get(name) if inode is not None else None
        return inode


def replayed(root: Path, calls: Sequence[Call]) -> Disk:
    """The disk after these calls."""
    disk = Disk(root)
    for call in calls:
        disk.replay(call)
    return disk


type _Content = tuple[dict[str, Inode], bytearray]


def _write(inode: Inode, place: Path, content: Callable[[Inode], _Content]) -> None:
    names, data = content(inode)
    if not inode.is_directory:
        place.write_bytes(data)
        place.chmod(0o600)
        return
    place.mkdir(mode=0o700, exist_ok=True)
    for name, child in names.items():
        _write(child, place / name, content)
