"""A schema service that speaks the published REST API of Confluent's Schema Registry, for JSON Schemas.

No contexts, exporters, associations, metadata or rule sets: asked for them, it answers 404 or 422, it never ignores them.
What it keeps, and how it differs, is in `subjects`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.story.service import Answer, Request, add_options, json_answer, run
from scripts.story.subjects import (
    GLOBAL,
    LEVELS,
    MODES,
    Reference,
    RegistryError,
    Schema,
    Subjects,
    Version,
    read_schema,
)

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
_UNREAD_MEMBERS = ("id", "version", "metadata", "ruleSet")


class Registry:
    """The REST API over one `Subjects`."""

    def __init__(self) -> None:
        self.subjects = Subjects()

    def answer(self, request: Request) -> Answer:
        """Apply one request; errors are `{"error_code", "message"}`."""
        try:
            return json_answer(200, self._apply(request), MEDIA_TYPE)
        except RegistryError as error:
            return json_answer(error.status, {"error_code": error.code, "message": error.message}, MEDIA_TYPE)

    def _apply(self, request: Request) -> Any:
        deleted = request.query.get("deleted") == "true"
        match request.method, request.segments:
            case "GET", ("",):
                return {}
            case "GET", ("subjects",):
                prefix = request.query.get("subjectPrefix", "")
                return [name for name in self.subjects.names(deleted=deleted) if name.startswith(prefix)]
            case "GET", ("schemas", "types"):
                return ["JSON"]
            case "GET", ("schemas", "ids", id, *rest):
                return self._schema(_id(id), rest)
            case "GET", ("subjects", subject, "versions"):
                return [version.number for version in self.subjects.versions(subject, deleted=deleted)]
            case "GET", ("subjects", subject, "versions", number, *rest):
                return self._version(self.subjects.version(subject, number, deleted=deleted), rest)
            case "POST", ("subjects", subject):
                return _shown(self.subjects.find(subject, _schema(request), deleted=deleted))
            case "POST", ("subjects", subject, "versions"):
                return {"id": self.subjects.register(subject, _schema(request)).id}
            case "POST", ("compatibility", "subjects", subject, "versions", *rest) if len(rest) <= 1:
                return self._compatibility(request, subject, rest)
            case "DELETE", ("subjects", *_):
                return self._delete(request)
            case "GET" | "PUT" | "DELETE", ("config", *name) if len(name) <= 1:
                settings = self.subjects.levels
                return _setting(
                    request, settings, name, LEVELS, ("compatibilityLevel", "compatibility"), (40408, 42203)
                )
            case "GET" | "PUT" | "DELETE", ("mode", *name) if len(name) <= 1:
                return _setting(request, self.subjects.modes, name, MODES, ("mode", "mode"), (40409, 42204))
        raise RegistryError(404, "HTTP 404 Not Found")

    def _schema(self, id: int, rest: list[str]) -> Any:
        schema = self.subjects.by_id(id)
        match rest:
            case []:
                shown = {"schemaType": "JSON", "schema": schema.text}
                return shown | ({"references": _references(schema.references)} if schema.references else {})
            case ["schema"]:
                return json.loads(schema.text)
            case ["subjects"]:
                return sorted({version.subject for version in self.subjects.uses(id)})
            case ["versions"]:
                return [{"subject": version.subject, "version": version.number} for version in self.subjects.uses(id)]
        raise RegistryError(404, "HTTP 404 Not Found")

    def _version(self, version: Version, rest: list[str]) -> Any:
        match rest:
            case []:
                return _shown(version)
            case ["schema"]:
                return json.loads(version.schema.text)
            case ["referencedby"]:
                return [other.id for other in self.subjects.referenced_by(version)]
        raise RegistryError(404, "HTTP 404 Not Found")

    def _compatibility(self, request: Request, subject: str, rest: list[str]) -> Any:
        against = [self.subjects.version(subject, rest[0])] if rest else self.subjects.versions(subject)
        compatible = self.subjects.is_compatible(subject, _schema(request), against)
        messages = {} if compatible or request.query.get("verbose") != "true" else {"messages": ["not the same schema"]}
        return {"is_compatible": compatible, **messages}

    def _delete(self, request: Request) -> Any:
        permanent = request.query.get("permanent") == "true"
        match request.segments:
            case ("subjects", subject):
                return self.subjects.delete_subject(subject, permanent=permanent)
            case ("subjects", subject, "versions", number):
                version = self.subjects.version(subject, number, deleted=True)
                self.subjects.delete_version(version, permanent=permanent)
                return version.number
        raise RegistryError(404, "HTTP 404 Not Found")


def _setting(
    request: Request,
    values: dict[str, str],
    name: list[str],
    allowed: tuple[str, ...],
    members: tuple[str, str],
    codes: tuple[int, int],
) -> Any:
    """Read, write or reset one setting, for the whole registry or for one subject. `members`: as read, as written."""
    subject = name[0] if name else GLOBAL
    shown, written = members
    if request.method == "PUT":
        value = _document(request).get(written)
        if value not in allowed:
            raise RegistryError(codes[1], f"Invalid {written}. Valid values are {', '.join(allowed)}")
        values[subject] = str(value)
        return {written: value}
    if subject not in values and request.query.get("defaultToGlobal") == "true":
        subject = GLOBAL
    if subject not in values:
        raise RegistryError(codes[0], f"Subject '{subject}' does not have subject-level {written} configured")
    value = values[subject]
    if request.method == "DELETE":
        if subject == GLOBAL:
            values[GLOBAL] = "NONE" if "NONE" in allowed else "READWRITE"
        else:
            del values[subject]
    return {shown: value}


def _schema(request: Request) -> Schema:
    document = _document(request)
    for member in _UNREAD_MEMBERS:
        if document.get(member) is not None:
            raise RegistryError(42205, f"{member} cannot be chosen in this registry")
    return read_schema(document, normalize=request.query.get("normalize", "").lower() == "true")


def _document(request: Request) -> Mapping[str, object]:
    try:
        document = json.loads(request.body)
    except ValueError:
        raise RegistryError(400, "the body is not JSON") from None
    if not isinstance(document, dict):
        raise RegistryError(422, "the body is not a JSON object")
    return document


def _shown(version: Version) -> dict[str, Any]:
    shown = {
        "subject": version.subject,
        "version": version.number,
        "id": version.id,
        "schemaType": "JSON",
        "schema": version.schema.text,
    }
    return shown | ({"references": _references(version.schema.references)} if version.schema.references else {})


def _references(references: Sequence[Reference]) -> list[dict[str, Any]]:
    return [{"name": entry.name, "subject": entry.subject, "version": entry.version} for entry in references]


def _id(text: str) -> int:
    if not text.isdecimal():
        raise RegistryError(404, "HTTP 404 Not Found")
    return int(text)


def main() -> None:
    """Run the service: `python -m scripts.story.registry --credential-file FILE [--port N] ...`."""
    parser = argparse.ArgumentParser(description="a schema service with Confluent's REST API, in memory")
    add_options(parser)
    run(Registry().answer, parser, parser.parse_args())


if __name__ == "__main__":
    main()
