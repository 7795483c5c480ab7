"""Walking through one document and the documents inside its strings."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.documents.json_documents import write
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.policies import Holds
from countersign.masking.replacements import REDACTED, UNREADABLE_JSON, Replacements
from countersign.masking.values import KnownSchema
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json
from tests.masking.rules import DIGEST, SECRET, policy, rule

SECRETS = rule("secrets", paths=("$..secret",))


def mask(document: Json, *rules: MaskingRule) -> Json:
    """`document` masked by `rules`."""
    return policy(*rules).document(document, Replacements(DIGEST))[0]


def nested(document: Json, levels: int) -> str:
    """`document` as JSON in a string, `levels` times."""
    text = json.dumps(document)
    for _ in range(levels - 1):
        text = json.dumps({"inner": text})
    return text


def test_masks_what_the_rule_selects_and_keeps_the_rest() -> None:
    """Values at any depth, in objects and arrays, are replaced; order and everything else stay."""
    document: Json = {"z": 1, "secret": SECRET, "a": [{"secret": [SECRET]}, {"b": None, "c": 1.5, "d": True}]}
    masked = mask(document, SECRETS)
    assert write(masked) == (b'{"z":1,"secret":"[masked]","a":[{"secret":"[masked]"},{"b":null,"c":1.5,"d":true}]}')


def test_the_input_stays_as_it_was() -> None:
    """Masking makes a copy: what goes upstream is never touched."""
    document: Json = {"secret": {"x": [SECRET]}, "list": [{"secret": 1}], "text": nested({"secret": SECRET}, 2)}
    before = copy.deepcopy(document)
    mask(document, SECRETS)
    assert document == before


def test_a_value_is_replaced_whole() -> None:
    """Objects and arrays disappear with everything that is in them, and nested matches count once."""
    replacements = Replacements(DIGEST)
    masked, _ = policy(SECRETS).document({"secret": {"secret": SECRET, "list": [SECRET] * 3}}, replacements)
    assert masked == {"secret": REDACTED}
    assert replacements.masked == {"secrets": 1}


def test_the_first_rule_wins() -> None:
    """Where several rules select a value the one that stands first replaces it."""
    last = rule("cards", paths=("$..card",), how="keep-last", keep=4)
    everything = rule("everything", paths=("$.*",))
    document: Json = {"card": "4111111111111111", "other": "x"}
    assert mask(document, last, everything) == {"card": "…1111", "other": REDACTED}
    assert mask(document, everything, last) == {"card": REDACTED, "other": REDACTED}


def test_the_outer_of_two_matches_wins() -> None:
    """A masked value is not looked into, even if a rule further up selects something in it."""
    inner, outer = rule("inner", paths=("$.a.b",), how="keyed-hash"), rule("outer", paths=("$.a",))
    assert mask({"a": {"b": SECRET}}, inner, outer) == {"a": REDACTED}


def test_the_root_can_be_masked() -> None:
    """`$` is the whole document."""
    assert policy(rule(paths=("$",))).document({"a": 1}, Replacements(DIGEST)) == (REDACTED, frozenset({""}))


@pytest.mark.parametrize("levels", [1, 2, 3, 7, 12])
def test_documents_in_strings_are_masked_from_their_own_root(levels: int) -> None:
    """Rules find secrets however often JSON was written into a string, as an array's element and as a whole body."""
    at_root = rule(paths=("$.secret", "$[*].secret"))
    inner: Json = {"secret": SECRET, "keep": "visible"}
    for text in (nested(inner, levels), nested([inner], levels)):
        carriers: list[Json] = [{"schema": text}, [text], text]
        for document in carriers:
            for masking in (SECRETS, at_root):
                shown = write(mask(document, masking))
                assert SECRET.encode() not in shown
                assert b"visible" in shown
                assert b"[masked]" in shown


