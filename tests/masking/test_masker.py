"""The rules, compiled, on messages, targets, headers and schemas."""

from __future__ import annotations

import copy
import gzip
import json
import traceback
from typing import Literal

import pytest

from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.masker import Masker
from countersign.masking.replacements import REDACTED
from countersign.masking.values import MaskedMessage, MaskingFailed
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json
from tests.masking.rules import DIGEST, SECRET, rule

BODY = json.dumps({"schema": json.dumps({"secret": SECRET, "type": "object"}), "secret": SECRET}).encode()
RULES = [rule("bodies", paths=("$..secret",)), rule("cards", query=("card",), headers=("X-Card",))]
HEADERS = (("Content-Type", "application/json"), ("X-Card", SECRET), ("Authorization", SECRET), ("X", "y"))

type Way = Literal["request", "response"]


def message(
    *rules: MaskingRule,
    body: bytes | None = BODY,
    connection: str = "registry",
    subject: str | None = "orders-value",
    direction: Way = "request",
    target: str | None = f"https://bob:{SECRET}@h/subjects/orders-value?card={SECRET}&n=1#{SECRET}",
    headers: tuple[tuple[str, str], ...] = HEADERS,
) -> MaskedMessage:
    """One message with a secret in every carrier, masked by `rules`."""
    return Masker(rules, DIGEST).message(
        connection=connection, subject=subject, direction=direction, target=target, headers=headers, body=body
    )


def test_every_carrier_of_a_message_is_masked() -> None:
    """Target, headers and body lose their secrets and keep the rest, and the tally adds up."""
    masked = message(*RULES)
    assert masked.target == "https://[masked]@h/subjects/orders-value?card=[masked]&n=1#[masked]"
    assert dict(masked.headers) == {
        "Content-Type": "application/json", "X-Card": REDACTED, "Authorization": REDACTED, "X": "y"
    }  # fmt: skip
    assert masked.body.text == b'{"schema":"{\\"secret\\":\\"[masked]\\",\\"type\\":\\"object\\"}","secret":"[masked]"}'
    assert masked.body.length == len(BODY)
    assert masked.masked == {
        "bodies": 2, "cards": 2, "built-in:url-credential": 2, "built-in:credential-header": 1
    }  # fmt: skip
    assert SECRET not in repr(masked)


def test_inputs_are_not_touched() -> None:
    """What goes upstream is what came: bytes, header list and schema stay as they were."""
    raw, headers = bytearray(BODY), [("Authorization", SECRET)]
    document: Json = {"secret": [SECRET]}
    before = copy.deepcopy((raw, headers, document))
    masker = Masker([rule(paths=("$..secret",), directions=("schema",))], DIGEST)
    masker.message(connection="c", subject=None, direction="request", target=None, headers=headers, body=bytes(raw))
    masker.schema(connection="c", subject=None, document=document)
    assert (raw, headers, document) == before


def test_a_message_without_target_and_body() -> None:
    """A response has no target, and no body is an empty one."""
    masked = message(*RULES, direction="response", target=None, body=None, headers=())
    assert (masked.target, masked.headers, masked.masked) == (None, (), {})
    assert (masked.body.length, masked.body.text, masked.body.why_unreadable) == (0, None, None)


@pytest.mark.parametrize(
    ("held", "other"),
    [
        (rule(paths=("$..secret",), connections=("reg*",)), rule(paths=("$..secret",), connections=("other",))),
        (rule(paths=("$..secret",), subjects=("orders-*",)), rule(paths=("$..secret",), subjects=("Orders-*",))),
        (rule(paths=("$..secret",), directions=("request",)), rule(paths=("$..secret",), directions=("response",))),
        (rule(paths=("$..secret",), directions=("schema",)), rule(paths=("$..other",), directions=("schema",))),
        (rule(paths=("$..secret",), subjects=("x", "orders-value")), rule(paths=("$..secret",), subjects=("x",))),
    ],
)
def test_a_rule_holds_where_it_says(held: MaskingRule, other: MaskingRule) -> None:
    """Connection, subject and direction decide; rules for schemas hold for bodies too."""
    assert SECRET.encode() not in (message(held).body.text or b"")
    assert SECRET.encode() in (message(other).body.text or b"")


def test_an_unknown_subject_is_masked_by_the_rules_of_all() -> None:
    """Nothing is shown for want of knowing whose it is."""
    assert SECRET.encode() not in (message(rule(paths=("$..secret",), subjects=("x",)), subject=None).body.text or b"")


