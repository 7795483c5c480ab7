"""What a schema registry remembers: schemas by id, versions by subject, what was deleted, compatibility and mode.

Follows the published behaviour of Confluent's Schema Registry for JSON Schemas, in memory. Differs in one point:
compatibility is not computed. At level NONE (the default here) everything is accepted; at any other level only a schema
equal to the latest one is, so that a test sees both answers without this being an opinion on compatibility.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

GLOBAL = ""
LEVELS = ("NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE")
MODES = ("READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT")


class RegistryError(Exception):
    """An answer with one of Confluent's error codes; its first three digits are the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        return self.code if self.code < 1000 else self.code // 100


@dataclass(frozen=True, slots=True)
class Reference:
    """A schema that another one refers to by `name`."""

    name: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema's text and its references; two equal ones share one id."""

    text: str
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """A schema registered under a subject."""

    subject: str
    number: int
    id: int
    schema: Schema
    is_deleted: bool = False


class Subjects:
    """The state of one registry."""

    def __init__(self) -> None:
        self._ids: dict[Schema, int] = {}
        self._versions: dict[str, list[Version]] = {}
        self._last_number: dict[str, int] = {}
        self.levels: dict[str, str] = {GLOBAL: "NONE"}
        self.modes: dict[str, str] = {GLOBAL: "READWRITE"}

    def names(self, *, deleted: bool = False) -> list[str]:
        """Subjects with at least one version; soft-deleted ones too when `deleted`."""
        return sorted(name for name in self._versions if self._kept(name, deleted))

    def versions(self, subject: str, *, deleted: bool = False) -> list[Version]:
        """All versions of `subject`, oldest first. Raises 40401 when there is none."""
        kept = self._kept(subject, deleted)
        if not kept:
            raise RegistryError(40401, f"Subject '{subject}' not found.")
        return kept

    def version(self, subject: str, number: str, *, deleted: bool = False) -> Version:
        """One version by its number, `latest` or `-1`. Raises 40401, 40402 or 42202."""
        wanted = _version_number(number)
        kept = self.versions(subject, deleted=deleted)
        if wanted is None:
            return kept[-1]
        for version in kept:
            if version.number == wanted:
                return version
        raise RegistryError(40402, f"Version {number} not found.")

    def by_id(self, id: int) -> Schema:
        """Raises 40403."""
        for schema, known in self._ids.items():
            if known == id:
                return schema
        raise RegistryError(40403, f"Schema {id} not found")

    def uses(self, id: int) -> list[Version]:
        """The versions, under any subject, that hold the schema `id`."""
        return [version for name in self.names() for version in self._kept(name) if version.id == id]

    def find(self, subject: str, schema: Schema, *, deleted: bool = False) -> Version:
        """The version of `subject` that is `schema`. Raises 40401 or 40403."""
        for version in self.versions(subject, deleted=deleted):
            if version.schema == schema:
                return version
        raise RegistryError(40403, "Schema not found")

    def register(self, subject: str, schema: Schema) -> Version:
        """Add `schema` as the next version, or return the version that it already is. Raises 409, 42201 or 42205."""
        if not self.is_writable(subject):
            raise RegistryError(42205, f"Subject {subject} is in read-only mode")
        for reference in schema.references:
            try:
                self.version(reference.subject, str(reference.version))
            except RegistryError as error:
                raise RegistryError(42201, f"Invalid schema: its reference {reference.name}: {error.message}") from None
        kept = self._kept(subject)
        for version in kept:
            if version.schema == schema:
                return version
        if kept and not self.is_compatible(subject, schema, kept[-1:]):
            raise RegistryError(409, "Schema being registered is incompatible with an earlier schema")
        number = self._last_number.get(subject, 0) + 1
        version = Version(subject, number, self._ids.setdefault(schema, len(self._ids) + 1), schema)
        self._versions.setdefault(subject, []).append(version)
        self._last_number[subject] = number
        return version

    def is_compatible(self, subject: str, schema: Schema, against: Sequence[Version]) -> bool:
        """True at level NONE, and where `schema` equals each of `against`: see the module's docstring."""
        level = self.levels.get(subject, self.levels[GLOBAL])
        return level == "NONE" or all(version.schema == schema for version in against)

    def is_writable(self, subject: str) -> bool:
        """May versions be added to or deleted from `subject`?"""
        overall = self.modes[GLOBAL]
        return overall != "READONLY_OVERRIDE" and self.modes.get(subject, overall) in ("READWRITE", "IMPORT")

    def referenced_by(self, version: Version) -> list[Version]:
        """The versions that refer to `version`."""
        wanted = (version.subject, version.number)
        return [
            other
            for name in self.names()
            for other in self._kept(name)
            if any((reference.subject, reference.version) == wanted for reference in other.schema.references)
        ]

    def delete_version(self, version: Version, *, permanent: bool) -> None:
        """Soft-delete, or remove what was soft-deleted. Raises 40406, 40407, 42205 or 42206."""
        self._check_deletable(version)
        place = _place(version)
        if permanent and not version.is_deleted:
            raise RegistryError(40407, f"{place} was not deleted first before being permanently deleted")
        if version.is_deleted and not permanent:
            raise RegistryError(40406, f"{place} was soft deleted. Set permanent=true to delete permanently")
        versions = self._versions[version.subject]
        if permanent:
            versions.remove(version)
        else:
            versions[versions.index(version)] = replace(version, is_deleted=True)

    def delete_subject(self, subject: str, *, permanent: bool) -> list[int]:
        """Delete every version; returns their numbers. Raises 40401, 40404, 40405, 42205 or 42206."""
        versions = self.versions(subject, deleted=True)
        alive = [version for version in versions if not version.is_deleted]
        if permanent and alive:
            raise RegistryError(40405, f"Subject '{subject}' was not deleted first before being permanently deleted")
        if not permanent and not alive:
            raise RegistryError(
                40404, f"Subject '{subject}' was soft deleted. Set permanent=true to delete permanently"
            )
        chosen = versions if permanent else alive
        for version in chosen:
            self._check_deletable(version)  # all of them before the first one goes
        for version in chosen:
            self.delete_version(version, permanent=permanent)
        return [version.number for version in chosen]

    def _check_deletable(self, version: Version) -> None:
        if not self.is_writable(version.subject):
            raise RegistryError(42205, f"Subject {version.subject} is in read-only mode")
        if self.referenced_by(version):
            raise RegistryError(42206, f"One or more references exist to the schema {_place(version)}.")

    def _kept(self, subject: str, deleted: bool = False) -> list[Version]:
        return [version for version in self._versions.get(subject, []) if deleted or not version.is_deleted]


