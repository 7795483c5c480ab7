"""What callers see of answers: for whom which rules hold, and nothing but what they name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from countersign.masking.carriers.client_bodies import NotMaskable
from countersign.masking.client_views import ClientView, ClientViews
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.replacements import Replacements
from countersign.masking.values import KnownSchema
from countersign.rulebook.values import BuiltInMasking, MaskingRule, Source
from countersign.strict_json import Json

_KEY = KeyedDigest(b"k" * 32)
_JSON = ("Content-Type", "application/json")
_IBAN = "DE02120300000000202051"
_RULE = MaskingRule(
    name="accounts",
    connections=("bank-*",),
    subjects=("orders-*",),
    directions=("response-to-client",),
    paths=("$..iban",),
    headers=(),
    query=(),
    how="redact",
    keep=0,
    source=Source("masking.yaml", 2),
)


def views(*rules: MaskingRule, key: KeyedDigest = _KEY, built_in: BuiltInMasking | None = None) -> ClientViews:
    return ClientViews(rules or (_RULE,), built_in or BuiltInMasking(), key)


def view(of: ClientViews, *groups: str, connection: str = "bank-a", subject: str | None = "orders-x") -> ClientView:
    found = of.of(connection=connection, subject=subject, groups=frozenset(groups))
    assert found is not None
    return found


def shown(rule: MaskingRule, document: object, *known: KnownSchema, built_in: BuiltInMasking | None = None) -> object:
    """The document as a caller sees it for whom `rule` holds."""
    of = views(rule, built_in=built_in)
    body = json.dumps(document).encode()
    masked = of.mask(view(of), headers=(_JSON,), body=body, holds="data" if known else "unknown", known=known)
    return json.loads(masked.body)


# -- for whom ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "groups", "holds"),
    [
        (_RULE, (), True),
        (_RULE, ("staff",), True),
        (replace(_RULE, groups=("staff", "guests")), ("staff",), True),
        (replace(_RULE, groups=("staff", "guests")), ("others",), False),
        (replace(_RULE, groups=("staff",)), (), False),
        (replace(_RULE, except_groups=("owners",)), ("staff",), True),
        (replace(_RULE, except_groups=("owners",)), ("staff", "owners"), False),
        (replace(_RULE, groups=("staff",), except_groups=("owners",)), ("staff", "owners"), False),
        (replace(_RULE, groups=("Staff",)), ("staff",), False),
        (replace(_RULE, directions=("request", "response", "schema")), (), False),
    ],
)
def test_a_rule_holds_for_the_groups_that_it_names(rule: MaskingRule, groups: tuple[str, ...], holds: bool) -> None:
    """In one of `groups`, where any are named, and in none of `except_groups`; rules for what is kept hold for nobody."""
    found = views(rule).of(connection="bank-a", subject="orders-x", groups=frozenset(groups))
    assert (found is not None) == holds


@pytest.mark.parametrize(
    ("connection", "subject", "holds"),
    [("bank-a", "orders-x", True), ("bank-a", None, True), ("bank-a", "other", False), ("shop", "orders-x", False)],
)
def test_a_rule_holds_where_connection_and_subject_fit(connection: str, subject: str | None, holds: bool) -> None:
    """A subject that is not known could be any."""
    found = views().of(connection=connection, subject=subject, groups=frozenset())
    assert (found is not None) == holds


def test_a_view_is_told_from_others_by_what_holds() -> None:
    """The same rules are the same view, for whomever; other rules, or another key of hashes, are another one."""
    second = replace(_RULE, name="pins", groups=("staff",))
    of = views(_RULE, second)
    assert view(of).name == view(of, "guests").name == view(views(_RULE, second), connection="bank-b").name
    assert view(of).name != view(of, "staff").name
    assert view(of).name != view(views(_RULE, second, key=KeyedDigest(b"l" * 32))).name


def test_a_view_knows_what_its_rules_look_at() -> None:
    """Only header fields, or bodies; and whether schemas say what is masked."""
    only_headers = replace(_RULE, paths=(), headers=("X-Owner",))
    marks = replace(_RULE, name="marks", paths=(), marks=("x-pii",))
    assert not view(views(only_headers)).masks_bodies
    assert view(views(only_headers, replace(_RULE, name="2"))).masks_bodies
    assert not view(views()).looks_at_marks
    assert view(views(marks)).looks_at_marks
    assert view(views(marks)).masks_bodies


# -- what -------------------------------------------------------------------------------------------------------------


def test_only_what_a_rule_names_is_masked() -> None:
    """No built-in name, mark or detector holds, and no header field is looked at that no rule names."""
    document = {"password": "hunter2-hunter2", "iban": _IBAN, "x": {"x-sensitive": True, "default": "v"}, "y": _IBAN}
    headers = (_JSON, ("Set-Cookie", "session=abc"), ("ETag", '"1"'), ("Location", "https://u:p@host/?token=x"))
    of = views()
    masked = of.mask(view(of), headers=headers, body=json.dumps(document).encode(), holds="unknown")
    assert json.loads(masked.body) == {**document, "iban": "[masked]"}
    assert masked.headers == headers
    assert masked.masked == {"accounts": 1}


@pytest.mark.parametrize(
    ("selector", "document"),
    [
        ({"paths": ("$.a.iban",)}, {"a": {"iban": "[masked]"}, "iban": _IBAN}),
        ({"names": ("i-ban",)}, {"a": {"iban": "[masked]"}, "iban": "[masked]"}),
        ({"detectors": ("iban",)}, {"a": {"iban": "[masked]"}, "iban": "[masked]"}),
        ({"detectors": ("email",)}, {"a": {"iban": _IBAN}, "iban": _IBAN}),
    ],
)
def test_each_kind_of_rule_selects(selector: dict[str, Any], document: object) -> None:
    """Paths, names in any spelling, and detectors."""
    rule = replace(_RULE, **{"paths": (), **selector})
    assert shown(rule, {"a": {"iban": _IBAN}, "iban": _IBAN}) == document


def test_marks_of_the_known_schema_select_in_data() -> None:
    """A rule that names the mark masks what the data's schema marks; the built-in marks do not hold beside it."""
    fields: Json = {"iban": {"x-internal": True}, "pin": {"writeOnly": True}, "tag": {"x-sensitive": True}}
    schema = KnownSchema("k1", {"type": "object", "properties": fields}, {})
    rule = replace(_RULE, paths=(), marks=("x-internal",))
    data = {"iban": _IBAN, "pin": "1234", "tag": "t"}
    assert shown(rule, data, schema) == {**data, "iban": "[masked]"}
    rule = replace(_RULE, paths=(), marks=("writeOnly",))
    assert shown(rule, data, schema) == {**data, "pin": "[masked]"}


