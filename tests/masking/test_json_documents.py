"""Masking one document and the documents inside its strings."""

from __future__ import annotations

import base64
import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.json_documents import write
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.replacements import REDACTED, UNREADABLE_JSON, Replacements
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json
from tests.masking.rules import DIGEST, SECRET, documents, rule

SECRETS = rule("secrets", paths=("$..secret",))


def mask(document: Json, *rules: MaskingRule) -> Json:
    """`document` masked by `rules`."""
    return documents(*rules).mask(document, Replacements(DIGEST))[0]


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
    masked, _ = documents(SECRETS).mask({"secret": {"secret": SECRET, "list": [SECRET] * 3}}, replacements)
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
    assert documents(rule(paths=("$",))).mask({"a": 1}, Replacements(DIGEST)) == (REDACTED, frozenset({""}))


@pytest.mark.parametrize("levels", range(1, limits.MAX_EMBEDDED_JSON_LEVELS + 1))
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


def test_deeper_embedding_than_the_limit_is_refused() -> None:
    """One level more is not looked into, so nothing of it may be kept."""
    text = nested({"secret": SECRET}, limits.MAX_EMBEDDED_JSON_LEVELS + 1)
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
    assert documents(masking).mask(document, replacements) == ({"schema": REDACTED}, frozenset({"/schema"}))
    assert replacements.masked == {UNREADABLE_JSON: 1}


@pytest.mark.parametrize(
    "text", ["[A-Z]{3}", "^[a-z]+$", "[0-9]{2}:[0-9]{2}", "{orderId}", '"quoted" text', "a {b: c}", "[", "", "{}", "12"]
)
def test_ordinary_strings_stay(text: str) -> None:
    """Patterns, templates and prose are no JSON, and are what an approver needs to see."""
    assert mask({"pattern": text}, SECRETS) == {"pattern": text}


def test_without_rules_nothing_is_done() -> None:
    """No rule, nothing masked, not even what looks like JSON."""
    assert documents().mask({"a": "{b: c}"}, Replacements(DIGEST)) == ({"a": "{b: c}"}, frozenset())


def test_pointers_name_what_was_masked() -> None:
    """RFC 6901 pointers into the outermost document; for a document in a string, of that string."""
    document: Json = {"a/b": [{"secret": 1}], "s": json.dumps({"x": {"secret": 1}}), "ok": 1, "secret": {"secret": 2}}
    _, pointers = documents(SECRETS).mask(document, Replacements(DIGEST))
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
    other, _ = documents(hashed).mask(document, Replacements(KeyedDigest(b"x" * 32)))
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
    documents(SECRETS).mask(document, replacements)
    return replacements.masked
