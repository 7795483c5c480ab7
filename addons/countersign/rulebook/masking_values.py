"""What masking.yaml says, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from countersign.rulebook.places import Source
from countersign.strict_json import Json

type MaskingDirection = Literal["request", "response", "schema", "response-to-client"]
type MaskingHow = Literal["redact", "keep-last", "keyed-hash", "drop"]


@dataclass(frozen=True, slots=True)
class MaskingRule:
    """What to mask. One of `paths`, `headers`, `query`, `segments`, `names`, `detectors`, `marks` is given."""

    name: str
    connections: tuple[str, ...]
    subjects: tuple[str, ...]
    directions: tuple[MaskingDirection, ...]  #: `response-to-client` is what a caller sees; the others are what is kept
    paths: tuple[str, ...]  #: JSONPath in bodies
    headers: tuple[str, ...]  #: names, any case
    query: tuple[str, ...]  #: parameter names
    how: MaskingHow
    keep: int  #: characters kept by `keep-last`
    source: Source
    segments: tuple[str, ...] = ()  #: placeholders of the dialect's path templates
    names: tuple[str, ...] = ()  #: of members, form fields, query parameters and parts, in any spelling, at any depth
    detectors: tuple[str, ...] = ()  #: names of detectors on values
    marks: tuple[str, ...] = ()  #: of fields in schemas: a keyword (`x-internal`), or with a value (`tags=PII`)
    groups: tuple[str, ...] = ()  #: response-to-client: callers in one of these see masked values; empty: all do
    except_groups: tuple[str, ...] = ()  #: response-to-client: callers in one of these see what the service said
    examples: tuple[Json, ...] = ()  #: each has something that this rule masks


@dataclass(frozen=True, slots=True)
class BuiltInMasking:
    """What the rules change of the masking that holds without any rule."""

    names_off: tuple[str, ...] = ()  #: built-in names of fields that are no secrets here
    detectors_off: tuple[str, ...] = ()
    marks_off: tuple[str, ...] = ()
    phone_regions: tuple[str, ...] = ()  #: ISO 3166-1: national numbers of these are found too
    source: Source = field(default=Source("masking.yaml", 1), compare=False)  #: where the file says so