def test_marks_in_an_answered_schema_select_its_values() -> None:
    """The definition stays readable, its default does not."""
    rule = replace(_RULE, paths=(), marks=("x-internal",))
    schema = {"properties": {"iban": {"x-internal": True, "type": "string", "default": _IBAN}}}
    masked = {"properties": {"iban": {"x-internal": True, "type": "string", "default": "[masked]"}}}
    assert shown(rule, schema) == masked


def test_phone_numbers_are_read_as_in_the_regions_of_the_rules() -> None:
    """As for what is kept."""
    rule = replace(_RULE, paths=(), detectors=("phone",))
    text = "030 23125-777"
    assert shown(rule, text) == text
    assert shown(rule, text, built_in=BuiltInMasking(phone_regions=("DE",))) != text


def test_header_fields_that_a_rule_names_are_masked() -> None:
    """In any case, each time; what is dropped is not there, and the order stays."""
    rule = replace(_RULE, paths=(), headers=("x-owner", "X-Account"), how="keep-last", keep=4)
    dropping = replace(_RULE, name="2", paths=(), headers=("X-Pin",), how="drop")
    of = views(rule, dropping)
    headers = (("X-OWNER", "zoe"), ("A", "1"), ("X-Pin", "1"), ("X-Account", _IBAN), ("x-pin", "2"), ("X-Owner", "ana"))
    masked = of.mask(view(of), headers=headers, body=b"whatever", holds="unknown")
    assert masked.headers == (("X-OWNER", "[masked]"), ("A", "1"), ("X-Account", "...2051"), ("X-Owner", "[masked]"))
    assert (masked.body, masked.masked) == (b"whatever", {"accounts": 3, "2": 2})


def test_hashes_are_those_of_no_other_place() -> None:
    """Who may send values and see them hashed learns nothing of the hashes that evidence holds."""
    rule = replace(_RULE, how="keyed-hash")
    first = shown(rule, {"iban": "x"})
    assert isinstance(first, dict)
    assert first == shown(rule, {"iban": "x"})
    kept = Replacements(_KEY).by(rule, "x")
    assert len(str(kept)) == len(first["iban"])
    assert first != {"iban": kept}


# -- what is refused --------------------------------------------------------------------------------------------------


def test_what_cannot_be_masked_raises() -> None:
    """Where a rule looks into bodies; where rules look at header fields only it is shown as it is."""
    of = views()
    with pytest.raises(NotMaskable):
        of.mask(view(of), headers=(_JSON,), body=b"{", holds="unknown")
    of = views(replace(_RULE, paths=(), headers=("X-Owner",)))
    assert of.mask(view(of), headers=(_JSON,), body=b"{", holds="unknown").body == b"{"


def test_an_exception_inside_masking_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text may hold values: it is not even the context of what is raised."""
    of = views()
    found = view(of)

    def fails(*_: object) -> bytes:
        raise RuntimeError(_IBAN)

    monkeypatch.setattr("countersign.masking.client_views.mask_client_body", fails)
    with pytest.raises(NotMaskable) as caught:
        of.mask(found, headers=(_JSON,), body=b"{}", holds="unknown")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert _IBAN not in str(caught.value)


@pytest.mark.parametrize("header", ["Content-Length", "content-encoding", "Content-Type", "Transfer-Encoding"])
def test_what_says_how_an_answer_is_carried_cannot_be_masked(header: str) -> None:
    """The gateway refuses to start on it, with the rule's name; another field may be named."""
    rule = replace(_RULE, paths=(), headers=("X-Owner", header))
    with pytest.raises(ValueError, match=f"accounts.*{header}"):
        views(rule)
    views(replace(rule, headers=("X-Owner",)), replace(rule, name="kept", directions=("response",)))


def test_a_path_that_is_none_names_its_rule() -> None:
    """As for what is kept."""
    with pytest.raises(ValueError, match="accounts"):
        views(replace(_RULE, paths=("nothing[",)))
