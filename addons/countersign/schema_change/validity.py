"""Is a document a valid schema of its dialect. Does not compare, resolve references or run regular expressions."""

from __future__ import annotations

import re

from jsonschema import Draft4Validator
from jsonschema.exceptions import best_match

from countersign import limits
from countersign.errors import BadInput
from countersign.schema_change.dialect import DIALECTS, DRAFT_2020_12, Dialect, named, stated, subschemas
from countersign.schema_change.json_pointers import pointer
from countersign.schema_change.service_validators import META_SCHEMAS
from countersign.schema_change.validators import LIBRARY_VALIDATORS, extended
from countersign.strict_json import Json

_META_VALIDATORS = {name: extended(base)(base.META_SCHEMA) for name, base in LIBRARY_VALIDATORS.items()} | {
    name: extended(Draft4Validator)(meta_schema) for name, meta_schema in META_SCHEMAS.items()
}


class InvalidSchema(BadInput):
    """Not a valid JSON Schema; says where and what, without the value."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"not a valid JSON Schema: {problem}")


def check_schema(document: Json, *, default_dialect: str | None = None) -> None:
    """Check `document` against the meta-schema of its `$schema`, or of `default_dialect` (2020-12) where it states none.

    `default_dialect` is a `$schema` or a name; a document of `openapi-3.0` or `kubernetes` states none.

    Regular expressions are compiled, never run. Raises InvalidSchema. Does not check that references lead somewhere.
    """
    if not isinstance(document, dict | bool):
        raise InvalidSchema("the root of a schema is an object, true or false")
    _refuse_size(document)
    dialect = _dialect(document, default_dialect or DRAFT_2020_12.name)
    # without a format checker: meta-schemas name formats (regex, uri) whose checks are done here, or not at all
    try:
        error = best_match(_META_VALIDATORS[dialect.name].iter_errors(document))
    except RecursionError:
        raise InvalidSchema("the schema is nested too deep; flatten it") from None
    if error is not None:
        raise InvalidSchema(f"{_where(*error.absolute_path)}: {_problem(error.validator, error.validator_value)}")
    _refuse_expressions(document)


def _dialect(document: Json, default: str) -> Dialect:
    if isinstance(document, dict) and "$schema" in document and not isinstance(document["$schema"], str):
        raise InvalidSchema("/$schema: must be a string")
    expected = named(default)
    if expected is not None and not expected.is_stated:
        if stated(document) is not None:
            raise InvalidSchema(f"/$schema: this service reads every schema as {expected.name}; leave it out")
        return expected
    uri = stated(document)
    found = expected if uri is None else DIALECTS.get(uri)
    if found is None:
        raise InvalidSchema(f"/$schema: not a dialect that is known here; use one of {', '.join(DIALECTS)}")
    return found


def _refuse_size(document: Json) -> None:
    count = 0
    waiting: list[tuple[Json, int]] = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > limits.MAX_SCHEMA_NODES:
            raise InvalidSchema(f"the schema holds more than {limits.MAX_SCHEMA_NODES} values; split it")
        if depth > limits.MAX_JSON_DEPTH:
            raise InvalidSchema(f"the schema is nested deeper than {limits.MAX_JSON_DEPTH} levels; flatten it")
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((child, depth + 1) for child in children)


def _refuse_expressions(document: Json) -> None:
    """Python's dialect stands in for ECMA-262; its own limits on size and nesting end a hostile expression."""
    for schema in subschemas(document):
        patterns = schema.get("patternProperties")
        names = list(patterns) if isinstance(patterns, dict) else []
        expression = schema.get("pattern")
        for text, keyword in [(expression, "pattern"), *((name, "patternProperties") for name in names)]:
            if not isinstance(text, str):
                continue
            if len(text) > limits.MAX_EXPRESSION_CHARACTERS:
                raise InvalidSchema(f"{keyword}: longer than {limits.MAX_EXPRESSION_CHARACTERS} characters; shorten it")
            try:
                re.compile(text)
            except (re.error, RecursionError, OverflowError, MemoryError):
                raise InvalidSchema(f"{keyword}: not a regular expression that can be read; correct it") from None


def _where(*path: str | int) -> str:
    return pointer("", *path) or "the root"


def _problem(keyword: object, value: object) -> str:
    """What is wrong, in the words of the meta-schema: these are no values of the document."""
    match keyword:
        case "type":
            return f"must be of type {' or '.join(value) if isinstance(value, list) else value}"
        case "enum":
            return "is not one of the values that are allowed here"
        case "required":
            return "a member is missing"
    return f"breaks the rule `{keyword}` of the meta-schema"
