"""The public keys an issuer publishes, and which of them may verify what (RFC 7517, RFC 7518, RFC 8037).

Does not check where a key set came from, nor how old it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from countersign import limits, strict_json
from countersign.errors import BadInput, InvalidCredential
from countersign.identity import base64url
from countersign.strict_json import Json

type PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_KEY_OF: Final = MappingProxyType(
    {  # algorithm -> the `kty` and `crv` of its keys
        "RS256": ("RSA", None),
        "RS384": ("RSA", None),
        "RS512": ("RSA", None),
        "PS256": ("RSA", None),
        "PS384": ("RSA", None),
        "PS512": ("RSA", None),
        "ES256": ("EC", "P-256"),
        "ES384": ("EC", "P-384"),
        "ES512": ("EC", "P-521"),
        "EdDSA": ("OKP", "Ed25519"),
    }
)
ASYMMETRIC_ALGORITHMS: Final = tuple(_KEY_OF)
"""No other algorithm is ever accepted, whatever a rule or a token says: `none` proves nothing, and with HMAC the
published key would be the secret."""

_KEY_MEMBERS: Final = {"RSA": ("e", "n"), "EC": ("x", "y"), "OKP": ("x",)}
_CURVES: Final = {crv for _, crv in _KEY_OF.values()}
_JWS: Final = jwt.PyJWS(algorithms=list(ASYMMETRIC_ALGORITHMS))


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One usable public key of an issuer, parsed once."""

    key_id: str | None
    key_type: str
    curve: str | None
    algorithm: str | None  #: the only one it may be used with; None: any that its type allows
    thumbprint: str  #: RFC 7638, SHA-256, base64url
    public_key: PublicKey = field(repr=False, compare=False)

    def fits(self, algorithm: str) -> bool:
        """Whether the type of this key, its curve and its own `alg` allow `algorithm`."""
        return _KEY_OF.get(algorithm) == (self.key_type, self.curve) and self.algorithm in (None, algorithm)

    def verifies(self, token: str, algorithm: str) -> bool:
        """Whether the signature of `token` (a compact JWS) is by this key with `algorithm`. Nothing else is checked."""
        if not self.fits(algorithm):
            return False
        try:
            _JWS.decode(token, self.public_key, algorithms=[algorithm])
        except jwt.PyJWTError:
            return False
        return True


type KeySet = tuple[VerificationKey, ...]


def read_key_set(data: bytes) -> KeySet:
    """The usable keys of a JWK Set (RFC 7517, 5). Entries that may not be used are left out, as the RFC asks.

    Raises BadInput where `data` is no JWK Set. The result may be empty: an issuer that publishes nothing is believed.
    """
    value = strict_json.loads(data)
    entries = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(entries, list):
        raise BadInput("not a JWK Set: no list `keys`")
    if len(entries) > limits.MAX_KEYS_PER_ISSUER:
        raise BadInput(f"a JWK Set with more than {limits.MAX_KEYS_PER_ISSUER} keys")
    return tuple(key for entry in entries for key in _usable(entry))


def signing_key(keys: KeySet, token: str, key_id: str | None, algorithm: str) -> VerificationKey:
    """The key of `keys` that signed `token`, whose header says `kid` (None: nothing) and `alg`.

    Exactly one key may come into question: keys are not tried one after the other. Raises InvalidCredential.
    """
    fitting = [key for key in keys if key.fits(algorithm) and key_id in (None, key.key_id)]
    if not fitting:
        raise InvalidCredential("the issuer publishes no key that may have signed the token")
    if len(fitting) > 1:
        raise InvalidCredential("several keys of the issuer may have signed the token; it must name one (`kid`)")
    (key,) = fitting
    if not key.verifies(token, algorithm):
        raise InvalidCredential("the token's signature is not by its issuer's key")
    return key


def _usable(entry: Json) -> KeySet:
    """One key, or none: not of a type that can be used, not for verifying signatures, weak, private or malformed."""
    if not isinstance(entry, dict) or not _is_for_signatures(entry):
        return ()
    key_type, key_id, algorithm = entry.get("kty"), entry.get("kid"), entry.get("alg")
    if not isinstance(key_type, str) or key_type not in _KEY_MEMBERS:
        return ()  # `oct` among them: a published secret is nobody's signature
    if not isinstance(key_id, str | None) or not isinstance(algorithm, str | None):
        return ()
    try:
        public = _public_members(entry, key_type)
        public_key: PublicKey = jwt.PyJWK(dict(public)).key
    except (jwt.PyJWTError, ValueError):
        return ()
    if isinstance(public_key, RSAPublicKey) and not (
        limits.MIN_RSA_KEY_BITS <= public_key.key_size <= limits.MAX_RSA_KEY_BITS
    ):
        return ()
    curve = public.get("crv")
    return (VerificationKey(key_id, key_type, curve, algorithm, _thumbprint(public), public_key),)


def _is_for_signatures(entry: dict[str, Json]) -> bool:
    if "d" in entry or "k" in entry:
        return False  # a private key that was published is anybody's
    if entry.get("use", "sig") != "sig":
        return False
    operations = entry.get("key_ops", ["verify"])
    return isinstance(operations, list) and "verify" in operations


def _public_members(entry: dict[str, Json], key_type: str) -> dict[str, str]:
    """Exactly the required members of RFC 7638, 3.2, in their canonical spelling, so that the thumbprint is of the key."""
    members = {"kty": key_type}
    if key_type != "RSA":
        curve = entry.get("crv")
        if not isinstance(curve, str) or curve not in _CURVES:
            raise ValueError("unknown curve")
        members["crv"] = curve
    for name in _KEY_MEMBERS[key_type]:
        value = entry.get(name)
        if not isinstance(value, str):
            raise ValueError(f"no {name}")
        data = base64url.decode(value)
        # RFC 7518, 6.3.1.1: some libraries put a zero octet before the modulus
        members[name] = base64url.encode(data.lstrip(b"\0") if key_type == "RSA" else data)
    return members


def _thumbprint(public_members: dict[str, str]) -> str:
    return base64url.encode(hashlib.sha256(strict_json.dumps(dict(public_members))).digest())
