"""Who is calling: what a verified token says about its bearer, and nothing that could be used as a credential.

Does not check anything: a Caller comes out of `oidc.TokenVerifier`, which did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from countersign import limits
from countersign.strict_json import Json
from countersign.visible_text import visible_line


@dataclass(frozen=True, slots=True)
class Caller:
    """The bearer of one verified token. Times are whole seconds since the epoch (RFC 7519 NumericDate)."""

    issuer: str
    subject: str
    audience: tuple[str, ...]
    issued_at: int
    expires_at: int
    token_id: str | None  #: `jti`
    key_id: str | None  #: `kid` of the key that verified
    key_thumbprint: str  #: RFC 7638, SHA-256, base64url, of the key that verified
    people: frozenset[str]  #: the people behind this token by rules/identity.yaml; empty: not mapped, not independent
    may_sign: bool  #: False: the token speaks for something that the people started, not for them
    groups: frozenset[str]
    claims: Mapping[str, Json] = field(repr=False, hash=False)  #: read-only
    leeway_seconds: int = 0  #: by which the issuer's clock may differ; the verifier granted it, and so do all others

    def as_evidence(self) -> dict[str, Json]:
        """What a record keeps of the caller: enough to say who it was and to find the key, never the token itself."""
        return {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": [*self.audience],
            "iat": self.issued_at,
            "exp": self.expires_at,
            "jti": self.token_id,
            "kid": self.key_id,
            "key_thumbprint": self.key_thumbprint,
            "people": [*sorted(self.people)],
        }

    @property
    def good_until(self) -> int:
        """When the token is void, in whole seconds since the epoch: at its expiry and the leeway of its issuer."""
        return self.expires_at + self.leeway_seconds

    @property
    def label(self) -> str:
        """One short printable line for people and logs; not an identifier, two callers may share it."""
        return f"{_short(', '.join(sorted(self.people)) or self.subject)} at {_short(self.issuer)}"


def _short(text: str) -> str:
    """Tokens are written by others: no line feed or escape sequence of theirs reaches a terminal or a log."""
    shown = visible_line(text)
    if len(shown) > limits.MAX_LABEL_PART_CHARACTERS:
        return shown[: limits.MAX_LABEL_PART_CHARACTERS - 1] + "…"
    return shown
