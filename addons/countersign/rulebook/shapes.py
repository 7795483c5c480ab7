"""The shape of a rule file against its JSON Schema (draft 2020-12), with a remedy for every problem.

The schemas ship with the code: a rules directory cannot loosen them. Does not check what a shape cannot say: the
`*_rules` modules do.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from countersign import strict_json
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems, did_you_mean

KINDS = ("connections", "dialect", "identity", "access", "approval", "masking", "evidence", "nodes")
_TYPE_NAMES = {"object": "keys with values", "array": "a list", "integer": "a whole number", "boolean": "true or false"}


def fits(kind: str, document: Document, problems: Problems) -> bool:
    """Whether `document` has the shape of `kind` (one of KINDS); what is wrong with it goes to `problems`."""
    good = True
    for error in _validator(kind).iter_errors(document.root):
        good = False
        _note(error, document, problems)
    return good


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """As ECMA 262 reads it, and editors do: `$` is the very end, where Python's lets one more line feed through."""
    ended = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(instance, str) and re.search(ended, instance) is None:
        yield ValidationError("does not match")


_Validator: Any = validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


@functools.cache
def _validator(kind: str) -> Any:
    text = resources.files("countersign.rulebook").joinpath("schemas", f"{kind}.schema.json").read_bytes()
    schema: Any = strict_json.loads(text)
    return _Validator(schema)


def _note(error: ValidationError, document: Document, problems: Problems) -> None:
    path = list(error.absolute_path)
    where = f"{_words(path)} " if path else ""
    remedy = _description(error.schema)
    instance: Any = error.instance
    wanted: Any = error.validator_value
    if error.validator == "additionalProperties":
        assert isinstance(error.schema, dict)
        known = [key for key, meaning in error.schema["properties"].items() if not _is_refused(meaning)]
        for key in instance:
            if key not in error.schema["properties"]:
                spelling = did_you_mean(key, known)
                problems.add(document.file, document.line_of([*path, key]), f"unknown key {key[:40]!r}", spelling)
        return
    if error.validator == "required":
        for key in wanted:
            if key not in instance:
                meaning = _meaning_of_key(error.schema, key) or remedy
                problems.add(document.file, document.line_of(path), f"{where}needs the key {key!r}", meaning)
        return
    if error.validator == "enum":
        remedy = did_you_mean(str(instance)[:40], map(str, wanted))
        problem = f"{where}cannot be {str(instance)[:40]!r}"
    elif error.validator == "type":
        problem = f"{where}must be {_TYPE_NAMES.get(str(wanted), 'text')}"
    elif error.validator == "oneOf":
        problem = f"{where}must have exactly one of {', '.join(key for one in wanted for key in one['required'])}"
    elif error.validator == "dependentRequired":
        missing = [(key, one) for key, ones in wanted.items() if key in instance for one in ones if one not in instance]
        problem = f"{where}has {missing[0][0]!r} without {missing[0][1]!r}"
        remedy = _meaning_of_key(error.schema, missing[0][0])
    elif error.validator == "maxItems":
        problem = f"{where}has more than {wanted} entries"
    elif error.validator in ("minItems", "minProperties", "minLength"):
        problem = f"{where}is empty"
    elif error.validator in ("minimum", "maximum"):
        problem = f"{where}must be {'at least' if error.validator == 'minimum' else 'at most'} {wanted}"
    elif error.validator == "uniqueItems":
        problem = f"{where}has an entry twice"
    elif error.validator == "not" and wanted == {}:
        problem = f"{where}has no meaning here"
    else:
        problem = f"{where}is not well formed"
    problems.add(document.file, document.line_of(path), problem, remedy)


def _words(path: list[str | int]) -> str:
    words = ""
    for step in path:
        words += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if words else step
    return words


def _is_refused(schema: Any) -> bool:
    """An old name, say, whose description tells the new one."""
    return isinstance(schema, dict) and schema.get("not") == {}


def _meaning_of_key(schema: Any, key: str) -> str:
    properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
    return _description(properties.get(key))


def _description(schema: Any) -> str:
    return str(schema.get("description", "")) if isinstance(schema, dict) else ""
