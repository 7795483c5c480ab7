"""The rules, compiled, on messages, targets, headers, schemas and words."""

from __future__ import annotations

import base64
import copy
import gzip
import json
import traceback
import urllib.parse
from collections.abc import Mapping
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countersign.masking import masker as module
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.masker import Masker
from countersign.masking.policies import Holds
from countersign.masking.replacements import REDACTED
from countersign.masking.values import KnownSchema, MaskedMessage, MaskingFailed
from countersign.rulebook.values import BuiltInMasking, MaskingRule
from countersign.strict_json import Json
from tests.masking.rules import DIGEST, SECRET, rule

CARD = "4111111111111111"
BODY = json.dumps({"schema": json.dumps({"note": SECRET, "type": "object"}), "note": SECRET}).encode()
RULES = [rule("bodies", paths=("$..note",)), rule("cards", query=("card",), headers=("X-Card",))]
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
    holds: Holds = "unknown",
    known: tuple[KnownSchema, ...] = (),
) -> MaskedMessage:
    """One message with a secret in every carrier, masked by `rules`."""
    return Masker(rules, DIGEST).message(
        connection=connection,
        subject=subject,
        direction=direction,
        target=target,
        headers=headers,
        body=body,
        holds=holds,
        known=known,
    )


def test_every_carrier_of_a_message_is_masked() -> None:
    """Target, headers and body lose their secrets and keep the rest; the tally adds up, and says where."""
    masked = message(*RULES)
    assert masked.target == "https://[masked]@h/subjects/orders-value?card=[masked]&n=1#[masked]"
    assert dict(masked.headers) == {
        "Content-Type": "application/json", "X-Card": REDACTED, "Authorization": REDACTED, "X": "y"
    }  # fmt: skip
    assert masked.body.text == b'{"schema":"{\\"note\\":\\"[masked]\\",\\"type\\":\\"object\\"}","note":"[masked]"}'
    assert masked.body.length == len(BODY)
    assert masked.masked == {
        "bodies": 2, "cards": 2, "built-in:url-credential": 2, "built-in:credential-header": 1
    }  # fmt: skip
    assert masked.places["bodies"] == ("body /schema/note", "body /note")
    assert masked.places["cards"] == ("query card", "header X-Card")
    assert SECRET not in repr(masked)


def test_inputs_are_not_touched() -> None:
    """What goes upstream is what came: bytes, header list and schema stay as they were."""
    raw, headers = bytearray(BODY), [("Authorization", SECRET)]
    document: Json = {"note": [SECRET], "properties": {"password": {"default": SECRET}}}
    before = copy.deepcopy((raw, headers, document))
    masker = Masker([rule(paths=("$..note",), directions=("schema",))], DIGEST)
    masker.message(connection="c", subject=None, direction="request", target=None, headers=headers, body=bytes(raw))
    masker.schema(connection="c", subject=None, document=document)
    masker.words(document)
    assert (raw, headers, document) == before


def test_a_message_without_target_and_body() -> None:
    """A response has no target, and no body is an empty one."""
    masked = message(*RULES, direction="response", target=None, body=None, headers=())
    assert (masked.target, masked.headers, masked.masked) == (None, (), {})
    assert (masked.body.length, masked.body.text, masked.body.why_unreadable) == (0, None, None)


@pytest.mark.parametrize(
    ("held", "other"),
    [
        (rule(paths=("$..note",), connections=("reg*",)), rule(paths=("$..note",), connections=("other",))),
        (rule(paths=("$..note",), subjects=("orders-*",)), rule(paths=("$..note",), subjects=("Orders-*",))),
        (rule(paths=("$..note",), directions=("request",)), rule(paths=("$..note",), directions=("response",))),
        (rule(paths=("$..note",), directions=("schema",)), rule(paths=("$..other",), directions=("schema",))),
        (rule(paths=("$..note",), subjects=("x", "orders-value")), rule(paths=("$..note",), subjects=("x",))),
        (rule(names=("note",)), rule(names=("note",), directions=("response-to-client",))),
    ],
)
def test_a_rule_holds_where_it_says(held: MaskingRule, other: MaskingRule) -> None:
    """Connection, subject and direction decide; rules for schemas hold for bodies too, those for clients do not."""
    assert SECRET.encode() not in (message(held).body.text or b"")
    assert SECRET.encode() in (message(other).body.text or b"")


