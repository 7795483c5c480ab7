"""What a request asks for, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from countersign.errors import CountersignError
from countersign.rulebook.values import BundlePlace, Effect, SchemaPlace, Source
from countersign.strict_json import Json


class UnknownOperation(CountersignError):
    """Nothing in the dialect fits the request; it is answered with 403. `detail` holds no value of the request."""

    status = 403

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class RequestView:
    """What recognition sees of a request."""

    method: str  #: exactly as on the wire
    target: str  #: origin-form (RFC 9112 section 3.2.1), path and query, undecoded
    body: bytes  #: Content-Encoding undone
    media_type: str | None  #: the Content-Type header, with its parameters


@dataclass(frozen=True, slots=True)
class CurrentRead:
    """How the gateway reads the schema in force: a GET on `target`."""

    target: str  #: percent-encoded path
    schema: SchemaPlace
    absent: tuple[int, ...]  #: statuses that say that there is none
    references: BundlePlace | None
    etag: bool  #: send the answer's ETag as If-Match with the change
    only_if: Mapping[str, str] = field(default_factory=dict)  #: member of the answer -> required value


@dataclass(frozen=True, slots=True)
class Reference:
    """A schema that another one refers to, and how to GET it."""

    name: str  #: what `$ref` says
    target: str  #: percent-encoded path
    schema: SchemaPlace
    references: BundlePlace | None
    only_if: Mapping[str, str] = field(default_factory=dict)  #: member of the answer -> required value
    depth: int = 1  #: 1: named by the schema itself; 2: named by one of those, ...


@dataclass(frozen=True, slots=True)
class Operation:
    """A request, understood."""

    dialect: str
    name: str
    effect: Effect
    subject: str | None  #: None: the service as a whole
    proposed: Json  #: the whole schema in the request; None where there is none
    has_proposed: bool
    references: tuple[Reference, ...]  #: of the proposed schema
    current: CurrentRead | None  #: of a change: the schema that it would replace
    rule: Source
    path_names: tuple[str, ...] = ()  #: placeholder of each path segment, "" for a literal one; (): no template fits
    data_schema: CurrentRead | None = None  #: of data: the schema that describes it

    @property
    def holds(self) -> Literal["schema", "data", "unknown"]:
        """What the bodies of the request and of its answer are."""
        match self.effect:
            case "register" | "update":
                return "schema"
            case "data":
                return "data"
            case _:
                return "unknown"