def test_a_changed_inner_document_keeps_its_order_and_an_unchanged_one_its_text() -> None:
    """Only what had something masked is written anew."""
    changed, unchanged = '{"z": 1,\n "secret": 2, "a": "é"}', '{ "z" : 1.50 }'
    assert mask([changed, unchanged], SECRETS) == ['{"z":1,"secret":"[masked]","a":"é"}', unchanged]


def test_a_string_of_a_string_is_followed() -> None:
    """A document that was quoted once more is still found."""
    text = json.dumps(json.dumps({"secret": SECRET}))
    assert SECRET not in str(mask({"schema": text}, SECRETS))


def test_deeper_embedding_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One level more is not looked into, so nothing of it may be kept."""
    monkeypatch.setattr(limits, "MAX_EMBEDDED_JSON_LEVELS", 5)
    assert SECRET not in str(mask({"schema": nested({"secret": SECRET}, 5)}, SECRETS))
    text = nested({"secret": SECRET}, 6)
    with pytest.raises(TooLarge, match="JSON in a string"):
        mask({"schema": text}, SECRETS)


def test_nesting_counts_through_strings() -> None:
    """Depth cannot be hidden by spreading it over embedded documents; the same depth below the limit passes."""

    def deep(arrays: int, inner: Json) -> Json:
        for _ in range(arrays):
            inner = [inner]
        return inner

    half = limits.MAX_JSON_DEPTH // 2
    assert SECRET not in str(mask(deep(half - 1, json.dumps(deep(half - 1, {"secret": SECRET}))), SECRETS))
    with pytest.raises(TooLarge, match="nested deeper"):
        mask(deep(half + 1, json.dumps(deep(half + 1, {"secret": SECRET}))), SECRETS)
    with pytest.raises(TooLarge, match="nested deeper"):
        mask({"schema": "[" * 100_000}, SECRETS)


@pytest.mark.parametrize(
    "text",
    [
        '{"secret": "SECRET",}',
        '{"secret": "SECRET"} trailing',
        '{"secret": "SECRET", "secret": "SECRET"}',
        '{"secret": "SECRET"',
        '\ufeff{"secret": "SECRET"}',
        '\u200b{"secret": "SECRET"}',
        '\u00a0{"secret": "SECRET"}',
        "{'secret': 'SECRET'}",
        "{secret: SECRET}",
        "[{secret: SECRET}]",
        '{"secret": "SECRET", "n": NaN}',
        '{"secret": "SECRET", "n": 1e999}',
        '{"secret": "SECRET", "n": "\\ud800"}',
        '"{\\"secret\\": \\"SECRET\\"}" x',
        "({secret: 'SECRET'})",
        '["SECRET", NaN]',
        '[1, "SECRET",]',
    ],
)
def test_what_a_lenient_reader_takes_for_json_is_masked_whole(text: str) -> None:
    """A service may read what we do not: such a string is not kept, and the tally says so."""
    replacements = Replacements(DIGEST)
    masking = rule(paths=("$..secret", "$[0]", "$[1]"))
    document: Json = {"schema": text.replace("SECRET", SECRET)}
    assert policy(masking).document(document, replacements) == ({"schema": REDACTED}, frozenset({"/schema"}))
    assert replacements.masked == {UNREADABLE_JSON: 1}


@pytest.mark.parametrize(
    "text", ["[A-Z]{3}", "^[a-z]+$", "[0-9]{2}:[0-9]{2}", "{orderId}", '"quoted" text', "a {b: c}", "[", "", "{}", "12"]
)
def test_ordinary_strings_stay(text: str) -> None:
    """Patterns, templates and prose are no JSON, and are what an approver needs to see."""
    assert mask({"pattern": text}, SECRETS) == {"pattern": text}


def test_detectors_alone_do_not_mask_what_is_nearly_json() -> None:
    """Where neither a path nor a name masks anything, what a lenient reader could find is nothing to hide."""
    only_cards = rule(detectors=("payment-card",))
    assert policy(only_cards, built_in=None).document({"a": "{b: c}"}, Replacements(DIGEST)) == (
        {"a": "{b: c}"},
        frozenset(),
    )
    assert policy(only_cards, SECRETS, built_in=None).document({"a": "{b: c}"}, Replacements(DIGEST))[0] == {
        "a": REDACTED
    }


def test_pointers_name_what_was_masked() -> None:
    """RFC 6901 pointers into the outermost document; for a document in a string, of that string."""
    document: Json = {"a/b": [{"secret": 1}], "s": json.dumps({"x": {"secret": 1}}), "ok": 1, "secret": {"secret": 2}}
    _, pointers = policy(SECRETS).document(document, Replacements(DIGEST))
    assert pointers == {"/a~1b/0/secret", "/s", "/secret"}


def test_filters_select_by_neighbours() -> None:
    """A filter of jsonpath-ng masks a value because of another one, also inside strings."""
    passwords = rule(paths=("$..[?(@.name=='password')].value",))
    pairs: Json = [{"name": "password", "value": SECRET}, {"name": "user", "value": "bob"}]
    assert mask({"p": pairs, "s": json.dumps(pairs)}, passwords) == {
        "p": [{"name": "password", "value": REDACTED}, {"name": "user", "value": "bob"}],
        "s": '[{"name":"password","value":"[masked]"},{"name":"user","value":"bob"}]',
    }


def test_keyed_hashes_are_equal_for_equal_values_and_differ_between_keys() -> None:
    """One value has one hash in every place, and nobody without the key has it."""
    hashed = rule(paths=("$..secret",), how="keyed-hash")
    document: Json = [{"secret": SECRET}, json.dumps({"secret": SECRET}), {"secret": "other"}]
    masked = mask(document, hashed)
    other, _ = policy(hashed).document(document, Replacements(KeyedDigest(b"x" * 32)))
    assert isinstance(masked, list)
    assert isinstance(other, list)
    inner = json.loads(str(masked[1]))
    assert masked[0] == inner
    assert masked[0] != masked[2]
    assert masked[0] != other[0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(
    outside=json_values,
    inside=st.lists(st.sampled_from(["list", "object", "string", "escaped string"]), max_size=4),
    shape=st.sampled_from(["text", "list", "object", "document"]),
    characters=st.text(st.characters(codec="utf-8", categories=["L", "N"]), max_size=5),
)
@settings(max_examples=150, deadline=None)
def test_a_planted_secret_never_survives(outside: Json, inside: list[str], shape: str, characters: str) -> None:
    """Wherever `$..secret` covers it, no form of the secret is in the result, and what lies beside it is unchanged."""
    secret = SECRET + characters
    shapes: dict[str, Json] = {
        "text": secret,
        "list": [1, secret],
        "object": {"k": secret},
        "document": json.dumps({"k": secret}),
    }
    held = shapes[shape]
    document: Json = {"secret": held, "beside": "visible"}
    for way in inside:
        if way == "list":
            document = [document]
        elif way == "object":
            document = {"o": document}
        else:
            document = json.dumps(document, ensure_ascii=way == "escaped string")
    whole: Json = {"outside": outside, "planted": document}
    masked = mask(whole, SECRETS)
    shown = write(masked).decode()
    for form in (secret, SECRET, json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()):
        assert form not in shown
    assert "visible" in shown
    assert isinstance(masked, dict)
    assert masked["outside"] == mask(outside, SECRETS)
    if "secret" not in str(outside) and UNREADABLE_JSON not in _tally(outside):
        assert masked["outside"] == outside


def _tally(document: Json) -> dict[str, int]:
    replacements = Replacements(DIGEST)
    policy(SECRETS).document(document, replacements)
    return replacements.masked


# -- names ------------------------------------------------------------------------------------------------------------


def test_a_member_with_a_secret_name_is_masked_whole() -> None:
    """Whatever it holds; unless it says nothing of a secret."""
    document: Json = {
        "dbPassword": {"a": [SECRET]}, "token": 12345, "secret": None, "api_key": True, "pin": "", "pwd": [], "x": SECRET
    }  # fmt: skip
    masked, pointers = policy().document(document, Replacements(DIGEST))
    assert masked == {
        "dbPassword": REDACTED, "token": REDACTED, "secret": None, "api_key": True, "pin": "", "pwd": [], "x": SECRET
    }  # fmt: skip
    assert pointers == {"/dbPassword", "/token"}


def test_a_path_goes_before_a_name_and_a_name_before_a_look() -> None:
    """Each is masked in the way of the rule that fits first."""
    by_path, by_name = rule("path", paths=("$.password",), how="drop"), rule("name", names=("pass",), how="keyed-hash")
    by_look = rule("look", detectors=("payment-card",), how="keep-last", keep=4)
    document: Json = {"password": "4111111111111111", "pass": "4111111111111111", "card": "4111111111111111"}
    masked = mask(document, by_look, by_name, by_path)
    assert isinstance(masked, dict)
    assert list(masked) == ["pass", "card"]
    assert str(masked["pass"]).startswith("hmac-sha256:")
    assert masked["card"] == "…1111"


def test_what_is_dropped_is_not_there() -> None:
    """Members and elements leave no trace but the tally; pointers are those of the document that was given."""
    gone = rule("gone", paths=("$.list[0]", "$.a"), names=("team",), how="drop")
    document: Json = {"list": [1, {"team": 2}, 3], "a": 4, "n": {"team": 5, "b": 6}}
    replacements = Replacements(DIGEST)
    masked, pointers = policy(gone).document(document, replacements)
    assert masked == {"list": [{}, 3], "n": {"b": 6}}
    assert pointers == {"/list/0", "/list/1/team", "/a", "/n/team"}
    assert replacements.masked == {"gone": 4}


def test_a_root_cannot_be_dropped() -> None:
    """Something has to stand there; in a string too."""
    gone = rule("gone", paths=("$",), how="drop")
    assert policy(gone).document({"a": 1}, Replacements(DIGEST))[0] == REDACTED
    assert policy(gone).string('{"a": 1}', Replacements(DIGEST), "") == '"[masked]"'


@pytest.mark.parametrize("how", ["redact", "drop"])
def test_a_secret_in_a_name_is_masked_and_names_stay_apart(how: str) -> None:
    """No value disappears, and none gets the name of another."""
    mails = rule("mails", detectors=("email",), how="redact" if how == "redact" else "drop")
    document: Json = {
        "a@example.com": 1,
        "b@example.com": {"c@example.com": 2},
        "": 3,
        "[masked]": 4,
        "[masked] (2)": 5,
    }
    masked = mask(document, mails)
    assert isinstance(masked, dict)
    assert [value for value in masked.values() if isinstance(value, int)] == [1, 3, 4, 5]
    assert len(masked) == 5
    assert "example.com" not in str(masked)
    assert {"", "[masked]", "[masked] (2)"} <= set(masked)


def test_very_many_names_with_secrets_take_no_longer_each() -> None:
    """Ten thousand in one object, and all values stay."""
    document: Json = {f"user{number}@example.com": number for number in range(5_000)}
    masked = mask({**document, "x": {**document}})  # type: ignore[dict-item]
    assert isinstance(masked, dict)
    assert len(masked) == 5_001
    assert "example.com" not in str(masked)


def test_a_name_that_is_nearly_a_document_is_masked() -> None:
    """Its reader may take it for one."""
    assert mask({'{"a": "x"}': 1, "{orderId}": 2}) == {REDACTED: 1, "{orderId}": 2}


# -- looks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [4111111111111111, 4111111111111111.0, -4111111111111111])
def test_a_number_can_be_a_card(number: float) -> None:
    """It is masked whole; as an element, as a member, as a document."""
    assert mask([number, {"n": number}, 12]) == [REDACTED, {"n": REDACTED}, 12]
    assert mask(number) == REDACTED
    assert mask([number], rule(detectors=("payment-card",), how="drop")) == []


@pytest.mark.parametrize("number", [0, -1, 999_999, 1_699_999_999, 1.5, 1e300, -0.0, 12345678.25, 10**21])
def test_other_numbers_stay(number: float) -> None:
    """Times, amounts and counters are none."""
    assert mask([number]) == [number]


def test_a_place_says_who_masked_what_and_where() -> None:
    """Through strings and arrays, with no secret in a name."""
    replacements = Replacements(DIGEST, policy().clean)
    document: Json = {
        "4111111111111111": [{"password": "x"}, json.dumps({"list": [{"iban": "DE02120300000000202051"}]})]
    }
    policy().document(document, replacements, "part x")
    assert replacements.places == {
        "built-in:field-name": ("part x /[masked]/*/password", "part x /[masked]/*/list/*/iban"),
        "built-in:payment-card": ("part x /[masked]",),
    }


def test_the_same_text_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short clean texts come again and again; one with a secret is never remembered."""
    replacements = Replacements(DIGEST)
    policy().document(["open", "open", "bob@example.com", "x" * 100], replacements)
    assert replacements.clean_texts == {"open"}


