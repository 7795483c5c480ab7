"""Schemas that carry secrets: in values of instances, in words for people, in names, in patterns, under marks."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import cycle
from typing import Any

from tests.end_to_end.carriers import SECRET_NAMES
from tests.end_to_end.planted import Secret

#: Each way in which a schema marks what is secret.
MARKS: tuple[dict[str, Any], ...] = (
    {"x-sensitive": True},
    {"writeOnly": True},
    {"format": "password"},
    {"tags": ["PII"]},
    {"confluent:tags": ["PII"]},
)


def schema_with(secrets: Sequence[Secret], *required: str, shift: int = 0) -> dict[str, Any]:
    """Those that can be told by their look anywhere; the others as values of fields with telling names, or with a mark.

    With another `shift` each of them stands in another place of its field: a change that speaks of all of them.
    """
    properties: dict[str, Any] = {"id": {"type": "string"}, "note": {"type": "string", "maxLength": 90 - len(required)}}
    names, marks = cycle(SECRET_NAMES[:-1]), cycle(MARKS)
    for number, secret in enumerate(secrets):
        if secret.has_form:
            properties[f"field{number}"] = {"type": "string", **_formed(secret.text, number + shift)}
        else:
            values = _values(secret.text)
            named = {next(names): {"type": "string", **values}, "marked": {"type": "string", **next(marks), **values}}
            properties[f"part{number}"] = {"type": "object", "properties": named}
    formed = [secret.text for secret in secrets if secret.has_form]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Orders, {formed[0]}",
        "description": " or ".join(formed[:20]),
        "type": "object",
        "properties": {**properties, **{text: {"type": "string"} for text in formed[shift::5]}},
        "patternProperties": {f"^{re.escape(formed[1 + shift])}$": {"type": "string"}},
        "dependentRequired": {formed[2]: [formed[3]]},
        "required": [*required, formed[4]],
        "x-owner": {"contact": formed[5]},
    }


def _formed(text: str, number: int) -> dict[str, Any]:
    return (
        {"default": text},
        {"examples": ["x", text]},
        {"const": text},
        {"enum": [text, "other"]},
        {"description": f"as in {text}, for instance"},
        {"title": text},
        {"$comment": f"was {text} before"},
        {"pattern": f"^{re.escape(text)}$"},
        {"x-example": {"of": [text]}},
        {"anyOf": [{"const": text}, {"maxLength": 5}]},
        {"default": json.dumps({"inside": text})},
    )[number % 11]


def _values(text: str) -> dict[str, Any]:
    return {"default": text, "examples": [text], "enum": [text, "x"], "x-example": text}
