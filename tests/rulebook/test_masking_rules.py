from __future__ import annotations

import pytest

from countersign.rulebook.documents import Block, Items
from countersign.rulebook.values import BuiltInMasking, MaskingRule, Source
from tests.rulebook.conftest import RulesDirectory

RULE = 'rules:\n  - name: one\n    paths: ["$..iban"]\n    how: keep-last\n    keep: 4\n'
_ACCOUNTS = ("path: /data/{subject}", "path: /data/{account}/{subject}")
TO_CLIENT = "rules:\n  - name: one\n    names: [iban]\n    in: [response-to-client]\n    how: redact\n"


def _rule(rules: RulesDirectory, selector: str, more: str = "") -> MaskingRule:
    rules.write("masking.yaml", f"rules:\n  - name: one\n    {selector}\n    how: redact\n{more}")
    (rule,) = rules.load().masking
    return rule


def test_a_rule_is_read_with_its_defaults(rules: RulesDirectory) -> None:
    """Everywhere, in both directions."""
    rules.write("masking.yaml", RULE)
    assert rules.load().masking == (
        MaskingRule("one", ("*",), ("*",), ("request", "response"), ("$..iban",), (), (), "keep-last", 4, Source("masking.yaml", 2)),
    )  # fmt: skip
    assert rules.load().built_in_masking == BuiltInMasking()


@pytest.mark.parametrize("selector", ["paths", "headers", "query", "segments", "names", "detectors", "marks"])
def test_each_selector_is_read(rules: RulesDirectory, selector: str) -> None:
    """One at a time; what says what a secret is holds in schemas, too, what says where one stands does not."""
    rules.replace("dialects/rest.yaml", *_ACCOUNTS)
    word = {"paths": "$.a", "segments": "account", "detectors": "iban", "marks": "tags=PII"}.get(selector, "X-Team")
    rule = _rule(rules, f'{selector}: ["{word}"]')
    given = {name: getattr(rule, name) for name in ("paths", "headers", "query", "segments", "names", "marks")}
    assert given | {"detectors": rule.detectors} == dict.fromkeys((*given, "detectors"), ()) | {selector: (word,)}
    wherever = selector in ("names", "detectors", "marks")
    assert rule.directions == (("request", "response", "schema") if wherever else ("request", "response"))


def test_in_says_where_a_rule_holds(rules: RulesDirectory) -> None:
    """Instead of the default."""
    assert _rule(rules, "names: [a]", "    in: [response, schema]\n").directions == ("response", "schema")


def test_a_rule_for_what_callers_get_names_their_groups(rules: RulesDirectory) -> None:
    """Both lists, each without the other, or none."""
    more = "    in: [response-to-client]\n    groups: [a, b]\n    except_groups: [c]\n"
    rule = _rule(rules, "headers: [X-Cost]", more)
    assert (rule.directions, rule.groups, rule.except_groups) == (("response-to-client",), ("a", "b"), ("c",))
    rules.write("masking.yaml", TO_CLIENT)
    assert rules.load().masking[0].groups == ()


def test_examples_are_plain_documents(rules: RulesDirectory) -> None:
    """They lose the lines of the file on their way out of the rulebook."""
    more = '    examples:\n      - { items: [{ a: 1 }, null] }\n      - [true, "x"]\n'
    rule = _rule(rules, 'paths: ["$..a"]', more)
    assert rule.examples == ({"items": [{"a": 1}, None]}, [True, "x"])
    examples: tuple[object, ...] = rule.examples
    assert not any(isinstance(example, Block | Items) for example in examples)


