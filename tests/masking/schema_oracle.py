"""A slow and simple reading of what a schema marks, to hold the automaton against; and random schemas for both.

Reads JSON Schema 2020-12 with references into the same document. Follows every path by itself, keyword by keyword.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any

from countersign.strict_json import Json

type Key = str | int
type Path = tuple[Key, ...]

MARK = "x-sensitive"
SECRET = "pin"
KEYS: tuple[Key, ...] = ("a", "b", "ab", "zz", SECRET, 0, 1, 2)
DRAFT = "https://json-schema.org/draft/2020-12/schema"
VALUES = ("default", "examples", "const", "enum")


class Oracle:
    """Everything about one schema document, by following paths."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._known: dict[tuple[Path, Path], tuple[frozenset[Path], bool]] = {}

    def at(self, start: Path, path: Path) -> tuple[frozenset[Path], bool]:
        """The subschemas that apply at `path` of an instance of the one at `start`, and whether it is marked there."""
        if (start, path) not in self._known:
            self._known[start, path] = self._find(start, path)
        return self._known[start, path]

    def _find(self, start: Path, path: Path) -> tuple[frozenset[Path], bool]:
        visited: set[tuple[Path, Path]] = set()
        marked = False
        waiting = [(start, path)]
        while waiting:
            here, left = waiting.pop()
            if here == (SECRET,):
                marked = True
            elif (here, left) not in visited and isinstance(self._get(here), dict):
                visited.add((here, left))
                marked = marked or bool(self._get(here).get(MARK)) or here[-2:] == ("$defs", SECRET)
                waiting += self._next(here, left)
        return frozenset(here for here, left in visited if not left), marked

    def subschemas(self) -> list[Path]:
        """Where subschemas stand, by keyword."""
        found: list[Path] = []
        waiting: list[Path] = [()]
        while waiting:
            here = waiting.pop()
            schema = self._get(here)
            if isinstance(schema, dict):
                found.append(here)
                for keyword, value in schema.items():
                    if keyword in ("$defs", "properties", "patternProperties", "dependentSchemas"):
                        waiting += [(*here, keyword, name) for name in value]
                    elif isinstance(value, list) and keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
                        waiting += [(*here, keyword, index) for index in range(len(value))]
                    elif keyword not in VALUES:
                        waiting.append((*here, keyword))
        return found

    def masked_values(self) -> set[str]:
        """Pointers to all values, scalars or not, in the document that must not be shown."""
        masked: set[str] = set()
        seen: set[tuple[frozenset[Path], bool]] = set()
        for start in self.subschemas():
            waiting: list[Path] = [()]
            while waiting:
                path = waiting.pop()
                state = self.at(start, path)
                if state in seen or not state[0]:
                    continue
                seen.add(state)
                waiting += [(*path, key) for key in KEYS]
                for here in state[0]:
                    masked |= set(self._masked_in(here, start, path, state[1]))
        return masked

    def _masked_in(self, here: Path, start: Path, path: Path, marked: bool) -> Iterator[str]:
        schema = self._get(here)
        for keyword in VALUES:
            if keyword in schema:
                base = (*here, keyword)
                if marked:
                    yield pointer(base)
                parts = [()] if keyword in ("default", "const") else [(index,) for index in range(len(schema[keyword]))]
                for part in parts:
                    for place in self._places((*base, *part)):
                        below = place[len(base) + len(part) :]
                        if marked or SECRET in below or self.at(start, (*path, *below))[1]:
                            yield pointer(place)
        if marked and "x-other" in schema:
            yield pointer((*here, "x-other"))

    def _places(self, here: Path) -> Iterator[Path]:
        yield here
        value = self._get(here)
        keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        for key in keys:
            yield from self._places((*here, key))

    def _next(self, here: Path, left: Path) -> Iterator[tuple[Path, Path]]:
        schema = self._get(here)
        for keyword, value in schema.items():
            if keyword in ("allOf", "anyOf", "oneOf"):
                yield from (((*here, keyword, index), left) for index in range(len(value)))
            elif keyword in ("not", "if", "then", "else", "propertyNames"):
                yield (*here, keyword), left
            elif keyword == "dependentSchemas":
                yield from (((*here, keyword, name), left) for name in value)
            elif keyword == "$ref":
                yield tuple(value.split("/")[1:]), left
        if left:
            yield from ((below, left[1:]) for below in self._below(here, schema, left[0]))

    def _below(self, here: Path, schema: dict[str, Any], key: Key) -> Iterator[Path]:
        if isinstance(key, int):
            count = len(schema.get("prefixItems", []))
            if key < count:
                yield (*here, "prefixItems", key)
            else:
                yield from ((*here, keyword) for keyword in ("items", "unevaluatedItems") if keyword in schema)
            if "contains" in schema:
                yield (*here, "contains")
            return
        covered = key in schema.get("properties", {})
        if covered:
            yield (*here, "properties", key)
            if key == SECRET:
                yield (SECRET,)
        for pattern in schema.get("patternProperties", {}):
            if re.search(pattern, key):
                covered = True
                yield (*here, "patternProperties", pattern)
        if not covered:
            yield (*here, "additionalProperties" if "additionalProperties" in schema else "unevaluatedProperties")

    def _get(self, here: Path) -> Any:
        value: Any = self.document
        for key in here:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def random_schema(random: Random, *, marks: float = 0.08) -> dict[str, Any]:
    """A document with definitions that refer to each other."""
    names = ["d0", "d1", *([SECRET] if random.random() < 0.1 else [])]
    document: dict[str, Any] = {"allOf": [_schema(random, 3, names, marks)]}
    document |= {"$schema": DRAFT, "$defs": {name: _schema(random, 2, names, marks) for name in names}}
    return document