def test_an_unknown_subject_is_masked_by_the_rules_of_all() -> None:
    """Nothing is shown for want of knowing whose it is."""
    assert SECRET.encode() not in (message(rule(paths=("$..note",), subjects=("x",)), subject=None).body.text or b"")


def test_rules_are_chosen_for_each_message() -> None:
    """One masker serves every connection and subject, also when many combinations came by."""
    masker = Masker([rule(str(n), paths=("$.a",), subjects=(f"*{n}*",)) for n in range(10)], DIGEST)
    subsets = ("".join(str(digit) for digit in range(10) if number >> digit & 1) for number in range(140))
    for subject in ("0", "12", "none", *subsets, "12"):
        masked = masker.message(
            connection="c", subject=subject, direction="request", target=None, headers=(), body=b'{"a":1}'
        )
        first = next((str(n) for n in range(10) if str(n) in subject), None)
        assert masked.masked == ({} if first is None else {first: 1})


def test_schema_rules_mask_a_schema_document() -> None:
    """Only rules of direction `schema` do: one for data would hide the definition of a property from the approver."""
    masker = Masker(
        [rule("data", paths=("$..note",)), rule("titles", paths=("$..title",), directions=("schema",))], DIGEST
    )
    document: Json = {"properties": {"note": {"type": "string", "title": SECRET}}}
    masked = masker.schema(connection="registry", subject="orders-value", document=document)
    assert masked.document == {"properties": {"note": {"type": "string", "title": REDACTED}}}
    assert masked.pointers == {"/properties/note/title"}


def test_what_a_message_holds_decides_what_a_secret_name_hides() -> None:
    """In a schema a property's definition stays readable, and its values do not; in data it is the value."""
    body = json.dumps({"properties": {"password": {"type": "string", "default": SECRET}}}).encode()
    schema, data = message(body=body, holds="schema"), message(body=body, holds="data")
    assert schema.body.text == b'{"properties":{"password":{"type":"string","default":"[masked]"}}}'
    assert data.body.text == b'{"properties":{"password":"[masked]"}}'


def test_marks_of_a_known_schema_mask_the_data() -> None:
    """What the schema of the data marks is masked in it; without the schema nobody could know."""
    schema: Json = {"properties": {"note": {"x-sensitive": True}, "text": {}}}
    known = KnownSchema("orders/3", schema, {})
    body = json.dumps({"note": SECRET, "text": "visible"}).encode()
    masked = message(body=body, holds="data", known=(known,))
    assert masked.body.text == b'{"note":"[masked]","text":"visible"}'
    assert masked.masked["built-in:x-sensitive"] == 1
    assert message(body=body, holds="data").body.text == body.replace(b" ", b"")


def test_target_and_headers_alone_are_as_in_a_message() -> None:
    """Each carrier can be masked by itself with the same outcome."""
    masker, whole = Masker(RULES, DIGEST), message(*RULES)
    target = f"https://bob:{SECRET}@h/subjects/orders-value?card={SECRET}&n=1#{SECRET}"
    assert masker.target(connection="registry", subject=None, target=target) == whole.target
    assert masker.headers(connection="registry", subject=None, direction="request", headers=HEADERS) == whole.headers


def test_words_lose_what_detectors_find() -> None:
    """Free text, and every string, number and name in a value; what a member is called hides nothing by itself."""
    masker = Masker([rule(names=("note",)), rule(detectors=("email",), how="drop")], DIGEST)
    assert masker.text(f"paid with {CARD}") == "paid with [masked]"
    assert masker.text("paid in cash") == "paid in cash"
    words: Json = {"note": "plain", "password": ["plain", CARD], CARD: int(CARD), "to": "bob@example.com!"}
    masked: Json = {"note": "plain", "password": ["plain", REDACTED], REDACTED: REDACTED, "to": "!"}
    assert masker.words(words) == masked


def test_only_rules_for_everything_change_how_words_are_masked() -> None:
    """Nothing is known of where a text came from."""
    here = rule(detectors=("payment-card",), how="keep-last", keep=4, connections=("registry",))
    assert Masker([here], DIGEST).text(CARD) == REDACTED
    everywhere = rule(detectors=("payment-card",), how="keep-last", keep=4)
    assert Masker([everywhere], DIGEST).text(CARD) == "…1111"