# -- schemas ----------------------------------------------------------------------------------------------------------

SCHEMA: Json = {
    "type": "object",
    "required": ["password"],
    "properties": {
        "password": {"type": "string", "title": "t", "default": "a", "x-hint": "b", "x-flag": True, "tags": ["PII"]},
        "note": {"type": "string", "writeOnly": True, "examples": ["c"], "description": "d"},
        "account": {"properties": {"pin": {"anyOf": [{"const": "e"}, {"enum": ["f"]}]}, "x": {"default": "g"}}},
        "open": {"default": "h", "x-hint": "i"},
        "token": {"properties": {"part": {"items": {"default": "j"}}}},
    },
    "dependentRequired": {"password": ["note"]},
    "$defs": {"secret": True},
}


def shown(document: Json, holds: Holds) -> str:
    """What is left of the values of instances, one letter each."""
    masked, _ = policy(holds=holds).document(document, Replacements(DIGEST))
    text = write(masked).decode()
    return "".join(letter for letter in "abcdefghij" if f'"{letter}"' in text)


def test_definitions_stay_readable_and_their_values_do_not() -> None:
    """Of properties with secret names and of marked ones, at any depth, behind keywords for values and unknown ones."""
    masked, pointers = policy(holds="schema").document(SCHEMA, Replacements(DIGEST))
    assert shown(SCHEMA, "schema") == "dghi"
    assert isinstance(masked, dict)
    assert masked["properties"]["password"] == {  # type: ignore[call-overload, index]
        "type": "string", "title": "t", "default": REDACTED, "x-hint": REDACTED, "x-flag": True, "tags": ["PII"]
    }  # fmt: skip
    assert masked["dependentRequired"] == {"password": ["note"]}
    assert masked["$defs"] == {"secret": True}
    assert "/properties/account/properties/pin/anyOf/0/const" in pointers


