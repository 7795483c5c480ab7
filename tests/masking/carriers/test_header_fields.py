"""Masking header fields."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign import limits
from countersign.masking.carriers.header_fields import mask_headers
from countersign.masking.policies import Policy
from countersign.masking.replacements import BODY_DIGEST_HEADER, CREDENTIAL_HEADER, REDACTED, Replacements
from countersign.rulebook.values import BuiltInMasking, MaskingRule
from tests.masking.rules import DIGEST, SECRET, policy, rule


def mask(name: str, value: str, *rules: MaskingRule) -> str:
    """The value of one field, masked by `rules` and the built-in ones."""
    ((shown, masked),) = mask_headers([(name, value)], policy(*rules), Replacements(DIGEST))
    assert shown == name
    return masked


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "authorization", "AUTHORIZATION", "Proxy-Authorization", "Countersign-Authorization", "Cookie", "Cookie2",
        "Set-Cookie", "X-Api-Key", "x_api_key", "ApiKey", "X-Amz-Security-Token", "X-Auth-Token", "Authentication-Info",
        "Proxy-Authentication-Info", "WWW-Authenticate", "Proxy-Authenticate", "X-Vault-Token", "Private-Token", "X-Goog-Api-Key",
        "X-Client-Secret", "X-Password", "X-CSRF-Token", "Ocp-Apim-Subscription-Key", "x-functions-key", "X-Session-Id",
        " Authorization ", "X-Key", "X-Amz-Sig", "DPoP", "X-Pin",
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
        ("Accept-Language", "de-DE, de;q=0.9, */*;q=0.5"),
        ("Date", "Mon, 23 Nov 2026 17:50:00 GMT"),
        ("Via", "1.1 gateway:8080 (x/2)"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("X-Request-Id", "6f1c2f0e-6a53-4b9e-9d5c-0f8e7f5a1d2b"),
        ("Cache-Control", "no-cache, max-age=0"),
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
    assert mask_headers(headers, policy(), replacements) == (
        ("A", "1"), ("Set-Cookie", REDACTED), ("a", "2"), ("set-cookie", REDACTED)
    )  # fmt: skip
    assert replacements.masked == {CREDENTIAL_HEADER: 2}


def test_rules_name_fields_in_any_case() -> None:
    """The first rule that names a field says how it is masked."""
    last, whole = rule(headers=("x-CARD",), how="keep-last", keep=4), rule(headers=("X-Card", "X-Other"))
    assert mask("X-Card", "4111111111111111", last, whole) == "…1111"
    assert mask("x-card", "4111111111111111", whole, last) == REDACTED
    assert mask("X-Carda", "4711", whole, last) == "4711"


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
    mask_headers([(name, bare)], policy(), replacements)
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
        ("X-Original-URL", "/a?code=SECRET"),
        ("X-Rewrite", "to a/b?card=SECRET&b=1"),
        ("X-Rewrite", "/password/SECRET"),
        ("X-Rewrite", "?code=SECRET"),
        ("X-Forwarded-Url", "see <https://h/a?token=SECRET>, thanks"),
        ("X-Original-Uri", "http://h/a?b=1,https://h/?token=SECRET"),
    ],
)
def test_urls_in_values_are_masked(name: str, value: str) -> None:
    """A secret in a URL does not survive in whatever field it stands; the same URL without it does."""
    card = rule(query=("card",))
    assert SECRET not in mask(name, value.replace("SECRET", SECRET), card)
    assert mask(name, "https://h/a?b=1", card) == "https://h/a?b=1"


CARD = "4111111111111111"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("X-Note", f"pay {CARD} now", "pay [masked] now"),
        ("User-Agent", "tool/1 (alice@example.com)", "tool/1 ([masked])"),
        ("X-Meta", f'{{"password":"{SECRET}","a":1}}', '{"password":"[masked]","a":1}'),
        ("X-Meta", f"{{'password':'{SECRET}'}}", "[masked]"),
        ("X-Debug", f"password={SECRET}; a=1", "password=[masked]; a=1"),
        ("Forwarded", f"for=10.0.0.1;note={CARD}", "for=10.0.0.1;note=[masked]"),
        ("Warning", f'199 - "Bearer {"ab1" * 20}"', '199 - "Bearer [masked]"'),
        ("X-Ssn", "078-05-1120", "[masked]"),
        ("X-Iban", "x", "[masked]"),
        ("Content-Disposition", f'attachment; filename="{CARD}.json"', 'attachment; filename="[masked].json"'),
        ("Subject", f"=?utf-8?B?{'aHVudGVyMg=='}?=", "[masked]"),
        ("Subject", "=?utf-8?q?=34=31=31=31?= x", "[masked]"),
        ("X-Data", quote(f'{{"token": "{SECRET}"}}'), None),
        ("X-Data", base64.b64encode(f"password={SECRET}".encode()).decode(), None),
    ],
)
def test_values_are_masked_by_what_they_hold(name: str, value: str, shown: str | None) -> None:
    """Detectors, documents, names that are secret anywhere, and text in an encoding that some readers undo."""
    masked = mask(name, value)
    assert masked == shown or shown is None
    assert value not in masked
    assert SECRET not in masked


def test_a_url_is_masked_once() -> None:
    """What its parameters and the detectors find is counted one time, and what a rule shows stays."""
    replacements = Replacements(DIGEST)
    last = rule("cards", query=("card",), how="keep-last", keep=4)
    headers = [("Referer", f"https://h/?token={SECRET}"), ("X-See", f"https://h/?card=no{SECRET}&b=1")]
    assert mask_headers(headers, policy(last), replacements) == (
        ("Referer", "https://h/?token=[masked]"), ("X-See", f"https://h/?card=…{SECRET[-4:]}&b=1")
    )  # fmt: skip
    assert replacements.total == 2


def test_names_are_masked_by_what_they_hold() -> None:
    """A secret may stand where a name belongs."""
    ((name, value),) = mask_headers(
        [
            (f"X-{CARD}", "1"),
        ],
        policy(),
        Replacements(DIGEST),
    )
    assert CARD not in name
    assert value == "1"


def test_a_rule_drops_a_field() -> None:
    """It is not there at all; credentials are never dropped silently."""
    drops = rule(headers=("X-Gone", "Cookie"), how="drop")
    headers = [("X-Gone", SECRET), ("Cookie", SECRET), ("A", "1")]
    assert mask_headers(headers, policy(drops), Replacements(DIGEST)) == (("Cookie", REDACTED), ("A", "1"))


def test_the_tally_names_fields() -> None:
    """As they are called, and no value."""
    replacements = Replacements(DIGEST)
    ruled = policy(rule("teams", headers=("X-Team",)))
    mask_headers([("X-Team", SECRET), ("Cookie", SECRET), ("X-Note", CARD)], ruled, replacements)
    assert replacements.places == {
        "teams": ("header X-Team",), CREDENTIAL_HEADER: ("header Cookie",), "built-in:payment-card": ("header X-Note",)
    }  # fmt: skip


def test_only_fields_with_nothing_to_mask_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time they are not looked into; those with a secret are, and so are long ones; never more than the limit."""
    monkeypatch.setattr(limits, "MAX_CLEAN_FIELDS", 2)
    asked: list[str] = []

    class Asked(Policy):
        def string(self, text: str, replacements: Replacements, where: str) -> str:
            asked.append(text)
            return super().string(text, replacements, where)

    ruled = Asked([], BuiltInMasking())
    headers = [("A", "1"), ("B", CARD), ("C", "long " * limits.MAX_CLEAN_FIELD_CHARACTERS), ("Cookie", SECRET)]
    first = mask_headers(headers, ruled, Replacements(DIGEST))
    assert len(asked) == 3
    replacements = Replacements(DIGEST)
    assert mask_headers(headers, ruled, replacements) == first
    assert "1" not in asked[3:]
    assert len(asked) == 5
    assert replacements.total == 2
    for number in range(10):
        mask_headers([("D", str(number))], ruled, replacements)
    mask_headers([("D", "9"), ("D", "0")], ruled, replacements)
    assert asked[-1] == "0"
    other = policy(rule(headers=("A",)))
    assert mask_headers([("A", "1")], other, replacements) == (("A", REDACTED),)


