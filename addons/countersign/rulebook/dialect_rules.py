"""dialects/*.yaml -> Dialect values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from countersign.rulebook import templates
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems
from countersign.rulebook.values import BundlePlace, Dialect, LookUp, OperationRule, SchemaPlace, Source

_NO_BODY_METHODS = frozenset({"GET", "HEAD", "DELETE"})
_SCHEMA_EFFECTS = frozenset({"register", "update"})
_NO_NAMES: tuple[str, ...] = ()
_SCHEMA_LANGUAGES: Mapping[str, Literal["openapi-3.0", "kubernetes"] | None] = {
    "json-schema": None,
    "openapi-3.0": "openapi-3.0",
    "kubernetes": "kubernetes",
}


def dialects(documents: Iterable[Document], problems: Problems) -> Mapping[str, Dialect]:
    """The dialects of `documents` by name; their shape was checked; what is wrong goes to `problems`."""
    found: dict[str, Dialect] = {}
    for document in documents:
        dialect = _dialect(document, problems)
        if dialect.name in found:
            problem = f"a second dialect is named {dialect.name!r}"
            problems.add(document.file, document.line_of(["name"]), problem, f"the first: {found[dialect.name].source}")
        found.setdefault(dialect.name, dialect)
    return MappingProxyType(found)


def _dialect(document: Document, problems: Problems) -> Dialect:
    root: Any = document.root
    reader = _Reader(document.file, problems)
    operations = tuple(
        reader.operation(entry, root["operations"].lines[index]) for index, entry in enumerate(root["operations"])
    )
    _refuse_ambiguity(operations, problems)
    refusal = root.get("refusal", {})
    for name, text in refusal.items():
        problems.checked(document.file, refusal.lines[name], templates.refusal_template, text, "")
    return Dialect(
        name=root["name"],
        operations=operations,
        refusal_members=MappingProxyType(dict(refusal)),
        source=Source(document.file, document.line_of(["name"])),
        refused_subjects=tuple(root.get("refused_subjects", ())),
        schema_language=_SCHEMA_LANGUAGES[root.get("schema_language", "json-schema")],
    )


def _refuse_ambiguity(operations: tuple[OperationRule, ...], problems: Problems) -> None:
    for index, operation in enumerate(operations):
        file, line = operation.source.file, operation.source.line
        for earlier in operations[:index]:
            if earlier.name == operation.name:
                problem = f"a second operation is named {operation.name!r}"
                problems.add(file, line, problem, f"the first: {earlier.source}")
            if set(earlier.methods) & set(operation.methods) and templates.overlap(earlier.path, operation.path):
                problem = f"{operation.name!r} and {earlier.name!r} can match the same request"
                problems.add(file, line, problem, f"change the path of one of them; the other: {earlier.source}")


class _Reader:
    """Builds the parts of one dialect file."""

    def __init__(self, file: str, problems: Problems) -> None:
        self._file = file
        self._problems = problems

    def operation(self, entry: Any, line: int) -> OperationRule:
        names = self._checked(entry, "path", templates.path_template, _NO_NAMES)
        if "subject" in entry:
            self._placeholders(entry, "subject", templates.subject_template, names)
        self._coherent(entry, line)
        return OperationRule(
            name=entry["name"],
            methods=tuple(entry["methods"]),
            path=entry["path"],
            effect=entry["effect"],
            subject=entry.get("subject"),
            schema=self._schema(entry["schema"]) if "schema" in entry else None,
            references=self._bundle(entry["references"]) if "references" in entry else None,
            current=self._look_up(entry["current"], names) if "current" in entry else None,
            only_if=MappingProxyType(dict(entry.get("only_if", {}))),
            source=Source(self._file, line),
            query=tuple(entry.get("query", ())),
            members=tuple(entry.get("members", ())),
        )

    def _coherent(self, entry: Any, line: int) -> None:
        effect = entry["effect"]
        if effect in _SCHEMA_EFFECTS:
            for key in ("subject", "schema", "current"):
                if key not in entry:
                    self._add(
                        line, f"an operation that does {effect} needs {key!r}", "without it no change can be shown"
                    )
        if effect == "delete" and "subject" not in entry:
            self._add(line, "an operation that does delete needs 'subject'", "say what is deleted")
        if effect in ("read", "data"):
            for key in ("schema", "current" if effect == "read" else "references"):
                if key in entry:
                    self._add(entry.lines[key], f"{key!r} has no meaning where the effect is {effect}", "remove it")
        if _NO_BODY_METHODS & set(entry["methods"]):
            for key in ("schema", "references", "only_if", "members"):
                if key in entry:
                    self._add(entry.lines[key], f"{key!r} speaks of a body, and these methods have none", "remove it")
        if "references" in entry and "schema" not in entry and effect != "read":
            self._add(entry.lines["references"], "references without a schema", "say where the schema stands")
        if "members" in entry:
            for name in entry.get("only_if", {}):
                if name not in entry["members"]:
                    self._add(entry.lines["members"], f"'members' lacks {name!r} of 'only_if'", "add it")

    def _schema(self, entry: Any) -> SchemaPlace:
        self._checked(entry, "path", templates.member_path, "$")
        return SchemaPlace(path=entry["path"], form=entry["form"])

    def _bundle(self, entry: Any) -> BundlePlace:
        self._checked(entry, "path", templates.member_path, "$")
        return BundlePlace(
            path=entry["path"],
            name=entry["name"],
            lookup=self._look_up(entry["lookup"], None),
            nested=entry.get("nested", False),
        )

    def _look_up(self, entry: Any, names: tuple[str, ...] | None) -> LookUp:
        """`names`: the placeholders there are; None where they are members of a list's entries, known at run time."""
        if names is None:
            self._checked(entry, "path", templates.path_template, _NO_NAMES)
        else:
            self._placeholders(entry, "path", templates.path_template, names)
        return LookUp(
            path=entry["path"],
            schema=self._schema(entry["schema"]),
            absent=tuple(entry.get("absent", ())),
            references=self._bundle(entry["references"]) if "references" in entry else None,
            etag=entry.get("etag", False),
            only_if=MappingProxyType(dict(entry.get("only_if", {}))),
        )

    def _placeholders(
        self, entry: Any, key: str, check: Callable[[str], tuple[str, ...]], known: tuple[str, ...]
    ) -> None:
        used = self._checked(entry, key, check, _NO_NAMES)
        self._problems.checked(
            self._file, entry.lines[key], lambda _: templates.known_placeholders(used, known), entry[key], None
        )

    def _checked[T](self, entry: Any, key: str, check: Callable[[str], T], otherwise: T) -> T:
        return self._problems.checked(self._file, entry.lines[key], check, entry[key], otherwise)

    def _add(self, line: int, problem: str, remedy: str) -> None:
        self._problems.add(self._file, line, problem, remedy)