@pytest.mark.parametrize("wrap", [lambda schema: {"schema": schema}, lambda schema: {"s": [json.dumps(schema)]}])
def test_a_schema_is_found_wherever_a_message_has_it(wrap: Callable[[Json], Json]) -> None:
    """In another object, and in a string."""
    text = write(policy(holds="schema").document(wrap(SCHEMA), Replacements(DIGEST))[0]).decode().replace("\\", "")
    assert [letter for letter in "abcdefghij" if f'"{letter}"' in text] == list("dghi")


def test_where_it_is_not_known_what_a_message_holds_the_stricter_reading_counts() -> None:
    """What has a secret name is masked whole, and the values of marked fields are masked."""
    assert shown(SCHEMA, "unknown") == "dghi"
    masked, _ = policy().document(SCHEMA, Replacements(DIGEST))
    assert isinstance(masked, dict)
    assert masked["properties"]["password"] == REDACTED  # type: ignore[call-overload, index]


def test_data_is_no_schema() -> None:
    """Words that mark fields in schemas say nothing in data."""
    document: Json = {"type": "string", "tags": ["PII"], "default": "a", "other": "b"}
    assert shown(document, "data") == "ab"
    assert shown(document, "schema") == ""
    text = write(policy(holds="data").document([json.dumps(document)], Replacements(DIGEST))[0])
    assert b'\\"a\\"' in text
    assert b'\\"b\\"' in text


