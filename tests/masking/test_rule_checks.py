from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from countersign import limits
from countersign.errors import RulesErrors
from countersign.masking.detectors import DETECTOR_NAMES
from countersign.masking.rule_checks import check_rules
from countersign.rulebook import shapes
from countersign.rulebook.values import BuiltInMasking, MaskingRule, Source
from countersign.strict_json import Json

RULE = MaskingRule("one", ("m*",), ("o*",), ("request", "response"), (), (), (), "redact", 0, Source("masking.yaml", 7))
BUILT_IN = BuiltInMasking()
RULE_WITH_EXAMPLE = replace(RULE, names=("customer",), examples=({"customer": "x"},))
CARD = "4111 1111 1111 1111"


def _problems(*rules: MaskingRule, built_in: BuiltInMasking = BUILT_IN) -> list[str]:
    try:
        check_rules(rules, built_in, Path("rules"))
    except RulesErrors as errors:
        return [str(error) for error in errors.errors]
    return []


@pytest.mark.parametrize(
    ("selector", "good", "bad"),
    [
        ({"paths": ("$..number",)}, {"customer": {"number": "C-1"}}, {"customer": {"nr": "C-1"}}),
        ({"paths": ("$.items[0].a",)}, {"items": [{"a": 1}]}, {"items": []}),
        ({"names": ("tax id",)}, {"a": [{"taxId": "x"}]}, {"a": [{"tax": "x"}]}),
        ({"headers": ("X-Team",)}, {"x-team": "red"}, {"X-Teams": "red"}),
        ({"query": ("customer",)}, "/orders?a=b&customer=C-1", "/customer/orders?a=b"),
        ({"segments": ("customer",)}, "customer", "subject"),
        ({"detectors": ("payment-card",)}, f"paid with {CARD}, thanks", "paid in cash, thanks"),
        ({"detectors": ("payment-card",)}, {"a": [CARD]}, {"a": [CARD.replace("4", "5")]}),
        (
            {"marks": ("x-internal",)},
            {"properties": {"a": {"x-internal": True}}},
            {"properties": {"a": {"x-private": 1}}},
        ),
        (
            {"marks": ("x-internal",)},
            {"properties": {"a": {"x-internal": True}, "b": {"$ref": "other.json"}}},
            {"properties": {"b": {"$ref": "other.json"}}},
        ),
        ({"marks": ("tags=cost",)}, {"items": {"tags": ["COST"]}}, {"items": {"tags": ["code"]}}),
    ],
)
def test_an_example_has_something_that_its_rule_masks(selector: dict[str, Any], good: Json, bad: Json) -> None:
    """Whatever the rule selects by; the error names file, line, rule and example, and not what is in it."""
    wherever = {"names", "detectors", "marks"} & set(selector)
    directions = {"directions": ("request", "response", "schema")} if wherever else {}
    rule = replace(RULE, **{**selector, **directions})
    assert _problems(replace(rule, examples=(good,))) == []
    (problem,) = _problems(replace(rule, examples=(good, bad)))
    assert problem.startswith("rules/masking.yaml:7: the rule 'one' masks nothing in its example 2: ")
    assert problem.endswith(" (mend the rule or the example)")
    for value in ("C-1", "red", "cash", CARD):
        assert value not in problem


def test_a_rule_for_schemas_is_tried_on_a_schema() -> None:
    """There a name covers values of its field, and not the definition."""
    rule = replace(RULE, names=("margin",), directions=("schema",))
    good: Json = {"properties": {"margin": {"type": "number", "default": 0.3}}}
    bad: Json = {"properties": {"margin": {"type": "number"}}}
    assert _problems(replace(rule, examples=(good,))) == []
    assert len(_problems(replace(rule, examples=(bad,)))) == 1


def test_a_rule_for_what_callers_get_is_tried_on_an_answer_to_one_of_its_groups() -> None:
    """Where nothing built in masks anything before it; header fields and bodies."""
    rule = replace(RULE, detectors=("email",), directions=("response-to-client",), groups=("support",))
    assert _problems(replace(rule, examples=("write to ana@example.com",))) == []
    assert len(_problems(replace(rule, examples=("do not write",)))) == 1
    rule = replace(rule, detectors=(), headers=("Set-Cookie",), groups=(), except_groups=("owners",))
    assert _problems(replace(rule, examples=({"Set-Cookie": "a=b"},))) == []
    assert len(_problems(replace(rule, examples=({"Cookie": "a=b"},)))) == 1


