"""`countersign rules explain`: the decision and the rule behind it, without sending anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from countersign.cli import main

RULES = Path(__file__).resolve().parents[2] / "rules"
CALLER = {"issuer": "https://idp.example.com", "subject": "ci", "people": ["alice"], "groups": ["schema-engineers"]}
OLD = {"type": "object", "properties": {"id": {"type": "string"}}}
REQUEST: dict[str, Any] = {
    "connection": "example",
    "caller": CALLER,
    "method": "PUT",
    "target": "/schemas/order",
    "body": {**OLD, "title": "Order"},
    "current": OLD,
}


def explain(tmp_path: Path, request: object, *options: str) -> Result:
    file = tmp_path / "request.json"
    file.write_text(request if isinstance(request, str) else json.dumps(request))
    return CliRunner().invoke(main, ["rules", "explain", str(file), "--rules", str(RULES), *options])


def answered(tmp_path: Path, **changed: Any) -> dict[str, Any]:
    result = explain(tmp_path, {**REQUEST, **changed}, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.output)
    return answer


def test_allowed_change(tmp_path: Path) -> None:
    """A change that is proved harmless both ways is allowed, with the rule's file and line."""
    answer = answered(tmp_path)
    assert (answer["decision"], answer["backward"], answer["forward"]) == ("allow", "compatible", "compatible")
    assert answer["rule"].startswith("approval.yaml:")


def test_held_change(tmp_path: Path) -> None:
    """The same request with one field required is held, and says for whom."""
    answer = answered(tmp_path, body={**OLD, "required": ["id"]})
    assert (answer["decision"], answer["approvers"]) == ("hold", "group:schema-approvers")
    assert any("`id`" in line for line in answer["change"])


def test_new_schema(tmp_path: Path) -> None:
    """No current schema is a change as well."""
    assert answered(tmp_path, current=None)["decision"] == "hold"


def test_denied_caller(tmp_path: Path) -> None:
    """The same request from somebody outside the group is denied by the fall-through."""
    answer = answered(tmp_path, caller={**CALLER, "groups": ["guests"]})
    assert (answer["decision"], answer["rule"]) == ("deny", None)


def test_unknown_operation(tmp_path: Path) -> None:
    """What the dialect does not know is denied."""
    assert answered(tmp_path, method="PATCH")["decision"] == "deny"


def test_plain_words(tmp_path: Path) -> None:
    """Without --json, one line for each thing, and nothing that moves a terminal."""
    result = explain(tmp_path, {**REQUEST, "caller": {**CALLER, "people": ["al\x1b[2Jice"]}})
    assert result.exit_code == 0
    assert "decision   allow" in result.output
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("request_text", "told"),
    [
        ("{", "not JSON"),
        ("[]", "it looks like"),
        (json.dumps({**REQUEST, "connection": "nope"}), "must be one of: example"),
        (json.dumps({**REQUEST, "caller": {"people": "alice"}}), "`caller.people` must be a list"),
        (json.dumps({**REQUEST, "caller": {"claims": []}}), "`caller.claims` must be an object"),
        (json.dumps({**REQUEST, "caller": None}), "`caller` must be an object"),
        (json.dumps({**REQUEST, "method": 1}), "`method` and `target` must be strings"),
        (json.dumps({**REQUEST, "body": {"type": 7}}), "not a valid JSON Schema: /type"),
    ],
)
def test_bad_request_file(tmp_path: Path, request_text: str, told: str) -> None:
    """What cannot be used is said with the place and the remedy, exit code 2."""
    result = explain(tmp_path, request_text)
    assert result.exit_code == 2
    assert told in result.output


def test_missing_files(tmp_path: Path) -> None:
    """A missing request and missing rules are each named."""
    missing = CliRunner().invoke(main, ["rules", "explain", str(tmp_path / "no.json"), "--rules", str(RULES)])
    assert (missing.exit_code, "no.json" in missing.output) == (2, True)
    unruly = CliRunner().invoke(main, ["rules", "explain", str(tmp_path / "no.json"), "--rules", str(tmp_path)])
    assert unruly.exit_code == 2