@pytest.mark.parametrize("holds", ["schema", "unknown"])
def test_values_behind_a_reference_are_masked(holds: Holds) -> None:
    """A secret property, or a marked one, may be defined elsewhere; in a wrapped schema and in one inside a string too."""
    schema: Json = {
        "properties": {
            "password": {"$ref": "#/$defs/text"},
            "note": {"$ref": "#/$defs/marked"},
            "x": {"$ref": "#/$defs/o"},
        },
        "$defs": {"text": {"default": "a"}, "marked": {"x-pii": True, "examples": ["b"]}, "o": {"default": "c"}},
    }
    wrapped: list[Json] = [schema, {"schema": schema}, {"schema": json.dumps(schema)}, [json.dumps([schema])]]
    for document in wrapped:
        text = write(policy(holds=holds).document(document, Replacements(DIGEST))[0]).decode().replace("\\", "")
        assert [letter for letter in "abc" if f'"{letter}"' in text] == ["c"]


def test_looking_behind_references_counts_nothing_twice() -> None:
    """The document is walked again then; the tally is that of one walk."""
    schema: Json = {"properties": {"password": {"default": 1, "$ref": "#/$defs/p"}}, "$defs": {"p": {"default": 2}}}
    replacements = Replacements(DIGEST)
    masked, pointers = policy(holds="schema").document(schema, replacements)
    assert pointers == {"/properties/password/default", "/$defs/p/default"}
    assert sum(replacements.masked.values()) == replacements.total == 2
    assert masked == {
        "properties": {"password": {"default": REDACTED, "$ref": "#/$defs/p"}}, "$defs": {"p": {"default": REDACTED}}
    }  # fmt: skip


