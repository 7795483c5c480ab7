"""What dialects/*.yaml say, as frozen values: how a kind of schema service speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from countersign.rulebook.places import Source

Effect = Literal["read", "data", "register", "update", "delete", "settings"]
SchemaForm = Literal["json", "json-string"]


@dataclass(frozen=True, slots=True)
class SchemaPlace:
    """Where a schema stands in a body."""

    path: str  #: JSONPath; `$` is the whole body
    form: SchemaForm


@dataclass(frozen=True, slots=True)
class BundlePlace:
    """Where a body lists the references of its schema, and how the gateway reads one of them."""

    path: str  #: JSONPath of the list
    name: str  #: member that the schema's `$ref` uses
    lookup: LookUp  #: placeholders are the members of one entry
    nested: bool = False  #: the answer lists its own references at the same place, read the same way


@dataclass(frozen=True, slots=True)
class LookUp:
    """How the current schema of a subject is read from the service."""

    path: str  #: template with the same placeholders as the operation's
    schema: SchemaPlace
    absent: tuple[int, ...]  #: statuses that say that there is no such schema
    references: BundlePlace | None = None
    etag: bool = False  #: send If-Match with the change
    only_if: Mapping[str, str] = field(default_factory=dict)  #: member of the answer -> required value


@dataclass(frozen=True, slots=True)
class OperationRule:
    """One operation of a service: how to recognise it and where things stand in it."""

    name: str
    methods: tuple[str, ...]
    path: str  #: template: literal segments and `{placeholder}` segments
    effect: Effect
    subject: str | None  #: template of the subject from the path's placeholders; None: the service as a whole
    schema: SchemaPlace | None  #: the proposed schema in the request body
    references: BundlePlace | None
    current: LookUp | None
    only_if: Mapping[str, str] = field(default_factory=dict)  #: body member -> required value, e.g. schemaType: JSON
    source: Source = Source("", 0)  # noqa: RUF009 a frozen value, shared by all
    query: tuple[str, ...] = ()  #: query parameters it may carry; a GET or HEAD that only reads may carry any
    members: tuple[str, ...] = ()  #: members its body may have; empty: any


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of schema service speaks. What it does not know, and is not a plain read, is refused."""

    name: str
    operations: tuple[OperationRule, ...]
    refusal_members: Mapping[str, str]  #: extra members of a refusal: name -> `{status}`, `{detail}`, `{code}` template
    source: Source
    refused_subjects: tuple[str, ...] = ()  #: globs: second spellings of a subject that has another name
    schema_language: Literal["openapi-3.0", "kubernetes"] | None = None  #: None: JSON Schema, its dialect in `$schema`
