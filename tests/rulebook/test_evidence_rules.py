"""evidence.yaml, which may be left out."""

from __future__ import annotations

import pytest

from countersign.rulebook.values import EvidenceRules
from tests.rulebook.conftest import RulesDirectory

WHOLE = """compliance: true
anchors:
  checkpoint_files:
    - /mnt/elsewhere/checkpoints
heartbeat_seconds: 60
key_epoch_hours: 24
"""


def test_left_out(rules: RulesDirectory) -> None:
    """Without the file nothing is anchored, and the rules are good."""
    assert rules.load().evidence == EvidenceRules()


def test_what_it_says(rules: RulesDirectory) -> None:
    """Each key is read; the digest of the rules speaks of the file too."""
    before = rules.load().digest
    rules.write("evidence.yaml", WHOLE)
    assert rules.load().evidence == EvidenceRules(("/mnt/elsewhere/checkpoints",), 60, 24)
    assert rules.load().digest != before


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("/mnt/elsewhere", "elsewhere", "evidence.yaml:4: 'elsewhere/checkpoints' is not an absolute path"),
        (
            "anchors:\n  checkpoint_files:\n    - /mnt/elsewhere/checkpoints\n",
            "",
            "evidence.yaml:1: compliance asks for an anchor",
        ),
        ("heartbeat_seconds: 60", "heartbeat_seconds: 0", "heartbeat_seconds"),
        ("key_epoch_hours: 24", "key_epoch_hours: 0", "key_epoch_hours"),
        ("compliance: true\n", "", "needs the key 'compliance'"),
        ("anchors", "anchor", "did you mean 'anchors'?"),
    ],
)
def test_a_mistake_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """A log that is kept otherwise than was asked for must not begin."""
    rules.write("evidence.yaml", WHOLE)
    rules.replace("evidence.yaml", old, new)
    assert any(problem in one for one in rules.problems())


def test_no_anchor_without_compliance(rules: RulesDirectory) -> None:
    """Who does not ask for compliance needs no anchor."""
    rules.write("evidence.yaml", "compliance: false\n")
    assert rules.load().evidence == EvidenceRules()