@pytest.mark.parametrize(
    "definition", ["a", 5, ["a"], ["password", "a"], [["note"]]], ids=["text", "number", "list", "mixed", "nested"]
)
def test_what_is_no_definition_is_a_value(definition: Json) -> None:
    """Data that is laid out like a schema does not stay readable."""
    document: Json = {"properties": {"password": definition, "note": {}}, "dependencies": {"password": definition}}
    masked, _ = policy(holds="schema").document(document, Replacements(DIGEST))
    assert masked == {"properties": {"password": REDACTED, "note": {}}, "dependencies": {"password": REDACTED}}


def test_outside_of_definitions_a_secret_name_hides_its_value_in_a_schema_too() -> None:
    """A message that registers a schema can carry credentials beside it."""
    document: Json = {
        "password": {"type": "string"},
        "properties": {"a": {"password": "a"}, "b": {"items": {"pin": 12}}},
    }
    masked, _ = policy(holds="schema").document(document, Replacements(DIGEST))
    assert masked == {
        "password": REDACTED, "properties": {"a": {"password": REDACTED}, "b": {"items": {"pin": REDACTED}}}
    }  # fmt: skip


def test_a_patch_of_a_schema_keeps_definitions() -> None:
    """And not their values; a patch of a value keeps nothing."""
    patch: Json = [
        {"op": "add", "path": "/properties/password", "value": {"type": "string", "default": "a"}},
        {"op": "add", "path": "/properties/password/default", "value": "b"},
    ]
    masked, _ = policy(holds="schema").document(patch, Replacements(DIGEST))
    assert masked == [
        {"op": "add", "path": "/properties/password", "value": {"type": "string", "default": REDACTED}},
        {"op": "add", "path": "/properties/password/default", "value": REDACTED},
    ]
    assert shown(patch, "data") == ""


