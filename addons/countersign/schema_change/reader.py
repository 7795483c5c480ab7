"""Reads a schema of any dialect into `Node` values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from fractions import Fraction

from countersign import limits
from countersign.schema_change import keyword_values, keywords
from countersign.schema_change.conjuncts import conjuncts
from countersign.schema_change.constraints import (
    AllOf,
    AnyOf,
    Conditional,
    Constraint,
    Contains,
    Dependent,
    Items,
    Kinds,
    Members,
    MultipleOf,
    Names,
    Never,
    Node,
    Not,
    OneOf,
    Opaque,
    Pattern,
    Reference,
    Required,
    Unique,
)
from countersign.schema_change.json_values import canonical, exact
from countersign.schema_change.kubernetes import constraints_of, declared, is_filled_in, undeclared
from countersign.schema_change.references import Place, UnresolvedReference
from countersign.schema_change.unevaluated import Unclear, unevaluated
from countersign.strict_json import Json

_NEVER = Never()
_OPAQUE_KINDS = {
    "format": None,
    "contentEncoding": frozenset({"string"}),
    "contentMediaType": frozenset({"string"}),
    "contentSchema": frozenset({"string"}),
    "unevaluatedItems": frozenset({"array"}),
    "unevaluatedProperties": frozenset({"object"}),
}


class Reader:
    """Reads places into nodes; schemas that say the same get the same node, whichever document they stand in."""

    anything = Node(0, (), frozenset())
    nothing = Node(1, (_NEVER,), frozenset({_NEVER}))

    def __init__(self) -> None:
        self._known_nodes = {each.parts: each for each in (self.anything, self.nothing)}
        self._read: dict[tuple[int, int, str], Node] = {}
        self._open: set[tuple[int, int, str]] = set()
        self._kept: list[Place] = []  # keeps what `id` named alive
        self.unresolved: set[str] = set()  #: references that lead nowhere
        self._depth = 0
        self.evaluations_left = limits.MAX_EVALUATED  #: schemas that `unevaluated` may still look into

    def node(self, constraints: Iterable[Constraint]) -> Node:
        """The one node with these constraints."""
        ordered = dict.fromkeys(constraints)  # as in the schema, so that proofs repeat themselves
        distinct, key = tuple(ordered), frozenset(ordered)
        found = self._known_nodes.get(key)
        if found is None:
            if len(key) > 1 and _NEVER in key:
                return self.nothing
            found = self._known_nodes[key] = Node(len(self._known_nodes), distinct, key)
        return found

    def read(self, place: Place) -> Node:
        """The node of the schema at `place`. References that lead back to where they stand stay unfollowed."""
        schema = place.schema
        if schema is True:
            return self.anything
        if schema is False:
            return self.nothing
        if not isinstance(schema, dict):
            return self.node((Opaque("", canonical(schema), None),))
        key = (id(schema), id(place.bundle), place.dialect.name)
        known = self._read.get(key)
        if known is not None:
            return known
        if key in self._open or self._depth >= limits.MAX_SCHEMA_DEPTH:
            # what is open is being read; what is too deep was not, and may say something else in another dialect
            return self.node((Reference(key[:2] if key in self._open else key, lambda: self._later(place)),))
        self._open.add(key)
        self._depth += 1
        try:
            node = self.node(self._constraints(place, schema))
        finally:
            self._open.discard(key)
            self._depth -= 1
        if len(node.constraints) == 1:
            (only,) = node.constraints
            if isinstance(only, AllOf) and len(only.nodes) == 1:
                node = only.nodes[0]
        self._read[key] = node
        self._kept.append(place)
        return node

    def _later(self, place: Place) -> Node:
        depth, self._depth = self._depth, 0
        opened, self._open = self._open, set()
        try:
            return self.read(place)
        finally:
            self._depth, self._open = depth, opened

    def _constraints(self, place: Place, schema: dict[str, Json]) -> list[Constraint]:
        dialect = place.dialect
        if "$ref" in schema and not dialect.ref_has_siblings:
            return self._reference(place, schema["$ref"])
        found: list[Constraint] = []
        read: set[str | None] = set()
        assertions = dialect.assertions
        for keyword, value in schema.items():
            if keyword not in assertions:
                if not dialect.annotates(keyword) and not place.names(keyword):
                    ignored = keyword not in keywords.ANY_DIALECT
                    found.append(Opaque(keyword, canonical(value), None, ignored))
                continue
            together = keywords.READ_TOGETHER.get(keyword)
            if together in read:
                continue
            try:
                found.extend(self._keyword(place, schema, keyword, value))
                if together is not None:
                    read.add(together)
            except keyword_values.Malformed:
                found.append(Opaque(keyword, canonical(value), None))
        if dialect.prunes:
            found.extend(self._members(place, schema))
        nested = schema.get("$schema")
        if nested is not None and (not isinstance(nested, str) or nested.removesuffix("#") != dialect.uri):
            found.append(Opaque("$schema", canonical(nested), None))
        return found

    def _reference(self, place: Place, reference: Json) -> list[Constraint]:
        try:
            if not isinstance(reference, str):
                raise UnresolvedReference(reference)
            target = place.follow(reference)
        except UnresolvedReference:
            self.unresolved.add(str(reference))
            # by where it stands: the same text below another `$id` may lead elsewhere
            return [Opaque("$ref", f"{canonical(reference)} {id(place.schema)}", None)]
        return [AllOf((self.read(target),))]

    def _keyword(self, place: Place, schema: dict[str, Json], keyword: str, value: Json) -> Sequence[Constraint]:
        match keyword:  # the common ones first
            case "type":
                return [self._kinds(place, schema, value)]
            case "properties" | "patternProperties" | "additionalProperties":
                return self._members(place, schema)
            case "required":
                names = [keyword_values.text(name) for name in keyword_values.array(value)]
                return [Required(name) for name in names if not is_filled_in(place, name)]
            case "items" | "prefixItems" | "additionalItems":
                return self._items(place, schema)
            case "enum" | "const":
                values = keyword_values.array(value) if keyword == "enum" else [value]
                return [keyword_values.values_of(values)]
            case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
                return keyword_values.bound(place, schema, keyword, value)
            case "$ref":
                return self._reference(place, value)
            case "x-kubernetes-int-or-string":
                return [self._kinds(place, schema, ["integer", "string"])] if value is True else []
            case "multipleOf":
                divisor = Fraction(exact(keyword_values.number(value)))
                if divisor <= 0:
                    raise keyword_values.Malformed
                return [MultipleOf(divisor)]
            case "pattern":
                return [self._pattern(*each) for each in conjuncts(keyword_values.text(value))]
            case "uniqueItems":
                return [Unique()] if value is True else []
            case "allOf" | "anyOf" | "oneOf":
                nodes = self._nodes(place, value)
                if not nodes:
                    raise keyword_values.Malformed
                if keyword == "oneOf":
                    return [OneOf(tuple(sorted(nodes, key=lambda node: node.number)))]
                distinct = tuple(sorted(set(nodes), key=lambda node: node.number))
                return [AllOf(distinct) if keyword == "allOf" else AnyOf(distinct)]
            case "not":
                return [Not(self._child(place, value))]
            case "if":
                then = self._optional(place, schema, "then")
                otherwise = self._optional(place, schema, "else")
                return [Conditional(self._child(place, value), then, otherwise)]
            case "then" | "else":
                return []
            case "propertyNames":
                return [Names(self._child(place, value))]
            case "contains" | "minContains" | "maxContains":
                return self._contains(place, schema) if keyword == "contains" else []
            case "dependencies" | "dependentRequired" | "dependentSchemas":
                return self._dependencies(place, keyword, value)
            case "nullable" | "x-kubernetes-preserve-unknown-fields":
                return []  # with `type`, and with the members
        if keyword in keyword_values.SIZES:
            return keyword_values.size(keyword, value)
        if keyword in keywords.OPAQUE_BY_SURROUNDINGS:
            with suppress(Unclear):
                if keyword.startswith("unevaluated"):
                    return unevaluated(self, place, schema, keyword)
            said = {each: there for each, there in schema.items() if not place.dialect.annotates(each)}
            key = f"{canonical(said)} {id(schema) if keyword_values.has_reference(schema) else ''}"
            return [Opaque(keyword, key, _OPAQUE_KINDS.get(keyword))]
        if keyword in keywords.SERVICE_OPAQUE:
            return constraints_of(keyword, value)
        return [Opaque(keyword, canonical(value), _OPAQUE_KINDS.get(keyword), True)]

    def _kinds(self, place: Place, schema: dict[str, Json], names: Json) -> Kinds:
        """`nullable` adds to the types that a schema states, and says nothing where it states none (OpenAPI 3.0.3)."""
        nullable = "nullable" in place.dialect.assertions and schema.get("nullable") is True
        return Kinds(keyword_values.kinds(names, place.dialect.float_integers, nullable=nullable))

    def _child(self, place: Place, schema: Json) -> Node:
        return self.anything if schema is True else self.read(place.inside(schema))

    def _pattern(self, is_found: bool, expression: str) -> Constraint:
        if is_found:
            return Pattern(expression)
        return Not(self.node((Kinds(frozenset({"string"})), Pattern(expression))))  # other kinds pass either way

    def _optional(self, place: Place, schema: dict[str, Json], keyword: str) -> Node:
        return self._child(place, schema[keyword]) if keyword in schema else self.anything

    def _nodes(self, place: Place, value: Json) -> tuple[Node, ...]:
        return tuple(self._child(place, each) for each in keyword_values.array(value))

    def _named(self, place: Place, value: Json) -> tuple[tuple[str, Node], ...]:
        return tuple((name, self._child(place, each)) for name, each in sorted(keyword_values.members(value).items()))

    def _contains(self, place: Place, schema: dict[str, Json]) -> list[Constraint]:
        bounded = "maxContains" in place.dialect.assertions
        low = keyword_values.count(schema.get("minContains", 1)) if bounded else 1
        high = keyword_values.count(schema["maxContains"]) if bounded and "maxContains" in schema else None
        if low == 0 and high is None:
            return []
        return [Contains(self._child(place, schema["contains"]), low, high)]

    def _items(self, place: Place, schema: dict[str, Json]) -> list[Constraint]:
        items = schema.get("items", True)
        if not place.dialect.tuple_items:
            prefix = self._nodes(place, schema.get("prefixItems", []))
            rest = items
        elif isinstance(items, list):
            prefix, rest = self._nodes(place, items), schema.get("additionalItems", True)
        else:
            prefix, rest = (), items
        last = self._child(place, rest)
        while prefix and prefix[-1] is last:
            prefix = prefix[:-1]
        return [Items(prefix, last)] if prefix or last is not self.anything else []

    def _members(self, place: Place, schema: dict[str, Json]) -> list[Constraint]:
        properties = self._named(place, declared(place, schema))
        patterns = self._named(place, schema.get("patternProperties", {}))
        return self.members(properties, patterns, self._child(place, undeclared(place, schema)))

    def members(
        self, properties: Sequence[tuple[str, Node]], patterns: Sequence[tuple[str, Node]], rest: Node
    ) -> list[Constraint]:
        """The constraint of these members; none where every object passes."""
        if rest is self.anything:
            properties = [each for each in properties if each[1] is not self.anything]
            patterns = [each for each in patterns if each[1] is not self.anything]
        elif not patterns:
            properties = [each for each in properties if each[1] is not rest]
        if not properties and not patterns and rest is self.anything:
            return []
        return [Members(tuple(properties), tuple(patterns), rest)]

    def _dependencies(self, place: Place, keyword: str, value: Json) -> list[Constraint]:
        found: list[Constraint] = []
        for name, needed in keyword_values.members(value).items():
            if keyword == "dependentRequired" or (keyword == "dependencies" and isinstance(needed, list)):
                node = self.node(Required(keyword_values.text(each)) for each in keyword_values.array(needed))
            else:
                node = self._child(place, needed)
            if node is not self.anything:
                found.append(Dependent(name, node))
        return found
