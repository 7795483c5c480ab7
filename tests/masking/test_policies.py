"""The rules compiled for one kind of message."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.masking.policies import Policies
from countersign.masking.replacements import DROPPED, REDACTED, Replacements
from countersign.masking.values import KnownSchema
from countersign.rulebook.values import BuiltInMasking, MaskingRule
from tests.masking.rules import DIGEST, policy, rule

CARD = "4111111111111111"


def name_of(found: MaskingRule | None) -> str | None:
    """The rule's name."""
    return None if found is None else found.name


def test_the_first_rule_for_a_name_counts() -> None:
    """Of header fields and query parameters in any case, of segments exactly, of fields in any spelling."""
    some = policy(
        rule("one", headers=("X-Team",), query=("Card",), segments=("id",), names=("roomNumber",)),
        rule("two", headers=("x-team", "X-Other"), query=("card", "n"), segments=("id", "ID"), names=("room_number",)),
    )
    assert [name_of(some.header_rule(name)) for name in ("X-TEAM", "x-other", "X")] == ["one", "two", None]
    assert [name_of(some.query_rule(name)) for name in ("CARD", "N", "x")] == ["one", "two", None]
    assert [name_of(some.segment_rule(name)) for name in ("id", "ID", "Id")] == ["one", "two", None]
    assert [name_of(some.name_rule(name)) for name in ("room-number", "passwd", "x")] == [
        "one", "built-in:field-name", None
    ]  # fmt: skip


def test_named_fields() -> None:
    """A value with a secret name is replaced, or dropped; an empty one, and one of another name, is nobody's."""
    some = policy(rule("gone", names=("team",), how="drop"))
    replacements = Replacements(DIGEST)
    assert some.named("user[password]", "x", replacements, "part password") == REDACTED
    assert some.named("team", "x", replacements, "part team") is DROPPED
    assert some.named("password", "", replacements, "part") is None
    assert some.named("colour", "x", replacements, "part") is None
    assert replacements.places == {"built-in:field-name": ("part password",), "gone": ("part team",)}


def test_texts_and_strings() -> None:
    """A text goes through the detectors; a string may be a document first."""
    some = policy()
    replacements = Replacements(DIGEST)
    document = '{"password":"x","n":1}'
    assert some.text(f"card {CARD}", replacements, "header X") == "card [masked]"
    assert some.string(f"card {CARD}", replacements, "header X") == "card [masked]"
    assert some.string(document, replacements, "header X") == '{"password":"[masked]","n":1}'
    assert some.string("{password: x}", replacements, "header X") == REDACTED
    assert some.clean(f"card {CARD}") == "card [masked]"
    assert replacements.masked["built-in:payment-card"] == 2
    assert replacements.places["built-in:field-name"] == ("header X /password",)


def test_clean_places_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come again with every message; one with a secret in it is never kept."""
    monkeypatch.setattr(limits, "MAX_CLEAN_PLACES", 2)
    some = policy()
    for _ in range(2):
        for place in ("body /a", f"body /{CARD}", "body /b", "body /c"):
            assert some.clean(place) == place.replace(CARD, REDACTED)
    assert some._clean_places == {"body /a", "body /b"}


def test_detectors_can_be_off_and_named() -> None:
    """One that a rule names is on wherever the built-in ones are, and that rule masks what it finds."""
    off = BuiltInMasking(detectors_off=("payment-card", "email"))
    named = rule("mail", detectors=("email",), how="keep-last", keep=4)
    text = f"{CARD} bob@example.com"
    assert policy(built_in=off).text(text, Replacements(DIGEST), "") == text
    assert policy(named, built_in=off).text(text, Replacements(DIGEST), "") == f"{CARD} ….com"
    assert policy(named, built_in=None).text(text, Replacements(DIGEST), "") == f"{CARD} ….com"


def test_national_telephone_numbers_are_found_where_regions_are_given() -> None:
    """Elsewhere they are numbers as any other."""
    text, regions = "call 030 303986300", BuiltInMasking(phone_regions=("DE",))
    assert policy().text(text, Replacements(DIGEST), "") == text
    assert policy(built_in=regions).text(text, Replacements(DIGEST), "") == "call [masked]"


def test_names_of_marked_properties_hold_for_fields_too() -> None:
    """Where the data comes as a form or a query, its properties have the same names."""
    schema = KnownSchema("k", {"properties": {"colour": {"x-pii": True}}}, {})
    assert name_of(policy(known=[schema], holds="data").name_rule("colour")) == "built-in:x-pii"
    assert policy(holds="data").name_rule("colour") is None


def test_policies_are_made_once_and_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the rules, by what the message holds, and by the keys of the schemas that are known."""
    monkeypatch.setattr(limits, "MAX_KEPT_POLICIES", 4)
    some = [rule(str(number), paths=("$.a",)) for number in range(3)]
    policies = Policies(some, None)
    first = policies.of(some[:2], "data")
    assert policies.of([some[0], some[1]], "data") is first
    assert policies.of(some[:2], "schema") is not first
    assert policies.of(some[:1], "data") is not first
    known = policies.of(some[:2], "data", [KnownSchema("k", {"properties": {"b": {"x-pii": True}}}, {})])
    assert policies.of(some[:2], "data", [KnownSchema("k", {}, {})]) is known
    assert known is not first
    policies.of(some, "data")
    assert policies.of(some[:2], "data") is not first


def test_rules_hold_in_their_order() -> None:
    """The first that selects a value masks it."""
    one, two = rule("one", paths=("$.a",)), rule("two", paths=("$.a",), how="keyed-hash")
    policies = Policies([one, two], None)
    for chosen, name in (([one, two], "one"), ([two, one], "two"), ([two], "two")):
        replacements = Replacements(DIGEST)
        policies.of(chosen).document({"a": 1}, replacements)
        assert replacements.masked == {name: 1}


def test_what_cannot_be_compiled_names_its_rule() -> None:
    """A path that is none, a detector that nobody knows."""
    with pytest.raises(ValueError, match=r"masking\.yaml:3: masking rule 'bad', path 'a': a path starts"):
        Policies([rule("bad", paths=("a",))], None)
    with pytest.raises(ValueError, match="no detector is called 'x'"):
        Policies([rule("bad", detectors=("x",))], None)
