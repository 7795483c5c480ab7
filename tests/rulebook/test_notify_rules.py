"""Where news of approvals go."""

from __future__ import annotations

import pytest

from countersign.rulebook.values import NotifyTarget, SecretPlace, Source
from tests.rulebook.conftest import RulesDirectory

TEXT = """rules: []
notify:
  - name: chat
    apprise: { from_env: COUNTERSIGN_CHAT }
  - name: hook
    webhook: https://hooks.example.com/countersign?team=a
    key: { from_file: /run/secrets/hook-key }
    events: [decided, break-glass]
"""


def test_both_kinds_are_read(rules: RulesDirectory) -> None:
    """Of all events unless it says of which; secrets stay where they are."""
    rules.write("approval.yaml", TEXT)
    assert rules.load().notify == (
        NotifyTarget(
            "chat",
            SecretPlace("COUNTERSIGN_CHAT", None),
            None,
            None,
            ("requested", "decided", "expired", "break-glass"),
            Source("approval.yaml", 3),
        ),
        NotifyTarget(
            "hook",
            None,
            "https://hooks.example.com/countersign?team=a",
            SecretPlace(None, "/run/secrets/hook-key"),
            ("decided", "break-glass"),
            Source("approval.yaml", 5),
        ),
    )


def test_without_one_no_news_go_out(rules: RulesDirectory) -> None:
    """The shipped rules have none."""
    assert rules.load().notify == ()


def test_a_webhook_on_this_machine_may_be_plain_http(rules: RulesDirectory) -> None:
    """The twin of the one that crosses a network."""
    rules.write("approval.yaml", TEXT)
    rules.replace("approval.yaml", "https://hooks.example.com", "http://127.0.0.1:8080")
    assert rules.load().notify[1].webhook == "http://127.0.0.1:8080/countersign?team=a"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "{ from_env: COUNTERSIGN_CHAT }",
            "slack://token",
            "4: notify[1].apprise must be keys with values (Where a secret is read",
        ),
        ("{ from_env: COUNTERSIGN_CHAT }", "{}", "4: notify[1].apprise must have exactly one of from_env, from_file"),
        (
            "{ from_env: COUNTERSIGN_CHAT }",
            "{ from_env: A, from_file: /a }",
            "4: notify[1].apprise must have exactly one",
        ),
        (
            "{ from_env: COUNTERSIGN_CHAT }",
            "{ from_file: a }",
            "4: notify[1].apprise.from_file is not well formed (The file",
        ),
        ("    apprise: { from_env: COUNTERSIGN_CHAT }\n", "", "3: notify[1] must have exactly one of apprise, webhook"),
        (
            "COUNTERSIGN_CHAT }",
            "X }\n    key: { from_env: Y }",
            "3: notify[1] has 'key' without 'webhook' (Signs what the",
        ),
        ("    key: { from_file: /run/secrets/hook-key }\n", "", "5: notify[2] has 'webhook' without 'key' (Where JSON"),
        (
            "    key:",
            "    apprise: { from_env: A }\n    key:",
            "5: notify[2] must have exactly one of apprise, webhook",
        ),
        ("https://hooks", "http://hooks", "6: the webhook is not https"),
        ("https://hooks", "ftp://hooks", "6: the webhook is not an https URL"),
        ("https://hooks", "https://user:pass@hooks", "6: the webhook is not an https URL without user and fragment"),
        ("https://hooks.example.com/countersign?team=a", "'https:///x'", "6: '' is not a host name"),
        (
            "[decided, break-glass]",
            "[decided, break-glas]",
            "8: notify[2].events[2] cannot be 'break-glas' (did you mean",
        ),
        ("[decided, break-glass]", "[]", "8: notify[2].events is empty"),
        ("name: hook", "name: chat", "5: a second target is named 'chat' (the first: approval.yaml:3)"),
        ("    events:", "    evnts:", "8: unknown key 'evnts' (did you mean 'events'?)"),
    ],
)
def test_a_mistake_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """No credential in a rule file, no webhook without a signature, no summary in the clear."""
    rules.write("approval.yaml", TEXT)
    rules.replace("approval.yaml", old, new)
    found = rules.problems()
    assert any(one.startswith(f"approval.yaml:{problem}") for one in found), found
    assert "slack://" not in "".join(found)  # it is a credential
