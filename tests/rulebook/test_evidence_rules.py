"""evidence.yaml, which may be left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from countersign import limits
from countersign.rulebook import shapes
from countersign.rulebook.values import EvidenceRules, RetentionRule, Source
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
            "compliance asks for an anchor",
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


RETENTION = """compliance: false
retention:
  - name: bodies
    older_than_days: 90
    connection: registry
    types: [intent, outcome]
    names: [request-body, response-body]
  - name: everything
    older_than_days: 365
prune_every_hours: 24
"""


def test_retention(rules: RulesDirectory) -> None:
    """Each rule with its place; what is left out means any."""
    rules.write("evidence.yaml", RETENTION)
    found = rules.load().evidence
    assert found.prune_every_hours == 24
    bodies, everything = found.retention
    assert bodies == RetentionRule(
        "bodies",
        90,
        "registry",
        ("intent", "outcome"),
        ("request-body", "response-body"),
        Source("evidence.yaml", 3),
    )
    assert everything == RetentionRule("everything", 365, None, None, None, Source("evidence.yaml", 8))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("older_than_days: 90", "older_than: 90d", "evidence.yaml:4: unknown key 'older_than'"),
        ("    older_than_days: 365\n", "", "evidence.yaml:8: retention[2] needs the key 'older_than_days'"),
        ("older_than_days: 90", "older_than_days: 0", "retention[1].older_than_days must be at least 1"),
        ("older_than_days: 90", "older_than_days: 90d", "retention[1].older_than_days must be a whole number"),
        ("name: everything", "name: bodies", "evidence.yaml:8: a second retention rule is named 'bodies'"),
        ("  - name: everything\n", "  -\n", "retention[2] needs the key 'name'"),
        ("connection: registry", "connection: 'reg*'", "retention[1].connection is not well formed"),
        ("[intent, outcome]", "[intents]", "cannot be 'intents' (did you mean 'intent'?)"),
        ("[intent, outcome]", "[genesis]", "cannot be 'genesis'"),
        ("[intent, outcome]", "[]", "retention[1].types is empty"),
        ("[request-body, response-body]", "[request_body]", "cannot be 'request_body' (did you mean 'request-body'?)"),
        ("[request-body, response-body]", "[change, change]", "retention[1].names has an entry twice"),
        ("prune_every_hours: 24", "prune_every_hours: 0", "prune_every_hours must be at least 1"),
        ("prune_every_hours: 24", "prune_every: 24", "unknown key 'prune_every' (did you mean 'prune_every_hours'?)"),
    ],
)
def test_a_mistake_in_retention(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """What would erase something else than was meant, or nothing, is refused with its place and the remedy."""
    rules.write("evidence.yaml", RETENTION)
    rules.replace("evidence.yaml", old, new)
    assert any(problem in one for one in rules.problems()), rules.problems()


def test_hours_without_rules(rules: RulesDirectory) -> None:
    """Who wants to erase regularly says what."""
    rules.write("evidence.yaml", "compliance: false\nprune_every_hours: 24\n")
    (problem,) = rules.problems()
    assert "has 'prune_every_hours' without 'retention'" in problem


def test_the_shortest_retention() -> None:
    """A rule cannot name an age at which the log would refuse to erase; JSON cannot import limits.py."""
    schema = json.loads((Path(shapes.__file__).parent / "schemas" / "evidence.schema.json").read_bytes())
    days = schema["properties"]["retention"]["items"]["properties"]["older_than_days"]["minimum"]
    assert days * 24 * 3600 == limits.MIN_RETENTION_SECONDS