def test_what_holds_without_rules_can_be_changed() -> None:
    """Names, detectors and marks can be switched off."""
    body = json.dumps({"token": SECRET, "card": CARD}).encode()
    off = BuiltInMasking(names_off=("token",), detectors_off=("payment-card",))
    masked = Masker([], DIGEST, off).message(
        connection="c", subject=None, direction="request", target=None, headers=(), body=body
    )
    assert masked.body.text == body.replace(b" ", b"")
    assert message(body=body).body.text == b'{"token":"[masked]","card":"[masked]"}'


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


def test_hashes_of_values_have_a_key_of_their_own() -> None:
    """So it can be erased, and the digests of bodies still be checked."""
    hashed = rule(paths=("$.id",), how="keyed-hash")
    asked = {"connection": "c", "subject": None, "target": None, "headers": (), "body": b'{"id":"4711"}'}
    one = Masker([hashed], DIGEST).message(direction="request", **asked)  # type: ignore[arg-type]
    other = Masker([hashed], DIGEST, values=KeyedDigest(b"v" * 32)).message(direction="request", **asked)  # type: ignore[arg-type]
    assert one.body.digest == other.body.digest
    assert one.body.text != other.body.text


def test_a_wrong_path_names_its_rule() -> None:
    """Rules that cannot be compiled stop the start, with file and line."""
    with pytest.raises(ValueError, match=r"masking\.yaml:3: masking rule 'a rule', path '\$\[': not a JSONPath"):
        Masker([rule(paths=("$.ok", "$["))], DIGEST)


# -- failures ---------------------------------------------------------------------------------------------------------


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
        lambda: masker.schema(connection="c", subject=None, document=_endless()),
    ):
        with pytest.raises(MaskingFailed) as caught:
            step()
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert masker.words(_endless()) == REDACTED


def _endless() -> Json:
    document: list[Json] = [SECRET]
    document.append(document)
    return document