def test_marks_of_a_known_schema() -> None:
    """From the root, from each element, inside a wrapper, by name, and in a document in a string; booleans too."""
    schema: Json = {"properties": {"ill": {"x-phi": True}, "name": {}, "tags": {"items": {"x-pii": True}}}}
    known = policy(holds="data", known=[KnownSchema("k", schema, {})])
    instance: Json = {"ill": "yes", "name": "n", "tags": ["a", "b"]}
    masked: Json = {"ill": REDACTED, "name": "n", "tags": REDACTED}  # elements go by the name of what they are in
    wraps: list[Callable[[Json], Json]] = [
        lambda one: one,
        lambda one: [one, one],
        lambda one: {"records": [{"value": one}]},
    ]
    for wrap in wraps:
        assert known.document(wrap(instance), Replacements(DIGEST))[0] == wrap(masked)
    text = known.document([json.dumps(instance)], Replacements(DIGEST))[0]
    assert text == [write(masked).decode()]
    assert known.document({"op": "add", "path": "/ill", "value": "yes"}, Replacements(DIGEST))[0] == {
        "op": "add", "path": "/ill", "value": REDACTED
    }  # fmt: skip
    assert known.document({"ill": True}, Replacements(DIGEST))[0] == {"ill": REDACTED}
    assert known.document({"ill": None}, Replacements(DIGEST))[0] == {"ill": None}


@given(document=json_values, holds=st.sampled_from(["schema", "data", "unknown"]))
@settings(max_examples=150, deadline=None)
def test_what_is_not_masked_is_unchanged(document: Json, holds: Holds) -> None:
    """Where nothing is counted the copy is equal to what was given, and masking it again changes nothing."""
    replacements = Replacements(DIGEST)
    masked, pointers = policy(SECRETS, holds=holds).document(document, replacements)
    assert bool(pointers) is (replacements.total > 0)
    if not pointers:
        assert write(masked) == write(document)


@pytest.mark.parametrize("holds", ["schema", "unknown"])
@pytest.mark.parametrize("mark", [{"x-sensitive": True}, {"tags": ["PII"]}, {"format": "password"}])
def test_values_of_a_marked_property_are_masked_where_its_object_has_a_default(
    mark: dict[str, Json], holds: Holds
) -> None:
    """An example of the whole object holds one of each of its properties; what stands there says nothing of a mark."""
    schema: Json = {
        "properties": {"card": {**mark, "title": "t"}, "size": {}},
        "default": {"card": "a", "size": "b"},
        "examples": [{"card": "a", "size": "c"}],
    }
    wrapped: list[Json] = [schema, {"schema": schema}, {"schema": json.dumps(schema)}]
    for document in wrapped:
        text = write(policy(holds=holds).document(document, Replacements(DIGEST))[0]).decode().replace("\\", "")
        assert [letter for letter in "abc" if f'"{letter}"' in text] == ["b", "c"]


def test_who_masks_by_a_name_masks_the_values_of_its_definition() -> None:
    """At any depth, through properties and arrays of subschemas; in the way of that rule."""
    mine = rule("mine", names=("account",), how="drop")
    schema: Json = {
        "properties": {"account": {"properties": {"x": {"anyOf": [{"default": 1, "type": "string"}]}}, "x-hint": 2}}
    }
    replacements = Replacements(DIGEST)
    masked, _ = policy(mine, holds="schema").document(schema, replacements)
    assert masked == {"properties": {"account": {"properties": {"x": {"anyOf": [{"type": "string"}]}}}}}
    assert replacements.masked == {"mine": 2}


def test_in_a_message_with_a_schema_any_object_with_a_mark_is_one() -> None:
    """Elsewhere it has to look like one."""
    document: Json = {"tags": ["PII"], "x-note": "a"}
    assert (shown(document, "schema"), shown(document, "unknown")) == ("", "a")