def _schema(random: Random, depth: int, names: list[str], marks: float) -> Json:
    if random.random() < 0.05:
        return random.random() < 0.5
    schema: dict[str, Any] = {}
    if random.random() < marks:
        schema[MARK] = True
    if random.random() < 0.4:
        schema["$ref"] = random.choice(["#", *(f"#/$defs/{name}" for name in names)])
    if random.random() < 0.2:
        schema["x-other"] = "text"
    if random.random() < 0.5:
        keyword = random.choice(VALUES)
        schema[keyword] = value(random, 2) if keyword in ("default", "const") else [value(random, 2), value(random, 1)]
    if depth == 0:
        return schema
    for _ in range(random.randrange(4)):
        keyword = random.choice(_KEYWORDS)

        def below() -> Json:
            return _schema(random, depth - 1, names, marks)

        if keyword in ("properties", "dependentSchemas"):
            schema[keyword] = {name: below() for name in random.sample(("a", "b", SECRET), random.randrange(1, 3))}
        elif keyword == "patternProperties":
            schema[keyword] = {name: below() for name in random.sample(("^a", "b$", "^b"), random.randrange(1, 3))}
        elif keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
            schema[keyword] = [below() for _ in range(random.randrange(1, 3))]
        else:
            schema[keyword] = below()
    return schema


def value(random: Random, depth: int) -> Json:
    """A small instance with the members and items that the schemas speak of."""
    kind = random.randrange(4) if depth else 3
    if kind < 2:
        names = random.sample([key for key in KEYS if isinstance(key, str)], random.randrange(3))
        return {name: value(random, depth - 1) for name in names}
    return [value(random, depth - 1) for _ in range(random.randrange(3))] if kind == 2 else random.randrange(100)


def pointer(path: Path) -> str:
    """RFC 6901, for the names used here."""
    return "".join(f"/{key}" for key in path)


_KEYWORDS = (
    *("properties", "properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "items"),
    *("prefixItems", "contains", "unevaluatedItems", "allOf", "anyOf", "oneOf", "not", "if", "then", "else"),
    *("propertyNames", "dependentSchemas"),
)
