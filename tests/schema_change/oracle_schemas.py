"""Schemas made up from a seed: input for the comparison with two validators."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

NAMES = ("a", "b", "ab", "id", "é")
PATTERNS = (
    *("^a", "b$", "a", "^ab$", "^[a-c]+$", "^a|c$", "x\\d", "^.{2}$", "^(ab|id)$", "é", "^[^a]*$", "^$", "(^$|^a$)"),
    *(
        "^(?!a)",
        "^(?=.*a)(?!ab).{1,3}$",
        "^(?!(a|b)$)[^c]",
        "(^a|b$)",
        "^(|id)$",
        "^\\w+$",
        "\\bid",
        "^(a$|b)",
        "^x?\\S",
    ),
)
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
NUMBERS = (-1, 0, 1, 1.5, 2, 3, 0.1, 1.0, 10, 2**53, 2**53 + 1, -(2**63), 1e16, 10**20, 1e308, 5e-324)
DIVISORS = (1, 2, 3, 0.5, 4, 1.5, 6, 1.0, 0.1, 10**9)
SCALARS = (None, True, False, 0, 1, 2, 3, -1, 1.0, 0.5, 1.5, 4, "", "a", "b", "ab", "abc", "é", "😀", "x1", 2**53 + 1)
SIZES = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")

DIALECTS = {
    "draft-04": "http://json-schema.org/draft-04/schema#",
    "draft-06": "http://json-schema.org/draft-06/schema#",
    "draft-07": "http://json-schema.org/draft-07/schema#",
    "2019-09": "https://json-schema.org/draft/2019-09/schema",
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
}


@dataclass
class Maker:
    """Makes schemas of one dialect; the same `random` makes the same schemas."""

    random: Random
    dialect: str
    _inside: bool = field(default=False, init=False)  #: in a smaller part of the value: references may lead anywhere

    @property
    def is_new(self) -> bool:
        return self.dialect in ("2019-09", "2020-12")

    @property
    def definitions(self) -> str:
        return "$defs" if self.is_new else "definitions"

    def document(self) -> dict[str, Any]:
        """A whole schema with two definitions, one of which can be recursive."""
        document = self.record(0) if self.random.random() < 0.5 else self.whole(0)
        document["$schema"] = DIALECTS[self.dialect]
        if "$ref" in document and not self.is_new:  # nothing beside it would count
            document = {"allOf": [{"$ref": document["$ref"]}], "$schema": DIALECTS[self.dialect]}
        document[self.definitions] = {"r": self.whole(2, plain=True), "s": self.record(2, plain=True)}
        return document

    def whole(self, depth: int, *, plain: bool = False) -> dict[str, Any]:
        """A schema that is an object, of one to three keywords."""
        schema: dict[str, Any] = {}
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3))):
            self.random.choice([each for each in self.keywords() if not plain or each != self.reference])(schema, depth)
        return schema

    def record(self, depth: int, *, plain: bool = False) -> dict[str, Any]:
        """What people write: an object with typed members."""
        names = self.random.sample(NAMES, self.random.randint(1, 4))
        schema: dict[str, Any] = {"type": "object", "properties": {name: self.child(depth + 1) for name in names}}
        if self.random.random() < 0.6:
            schema["required"] = self.random.sample(names, self.random.randint(1, len(names)))
        if self.random.random() < 0.5:
            schema["additionalProperties"] = self.random.choice((False, False, True, {"type": "string"}))
        if self.random.random() < 0.2:
            self.random.choice([each for each in self.keywords() if not plain or each != self.reference])(schema, depth)
        return schema

    def child(self, depth: int) -> Any:
        """A schema for a smaller part of the value."""
        before, self._inside = self._inside, True
        try:
            return self.schema(depth)
        finally:
            self._inside = before

    def schema(self, depth: int) -> Any:
        """Any schema."""
        roll = self.random.random()
        if roll < 0.1 and self.dialect != "draft-04":
            return self.random.choice((True, False))
        if roll < 0.35 or depth > 2:
            return copy.deepcopy(self.random.choice(self.leaves()))
        return self.record(depth) if roll < 0.5 and depth < 2 else self.whole(depth)

    def leaves(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [
            *({"type": name} for name in TYPES),
            {"type": "string", "maxLength": self.random.randint(0, 3)},
            {"type": ["string", "null"]},
            {"type": "integer", "minimum": self.random.choice(NUMBERS)},
            {"enum": self.random.sample(SCALARS, 2)},
            {"type": "string", "format": "date"},
            {"title": "x"},
        ]
        return [*found, {"$ref": self.target()}] if self._inside else found

    def target(self) -> str:
        own = [f"#/{self.definitions}/r"]
        return self.random.choice([*own, f"#/{self.definitions}/s", "#"] if self._inside else own)

    def keywords(self) -> list[Callable[[dict[str, Any], int], None]]:
        """What adds one keyword, or a few that belong together; the frequent ones several times."""
        found: list[Callable[[dict[str, Any], int], None]] = [
            self.type,
            self.type,
            self.enum,
            self.bound,
            self.bound,
            self.divisor,
            self.size,
            self.size,
        ]
        found += [self.pattern, self.items, self.items, self.unique, self.members, self.members, self.patterns]
        found += [self.required, self.required, self.dependent, self.combined, self.combined, self.negation]
        found += [self.reference, self.annotation]
        if self.dialect != "draft-04":
            found += [self.constant, self.contains, self.contains, self.names]
        if self.dialect in ("draft-07", "2019-09", "2020-12"):
            found += [self.condition]
        return [*found, self.unevaluated] if self.is_new else found

    def value(self, depth: int = 0) -> Any:
        """An instance."""
        roll = self.random.random()
        if depth > 1 or roll < 0.7:
            return self.random.choice(SCALARS)
        if roll < 0.85:
            return [self.value(depth + 1) for _ in range(self.random.randint(0, 3))]
        return {self.random.choice(NAMES): self.value(depth + 1) for _ in range(self.random.randint(0, 3))}

    # -- one keyword each ----------------------------------------------------------------------------------------------

    def type(self, schema: dict[str, Any], depth: int) -> None:
        some = self.random.sample(TYPES, self.random.randint(1, 4))
        schema["type"] = some if self.random.random() < 0.4 else some[0]

    def enum(self, schema: dict[str, Any], depth: int) -> None:
        values = [self.value(1) for _ in range(self.random.randint(1, 4))]
        schema["enum"] = [each for index, each in enumerate(values) if each not in values[:index]]

    def constant(self, schema: dict[str, Any], depth: int) -> None:
        schema["const"] = self.value(1)

    def bound(self, schema: dict[str, Any], depth: int) -> None:
        end, number = self.random.choice(("Minimum", "Maximum")), self.random.choice(NUMBERS)
        if self.random.random() < 0.6:
            schema[end.lower()] = number
        elif self.dialect == "draft-04":
            schema.update({end.lower(): number, f"exclusive{end}": self.random.choice((True, False))})
        else:
            schema[f"exclusive{end}"] = number

    def divisor(self, schema: dict[str, Any], depth: int) -> None:
        schema["multipleOf"] = self.random.choice(DIVISORS)

    def size(self, schema: dict[str, Any], depth: int) -> None:
        schema[self.random.choice(SIZES)] = self.random.randint(0, 3)

    def pattern(self, schema: dict[str, Any], depth: int) -> None:
        schema["pattern"] = self.random.choice(PATTERNS)

    def items(self, schema: dict[str, Any], depth: int) -> None:
        prefix = [self.child(depth + 1) for _ in range(self.random.randint(1, 2))]
        rest, roll = self.child(depth + 1), self.random.random()
        if self.dialect == "2020-12":
            schema.update({"items": rest} if roll < 0.5 else {"prefixItems": prefix})
            if roll > 0.8:
                schema["items"] = rest
        else:
            schema["items"] = rest if roll < 0.5 else prefix
            if roll > 0.7:
                schema["additionalItems"] = rest

    def contains(self, schema: dict[str, Any], depth: int) -> None:
        schema["contains"] = self.child(depth + 1)
        for keyword in ("minContains", "maxContains") if self.is_new else ():
            if self.random.random() < 0.4:
                schema[keyword] = self.random.randint(0, 2)

    def unique(self, schema: dict[str, Any], depth: int) -> None:
        schema["uniqueItems"] = self.random.random() < 0.8

    def members(self, schema: dict[str, Any], depth: int) -> None:
        names = self.random.sample(NAMES, self.random.randint(1, 2))
        schema["properties"] = {name: self.child(depth + 1) for name in names}
        if self.random.random() < 0.4:
            schema["additionalProperties"] = self.random.choice((False, True, self.child(depth + 1)))

    def patterns(self, schema: dict[str, Any], depth: int) -> None:
        schema["patternProperties"] = {self.random.choice(PATTERNS): self.child(depth + 1) for _ in range(2)}
        if self.random.random() < 0.4:
            schema["additionalProperties"] = self.random.choice((False, self.child(depth + 1)))

    def required(self, schema: dict[str, Any], depth: int) -> None:
        schema["required"] = self.random.sample(NAMES, self.random.randint(1, 2))

    def names(self, schema: dict[str, Any], depth: int) -> None:
        made = [{"enum": self.random.sample(NAMES, 2)}, {"pattern": self.random.choice(PATTERNS)}, {"maxLength": 1}]
        schema["propertyNames"] = self.random.choice([*made, self.child(depth + 1)])

    def dependent(self, schema: dict[str, Any], depth: int) -> None:
        needed = self.random.sample(NAMES, 1)
        by_name = self.random.random() < 0.5
        keyword = ("dependentRequired" if by_name else "dependentSchemas") if self.is_new else "dependencies"
        schema[keyword] = {self.random.choice(NAMES): needed if by_name else self.schema(depth + 1)}

    def combined(self, schema: dict[str, Any], depth: int) -> None:
        keyword = self.random.choice(("allOf", "anyOf", "oneOf"))
        schema[keyword] = [self.schema(depth + 1) for _ in range(self.random.randint(1, 3))]

    def negation(self, schema: dict[str, Any], depth: int) -> None:
        schema["not"] = self.schema(depth + 1)

    def condition(self, schema: dict[str, Any], depth: int) -> None:
        schema["if"] = self.schema(depth + 1)
        for keyword in ("then", "else"):
            if self.random.random() < 0.7:
                schema[keyword] = self.schema(depth + 1)

    def reference(self, schema: dict[str, Any], depth: int) -> None:
        schema["$ref"] = self.target()

    def annotation(self, schema: dict[str, Any], depth: int) -> None:
        schema[self.random.choice(("title", "description"))] = self.random.choice(("x", "y"))

    def unevaluated(self, schema: dict[str, Any], depth: int) -> None:
        keyword = self.random.choice(("unevaluatedProperties", "unevaluatedItems"))
        schema[keyword] = self.random.choice((False, self.child(depth + 1)))
