"""Where a `$ref` leads: within the document, to a schema of its bundle, or nowhere. Never fetches anything.

Does not check that a target is a valid schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from referencing import Registry, Resource
from referencing.exceptions import CannotDetermineSpecification, Unresolvable
from referencing.jsonschema import Schema

from countersign.schema_change.dialect import DIALECTS, Dialect, stated
from countersign.strict_json import Json


class UnresolvedReference(Exception):
    """The reference leads nowhere that may be looked at, or to two different schemas."""


@dataclass(frozen=True, slots=True)
class Place:
    """A schema and where it stands: what its relative references are resolved against, and its dialect."""

    schema: Json
    resolver: object  #: a `referencing` resolver
    dialect: Dialect
    bundle: Bundle

    def inside(self, schema: Json) -> Place:
        """The place of a subschema that stands directly in this one."""
        if isinstance(schema, dict) and (isinstance(schema.get("$id"), str) or isinstance(schema.get("id"), str)):
            resource = _resource(schema, self.dialect)
            return Place(schema, self.resolver.in_subresource(resource), self.dialect, self.bundle)  # type: ignore[attr-defined]
        return Place(schema, self.resolver, self.dialect, self.bundle)

    def follow(self, reference: str) -> Place:
        """The place that `reference` leads to. Raises UnresolvedReference."""
        name, _, _ = reference.partition("#")
        if name and name in self.bundle.schemas:
            return self.bundle.lookup(
                self.bundle.root_resolver(self.dialect, name), reference[len(name) :], self.dialect
            )
        return self.bundle.lookup(self.resolver, reference, self.dialect)


class Bundle:
    """One document and the schemas that its service lists as its references, by the name used in `$ref`."""

    def __init__(self, document: Json, schemas: Mapping[str, Json]) -> None:
        self.document = document
        self.schemas = dict(schemas)
        self._registries: dict[str, Registry[Schema]] = {}
        self._followed: dict[tuple[int, str], Place] = {}

    def root(self, dialect: Dialect) -> Place:
        """The document itself, read in `dialect`."""
        return Place(self.document, self.root_resolver(dialect, None), dialect, self)

    def root_resolver(self, dialect: Dialect, name: str | None) -> object:
        document = self.document if name is None else self.schemas[name]
        return self._registry(dialect).resolver_with_root(_resource(document, dialect))

    def lookup(self, resolver: object, reference: str, dialect: Dialect) -> Place:
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


def _resource(schema: Json, dialect: Dialect) -> Resource[Schema]:
    """`schema` for the registry, read in `dialect` whatever `$schema` it states."""
    contents = schema if isinstance(schema, dict | bool) else True
    return dialect.specification.create_resource(contents)
