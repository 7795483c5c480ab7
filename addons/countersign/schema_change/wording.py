"""What one change says in words, for a reader who knows the data and not JSON Schema.

Of the values of a schema only numbers of limits, names of types and of formats are said, and of those only what has the
shape of one: what stands in the place of a masked value is not said.
"""

from __future__ import annotations

import re

from countersign.schema_change import keywords
from countersign.schema_change.json_values import is_number
from countersign.schema_change.values import Change
from countersign.strict_json import Json

#: Kinds of which several at one place share a line: one of them, many of them.
COUNTED = {
    "required-added": ("field becomes required", "fields become required"),
    "required-removed": ("field is no longer required", "fields are no longer required"),
    "property-added": ("field is declared", "fields are declared"),
    "property-removed": ("field is no longer declared", "fields are no longer declared"),
    "pattern-property-added": ("pattern of field names is declared", "patterns of field names are declared"),
    "pattern-property-removed": (
        "pattern of field names is no longer declared",
        "patterns of field names are no longer declared",
    ),
    "sensitivity-added": ("mark of sensitivity is put on", "marks of sensitivity are put on"),
    "sensitivity-removed": ("mark of sensitivity is taken off", "marks of sensitivity are taken off"),
    "sensitivity-changed": ("mark of sensitivity changes", "marks of sensitivity change"),
    "enum-value-added": ("value is allowed in addition", "values are allowed in addition"),
    "enum-value-removed": ("value is no longer allowed", "values are no longer allowed"),
    "definition-added": ("definition is added", "definitions are added"),
    "definition-removed": ("definition is removed", "definitions are removed"),
    "definition-changed": ("definition changes", "definitions change"),
    "identifier-added": ("identifier is added", "identifiers are added"),
    "identifier-removed": ("identifier is removed", "identifiers are removed"),
    "identifier-changed": ("identifier changes", "identifiers change"),
    "unknown-keyword-added": ("keyword that is not known is added", "keywords that are not known are added"),
    "unknown-keyword-removed": ("keyword that is not known is removed", "keywords that are not known are removed"),
    "unknown-keyword-changed": ("keyword that is not known changes", "keywords that are not known change"),
    "ignored-keyword-added": ("keyword without effect is added", "keywords without effect are added"),
    "ignored-keyword-removed": ("keyword without effect is removed", "keywords without effect are removed"),
    "ignored-keyword-changed": ("keyword without effect changes", "keywords without effect change"),
}
_FIXED = {
    "schema-created": "there was no schema before",
    "schema-changed": "the schemas differ in what they mean",
    "schema-too-large": "a schema is too large to be compared",
    "schema-ambiguous": "a schema can be read in more than one way",
    "dialect-added": "a dialect of JSON Schema is stated",
    "dialect-removed": "no dialect of JSON Schema is stated any more",
    "dialect-changed": "the dialect of JSON Schema changes",
    "additional-properties-closed": "{} no longer accepts fields that are not declared",
    "additional-properties-opened": "{} accepts any field that is not declared",
    "additional-properties-changed": "fields of {} that are not declared have another rule",
    "pattern-added": "{} must match a pattern",
    "pattern-removed": "{} need no longer match a pattern",
    "pattern-changed": "{} must match another pattern",
    "enum-added": "{} must be one of a list of values",
    "enum-removed": "{} need no longer be one of a list of values",
    "const-added": "{} must be one certain value",
    "const-removed": "{} need no longer be one certain value",
    "const-changed": "{} must be another certain value",
    "unique-items-added": "items of {} must differ",
    "unique-items-removed": "items of {} need no longer differ",
    "items-added": "items of {} have a rule",
    "items-removed": "items of {} no longer have a rule",
    "items-changed": "items of {} have another rule",
    "tuple-item-added": "one more item of {} has a rule of its own",
    "tuple-item-removed": "one item less of {} has a rule of its own",
    "contains-added": "{} must contain an item of a certain form",
    "contains-removed": "{} need no longer contain an item of a certain form",
    "property-names-added": "names of fields of {} have a rule",
    "property-names-removed": "names of fields of {} no longer have a rule",
    "not-added": "{} must not have a certain form",
    "not-removed": "{} may have a form that was refused",
    "all-of-added": "{} must have several forms at once",
    "all-of-removed": "{} need no longer have several forms at once",
    "any-of-added": "{} must have one of several forms",
    "any-of-removed": "{} need no longer have one of several forms",
    "one-of-added": "{} must have exactly one of several forms",
    "one-of-removed": "{} need no longer have exactly one of several forms",
    "reference-added": "{} must have the form of another schema",
    "reference-removed": "{} need no longer have the form of another schema",
    "reference-changed": "{} must have the form of a schema that cannot be seen here",
    "nullable-added": "{} may be null",
    "nullable-removed": "{} may no longer be null",
}
_LIMITS = {
    "minimum": "be at least {}",
    "maximum": "be at most {}",
    "exclusive-minimum": "be more than {}",
    "exclusive-maximum": "be less than {}",
    "multiple-of": "be a multiple of {}",
    "min-length": "have at least {} characters",
    "max-length": "have at most {} characters",
    "min-items": "have at least {} items",
    "max-items": "have at most {} items",
    "min-properties": "have at least {} fields",
    "max-properties": "have at most {} fields",
    "min-contains": "contain what it has to at least {} times",
    "max-contains": "contain what it has to at most {} times",
}
_HOW = {
    "added": "has a rule for {what} now",
    "removed": "no longer has a rule for {what}",
    "changed": "has another rule for {what}",
    "increased": "has another rule for {what}",
    "decreased": "has another rule for {what}",
}
_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_FORMAT = re.compile(r"[a-z][a-z0-9-]{0,31}")
_LONGEST_NUMBER = 10**15  #: what is longer is not read in passing
_OF_MEMBERS = frozenset({"properties", "patternProperties", "$defs", "definitions"})
_CASES = {
    "not": "in a form that is refused: ",
    "if": "in a condition: ",
    "then": "in some cases: ",
    "else": "in some cases: ",
    "dependentSchemas": "in some cases: ",
    "dependencies": "in some cases: ",
    "anyOf": "in one branch: ",
    "oneOf": "in one branch: ",
}
_OF_ITEMS = frozenset({"items", "prefixItems", "additionalItems", "unevaluatedItems", "contains"})


