"""A refusal as the client reads it: application/problem+json (RFC 9457), with the members its own clients show to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mitmproxy import http

from countersign import limits
from countersign.dialects import refusal_members
from countersign.errors import (
    BadInput,
    CountersignError,
    EvidenceUnavailable,
    InvalidCredential,
    ProviderUnavailable,
    SchemaUnavailable,
)
from countersign.evidence.errors import NotAnchored
from countersign.masking import MaskingFailed
from countersign.proxy.sent_request import RequestChanged
from countersign.rulebook.values import Dialect
from countersign.strict_json import Json, dumps

TITLES: Mapping[int, str] = {
    400: "The request cannot be read",
    401: "Who are you?",
    403: "Not allowed",
    407: "Who are you?",
    413: "Too large",
    415: "Encoding not read here",
    502: "The service's answer cannot be passed on",
    503: "Not now",
}

TITLES_BY_CODE: Mapping[str, str] = {
    "approval-pending": "Waiting for approval",
    "approval-ended": "The approval is no longer open",
    "denied": "Denied",
    "withdrawn": "Withdrawn",
    "revoked": "Revoked",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request does not pass, and what to do. `code` is a stable word for machines."""

    status: int
    code: str
    detail: str
    headers: tuple[tuple[str, str], ...] = ()
    members: Mapping[str, Json] = field(default_factory=dict)

    def response(self, exchange: str, dialect: Dialect | None = None) -> http.Response:
        """The HTTP answer. `dialect` may add the members that its clients show."""
        problem: dict[str, Json] = {
            "type": f"urn:countersign:problem:{self.code}",
            "title": TITLES_BY_CODE.get(self.code) or TITLES.get(self.status, "Refused"),
            "status": self.status,
            "detail": self.detail,
            "exchange": exchange,
            **self.members,
        }
        if dialect is not None:
            problem |= refusal_members(dialect, status=self.status, detail=self.detail, code=self.code)
        headers = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store"), *self.headers]
        return http.Response.make(
            self.status, dumps(problem), http.Headers([(name.encode(), value.encode()) for name, value in headers])
        )


#: What stands on every request until something allows it.
NOTHING_ALLOWED = Refusal(403, "not-approved", "nothing has allowed this request")


def challenge(status: int) -> tuple[tuple[str, str], ...]:
    """The header that asks for a credential (RFC 9110 section 11): both forms that identity/ reads."""
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    return ((name, 'Bearer realm="countersign"'), (name, 'Basic realm="countersign: the token is the password"'))


def refusal_for(error: CountersignError, *, unauthenticated_status: int = 407) -> Refusal:
    """The refusal that an error of the floors below asks for."""
    match error:
        case BadInput():
            return Refusal(error.status, "bad-input", error.detail)
        case RequestChanged():
            return Refusal(403, "not-what-was-cleared", str(error))
        case InvalidCredential():
            return Refusal(unauthenticated_status, "no-identity", str(error), challenge(unauthenticated_status))
        case ProviderUnavailable():
            return Refusal(503, "identity-provider-unavailable", str(error), (("Retry-After", "5"),))
        case NotAnchored():
            retry = str(limits.ANCHOR_RETRY_AFTER_SECONDS)
            return Refusal(503, "evidence-not-anchored", str(error), (("Retry-After", retry),))
        case EvidenceUnavailable():
            return Refusal(503, "evidence-unavailable", "evidence cannot be written, so nothing passes")
        case SchemaUnavailable():
            return Refusal(503, "schema-unavailable", str(error), (("Retry-After", "5"),))
        case MaskingFailed():
            return Refusal(503, "masking-failed", str(error), (("Retry-After", "5"),))
        case _:
            return Refusal(403, "refused", str(error))
