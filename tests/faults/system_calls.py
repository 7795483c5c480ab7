"""A program's system calls on files, as strace (1) saw them: with all data, or with faults injected."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace (Debian package strace)")

#: Every call that changes a file or a directory, or makes the change last. One that SQLite or Python begins to use and
#: that is missing here shows in the comparison of what was replayed with what is there.
TRACED = (
    *("openat", "lseek", "write", "pwrite64", "ftruncate", "fallocate", "fsync", "fdatasync"),
    *("mkdir", "rmdir", "unlink", "unlinkat", "rename", "link"),
    *("pwritev", "pwritev2", "writev", "truncate", "creat", "renameat", "renameat2", "linkat", "copy_file_range"),
    *("sync", "syncfs", "sync_file_range", "symlink", "symlinkat", "mkdirat", "dup", "dup2", "dup3", "sendfile"),
)
_LINE = re.compile(r"(?P<thread>\d+) +(?P<call>.*)")
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(?P<rest>.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+|\?)(?P<more>.*)")
_HEX = r"(?:\\x[0-9a-f]{2})*"
_FILE = re.compile(rf"(?P<number>\d+)<(?P<path>{_HEX})>(?:\((?:deleted)\))?")
_TEXT = re.compile(rf'"(?P<text>{_HEX})"(?P<cut>\.\.\.)?')


@dataclass(frozen=True, slots=True)
class Call:
    """One call that succeeded."""

    name: str
    paths: tuple[str, ...]
    data: bytes = b""
    offset: int = -1  #: -1: at the end
    length: int = 0
    flags: frozenset[str] = frozenset()


def tracing(output: Path) -> tuple[str, ...]:
    """The command before a program, that traces it and its threads into a file."""
    calls = ",".join(TRACED)
    options = ("-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "100000000", "-e", "signal=none", "-o", str(output))
    return ("strace", *options, "-e", f"trace={calls}")


def injecting(output: Path, call: str, fault: str, nth: int, paths: Iterable[Path]) -> tuple[str, ...]:
    """The command before a program, that lets the `nth` of its calls fail; of those on `paths`, if there are any."""
    watched = [word for path in paths for word in ("-P", str(path))]
    options = ("-f", "-qq", "-y", "-o", str(output), *watched)
    return ("strace", *options, "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={nth}")


def read_calls(output: Path) -> list[Call]:
    """The calls of a trace that succeeded, in the order in which they were done."""
    calls: list[Call] = []
    places: dict[int, int] = {}  # of each open file
    with output.open() as lines:
        for text in _joined(lines):
            found = _CALL.fullmatch(text)
            assert found is not None, f"not a call: {text[:200]}"
            if found["result"] != "?" and int(found["result"]) >= 0:
                call = _read(found["name"], found["arguments"], int(found["result"]), found["more"], places)
                if call is not None:
                    calls.append(call)
    return calls


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Whole calls: those that were interrupted by another thread's are put together where they ended."""
    begun: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line.rstrip("\n"))
        if found is None:
            break  # the last line of a trace that was killed
        thread, text = found["thread"], found["call"]
        if text.startswith("+++"):
            continue
        if text.endswith(_UNFINISHED):
            begun[thread] = text.removesuffix(_UNFINISHED)
            continue
        if (resumed := _RESUMED.fullmatch(text)) is not None:
            text = begun.pop(thread) + resumed["rest"]
        yield text


def _read(name: str, arguments: str, result: int, more: str, places: dict[int, int]) -> Call | None:
    texts = [bytes.fromhex(found["text"].replace("\\x", "")) for found in _TEXT.finditer(arguments)]
    assert not any(found["cut"] for found in _TEXT.finditer(arguments)), "data was cut off"
    match name:
        case "openat":
            opened = _FILE.match(f"{result}{more}")
            assert opened is not None, more
            path, flags = _decoded(opened["path"]), frozenset(re.findall(r"O_\w+", arguments))
            places[result] = -1 if "O_APPEND" in flags else 0
            return Call(name, (path,), flags=flags)
        case "lseek":
            places[_number(arguments)] = result
            return None
        case "write":
            number = _number(arguments)
            offset = places.get(number, -1)
            if offset >= 0:
                places[number] = offset + result
            return Call(name, (_path(arguments),), texts[-1][:result], offset)
        case "pwrite64":
            return Call(name, (_path(arguments),), texts[-1][:result], int(arguments.rpartition(", ")[2]))
        case "ftruncate":
            return Call(name, (_path(arguments),), length=int(arguments.rpartition(", ")[2]))
        case "fallocate":
            _, mode, start, length = arguments.split(", ")
            assert mode == "0", mode
            return Call(name, (_path(arguments),), length=int(start) + int(length))
        case "fsync" | "fdatasync":
            return Call(name, (_path(arguments),))
        case "mkdir" | "rmdir" | "unlink" | "rename" | "link":
            return Call(name, tuple(text.decode() for text in texts))
        case _:
            raise AssertionError(f"a call that is not modelled: {name}({arguments[:200]})")


def _number(arguments: str) -> int:
    return int(arguments.partition("<")[0])


def _path(arguments: str) -> str:
    found = _FILE.match(arguments)
    assert found is not None, arguments[:200]
    return _decoded(found["path"])


def _decoded(text: str) -> str:
    return bytes.fromhex(text.replace("\\x", "")).decode()