def test_names_that_were_seen_before_are_masked_by_wildcards() -> None:
    """What is known of a name says nothing of its place."""
    stars = policy(rule(paths=("$.x.*", "$.y[*]")))
    for _ in range(2):
        assert stars.document({"b": 1, "c": ["d"]}, Replacements(DIGEST))[0] == {"b": 1, "c": ["d"]}
        masked = stars.document({"x": {"b": 1, "c": ["d"]}, "y": ["d"]}, Replacements(DIGEST))[0]
        assert masked == {"x": {"b": REDACTED, "c": REDACTED}, "y": [REDACTED]}


def test_the_pointers_are_those_of_the_last_walk() -> None:
    """What is inside of a value that is masked whole has none."""
    schema: Json = {
        "properties": {"password": {"$ref": "#/$defs/p"}}, "$defs": {"p": {"default": {"to": "bob@example.com"}}}
    }  # fmt: skip
    _, pointers = policy(holds="schema").document(schema, Replacements(DIGEST))
    assert pointers == {"/$defs/p/default"}


_VALUES: list[Json] = [
    {"default": SECRET},
    {"const": {"deep": [SECRET]}},
    {"enum": [1, SECRET]},
    {"examples": [SECRET]},
    {"x-unknown": SECRET},
    {"items": {"default": SECRET}},
    {"prefixItems": [{"anyOf": [{"example": SECRET}]}]},
    {"properties": {"part": {"additionalProperties": {"const": SECRET}}}},
    {"$ref": "#/$defs/elsewhere"},
    {"allOf": [{"$ref": "#/$defs/elsewhere"}]},
]


@given(
    value=st.sampled_from(_VALUES),
    field=st.sampled_from(
        [("password", {}), ("clientSecret", {}), ("x", {"writeOnly": True}), ("x", {"tags": ["PII"]})]
    ),
    container=st.sampled_from(["properties", "$defs", "definitions"]),
    ways=st.lists(st.sampled_from(["list", "object", "string", "property"]), max_size=3),
    holds=st.sampled_from(["schema", "unknown"]),
)
@settings(max_examples=150, deadline=None)
def test_a_value_planted_in_a_schema_never_survives(
    value: dict[str, Json], field: tuple[str, dict[str, Json]], container: str, ways: list[str], holds: Holds
) -> None:
    """Wherever the definition of a secret or marked field has it, also behind a reference, wherever the schema is."""
    name, mark = field
    definition: Json = {"type": "string", **mark, **value}
    document: Json = {container: {name: definition}, "type": "object"}
    if "property" in ways:
        document = {"type": "object", "properties": {"outer": document}}
    definitions: dict[str, Json] = {"elsewhere": {"type": "string", "default": SECRET}}
    if isinstance(document, dict):
        held = document.get("$defs")
        document["$defs"] = {**definitions, **(held if isinstance(held, dict) else {})}
    for way in ways:
        if way != "property":
            document = (
                [document] if way == "list" else {"schema": document} if way == "object" else json.dumps(document)
            )
    masked, _ = policy(holds=holds).document(document, Replacements(DIGEST))
    if "$ref" in str(value) or "elsewhere" not in str(document):
        assert SECRET not in write(masked).decode()
    else:
        assert write(masked).decode().count(SECRET) == 1  # of the definition that nothing refers to


def test_the_element_before_may_be_the_name_of_a_value() -> None:
    """In pairs, as of header fields, and behind an option of a command; a list of names has no values."""
    assert mask({"headers": [["Authorization", "Basic xy"], ["Host", "a"]]}) == {
        "headers": [["Authorization", REDACTED], ["Host", "a"]]
    }
    assert mask(["tool", "--db-password", "hunter two"]) == ["tool", "--db-password", REDACTED]
    assert mask({"required": ["password", "email"]}) == {"required": ["password", "email"]}
