"""Where the references of made-up schemas lead: worked out here, so that nothing is taken from the library in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

#: Of a document without an identifier of its own.
_BASE = "http://nowhere.test/"
#: Keywords whose schemas judge the same value; a reference inside them must not lead back to where it stands.
IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies")
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
IDENTIFIERS = ("$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor")
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
_VALUES = ("enum", "const", "default", "examples", "dependentRequired")


@dataclass
class Side:
    """One side of a comparison: a document, and the schemas that its references name."""

    document: dict[str, Any]
    bundle: dict[str, Any] = field(default_factory=dict)

    @property
    def roots(self) -> list[Any]:
        return [self.document, *self.bundle.values()]


def subschemas(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema that is an object, itself first, found by where schemas stand."""
    if isinstance(value, dict):
        yield value
        for _, _, each in places(value):
            yield from subschemas(each)


def places(schema: dict[str, Any]) -> list[tuple[Any, Any, dict[str, Any]]]:
    """The schemas directly inside one that are objects: what holds it, its name or index there, and the schema."""
    found: list[tuple[Any, Any, Any]] = []
    for keyword, inner in schema.items():
        if keyword in _MAPS and isinstance(inner, dict):
            found += [(inner, name, each) for name, each in inner.items()]
        elif isinstance(inner, list) and keyword not in _VALUES:
            found += [(inner, index, each) for index, each in enumerate(inner)]
        elif keyword not in _VALUES:
            found.append((schema, keyword, inner))
    return [each for each in found if isinstance(each[2], dict)]


class Targets:
    """Every schema of one side by its name, and the base that its own references are read against."""

    def __init__(self, side: Side) -> None:
        self._is_old = "/draft-0" in side.document.get("$schema", "")  #: beside `$ref` nothing counts
        self._named: dict[str, Any] = {}
        self._bases: dict[int, str] = {}
        self._moving: dict[str, list[Any]] = {}  #: by dynamic anchor; "" for recursive ones
        self._read(side.document, _BASE)
        for name, schema in side.bundle.items():
            self._read(schema, urljoin(self._bases[id(side.document)], name))
        self._moving.setdefault("", []).append(side.document)

    def of(self, schema: dict[str, Any]) -> list[Any]:
        """What the references of `schema` can lead to; a dynamic one to each that has its name."""
        base = self._bases.get(id(schema), _BASE)
        found = [self._lookup(base, schema[each]) for each in REFERENCES if isinstance(schema.get(each), str)]
        if "$dynamicRef" in schema:
            found += self._moving.get(urldefrag(schema["$dynamicRef"]).fragment, [])
        if "$recursiveRef" in schema:
            found += self._moving[""]
        return [each for each in found if each is not None]

    def _read(self, schema: Any, base: str) -> None:
        if not isinstance(schema, dict):
            return
        for keyword in ("$id", "id"):
            name = schema.get(keyword)
            if isinstance(name, str) and not (self._is_old and "$ref" in schema):
                base = base if name.startswith("#") else urljoin(base, name)
                self._named[urljoin(base, name)] = schema
        self._named.setdefault(base, schema)
        self._bases[id(schema)] = base
        for keyword in ("$anchor", "$dynamicAnchor"):
            if keyword in schema:
                self._named[f"{base}#{schema[keyword]}"] = schema
        if "$dynamicAnchor" in schema:
            self._moving.setdefault(schema["$dynamicAnchor"], []).append(schema)
        if schema.get("$recursiveAnchor") is True:
            self._moving.setdefault("", []).append(schema)
        for _, _, each in places(schema):
            self._read(each, base)

    def _lookup(self, base: str, reference: str) -> Any:
        whole = urljoin(base, reference)
        uri, fragment = urldefrag(whole)
        if fragment and not fragment.startswith("/"):
            return self._named.get(whole)
        found: Any = self._named.get(uri)
        for part in fragment.split("/")[1:]:
            part = unquote(part).replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(part) if isinstance(found, list) else part]
            except (KeyError, IndexError, TypeError, ValueError):
                return None
        return found


def leads_back(side: Side) -> bool:
    """Whether a reference leads to where it stands, at the same value: validators recurse for ever."""
    targets = Targets(side)
    done: set[int] = set()

    def visit(schema: Any, around: tuple[int, ...]) -> bool:
        if not isinstance(schema, dict) or id(schema) in done:
            return False
        if id(schema) in around:
            return True
        inner = [*in_place(schema), *targets.of(schema)]
        if any(visit(each, (*around, id(schema))) for each in inner):
            return True
        done.add(id(schema))
        return False

    return any(visit(schema, ()) for root in side.roots for schema in subschemas(root))


def in_place(schema: dict[str, Any]) -> list[Any]:
    """The schemas inside one that judge the same value."""
    found: list[Any] = []
    for keyword in IN_PLACE:
        value = schema.get(keyword, [])
        by_name = keyword in ("dependentSchemas", "dependencies") and isinstance(value, dict)
        found += value.values() if by_name else value if isinstance(value, list) else [value]
    return found
