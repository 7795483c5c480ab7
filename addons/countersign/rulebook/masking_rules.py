"""masking.yaml -> MaskingRule values, and what it changes of the masking that is built in.

Does not check what only masking can tell: whether a rule's examples have something that it masks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from countersign.rulebook import templates
from countersign.rulebook.access_rules import refuse_second_names
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems, Unfit, did_you_mean
from countersign.rulebook.values import BuiltInMasking, Connection, Dialect, MaskingDirection, MaskingRule, Source
from countersign.strict_json import Json

_MESSAGES: tuple[MaskingDirection, ...] = ("request", "response")
_ALL_THAT_IS_KEPT: tuple[MaskingDirection, ...] = (*_MESSAGES, "schema")
_SECRET_WHEREVER = ("names", "detectors", "marks")  # these say what a secret is, the others where one stands


def masking(document: Document, problems: Problems) -> tuple[MaskingRule, ...]:
    """What is masked before anything is kept; the shape was checked; what is wrong goes to `problems`."""
    rules: list[MaskingRule] = []
    root: Any = document.root
    for index, entry in enumerate(root["rules"]):
        paths = entry.get("paths", ())
        for place, path in enumerate(paths):
            problems.checked(document.file, paths.lines[place], templates.json_path, path, "")
        is_wherever = any(selector in entry for selector in _SECRET_WHEREVER)
        rules.append(
            MaskingRule(
                name=entry["name"],
                connections=tuple(entry.get("connections", ("*",))),
                subjects=tuple(entry.get("subjects", ("*",))),
                directions=tuple(entry.get("in", _ALL_THAT_IS_KEPT if is_wherever else _MESSAGES)),
                paths=tuple(paths),
                headers=tuple(entry.get("headers", ())),
                query=tuple(entry.get("query", ())),
                how=entry["how"],
                keep=entry.get("keep", 0),
                source=Source(document.file, root["rules"].lines[index]),
                segments=tuple(entry.get("segments", ())),
                names=tuple(entry.get("names", ())),
                detectors=tuple(entry.get("detectors", ())),
                marks=tuple(entry.get("marks", ())),
                groups=tuple(entry.get("groups", ())),
                except_groups=tuple(entry.get("except_groups", ())),
                examples=tuple(_plain(example) for example in entry.get("examples", ())),
            )
        )
    refuse_second_names(rules, problems)
    return tuple(rules)


def built_in_masking(document: Document, problems: Problems) -> BuiltInMasking:
    """What the file changes of the masking that holds without rules; what is wrong goes to `problems`."""
    root: Any = document.root
    built_in = root.get("built_in", {})
    names, detectors, marks = (built_in.get(kind, {}) for kind in ("names", "detectors", "marks"))
    regions = detectors.get("phone_regions", ())
    for place, region in enumerate(regions):
        problems.checked(document.file, regions.lines[place], _phone_region, region, "")
    return BuiltInMasking(
        names_off=tuple(names.get("off", ())),
        detectors_off=tuple(detectors.get("off", ())),
        marks_off=tuple(marks.get("off", ())),
        phone_regions=tuple(regions),
        source=Source(document.file, document.line_of(["built_in"])),
    )


def check_together(
    rules: Iterable[MaskingRule],
    connections: Iterable[Connection],
    dialects: Mapping[str, Dialect] | None,
    problems: Problems,
) -> None:
    """Refuse segments that no path of the connections' dialects has, and those that are in a subject, which every record and
    page names; `dialects` None: they could not all be read."""
    if dialects is None:
        return
    found = list(connections)
    for rule in rules:
        spoken = {one.dialect for one in found if any(fnmatchcase(one.name, glob) for glob in rule.connections)}
        operations = [operation for name in spoken & dialects.keys() for operation in dialects[name].operations]
        parts = {part for operation in operations for part in operation.path.split("/")}
        known = {part[1:-1] for part in parts if part.startswith("{")}
        for segment in rule.segments:
            if segment not in known:
                problem = f"no path of the connections of the rule {rule.name!r} has the placeholder {{{segment[:40]}}}"
                problems.add(rule.source.file, rule.source.line, problem, did_you_mean(segment, known))
            elif any(f"{{{segment}}}" in (operation.subject or "") for operation in operations):
                problem = f"the segment {{{segment}}} of the rule {rule.name!r} is in subjects, which are kept and shown everywhere"
                remedy = "name a placeholder that no `subject` of the dialect has; detectors mask what has a look in subjects, too"
                problems.add(rule.source.file, rule.source.line, problem, remedy)


def _phone_region(text: str) -> str:
    """`text`, a region whose numbers are known. Raises Unfit. Their table is read only when it is asked for."""
    from phonenumbers import SUPPORTED_REGIONS

    if text not in SUPPORTED_REGIONS:
        raise Unfit(f"no phone numbers of a region {text[:40]!r} are known", "write two letters of ISO 3166-1: DE, US")
    return text


def _plain(value: Any) -> Json:
    """Without the lines of the file: it goes where nobody knows of files."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    plain: Json = value
    return plain
