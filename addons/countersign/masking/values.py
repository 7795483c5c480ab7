"""What masking hands out: messages and schemas that evidence may hold and an approver may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from countersign.errors import CountersignError
from countersign.strict_json import Json


class MaskingFailed(CountersignError):
    """Masking met something that it did not expect. Its text is always the same, and it has no cause or context."""

    def __init__(self) -> None:
        super().__init__("masking failed; nothing of the message may be kept or shown")


@dataclass(frozen=True, slots=True)
class KnownSchema:
    """A schema that the data of a message follows."""

    key: str  #: equal keys, equal documents; what was compiled is found by it
    document: Json
    bundle: Mapping[str, Json]  #: what the document refers to, by URI


@dataclass(frozen=True, slots=True)
class MaskedBody:
    """A body as it may be kept."""

    length: int  #: bytes as sent, content coding included
    media_type: str | None  #: `type/subtype` in lower case, `unknown` where the header does not say it properly
    digest: str  #: keyed, of the bytes as sent
    text: (
        bytes | None
    )  #: in UTF-8; of JSON without white space, members in their order; None: not kept in readable form
    why_unreadable: str | None  #: None where `text` is there, and for an empty body
    format: Literal["json", "ndjson", "form", "multipart"] | None = None  #: what `text` was read as


@dataclass(frozen=True, slots=True)
class MaskedMessage:
    """A request or a response as it may be kept."""

    target: str | None  #: of a request
    headers: tuple[tuple[str, str], ...]
    body: MaskedBody
    masked: Mapping[str, int]  #: name of the rule, or of the built-in one, and how many values it masked
    #: By the same names, where: "body /items/*/card", "header X-Team"; never a value. Of many places the first ones.
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MaskedSchema:
    """A schema document as it may be shown."""

    document: Json
    pointers: frozenset[str]  #: RFC 6901, of what was masked; in a string with JSON inside: of that string
