"""Where a `$ref` leads: within the document, to a schema of its bundle, or nowhere. Never fetches anything.

Does not check that a target is a valid schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from referencing import Registry, Resource
from referencing.exceptions import CannotDetermineSpecification, Unresolvable
from referencing.jsonschema import DRAFT202012, Schema

from countersign import limits
from countersign.schema_change import keywords
from countersign.schema_change.dialect import DIALECTS, Dialect, stated
from countersign.schema_change.json_values import member_names
from countersign.strict_json import Json

#: What the library raises where an identifier is no text, or makes no URI: every reference there leads nowhere.
_UNREADABLE = (ValueError, TypeError, AttributeError)
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
#: A document without any of these leads nowhere, and its resolver is made only when it is asked all the same.
_LEADING = _REFERENCES | {"$id", "id"}
_UNASKED = Registry[Schema]().resolver()


class UnresolvedReference(Exception):
    """The reference leads nowhere that may be looked at, or to two different schemas."""


@dataclass(slots=True)  # not frozen: there is one for each schema, and frozen ones take twice as long to make
class Place:
    """A schema and where it stands: what its relative references are resolved against, and its dialect."""

    schema: Json
    resolver: object  #: a `referencing` resolver
    dialect: Dialect
    bundle: Bundle

    def inside(self, schema: Json) -> Place:
        """The place of a subschema that stands directly in this one."""
        resolver = self.resolver
        if isinstance(schema, dict) and (isinstance(schema.get("$id"), str) or isinstance(schema.get("id"), str)):
            resolver = _below(resolver, _resource(schema, self.dialect))
        return Place(schema, resolver, self.dialect, self.bundle)

    def names(self, keyword: str) -> bool:
        """Whether `keyword` only names or places schemas here: what it holds acts through references alone."""
        sections = keywords.SECTIONED_DEFINITIONS.get(self.dialect.name)
        return keyword in keywords.NAMES or (keyword == sections and self.schema is self.bundle.document)

    def follow(self, reference: str) -> Place:
        """The place that `reference` leads to. Raises UnresolvedReference."""
        name, _, _ = reference.partition("#")
        if name and name in self.bundle.schemas:
            return self.bundle.lookup(
                self.bundle.root_resolver(self.dialect, name), reference[len(name) :], self.dialect
            )
        return self.bundle.lookup(self.resolver, reference, self.dialect)


class Bundle:
    """One document and the schemas that its service lists as its references, by the name used in `$ref`.

    Raises TooLarge where the one, or all of the others, hold more than MAX_SCHEMA_NODES values.
    """

    def __init__(self, document: Json, schemas: Mapping[str, Json]) -> None:
        self.document = document
        self.schemas = dict(schemas)
        #: Of all members: a keyword that is not among them needs not be looked for.
        self.names = member_names(document, limits.MAX_SCHEMA_NODES)
        if schemas:
            self.names |= member_names(self.schemas, limits.MAX_SCHEMA_NODES)
        self.has_references = not _REFERENCES.isdisjoint(self.names)
        self._registries: dict[str, Registry[Schema]] = {}

    def root(self, dialect: Dialect) -> Place:
        """The document itself, read in `dialect`."""
        resolver = _UNASKED if _LEADING.isdisjoint(self.names) else self.root_resolver(dialect, None)
        return Place(self.document, resolver, dialect, self)

    def root_resolver(self, dialect: Dialect, name: str | None) -> object:
        registry = self._registry(dialect)
        if name is not None:  # the base of what is relative in it, as where the registry finds it (RFC 3986, 5.1.3)
            return _below(registry.resolver(name), _resource(self.schemas[name], dialect))
        try:
            return registry.resolver_with_root(_resource(self.document, dialect))
        except _UNREADABLE:
            return None

    def lookup(self, resolver: object, reference: str, dialect: Dialect) -> Place:
        if resolver is _UNASKED:
            resolver = self.root_resolver(dialect, None)
        try:
            resolved = resolver.lookup(reference or "#")  # type: ignore[attr-defined]
        except (Unresolvable, CannotDetermineSpecification, ValueError, LookupError, TypeError, AttributeError):
            # a pointer into an array with a name, or through a string, surfaces as any of the last four
            raise UnresolvedReference(reference) from None
        contents: Json = resolved.contents
        if not isinstance(contents, dict | bool):
            raise UnresolvedReference(reference)
        uri = stated(contents)
        if uri is not None and DIALECTS.get(uri) is not dialect:
            raise UnresolvedReference(reference)  # another dialect's rules inside this one: not worked out here
        return Place(contents, resolved.resolver, dialect, self)

    def _registry(self, dialect: Dialect) -> Registry[Schema]:
        if dialect.name not in self._registries:
            registry: Registry[Schema] = Registry()
            for name, schema in self.schemas.items():
                registry = registry.with_resource(name, _resource(schema, dialect))
            self._registries[dialect.name] = registry
        return self._registries[dialect.name]


def _below(resolver: object, resource: Resource[Schema]) -> object:
    """The resolver inside `resource`."""
    try:
        return resolver.in_subresource(resource)  # type: ignore[attr-defined]
    except _UNREADABLE:
        return None


def _resource(schema: Json, dialect: Dialect) -> Resource[Schema]:
    """`schema` for the registry, read in `dialect` whatever `$schema` it states."""
    contents = schema if isinstance(schema, dict | bool) else True
    # the library's draft 4 cannot name a boolean, which no document of its own is
    specification = DRAFT202012 if isinstance(contents, bool) else dialect.specification
    return specification.create_resource(contents)
