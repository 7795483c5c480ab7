"""The fixed words for kinds of changes (README.md lists them); `{}` is the place that a sentence speaks of."""

from __future__ import annotations

#: Kinds that are counted and named wherever they are: one of them, many of them.
DECLARED = {
    "required-added": ("field becomes required", "fields become required"),
    "required-removed": ("field is no longer required", "fields are no longer required"),
    "property-added": ("field is declared", "fields are declared"),
    "property-removed": ("field is no longer declared", "fields are no longer declared"),
    "pattern-property-added": ("pattern of field names gets a rule", "patterns of field names get rules"),
    "pattern-property-removed": ("pattern of field names loses its rule", "patterns of field names lose their rules"),
    "definition-added": ("shared definition is added", "shared definitions are added"),
    "definition-removed": ("shared definition is removed", "shared definitions are removed"),
    "definition-changed": ("shared definition in no use changes", "shared definitions in no use change"),
}
#: Kinds of which several at one place are named in one sentence.
LISTS = {
    "unknown-keyword-added": ("{} gets a keyword of unknown meaning", "{} gets {n} keywords of unknown meaning"),
    "unknown-keyword-removed": ("{} loses a keyword of unknown meaning", "{} loses {n} keywords of unknown meaning"),
    "unknown-keyword-changed": (
        "{} has another value in a keyword of unknown meaning",
        "{} has other values in {n} keywords of unknown meaning",
    ),
    "ignored-keyword-added": (
        "{} gets a keyword that has no effect there",
        "{} gets {n} keywords without effect there",
    ),
    "ignored-keyword-removed": ("{} loses a keyword without effect", "{} loses {n} keywords without effect"),
    "ignored-keyword-changed": ("a keyword without effect changes at {}", "{n} keywords without effect change at {}"),
    "identifier-added": ("{} gets an identifier", "{} gets {n} identifiers"),
    "identifier-removed": ("{} loses an identifier", "{} loses {n} identifiers"),
    "identifier-changed": ("the identifier of {} changes", "{n} identifiers of {} change"),
}
#: A branch more, a branch less.
BRANCHES = {
    "all-of-branch": ("must also have {}", "need no longer have {}"),
    "any-of-branch": ("may have {}", "may no longer have {}"),
    "one-of-branch": (
        "may have {}, where exactly one form has to fit",
        "may no longer have {}, where exactly one form has to fit",
    ),
}
FIXED = {
    "schema-created": "there was no schema: from now on data must follow this one",
    "schema-changed": "the schemas differ in a way that could not be worked out",
    "schema-too-large": "a schema is too large to be compared",
    "schema-ambiguous": "a schema can be read in more than one way",
    "dialect-added": "a version of JSON Schema is stated",
    "dialect-removed": "the version of JSON Schema is no longer stated",
    "dialect-changed": "the version of JSON Schema changes",
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
    "reference-changed": "{} must have the form of another schema that cannot be seen here",
    "nullable-added": "{} may be null",
    "nullable-removed": "{} may no longer be null",
    "if-added": "{} gets a condition on which other rules of it depend",
    "if-removed": "{} loses a condition on which other rules of it depend",
    "then-added": "{} has a rule where its condition holds",
    "then-removed": "{} no longer has a rule where its condition holds",
    "else-added": "{} has a rule where its condition does not hold",
    "else-removed": "{} no longer has a rule where its condition does not hold",
    "discriminator-added": "{} tells its forms apart by one of its fields (`discriminator`)",
    "discriminator-removed": "{} no longer tells its forms apart by one of its fields (`discriminator`)",
    "discriminator-changed": "{} tells its forms apart in another way (`discriminator`)",
    "x-kubernetes-int-or-string-added": "{} is read as a whole number or a string",
    "x-kubernetes-int-or-string-removed": "{} is no longer read as a whole number or a string",
}
#: What a limit asks for; where it is 1, the last `s` goes.
AMOUNTS = {
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
#: Whose values say something of the values that are accepted.
PARTS_OF_VALUES = frozenset(
    {
        *("minimum", "maximum", "exclusive-minimum", "exclusive-maximum", "multiple-of"),
        *("const", "enum", "enum-value", "pattern"),
    }
)
#: What a rule is called where its value is not said.
NOUNS = {
    "minimum": "smallest value",
    "maximum": "largest value",
    "exclusive-minimum": "lower limit",
    "exclusive-maximum": "upper limit",
    "multiple-of": "number that it must be a multiple of",
    "min-length": "smallest length",
    "max-length": "largest length",
    "min-items": "smallest number of items",
    "max-items": "largest number of items",
    "min-properties": "smallest number of fields",
    "max-properties": "largest number of fields",
    "min-contains": "smallest number of items of a certain form",
    "max-contains": "largest number of items of a certain form",
    "type": "rule for its type",
    "format": "rule for its format",
    "required": "rule for its required fields",
    "content-encoding": "rule for the encoding of its content",
    "content-media-type": "rule for the media type of its content",
    "content-schema": "rule for its content",
    "dependent-required": "rule for fields that go together",
    "dependent-schema": "rule where a certain field is given",
    "dependency": "rule where a certain field is given",
    "unevaluated-items": "rule for items that no other rule speaks of",
    "unevaluated-properties": "rule for fields that no other rule speaks of",
    "read-only": "mark that it is read only",
    "default": "default that is filled in where it is missing",
    "x-kubernetes-validations": "rule that only Kubernetes can check",
}
TYPES = {
    "null": "null",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "a string",
    "array": "a list",
    "object": "an object",
}
#: What an annotation is called: one of them, many of them.
ANNOTATIONS = {
    "title": ("title", "titles"),
    "description": ("description", "descriptions"),
    "default": ("default value", "default values"),
    "examples": ("list of examples", "lists of examples"),
    "example": ("example", "examples"),
    "$comment": ("comment", "comments"),
    "deprecated": ("mark as deprecated", "marks as deprecated"),
    "readOnly": ("mark as read only", "marks as read only"),
}