@given(
    st.text(max_size=20),
    st.text(max_size=20),
    st.sampled_from(["X-A", "Referer", "Link", "Location", "Refresh", "Etag", "a:/b"]),
)
def test_a_planted_value_never_survives(before: str, after: str, name: str) -> None:
    """Whatever stands around it, in whatever field; and nothing is raised."""
    replacements = Replacements(DIGEST)
    headers = [
        (name, f"{before} https://h/?password={SECRET} {after}"),
        (f"{before}X-Token{after}", SECRET),
        (name, f"{before} {CARD} {after}"),
    ]
    masked = mask_headers(headers, policy(), replacements)
    assert SECRET not in repr(masked)
    assert CARD not in repr(masked)


def test_what_does_not_print_is_written_out() -> None:
    """Names and values cannot forge a line, drive a terminal, or hold bytes that are not text."""
    headers = [("X-A\r\n", "b\r\nSet-Cookie: x"), ("X-B", "\x1b[2J"), ("X-C", "\udcff")]
    assert mask_headers(headers, policy(), Replacements(DIGEST)) == (
        ("X-A\\u000d\\u000a", "b\\u000d\\u000aSet-Cookie: x"), ("X-B", "\\u001b[2J"), ("X-C", "\\udcff")
    )  # fmt: skip
    assert mask("X-D", "\udcff", rule(headers=("x-d",), how="keyed-hash")).startswith("hmac-sha256:")