def sentence(change: Change) -> str:
    """What `change` does at its place: "`amount` must be at least 5 instead of 0"."""
    subject, _ = place_in_words(change.pointer)
    if change.kind in _FIXED:
        return _FIXED[change.kind].format(subject)
    what, _, how = change.kind.rpartition("-")
    said = _limit(subject, what, how, change) if what in _LIMITS else None
    if what == "type":
        said = _type(subject, change)
    elif what == "format":
        said = _format(subject, change)
    elif what == "annotation":
        said = f"`{change.property}` {'changes' if how == 'changed' else f'is {how}'}"
    elif what.endswith("-branch"):
        said = f"{subject} has one {what.removesuffix('-branch')} branch {'more' if how == 'added' else 'less'}"
    return said or f"{subject} {_HOW.get(how, 'changes: {what}').format(what=what.replace('-', ' '))}"


def _limit(subject: str, what: str, how: str, change: Change) -> str | None:
    if what.startswith("exclusive-") and isinstance(change.after if how != "removed" else change.before, bool):
        is_excluded = change.after is True
        return f"{subject} {'may no longer' if is_excluded else 'may'} be its {what.removeprefix('exclusive-')}"
    before, after = _number(change.before), _number(change.after)
    if how == "removed":
        return None if before is None else f"{subject} need no longer {_amount(what, before)}"
    if after is None:
        return None
    if change.kind == "minimum-added" and after == "0":
        return f"{subject} no longer accepts negative numbers"
    instead = "" if before is None else f" instead of {before}"
    return f"{subject} must {_amount(what, after)}{instead}"


def _amount(what: str, number: str) -> str:
    text = _LIMITS[what].format(number)
    return text.removesuffix("s") if number == "1" else text


def _type(subject: str, change: Change) -> str | None:
    before, after = _types(change.before), _types(change.after)
    if change.new_pointer is None:
        return before and f"{subject} may be of any type instead of {before}"
    if after is None:
        return None
    return f"{subject} must be {after}{f' instead of {before}' if before else ''}"


def _format(subject: str, change: Change) -> str | None:
    before, after = (
        each if isinstance(each, str) and _FORMAT.fullmatch(each) else None for each in (change.before, change.after)
    )
    if change.new_pointer is None:
        return before and f"{subject} need no longer have the format {before}"
    if after is None:
        return None
    return f"{subject} must have the format {after}{f' instead of {before}' if before else ''}"


def _number(value: Json) -> str | None:
    if not is_number(value) or not abs(value) < _LONGEST_NUMBER:  # type: ignore[arg-type]
        return None
    return str(value)


def _types(value: Json) -> str | None:
    names = value if isinstance(value, list) else [value]
    return " or ".join(map(str, names)) if names and all(name in _TYPES for name in map(str, names)) else None


def place_in_words(pointer: str) -> tuple[str, str]:
    """The schema that a change of one keyword speaks of, by the last name on the way to it, and in which cases it counts."""
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    name, is_item, case, index = "", False, "", 0
    while index + 1 < len(tokens):  # the last one is the keyword itself, or what belongs to it
        shape = keywords.SUBSCHEMAS.get(tokens[index])
        is_map = shape is not None and "map" in shape
        width = 2 if is_map or tokens[index + 1].isdecimal() else 1
        if shape is None or index + width >= len(tokens):
            break
        case = case or _CASES.get(tokens[index], "")
        if tokens[index] in _OF_MEMBERS:
            name, is_item = tokens[index + 1], False
        else:
            is_item = is_item or tokens[index] in _OF_ITEMS
        index += width
    if is_item:
        return (f"an item of `{name}`" if name else "an item"), case
    return (f"`{name}`" if name else "the document"), case