def test_an_example_that_callers_would_not_get_says_why() -> None:
    """It would be answered with an error, and not masked."""
    deep: Json = "ana@example.com"
    for _ in range(limits.MAX_JSON_DEPTH + 1):
        deep = [deep]
    rule = replace(RULE, detectors=("email",), directions=("response-to-client",))
    (problem,) = _problems(replace(rule, examples=(deep,)))
    assert "example 1: it is nested deeper" in problem
    assert _problems(replace(rule, examples=([["ana@example.com"]],))) == []


def test_a_header_that_says_how_an_answer_is_carried_cannot_be_masked_for_callers() -> None:
    """The rule is wrong, whatever its examples; the same for what is kept is right."""
    rule = replace(RULE, headers=("Content-Type",), directions=("response-to-client",))
    assert "Content-Type says how an answer is carried" in _problems(rule)[0]
    assert _problems(replace(rule, directions=("response",))) == []


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        (BuiltInMasking(("pin",)), BuiltInMasking(("pni",)), "'pni' is no built-in name of a field; did you mean"),
        (BuiltInMasking(("PIN code",)), BuiltInMasking(("customer",)), "'customer' is no built-in name of a field"),
        (BuiltInMasking(marks_off=("x-pii",)), BuiltInMasking(marks_off=("x-pi",)), "mark; did you mean x-pii?"),
        (
            BuiltInMasking(marks_off=("WriteOnly",)),
            BuiltInMasking(marks_off=("colour",)),
            "'colour' is no built-in mark",
        ),
    ],
)
def test_what_is_switched_off_is_there(good: BuiltInMasking, bad: BuiltInMasking, problem: str) -> None:
    """A word that is misspelt would switch nothing off; said once, with the place, and not for each rule."""
    assert _problems(RULE_WITH_EXAMPLE, built_in=good) == []
    (found,) = _problems(RULE_WITH_EXAMPLE, built_in=replace(bad, source=Source("masking.yaml", 30)))
    assert found.startswith("rules/masking.yaml:30: ")
    assert problem in found
    assert found.endswith(" (it would switch nothing off)")


def test_an_example_that_something_built_in_masks_anyway_says_so() -> None:
    """Such a rule does nothing: what it wants is done before it is asked."""
    rule = replace(RULE, headers=("Authorization",), how="keep-last", keep=4)
    (problem,) = _problems(replace(rule, examples=({"Authorization": "Bearer abcdefghijkl"},)))
    assert "built-in:credential-header masks it already" in problem


def test_what_is_built_in_counts_as_it_is_in_force() -> None:
    """A region's telephone numbers are found where the rules name it."""
    rule = replace(RULE, detectors=("phone",), examples=("call 030 123456 today",))
    assert len(_problems(rule)) == 1
    assert _problems(rule, built_in=BuiltInMasking(phone_regions=("DE",))) == []


def test_other_rules_do_not_hide_what_a_rule_masks() -> None:
    """Each is tried by itself; of several that are wrong each is named."""
    rule = replace(RULE, paths=("$.a",), examples=({"a": 1},))
    assert _problems(rule, replace(rule, name="two")) == []
    wrong = replace(rule, examples=({"b": 1}, {"a": 1}, {"c": 1}))
    found = _problems(wrong, replace(wrong, name="two", source=Source("masking.yaml", 9)))
    assert [problem.partition(" masks")[0] for problem in found] == [
        "rules/masking.yaml:7: the rule 'one'",
        "rules/masking.yaml:7: the rule 'one'",
        "rules/masking.yaml:9: the rule 'two'",
        "rules/masking.yaml:9: the rule 'two'",
    ]
    assert "example 3" in found[1]


def test_a_path_that_cannot_be_followed_is_a_problem_of_the_rules() -> None:
    """With the place of its rule, also where there is no example."""
    (problem,) = _problems(replace(RULE, paths=("$.a", "$[")))
    assert problem.startswith("rules/masking.yaml:7: masking rule 'one', path '$['")


def test_editors_offer_the_detectors_that_there_are() -> None:
    """The rulebook stands below masking and cannot ask it; this holds the two together."""
    schema: Any = json.loads((Path(shapes.__file__).parent / "schemas" / "masking.schema.json").read_bytes())
    detectors = schema["properties"]["built_in"]["properties"]["detectors"]["properties"]["off"]
    for listed in (detectors, schema["properties"]["rules"]["items"]["properties"]["detectors"]):
        assert listed["items"]["enum"] == sorted(DETECTOR_NAMES)
