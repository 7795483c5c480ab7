"""One YAML file as plain data that knows its lines: YAML 1.2, one document, no tags, no key twice, aliases bounded.

Scalars follow the core schema without floats: true, false, null, decimal integers; everything else is text. Does not
check what the data means (shapes.py does).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from countersign import limits
from countersign.errors import RulesError

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = ("", "~", "null", "Null", "NULL")


class Block(dict[str, Any]):
    """A YAML mapping; `lines` says where each key stands, from 1."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Items(list[Any]):
    """A YAML sequence; `lines` says where each entry stands, from 1."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


@dataclass(frozen=True, slots=True)
class Document:
    """A rule file that could be read. `file` is relative to the rules directory."""

    file: str
    root: Block

    def line_of(self, path: Iterable[str | int]) -> int:
        """The line of what stands at `path` (keys and indexes from the root), or of the last part of it that exists."""
        node: Any = self.root
        line = self.root.line
        for step in path:
            if isinstance(node, Block) and isinstance(step, str) and step in node:
                line, node = node.lines[step], node[step]
            elif isinstance(node, Items) and isinstance(step, int) and step < len(node):
                line, node = node.lines[step], node[step]
            else:
                break
        return line


def parse(file: str, data: bytes) -> Document:
    """Read one rule file; `file` is its name in errors. Raises RulesError."""
    if len(data) > limits.MAX_RULE_FILE_BYTES:
        raise RulesError(file, None, f"larger than {limits.MAX_RULE_FILE_BYTES} bytes", "split it")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RulesError(file, line, "not UTF-8", "save the file as UTF-8") from None
    if text.startswith("\ufeff"):
        raise RulesError(file, 1, "starts with a byte order mark", "save the file as UTF-8 without one")
    try:
        root = _Reader(file, YAML(typ="safe", pure=True).parse(text)).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise RulesError(file, mark.line + 1 if mark else None, f"not YAML: {error.problem or error.context}") from None
    except YAMLError:
        raise RulesError(file, None, "not YAML: a character that YAML does not allow") from None
    return Document(file, root)


class _Reader:
    """Events of the YAML parser -> Block, Items and scalars."""

    def __init__(self, file: str, stream: Iterator[Any]) -> None:
        self._file = file
        self._stream = stream
        self._anchors: dict[str, tuple[Any, int]] = {}  # name -> value, number of nodes in it
        self._nodes = 0

    def document(self) -> Block:
        next(self._stream)  # StreamStart
        start = next(self._stream)
        if isinstance(start, events.StreamEndEvent):
            raise RulesError(self._file, None, "the file is empty", "write its rules, or an empty list of them")
        if start.version is not None or start.tags:
            raise self._error(start, "a % directive", "remove it; rule files are YAML 1.2")
        first = next(self._stream)
        if not isinstance(first, events.MappingStartEvent):
            raise self._error(first, "the file does not hold keys with values", "start with a line such as `rules:`")
        root = self._node(first, 1)
        next(self._stream)  # DocumentEnd
        after = next(self._stream)
        if not isinstance(after, events.StreamEndEvent):
            raise self._error(after, "a second document", "keep one document in one file; remove the `---`")
        assert isinstance(root, Block)
        return root

    def _node(self, event: Any, depth: int) -> Any:
        if depth > limits.MAX_RULE_DEPTH:
            raise self._error(event, f"nested deeper than {limits.MAX_RULE_DEPTH} levels", "flatten it")
        if isinstance(event, events.AliasEvent):
            return self._alias(event)
        if event.ctag is not None:
            raise self._error(event, f"the tag {str(event.ctag)[:40]!r}", "remove it; rule files have no tags")
        before = self._nodes
        self._count(event, 1)
        value: Any
        if isinstance(event, events.MappingStartEvent):
            value = self._block(event, depth)
        elif isinstance(event, events.SequenceStartEvent):
            value = self._items(event, depth)
        else:
            value = _scalar(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._nodes - before)
        return value

    def _alias(self, event: events.AliasEvent) -> Any:
        if event.anchor not in self._anchors:
            raise self._error(event, f"the alias *{event.anchor} has no finished anchor before it", "write it out")
        value, nodes = self._anchors[event.anchor]
        self._count(event, nodes)
        return value

    def _block(self, start: events.MappingStartEvent, depth: int) -> Block:
        block = Block(_line(start))
        while not isinstance(event := next(self._stream), events.MappingEndEvent):
            if not isinstance(event, events.ScalarEvent) or event.ctag is not None:
                raise self._error(event, "a key that is not plain text", "write the key as a word")
            key = event.value
            if key == "<<":
                raise self._error(event, "a merge key", "write the keys out; YAML 1.2 has no merge")
            if key in block:
                raise self._error(event, f"the key {key[:40]!r} is given twice", f"first in line {block.lines[key]}")
            value = self._node(next(self._stream), depth + 1)
            block[key] = value
            block.lines[key] = _line(event)
        return block

    def _items(self, start: events.SequenceStartEvent, depth: int) -> Items:
        items = Items(_line(start))
        while not isinstance(event := next(self._stream), events.SequenceEndEvent):
            line = _line(event)
            items.append(self._node(event, depth + 1))
            items.lines.append(line)
        return items

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > limits.MAX_RULE_NODES:
            raise self._error(event, f"more than {limits.MAX_RULE_NODES} values, aliases written out", "split the file")

    def _error(self, event: Any, problem: str, remedy: str) -> RulesError:
        return RulesError(self._file, _line(event), problem, remedy)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(event: Any) -> bool | int | str | None:
    text: str = event.value
    if not event.implicit[0]:  # quoted, or a block of text
        return text
    if text in _NULLS:
        return None
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
