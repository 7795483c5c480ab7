"""Masking header fields."""

from __future__ import annotations

import hashlib

import pytest

from countersign.masking.header_fields import mask_headers
from countersign.masking.replacements import BODY_DIGEST_HEADER, CREDENTIAL_HEADER, REDACTED, Replacements
from countersign.rulebook.values import MaskingRule
from tests.masking.rules import DIGEST, SECRET, rule


def mask(name: str, value: str, *rules: MaskingRule) -> str:
    """The value of one field, masked by `rules` and the built-in ones."""
    ((shown, masked),) = mask_headers([(name, value)], rules, Replacements(DIGEST))
    assert shown == name
    return masked


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "authorization", "AUTHORIZATION", "Proxy-Authorization", "Countersign-Authorization", "Cookie", "Cookie2",
        "Set-Cookie", "X-Api-Key", "x_api_key", "ApiKey", "X-Amz-Security-Token", "X-Auth-Token", "Authentication-Info",
        "Proxy-Authentication-Info", "WWW-Authenticate", "Proxy-Authenticate", "X-Vault-Token", "Private-Token", "X-Goog-Api-Key",
        "X-Client-Secret", "X-Password", "X-CSRF-Token", "Ocp-Apim-Subscription-Key", "x-functions-key", "X-Session-Id",
        " Authorization ",
    ],
)  # fmt: skip
def test_credentials_are_always_masked_whole(name: str) -> None:
    """No rule can show a part of a credential."""
    shows = rule(headers=(name,), how="keep-last", keep=4)
    for value in (SECRET, f"Bearer {SECRET}", ""):
        assert mask(name, value) == REDACTED
        assert mask(name, value, shows) == REDACTED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Type", "application/vnd.schemaregistry.v1+json"),
        ("Accept", "*/*; q=0.5, text/html"),
        ("User-Agent", "confluent-kafka/2.16 (https://example.com/about)"),
        ("X-Amz-Target", "AWSGlue.RegisterSchemaVersion"),
        ("Host", "registry.example:443"),
        ("Location", "/schemas/ids/7"),
        ("Idempotency-Key", "0b9e"),
    ],
)
def test_other_fields_stay(name: str, value: str) -> None:
    """What no rule and no built-in name covers is kept."""
    assert mask(name, value) == value


def test_fields_keep_their_order_and_repetitions() -> None:
    """Each field of a name is masked by itself, in its place."""
    replacements = Replacements(DIGEST)
    headers = [("A", "1"), ("Set-Cookie", SECRET), ("a", "2"), ("set-cookie", SECRET)]
    assert mask_headers(headers, [], replacements) == (
        ("A", "1"), ("Set-Cookie", REDACTED), ("a", "2"), ("set-cookie", REDACTED)
    )  # fmt: skip
    assert replacements.masked == {CREDENTIAL_HEADER: 2}


def test_rules_name_fields_in_any_case() -> None:
    """The first rule that names a field says how it is masked."""
    last, whole = rule(headers=("x-CARD",), how="keep-last", keep=4), rule(headers=("X-Card", "X-Other"))
    assert mask("X-Card", "4111111111111111", last, whole) == "…1111"
    assert mask("x-card", "4111111111111111", whole, last) == REDACTED
    assert mask("X-Carda", "4111111111111111", whole, last) == "4111111111111111"


@pytest.mark.parametrize(
    "name",
    ["Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "X-Amz-Content-Sha256", "X-Goog-Hash", "ETag", "If-Match",
     "If-None-Match", "x-amz-checksum-crc32", "X-Hub-Signature-256"],
)  # fmt: skip
def test_bare_digests_of_the_body_become_keyed_ones(name: str) -> None:
    """Beside a masked body they would let anyone guess the masked value; equal ones stay comparable."""
    bare = hashlib.sha256(b"body").hexdigest()
    shown = mask(name, bare)
    assert bare not in shown
    assert shown == mask("ETag", bare) != mask(name, bare + "0")
    replacements = Replacements(DIGEST)
    mask_headers([(name, bare)], [], replacements)
    assert replacements.masked == {BODY_DIGEST_HEADER: 1}
    assert mask(name, bare, rule(headers=(name,))) == REDACTED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Referer", "https://h/a?token=SECRET"),
        ("Referer", "https://bob:SECRET@h/a"),
        ("Location", "/cb?code=SECRET"),
        ("Location", "/cb#SECRET"),
        ("Content-Location", "/a?card=SECRET"),
        ("Link", '</a?card=SECRET>; rel="next"'),
        ("Refresh", "5; url=/a?token=SECRET"),
        ("X-Forwarded-Url", "see <https://h/a?token=SECRET>, thanks"),
        ("X-Original-Uri", "http://h/a?b=1,https://h/?token=SECRET"),
    ],
)
def test_urls_in_values_are_masked(name: str, value: str) -> None:
    """A secret in a URL does not survive in whatever field it stands; the same URL without it does."""
    card = rule(query=("card",))
    assert SECRET not in mask(name, value.replace("SECRET", SECRET), card)
    assert mask(name, "https://h/a?b=1", card) == "https://h/a?b=1"


def test_what_does_not_print_is_written_out() -> None:
    """Names and values cannot forge a line, drive a terminal, or hold bytes that are not text."""
    headers = [("X-A\r\n", "b\r\nSet-Cookie: x"), ("X-B", "\x1b[2J"), ("X-C", "\udcff")]
    assert mask_headers(headers, [], Replacements(DIGEST)) == (
        ("X-A\\u000d\\u000a", "b\\u000d\\u000aSet-Cookie: x"), ("X-B", "\\u001b[2J"), ("X-C", "\\udcff")
    )  # fmt: skip
    assert mask("X-D", "\udcff", rule(headers=("x-d",), how="keyed-hash")).startswith("hmac-sha256:")