@pytest.mark.parametrize(
    "step",
    [
        "countersign.masking.masker.mask_target",
        "countersign.masking.masker.mask_headers",
        "countersign.masking.masker.mask_body",
        "countersign.masking.masker.Replacements",
        "countersign.masking.policies.Policies.of",
        "countersign.masking.policies.Policy.document",
        "countersign.masking.policies.Policy.string",
        "countersign.masking.policies.Policy.text",
        "countersign.masking.policies.Policy.name_rule",
        "countersign.masking.policies.Policy.header_rule",
        "countersign.masking.policies.Policy.query_rule",
        "countersign.masking.documents.json_walk.Walk.string",
        "countersign.masking.documents.json_walk.Walk._member",
        "countersign.masking.documents.json_walk.write_text",
        "countersign.masking.documents.walk_rules.WalkRules.look_at",
        "countersign.masking.documents.walk_rules.WalkRules.masking",
        "countersign.masking.documents.described_values.Descriptions.of",
        "countersign.masking.fields.field_rules.FieldRules.of",
        "countersign.masking.texts.Texts.mask",
        "countersign.masking.texts.Texts.replace",
        "countersign.masking.texts.Texts.clean",
        "countersign.masking.documents.trail.Trail.note",
        "countersign.masking.documents.json_paths.PathSet.found_in",
        "countersign.masking.documents.json_paths.State.moves",
        "countersign.masking.replacements.Replacements.by",
        "countersign.masking.replacements.Replacements.redact",
        "countersign.masking.replacements.visible_line",
        "countersign.masking.carriers.bodies.strict_json.loads",
        "countersign.masking.carriers.content_coding.decode",
        "countersign.masking.schemas.known_marks.KnownMarks.of",
        "countersign.masking.schemas.known_marks.KnownMarks.root",
    ],
)
def test_whatever_step_fails_nothing_readable_of_it_is_left(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handed out has no secret in it and no text of the failure, and the body says only that masking failed."""
    hidden = {
        "note": SECRET,
        "password": SECRET,
        "list": [CARD, {"name": "token", "value": SECRET}],
        "s": BODY.decode(),
    }
    body = json.dumps({**hidden, f"{CARD}": json.dumps(hidden)}).encode()
    masker = Masker([*RULES, rule(names=("note",)), rule(paths=("$.list[0]",))], DIGEST)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"{SECRET} {CARD}")

    monkeypatch.setattr(step, fail)
    masked = masker.message(
        connection="registry",
        subject="orders-value",
        direction="request",
        target=f"https://bob:{SECRET}@h/x/{CARD}?card={SECRET}&password={SECRET}#{SECRET}",
        headers=(*HEADERS, ("X-Note", CARD), ("Referer", f"/?token={SECRET}")),
        body=body,
    )
    for secret in (SECRET, CARD):
        assert secret not in repr(masked)
    assert masked.body.length == len(body)
    assert masked.body.text is not None or masked.body.why_unreadable == "masking failed on it"


def test_a_message_that_masking_fails_on_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks, what is handed out has no value in it; words become one fixed word."""

    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    for name in ("mask_target", "mask_headers", "mask_body"):
        monkeypatch.setattr(module, name, fail)
    masked = message(*RULES)
    assert (masked.target, set(masked.headers)) == (REDACTED, {(REDACTED, REDACTED)})
    assert (masked.body.text, masked.body.why_unreadable) == (None, "masking failed on it")
    assert masked.body.length == len(BODY)
    masker = Masker((), DIGEST)
    monkeypatch.setattr("countersign.masking.texts.Texts.mask", fail)
    assert masker.text(SECRET) == REDACTED


# -- whatever comes ---------------------------------------------------------------------------------------------------

_fields = st.tuples(
    st.sampled_from(["Content-Type", "Content-Encoding", "X-Note", "Cookie", "ETag", "Location", ""])
    | st.text(max_size=8),
    st.sampled_from(
        ["application/json", "gzip", "br", "deflate, gzip", "application/x-www-form-urlencoded", "text/plain"]
    )
    | st.text(max_size=20),
)


@given(
    target=st.none() | st.text(max_size=40),
    headers=st.lists(_fields, max_size=5),
    body=st.none() | st.binary(max_size=60) | st.text('{}[]":,\\ \n0123456789abc&=', max_size=60).map(str.encode),
    holds=st.sampled_from(["schema", "data", "unknown"]),
)
@settings(max_examples=200, deadline=None)
def test_no_exception_comes_out(
    target: str | None, headers: list[tuple[str, str]], body: bytes | None, holds: Holds
) -> None:
    """Whatever bytes, headers and target a message has; and it is always told how long the body was."""
    masked = _MASKER.message(
        connection="c", subject=None, direction="request", target=target, headers=headers, body=body, holds=holds
    )
    assert masked.body.length == len(body or b"")
    assert (masked.target is None) is (target is None)


_MASKER = Masker(
    [
        rule("hidden", paths=("$..hidden", "$.items[*].no", "$..[?(@.k=='v')].hidden")),
        rule("mine", names=("my_field",)),
    ],
    DIGEST,
)
_PLACES: Mapping[str, Json] = {
    "path": {"hidden": "?"},
    "name": {"userPassword": {"deep": ["?"]}},
    "mine": [{"MyField": "?"}],
    "pair": {"key": "api_key", "value": "?"},
    "patch": {"op": "add", "path": "/a/password", "value": ["?"]},
    "assigned": "password = ?",
    "header": "Authorization: Bearer ?",
}
_unimportant = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.text("abc xyz", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz", max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    place=st.sampled_from(sorted(_PLACES)),
    ways=st.lists(st.sampled_from(["list", "object", "string", "escaped"]), max_size=5),
    beside=_unimportant,
    secret=st.text("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=12, max_size=24).map(lambda text: f"q7{text}"),
    holds=st.sampled_from(["data", "unknown"]),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_planted_secret_never_survives(place: str, ways: list[str], beside: Json, secret: str, holds: Holds) -> None:
    """In no form, wherever a rule, a name or a look gives it away; what lies beside it is unchanged."""
    document: Json = json.loads(json.dumps(_PLACES[place]).replace("?", secret))
    for way in ways:
        match way:
            case "list":
                document = [0, document]
            case "object":
                document = {"inside": document}
            case _:
                document = json.dumps(document) if way == "string" else json.dumps(document).replace("a", "\\u0061")
    body = json.dumps({"planted": document, "beside": beside}).encode()
    masked = _MASKER.message(
        connection="c", subject="s", direction="response", target=None, headers=(), body=body, holds=holds
    )
    assert masked.body.text is not None
    shown = json.loads(masked.body.text)
    assert shown["beside"] == beside
    assert sum(masked.masked.values()) >= 1
    kept = repr(masked).casefold()
    raw = secret.encode()
    for form in (secret, base64.b64encode(raw).decode(), raw.hex(), urllib.parse.quote(secret), raw.hex(" ")):
        assert form.casefold() not in kept
