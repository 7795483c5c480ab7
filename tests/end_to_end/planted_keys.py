"""Keys and tokens as their issuers write them: their own prefixes, random bodies."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from random import Random

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.end_to_end.planted import DIGITS, LETTERS, WORD, Secret, any_of, mixed

_HEX = "0123456789abcdef"
_CAPITALS = LETTERS[:26] + DIGITS
_URL = WORD + "-_"
#: `{w32}`: 32 letters and digits; `c` capitals and digits, `h` hexadecimal, `u` base64url, `b` base64, `d` digits.
_KEYS = {
    "aws id": "AKIA{c16}",
    "aws secret": "aws_secret_access_key = {b40}",
    "github": "ghp_{w36}",
    "github app": "gho_{w36}",
    "github fine": "github_pat_{w22}_{w59}",
    "gitlab": "glpat-{u20}",
    "slack bot": "xoxb-{d12}-{d13}-{w24}",
    "slack hook": "https://hooks.slack.com/services/T{c9}/B{c9}/{w24}",
    "stripe": "sk_live_{w24}",
    "stripe restricted": "rk_live_{w24}",
    "google": "AIza{u35}",
    "google oauth": "ya29.{u60}",
    "sendgrid": "SG.{u22}.{u43}",
    "twilio": "SK{h32}",
    "npm": "npm_{w36}",
    "pypi": "pypi-AgEIcHlwaS5vcmc{u80}",
    "openai": "sk-proj-{w48}",
    "anthropic": "sk-ant-api03-{u93}AA",
    "huggingface": "hf_{w34}",
    "digitalocean": "dop_v1_{h64}",
    "shopify": "shpat_{h32}",
    "telegram": "{d10}:AA{u33}",
    "azure storage": "AccountKey={b86}==",
    "databricks": "dapi{h32}",
    "vault": "hvs.{u90}",
    "square": "sq0csp-{u43}",
    "mailgun": "key-{h32}",
    "atlassian": "ATATT3xFfGF0{u180}",
    "doppler": "dp.pt.{w43}",
    "grafana": "glsa_{w32}_{h8}",
    "random base64": "{b64}",
    "random base64url": "{u43}",
    "random letters": "{w40}",
}
_ALPHABETS = {"w": WORD, "c": _CAPITALS, "h": _HEX, "u": _URL, "b": WORD + "+/", "d": DIGITS}


def secrets(random: Random) -> Iterator[Secret]:
    """Keys of services, tokens, private keys."""
    for name, pattern in _KEYS.items():
        text = _filled(random, pattern)
        yield Secret(f"key {name}", text, text[pattern.index("{") :])
    for algorithm in ("HS256", "ES256"):
        yield _jwt(random, algorithm)
    yield from _private_keys(random)


def _filled(random: Random, pattern: str) -> str:
    text, *parts = pattern.split("{")
    for part in parts:
        wanted, _, rest = part.partition("}")
        alphabet, count = _ALPHABETS[wanted[0]], int(wanted[1:])
        body = mixed(random, count, alphabet) if set(WORD) <= set(alphabet) else any_of(random, alphabet, count)
        text += body.replace("--", "x-") + rest
    return text


def _jwt(random: Random, algorithm: str) -> Secret:
    """The signature, and what it is of: the head says nothing."""
    claims = {"sub": any_of(random, WORD, 12), "exp": 1_900_000_000 + random.randint(0, 9_999_999)}
    head, payload = (_url(json.dumps(each).encode()) for each in ({"alg": algorithm, "typ": "JWT"}, claims))
    signature = _url(random.randbytes(32 if algorithm == "HS256" else 64))
    return Secret(f"jwt {algorithm}", f"{head}.{payload}.{signature}", signature)


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _private_keys(random: Random) -> Iterator[Secret]:
    """Not from the seed: nobody can say which key comes out."""
    pem, nothing, kinds = serialization.Encoding.PEM, serialization.NoEncryption(), serialization.PrivateFormat
    curve, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    factors = rsa.generate_private_key(65537, 2048)
    scalar = curve.private_numbers().private_value.to_bytes(32)
    exponent = factors.private_numbers().d.to_bytes(256)
    for name, text, part in (
        ("PKCS8", curve.private_bytes(pem, kinds.PKCS8, nothing), scalar),
        ("EC", curve.private_bytes(pem, kinds.TraditionalOpenSSL, nothing), scalar),
        ("RSA", factors.private_bytes(pem, kinds.TraditionalOpenSSL, nothing), exponent),
        ("Ed25519", edwards.private_bytes(pem, kinds.PKCS8, nothing), edwards.private_bytes_raw()),
        ("OpenSSH", edwards.private_bytes(pem, kinds.OpenSSH, nothing), edwards.private_bytes_raw()),
    ):
        yield Secret(f"pem {name}", text.decode(), _within(text.decode(), part))
    locked = serialization.BestAvailableEncryption(any_of(random, WORD, 9).encode())
    text = curve.private_bytes(pem, kinds.PKCS8, locked)
    yield Secret("pem encrypted", text.decode(), _body(text.decode())[-180:-2])


def _within(text: str, part: bytes) -> str:
    """The base64 that depends on nothing but `part`."""
    body = _body(text)
    start = base64.b64decode(body).index(part.lstrip(b"\0"))
    return body[-(-start * 4 // 3) : (start + len(part.lstrip(b"\0"))) * 4 // 3]


def _body(text: str) -> str:
    return "".join(line for line in text.splitlines() if "-----" not in line)