def test_rules_are_chosen_for_each_message() -> None:
    """One masker serves every connection and subject, also when many combinations came by."""
    masker = Masker([rule(str(n), paths=("$.a",), subjects=(f"*{n}*",)) for n in range(10)], DIGEST)
    subsets = ("".join(str(digit) for digit in range(10) if number >> digit & 1) for number in range(300))
    for subject in ("0", "12", "none", *subsets, "12"):
        masked = masker.message(
            connection="c", subject=subject, direction="request", target=None, headers=(), body=b'{"a":1}'
        )
        first = next((str(n) for n in range(10) if str(n) in subject), None)
        assert masked.masked == ({} if first is None else {first: 1})


def test_schema_rules_mask_a_schema_document() -> None:
    """Only rules of direction `schema` do: one for data would hide the definition of a property from the approver."""
    masker = Masker(
        [rule("data", paths=("$..password",)), rule("defaults", paths=("$..default",), directions=("schema",))], DIGEST
    )
    document: Json = {"properties": {"password": {"type": "string", "default": SECRET}}}
    masked = masker.schema(connection="registry", subject="orders-value", document=document)
    assert masked.document == {"properties": {"password": {"type": "string", "default": REDACTED}}}
    assert masked.pointers == {"/properties/password/default"}


def test_target_and_headers_alone_are_as_in_a_message() -> None:
    """Each carrier can be masked by itself with the same outcome."""
    masker, whole = Masker(RULES, DIGEST), message(*RULES)
    target = f"https://bob:{SECRET}@h/subjects/orders-value?card={SECRET}&n=1#{SECRET}"
    assert masker.target(connection="registry", subject=None, target=target) == whole.target
    assert masker.headers(connection="registry", subject=None, direction="request", headers=HEADERS) == whole.headers


def test_digests_depend_on_the_key_and_the_bytes_as_sent() -> None:
    """The body's digest is keyed, equal for equal bytes, and not that of the decoded body."""
    encoded = gzip.compress(BODY, mtime=0)
    headers = (("Content-Encoding", "gzip"),)
    assert message(body=BODY).body.digest == message(*RULES, body=BODY).body.digest
    assert message(body=encoded, headers=headers).body.digest != message(body=BODY).body.digest
    other = Masker([], KeyedDigest(b"o" * 32)).message(
        connection="c", subject=None, direction="request", target=None, headers=(), body=BODY
    )
    assert other.body.digest != message(body=BODY).body.digest


def test_equal_values_have_one_keyed_hash_in_every_carrier() -> None:
    """A value can be followed from a header to a parameter to a body without being known."""
    hashed = rule(paths=("$.id",), headers=("X-Customer",), query=("customer",), how="keyed-hash")
    masked = message(hashed, target="/a?customer=4711", headers=(("X-Customer", "4711"),), body=b'{"id":"4711"}')
    value = masked.headers[0][1]
    assert value.startswith("hmac-sha256:")
    assert masked.target == f"/a?customer={value}"
    assert masked.body.text == f'{{"id":"{value}"}}'.encode()


def test_a_wrong_path_names_its_rule() -> None:
    """Rules that cannot be compiled stop the start, with file and line."""
    with pytest.raises(ValueError, match=r"masking\.yaml:3: masking rule 'a rule', path '\$\[': not a JSONPath"):
        Masker([rule(paths=("$.ok", "$["))], DIGEST)


class Explosive(str):
    """A text whose every use fails and tells what it is."""

    __slots__ = ()

    def partition(self, sep: str) -> tuple[str, str, str]:
        """Fail."""
        raise RuntimeError(SECRET)

    strip = isprintable = partition  # type: ignore[assignment]


def test_a_failure_inside_masking_shows_no_value() -> None:
    """The error that comes out has a fixed text, no cause and no context."""
    masker = Masker(RULES, DIGEST)
    for step in (
        lambda: masker.target(connection="c", subject=None, target=Explosive("x")),
        lambda: masker.headers(connection="c", subject=None, direction="request", headers=[(Explosive("x"), "y")]),
        lambda: Masker([rule(paths=("$..a",), directions=("schema",))], DIGEST).schema(
            connection="c", subject=None, document=_endless()
        ),
    ):
        with pytest.raises(MaskingFailed) as caught:
            step()
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        assert SECRET not in "".join(traceback.format_exception(caught.value))


def _endless() -> Json:
    document: list[Json] = [SECRET]
    document.append(document)
    return document


def test_a_message_that_masking_fails_on_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks, what is handed out has no value in it."""

    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    for name in ("mask_target", "mask_headers"):
        monkeypatch.setattr(f"countersign.masking.masker.{name}", fail)
    monkeypatch.setattr("countersign.masking.bodies.strict_json.loads", fail)
    masked = message(*RULES)
    assert (masked.target, set(masked.headers)) == (REDACTED, {(REDACTED, REDACTED)})
    assert (masked.body.text, masked.body.why_unreadable) == (None, "masking failed on it")
    assert masked.body.length == len(BODY)
    assert SECRET not in repr(masked)
