"""Confluent's codes of changes (its schema registry's `Difference.Type`) and our kinds for the same thing.

A code names a sort of change together with what surrounds it (`..._TO_OPEN_CONTENT_MODEL`) or with its effect (`_NARROWED`);
a kind names the change, and the effect stands beside it. So several codes share a kind. A kind ends in `*` where what
follows is the effect.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from countersign.schema_change import Change

_BOUNDS = {
    name: name.lower().replace("_", "-")
    for name in (
        *("MAX_CONTAINS", "MIN_CONTAINS", "MAX_ITEMS", "MIN_ITEMS", "MAX_LENGTH", "MIN_LENGTH", "MAX_PROPERTIES"),
        *("MIN_PROPERTIES", "MAXIMUM", "MINIMUM", "EXCLUSIVE_MAXIMUM", "EXCLUSIVE_MINIMUM"),
    )
}
_HOW = {"ADDED": "added", "REMOVED": "removed", "INCREASED": "increased", "DECREASED": "decreased"}
_CONTENT_MODELS = ("OPEN_CONTENT_MODEL", "CLOSED_CONTENT_MODEL", "UNOPEN_CONTENT_MODEL", "PARTIALLY_OPEN_CONTENT_MODEL")
_BRANCHES = ("all-of-*", "any-of-*", "one-of-*")
#: They say that something below changed; we say what, at its own place.
_ABOVE = ("COMBINED_TYPE_SUBSCHEMAS_CHANGED", "NOT_TYPE_EXTENDED", "NOT_TYPE_NARROWED")
#: They say twice what declaring a member does, once as a change of what held for undeclared ones; we say it once.
_TWICE = ("TYPE_CHANGED", "TYPE_EXTENDED", "TYPE_NARROWED", "SUM_TYPE_EXTENDED", "SUM_TYPE_NARROWED")
_DECLARED = ("property-added", "property-removed", "tuple-item-added", "tuple-item-removed")
#: Ours that no code of theirs stands for, and why.
UNSAID = {
    "required-added": "they look for names in `required` among the declared properties only",
    "pattern-property-added": "they do not compare `patternProperties`",
    "max-properties-removed": "they do not see that it is gone",
    "min-properties-removed": "they do not see that it is gone",
    "additional-properties-opened": "they do not see that `additionalProperties` goes from absent or false to true",
    "type-removed": "a schema that becomes a combination is one change to them; to us, what goes and what comes",
    "all-of-added": "a schema that becomes a combination is one change to them; to us, what goes and what comes",
}

#: Code -> globs of kinds. What has a fixed end is below; the families are made from their parts.
CODES: dict[str, tuple[str, ...]] = {
    f"{code}_{end}": (f"{kind}-{how}",) for code, kind in _BOUNDS.items() for end, how in _HOW.items()
} | {
    "ID_CHANGED": ("identifier-*",),
    "TITLE_CHANGED": ("annotation-*",),
    "DESCRIPTION_CHANGED": ("annotation-*",),
    "DEFAULT_CHANGED": ("annotation-*",),
    "SCHEMA_ADDED": ("schema-created", "*-added"),
    "SCHEMA_REMOVED": ("*-removed",),
    "TYPE_CHANGED": ("type-changed", "type-added", "type-removed"),
    "TYPE_EXTENDED": ("type-changed", "type-removed"),
    "TYPE_NARROWED": ("type-changed", "type-added"),
    "ENUM_ARRAY_CHANGED": ("enum-*", "const-*"),
    "ENUM_ARRAY_EXTENDED": ("enum-value-added", "enum-removed", "const-*"),
    "ENUM_ARRAY_NARROWED": ("enum-value-removed", "enum-added", "const-*"),
    "PATTERN_ADDED": ("pattern-added",),
    "PATTERN_CHANGED": ("pattern-changed",),
    "PATTERN_REMOVED": ("pattern-removed",),
    "MULTIPLE_OF_ADDED": ("multiple-of-added",),
    "MULTIPLE_OF_REMOVED": ("multiple-of-removed",),
    "MULTIPLE_OF_CHANGED": ("multiple-of-changed",),
    "MULTIPLE_OF_EXPANDED": ("multiple-of-changed",),
    "MULTIPLE_OF_REDUCED": ("multiple-of-changed",),
    "UNIQUE_ITEMS_ADDED": ("unique-items-added", "unique-items-changed"),
    "UNIQUE_ITEMS_REMOVED": ("unique-items-removed", "unique-items-changed"),
    "REQUIRED_ATTRIBUTE_ADDED": ("required-added",),
    "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED": ("required-added",),
    "REQUIRED_ATTRIBUTE_REMOVED": ("required-removed",),
    "DEPENDENCY_ARRAY_ADDED": ("dependency-added", "dependent-required-added"),
    "DEPENDENCY_ARRAY_REMOVED": ("dependency-removed", "dependent-required-removed"),
    "DEPENDENCY_ARRAY_CHANGED": ("dependency-changed", "dependent-required-changed"),
    "DEPENDENCY_ARRAY_EXTENDED": ("dependency-changed", "dependent-required-changed"),
    "DEPENDENCY_ARRAY_NARROWED": ("dependency-changed", "dependent-required-changed"),
    "DEPENDENCY_SCHEMA_ADDED": ("dependency-added", "dependent-schema-added"),
    "DEPENDENCY_SCHEMA_REMOVED": ("dependency-removed", "dependent-schema-removed"),
    "ADDITIONAL_PROPERTIES_ADDED": ("additional-properties-opened", "additional-properties-changed"),
    "ADDITIONAL_PROPERTIES_REMOVED": ("additional-properties-closed", "additional-properties-changed"),
    "ADDITIONAL_PROPERTIES_EXTENDED": ("additional-properties-opened", "additional-properties-changed"),
    "ADDITIONAL_PROPERTIES_NARROWED": ("additional-properties-closed", "additional-properties-changed"),
    # beside no tuple they take `additionalItems` for a rule; the specification ignores it there, and so do we
    "ADDITIONAL_ITEMS_ADDED": ("items-*", "ignored-keyword-*"),
    "ADDITIONAL_ITEMS_REMOVED": ("items-*", "ignored-keyword-*"),
    "ADDITIONAL_ITEMS_EXTENDED": ("items-*", "ignored-keyword-*"),
    "ADDITIONAL_ITEMS_NARROWED": ("items-*", "ignored-keyword-*"),
    "UNEVALUATED_ITEMS_ADDED": ("unevaluated-items-*",),
    "UNEVALUATED_ITEMS_REMOVED": ("unevaluated-items-*",),
    "UNEVALUATED_ITEMS_EXTENDED": ("unevaluated-items-*",),
    "UNEVALUATED_ITEMS_NARROWED": ("unevaluated-items-*",),
    "UNEVALUATED_PROPERTIES_ADDED": ("unevaluated-properties-*",),
    "UNEVALUATED_PROPERTIES_REMOVED": ("unevaluated-properties-*",),
    "UNEVALUATED_PROPERTIES_EXTENDED": ("unevaluated-properties-*",),
    "UNEVALUATED_PROPERTIES_NARROWED": ("unevaluated-properties-*",),
    "COMBINED_TYPE_CHANGED": _BRANCHES,
    "COMBINED_TYPE_EXTENDED": _BRANCHES,
    "COMBINED_TYPE_SUBSCHEMAS_CHANGED": _BRANCHES,
    # `type` beside `enum` is a product of both to them, a list of types a sum
    "PRODUCT_TYPE_EXTENDED": ("all-of-*", "enum-*"),
    "PRODUCT_TYPE_NARROWED": ("all-of-*", "enum-*"),
    "SUM_TYPE_EXTENDED": ("any-of-*", "one-of-*", "type-changed"),
    "SUM_TYPE_NARROWED": ("any-of-*", "one-of-*", "type-changed"),
    "NOT_TYPE_EXTENDED": ("not-*",),
    "NOT_TYPE_NARROWED": ("not-*",),
}
_FAMILIES = (
    ("PROPERTY_REMOVED_", ("property-removed",)),
    ("PROPERTY_ADDED_", ("property-added",)),
    ("ITEM_ADDED_", ("tuple-item-added",)),
    ("ITEM_REMOVED_", ("tuple-item-removed",)),
    ("ITEM_WITH_EMPTY_SCHEMA_ADDED_", ("tuple-item-added",)),
    ("ITEM_WITH_FALSE_REMOVED_", ("tuple-item-removed",)),
    ("OPTIONAL_PROPERTY_ADDED_", ("property-added",)),
    ("REQUIRED_PROPERTY_ADDED_", ("property-added",)),
    ("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_", ("property-added",)),
    ("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_", ("property-added",)),
    ("PROPERTY_WITH_FALSE_REMOVED_", ("property-removed",)),
)


def kinds_of(code: str) -> tuple[str, ...]:
    """The globs of the kinds that say what `code` says. Raises KeyError for what is no code."""
    for start, kinds in _FAMILIES:
        if code.startswith(start) and code.endswith(_CONTENT_MODELS):
            return kinds
    return CODES[code]


def says(change: Change, code: str, place: str | None = None) -> bool:
    """Whether the kind of `change` means `code`; with `place` (a pointer as they write it) also what `code` sums up."""
    if any(fnmatchcase(change.kind, each) for each in kinds_of(code)):
        return True
    if place is None:
        return False
    where = place.removeprefix("#").removesuffix("/")
    if code in _ABOVE:
        return any((each or "").startswith(f"{where}/") for each in (change.old_pointer, change.new_pointer))
    if code in _TWICE and change.kind in _DECLARED:
        return change.pointer.replace("/prefixItems/", "/items/") == where
    return where.endswith("/additionalItems") and change.kind.startswith("ignored-keyword-") and change.pointer == where
