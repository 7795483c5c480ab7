"""What holds without any rule."""

from __future__ import annotations

from countersign.masking.fields.built_in_rules import built_in_rule
from countersign.masking.replacements import REDACTED, Replacements
from tests.masking.rules import DIGEST


def test_a_built_in_rule_redacts_under_its_own_name() -> None:
    """In whatever is kept or shown, and not in what callers see."""
    rule = built_in_rule("email")
    replacements = Replacements(DIGEST)
    assert replacements.by(rule, "bob@example.com") == REDACTED
    assert replacements.masked == {"built-in:email": 1}
    assert "response-to-client" not in rule.directions
