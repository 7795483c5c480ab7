from __future__ import annotations

import pytest

from countersign.rulebook.values import MaskingRule, Source
from tests.rulebook.conftest import RulesDirectory

RULE = 'rules:\n  - name: one\n    paths: ["$..iban"]\n    how: keep-last\n    keep: 4\n'


def test_a_rule_is_read_with_its_defaults(rules: RulesDirectory) -> None:
    """Everywhere, in both directions."""
    rules.write("masking.yaml", RULE)
    assert rules.load().masking == (
        MaskingRule("one", ("*",), ("*",), ("request", "response"), ("$..iban",), (), (), "keep-last", 4, Source("masking.yaml", 2)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("$..iban", "$..[", "masking.yaml:3: '$..[' is not JSONPath"),
        ("$..iban", "iban", "masking.yaml:3: the JSONPath 'iban' does not start at the root (write '$.iban')"),
        ("    keep: 4\n", "", "needs the key 'keep'"),
        ("keep-last", "redact", "keep has no meaning here"),
        ("keep-last", "keep-lats", "did you mean 'keep-last'?"),
        ("    how", "    headers: [Cookie]\n    how", "must have exactly one of"),
        ('    paths: ["$..iban"]\n', "", "must have exactly one of"),
    ],
)
def test_a_mistake_in_a_rule_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """A rule that would mask nothing is found at load, not in an auditor's hands."""
    rules.write("masking.yaml", RULE)
    rules.replace("masking.yaml", old, new)
    assert any(problem in one for one in rules.problems())


def test_every_bad_path_is_named(rules: RulesDirectory) -> None:
    """Two mistakes, two problems."""
    rules.write("masking.yaml", RULE.replace('"$..iban"', '"$..[", "$..iban", "$.a + $.b"'))
    assert len(rules.problems()) == 2