def read_schema(document: Mapping[str, object], *, normalize: bool) -> Schema:
    """The schema in the body of a request. Raises 42201 for anything but a JSON Schema."""
    kind = document.get("schemaType", "AVRO")
    if kind != "JSON":
        raise RegistryError(42201, f"Invalid schema type {kind}: this registry keeps JSON Schemas only")
    text = document.get("schema")
    try:
        parsed = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict | bool):
        raise RegistryError(42201, "Invalid schema: not a JSON Schema as a string")
    entries = document.get("references")
    if entries is None:
        entries = []
    if not isinstance(entries, list):
        raise RegistryError(42201, "Invalid schema: references is not a list")
    try:
        references = tuple(Reference(entry["name"], entry["subject"], int(entry["version"])) for entry in entries)
    except (KeyError, TypeError, ValueError):
        raise RegistryError(42201, "Invalid schema: a reference needs name, subject and version") from None
    return Schema(json.dumps(parsed, ensure_ascii=False, separators=(",", ":"), sort_keys=normalize), references)


def _place(version: Version) -> str:
    return f"Subject '{version.subject}' Version {version.number}"


def _version_number(text: str) -> int | None:
    """None: the latest."""
    if text in ("latest", "-1"):
        return None
    if not text.isdecimal() or int(text) == 0:
        raise RegistryError(42202, f"The specified version '{text}' is not a valid version id.")
    return int(text)