@pytest.mark.parametrize(
    ("selector", "good", "bad", "problem"),
    [
        ("headers: [X-A]", "{ X-A: b }", '"X-A: b"', "examples[1] must be keys with values (Write {X-Name: value}.)"),
        ("headers: [X-A]", "{ X-A: b }", "{ X-A: [b] }", "examples[1].X-A must be text"),
        ("query: [a]", "/x?a=1", "{ a: 1 }", "examples[1] must be text (A target, such as /a?token=x)"),
        ("segments: [account]", "account", "[account]", "examples[1] must be text (The name of a placeholder.)"),
    ],
)
def test_an_example_has_the_form_of_its_selector(
    rules: RulesDirectory, selector: str, good: str, bad: str, problem: str
) -> None:
    """Each selector looks at another thing."""
    rules.replace("dialects/rest.yaml", *_ACCOUNTS)
    _rule(rules, selector, f"    examples: [{good}]\n")
    rules.replace("masking.yaml", f"examples: [{good}]", f"examples: [{bad}]")
    assert any(problem in one for one in rules.problems())


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("$..iban", "$..[", "masking.yaml:3: '$..[' is not JSONPath"),
        ("$..iban", "iban", "masking.yaml:3: the JSONPath 'iban' does not start at the root (write '$.iban')"),
        ("    keep: 4\n", "", "needs the key 'keep'"),
        ("keep-last", "redact", "keep has no meaning here"),
        ("keep-last", "drop", "keep has no meaning here"),
        ("keep-last", "keep-lats", "did you mean 'keep-last'?"),
        ("    how", "    headers: [Cookie]\n    how", "must have exactly one of"),
        ("    how", "    marks: [x-internal]\n    how", "must have exactly one of"),
        ('    paths: ["$..iban"]\n', "", "must have exactly one of"),
        ('paths: ["$..iban"]', "detectors: [ibna]", "masking.yaml:3: rules[1].detectors[1] cannot be 'ibna' (did you mean 'iban'?)"),
        ('paths: ["$..iban"]', "detectors: []", "rules[1].detectors is empty"),
        ('paths: ["$..iban"]', 'marks: ["x y"]', "rules[1].marks[1] is not well formed"),
        ('paths: ["$..iban"]', 'segments: ["{subject}"]', "rules[1].segments[1] is not well formed"),
        ("    how", "    directions: [schema]\n    how", "masking.yaml:4: rules[1].directions has no meaning here (it is called `in` now: write `in: [schema]`)"),
        ("    how", "    direction: [schema]\n    how", "masking.yaml:4: unknown key 'direction' (did you mean 'connections'?)"),
        ("    how", "    exampels: [1]\n    how", "masking.yaml:4: unknown key 'exampels' (did you mean 'examples'?)"),
        ("    how", "    in: [requests]\n    how", "rules[1].in[1] cannot be 'requests' (did you mean 'request'?)"),
        ("    how", "    in: [response, response-to-client]\n    how", "rules[1].in has more than 1 entries (What a caller gets is masked by rules of its own: split this one.)"),
        ("    how", "    groups: [a]\n    how", "rules[1].groups has no meaning here (Only rules with `in: [response-to-client]` have it.)"),
        ("    how", "    in: [response]\n    except_groups: [a]\n    how", "rules[1].except_groups has no meaning here"),
        ("    how", "    examples: []\n    how", "rules[1].examples is empty"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_rule_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """A rule that would mask nothing is found at load, not in an auditor's hands."""
    rules.write("masking.yaml", RULE)
    rules.replace("masking.yaml", old, new)
    assert any(problem in one for one in rules.problems())


@pytest.mark.parametrize("selector", ["query: [iban]", "segments: [subject]"])
def test_what_a_caller_gets_has_no_target(rules: RulesDirectory, selector: str) -> None:
    """Such a rule would mask nothing; one for names does."""
    rules.write("masking.yaml", TO_CLIENT)
    rules.load()
    rules.replace("masking.yaml", "names: [iban]", selector)
    (problem,) = rules.problems()
    assert "has no meaning here (What a caller gets has none: name paths, headers, names" in problem


def test_every_bad_path_is_named(rules: RulesDirectory) -> None:
    """Two mistakes, two problems."""
    rules.write("masking.yaml", RULE.replace('"$..iban"', '"$..[", "$..iban", "$.a + $.b"'))
    assert len(rules.problems()) == 2


def test_a_segment_is_a_placeholder_of_a_dialect_of_the_rule_s_connections(rules: RulesDirectory) -> None:
    """Another one would never hold; the dialect of a connection that the rule does not name does not count."""
    rules.replace("dialects/rest.yaml", *_ACCOUNTS)
    assert _rule(rules, "segments: [account]").segments == ("account",)
    rules.replace("masking.yaml", "[account]", "[acount]")
    expected = "masking.yaml:2: no path of the connections of the rule 'one' has the placeholder {acount} "
    assert rules.problems() == [expected + "(did you mean 'account'?)"]
    rules.replace("masking.yaml", "[acount]", "[version]")  # of the dialect `confluent`, which nothing uses
    assert "has the placeholder {version} (known here: account, subject)" in rules.problems()[0]
    rules.replace("masking.yaml", "[version]", "[account]\n    connections: [other-*]")
    assert "has the placeholder {account} (there is none yet)" in rules.problems()[0]


def test_a_segment_is_in_no_subject(rules: RulesDirectory) -> None:
    """The rule would mask it in the path, and every record would name it all the same."""
    rules.replace("dialects/rest.yaml", *_ACCOUNTS)
    _rule(rules, "segments: [account]")
    rules.replace("masking.yaml", "[account]", "[subject]")
    (problem,) = rules.problems()
    assert "the segment {subject} of the rule 'one' is in subjects, which are kept and shown everywhere" in problem


def test_segments_wait_for_dialects_that_can_be_read(rules: RulesDirectory) -> None:
    """Of a dialect with a mistake nobody knows the placeholders: one problem, not two."""
    rules.replace("dialects/rest.yaml", *_ACCOUNTS)
    _rule(rules, "segments: [account]")
    rules.replace("dialects/rest.yaml", "name: rest\n", "nam: rest\n")
    assert not any("placeholder" in one for one in rules.problems())


BUILT_IN = """\
rules: []
built_in:
  names: { off: [pin] }
  detectors:
    off: [email]
    phone_regions: [DE, US]
  marks: { off: [writeOnly] }
"""


def test_what_is_built_in_can_be_changed(rules: RulesDirectory) -> None:
    """Each of the lists; one that is left out changes nothing."""
    rules.write("masking.yaml", BUILT_IN)
    assert rules.load().built_in_masking == BuiltInMasking(("pin",), ("email",), ("writeOnly",), ("DE", "US"))
    assert rules.load().built_in_masking.source == Source("masking.yaml", 2)
    rules.replace("masking.yaml", "    off: [email]\n", "")
    assert rules.load().built_in_masking == BuiltInMasking(("pin",), (), ("writeOnly",), ("DE", "US"))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[email]", "[e-mail]", "masking.yaml:5: built_in.detectors.off[1] cannot be 'e-mail' (did you mean 'email'?)"),
        ("[DE, US]", "[DE, XX]", "masking.yaml:6: no phone numbers of a region 'XX' are known (write two letters of"),
        ("[DE, US]", "[de]", "built_in.detectors.phone_regions[1] is not well formed"),
        ("marks:", "mark:", "masking.yaml:7: unknown key 'mark' (did you mean 'marks'?)"),
        ("{ off: [pin] }", "[pin]", "built_in.names must be keys with values"),
        ("{ off: [pin] }", "{}", "built_in.names needs the key 'off'"),
    ],
)
def test_a_mistake_in_what_is_built_in_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """Nobody finds out in the evidence that a word was misspelt."""
    rules.write("masking.yaml", BUILT_IN)
    rules.load()
    rules.replace("masking.yaml", old, new)
    assert any(problem in one for one in rules.problems())
