"""The outside of a token: one compact JWS whose header and payload can be read in one way only.

Does not check the signature, nor what the claims say: nothing that comes from here may be believed yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from countersign import limits, strict_json
from countersign.errors import BadInput, InvalidCredential
from countersign.identity import base64url
from countersign.strict_json import Json

TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")  # RFC 7519 5.1, RFC 9068 2.1; other types are other things
ID_TOKEN_TYPES: Final = ("jwt",)  # what a log-in ends with; an access token is not one (RFC 9068, 2.1)

_REFUSED_HEADERS: Final = {
    # header parameter -> why a token that has it is refused
    "jku": "it names where to fetch its own key",
    "x5u": "it names where to fetch its own key",
    "jwk": "it brings its own key",
    "crit": "it asks for an extension that the gateway does not have",
    "b64": "it asks for an extension that the gateway does not have",
    "cty": "it holds another token",
    "enc": "it is encrypted",
    "zip": "it is compressed",
}


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token that can be read; anybody may have written it."""

    text: str = field(repr=False)
    algorithm: str
    key_id: str | None
    claims: dict[str, Json] = field(repr=False)


def parse(token: str, types: tuple[str, ...] = TYPES) -> UnverifiedToken:
    """Read `token` as a compact JWS (RFC 7515, 7.1) with a JSON object as header and as payload, and one of `types`.

    Refuses what could be read in two ways (a member given twice, base64url with spare bits) and every header that lets
    the token choose its own key (RFC 8725, 3.10). Raises InvalidCredential; its text holds nothing of the token.
    """
    if len(token) > limits.MAX_TOKEN_CHARACTERS:
        raise InvalidCredential(f"the token is longer than {limits.MAX_TOKEN_CHARACTERS} characters")
    segments = token.split(".")
    if len(segments) == 5:
        raise InvalidCredential("the token is encrypted (JWE); ask the provider for a signed one (JWS)")
    if len(segments) != 3:
        raise InvalidCredential("the token is not a JWT: it has not exactly three parts")
    header_text, payload_text, signature_text = segments
    header = _json_object(_decode(header_text, "header"), "header")
    for name, why in _REFUSED_HEADERS.items():
        if name in header:
            raise InvalidCredential(f"the token's header has `{name}`: {why}")
    _check_type(header, types)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise InvalidCredential("the token's header has no `alg`")
    key_id = header.get("kid")
    if "kid" in header and not isinstance(key_id, str):
        raise InvalidCredential("the token's `kid` is not a string")
    claims = _json_object(_decode(payload_text, "payload"), "payload")
    if not signature_text:
        raise InvalidCredential("the token is not signed")
    _decode(signature_text, "signature")
    return UnverifiedToken(token, algorithm, key_id if isinstance(key_id, str) else None, claims)


def _check_type(header: dict[str, Json], types: tuple[str, ...]) -> None:
    if "typ" not in header:
        return
    kind = header["typ"]
    if not isinstance(kind, str) or kind.lower() not in types:
        raise InvalidCredential(f"the token's `typ` is none of {', '.join(types)}: it was made for something else")


def _decode(segment: str, name: str) -> bytes:
    try:
        return base64url.decode(segment)
    except ValueError:
        raise InvalidCredential(f"the token's {name} is not base64url, or cut off") from None


def _json_object(data: bytes, name: str) -> dict[str, Json]:
    try:
        value = strict_json.loads(data, max_depth=limits.MAX_TOKEN_JSON_DEPTH)
    except BadInput:
        # not the parser's own words: they quote member names, which are the token's
        raise InvalidCredential(f"the token's {name} cannot be read as JSON in exactly one way") from None
    if not isinstance(value, dict):
        raise InvalidCredential(f"the token's {name} is not a JSON object")
    return value
