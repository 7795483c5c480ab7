"""Which changes speak of sensitive values, so that no sentence quotes a value of theirs.

Goes by names, wherever they stand: two parts of a schema can speak of one member, and a mark in either counts for both.
Errs on the side of silence. Does not say whether a mark is right; knows no masking rules but the names that they mask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from countersign.schema_change import keywords
from countersign.schema_change.phrases import PARTS_OF_VALUES
from countersign.schema_change.sensitivity import FORMAT, is_mark
from countersign.schema_change.values import Change
from countersign.strict_json import Json

_NAMED = frozenset({"properties", "$defs", "definitions"})  #: the next token is the name of what a schema describes
_MAPS = _NAMED | {"patternProperties", "dependentSchemas", "dependencies", "dependentRequired"}
_UNNAMED = frozenset({"patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames"})
_MARKING = keywords.SENSITIVITY | {FORMAT}  #: without these, and without masked names, nothing is sensitive
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})


class Quotes:
    """Says which changes of one comparison may be quoted. Looks for sensitive names only where it has to.

    `documents`: both schemas and their bundles; `names`: of all members in these.
    """

    def __init__(self, documents: Iterable[Json], names: frozenset[str], masked_names: Container[str] = ()) -> None:
        self._documents = documents
        self._masked_names = masked_names
        self._is_free = masked_names == () and _MARKING.isdisjoint(names)

    def may_quote(self, change: Change) -> bool:
        """Whether a summary may say the values of `change`; False also where its sentence says none."""
        return _has_values(change) and (self._is_free or not self._sensitive.touch(change))

    @cached_property
    def _sensitive(self) -> SensitiveNames:
        return SensitiveNames(self._documents, self._masked_names)


def _has_values(change: Change) -> bool:
    """Whether a sentence about a change of this kind quotes values, so that it is worth to know whether it may."""
    return change.kind.rpartition("-")[0] in PARTS_OF_VALUES


class SensitiveNames:
    """The names of the members and definitions that are sensitive on either side of a comparison."""

    def __init__(self, documents: Iterable[Json], masked_names: Container[str] = ()) -> None:
        self._masked = masked_names
        self._names: set[str] = set()
        self._is_lost = False  #: a mark that no name says, or a reference that may lead anywhere
        self._find(list(documents))

    def touch(self, change: Change) -> bool:
        """Whether a value of this change can be one of a sensitive member."""
        pointers = [each for each in (change.pointer, change.old_pointer, change.new_pointer) if each is not None]
        tokens = [token for pointer in pointers for token in _tokens(pointer)]
        names = {name for pointer in pointers for name in _names(_tokens(pointer))}
        if not _UNNAMED.isdisjoint(tokens) and (self._names or self._masked != ()):
            return True  # what has no name there can have one of these
        return self._is_lost or not self._names.isdisjoint(names)

    def _find(self, documents: list[Json]) -> None:
        marked: set[str] = set()
        owners: defaultdict[str, list[str]] = defaultdict(list)  # by what they refer to
        targets: defaultdict[str, list[str]] = defaultdict(list)  # by a name on the way to the reference
        is_vague = False
        for document in documents:
            for tokens, keyword, value in _members(document):
                if tokens[-1:] == ("properties",) and keyword in self._masked:
                    self._names.add(keyword)
                if is_mark(keyword, value):
                    marked.add(_owner(tokens))
                elif keyword in _REFERENCES:
                    target = _target(value)
                    is_vague = is_vague or target is None
                    owners[target or ""].append(_owner(tokens))
                    for name in _names(tokens):
                        targets[name].append(target or "")
        # a member is what its reference leads to; and what a sensitive member is made of is sensitive
        self._names = _reached(self._names | _reached(marked, owners), targets)
        self._is_lost = "" in self._names or (is_vague and bool(self._names))


def _reached(start: set[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    """`start`, and all that leads on from there. Takes linear time."""
    found, waiting = set(start), list(start)
    while waiting:
        new = set(edges.get(waiting.pop(), ())) - found
        found |= new
        waiting.extend(new)
    return found


def _owner(tokens: tuple[str, ...]) -> str:
    """The name of what the schema at `tokens` describes; empty for the document itself."""
    names = _names(tokens)
    return names[-1] if names else ""


def _members(document: Json) -> Iterator[tuple[tuple[str, ...], str, Json]]:
    """Every member of every object, with the tokens of the object."""
    waiting: list[tuple[tuple[str, ...], Json]] = [((), document)]
    while waiting:
        tokens, value = waiting.pop()
        if isinstance(value, dict):
            for name, member in value.items():
                yield tokens, name, member
                waiting.append(((*tokens, name), member))
        elif isinstance(value, list):
            waiting.extend((tokens, each) for each in value)


def _target(reference: Json) -> str | None:
    """The name of what a reference leads to, empty for the root; None where that is not plain to see."""
    if not isinstance(reference, str) or "%" in reference or not reference.startswith("#"):
        return None
    if reference == "#":
        return ""
    names = _names(_tokens(reference[1:])) if reference.startswith("#/") else ()
    return names[-1] if names else None


def _names(tokens: tuple[str, ...]) -> tuple[str, ...]:
    found, index = [], 0
    while index + 1 < len(tokens):
        if tokens[index] in _NAMED:
            found.append(tokens[index + 1])
        index += 2 if tokens[index] in _MAPS else 1
    return tuple(found)


def _tokens(pointer: str) -> tuple[str, ...]:
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])
