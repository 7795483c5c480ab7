"""`countersign rules explain`: the decision and the rule behind it, without sending anything."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
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


APPROVAL = """windows:
  - { name: night, timezone: Europe/Berlin, from: "22:00", until: "02:00" }
rules:
  - { name: nothing at night, when: { during: [night], effects: [delete] }, verdict: deny }
  - name: two teams
    when: {}
    verdict: hold
    any_of:
      - { approvers: ["group:leads"], quorum: 2 }
      - all_of: [{ approvers: ["group:security"] }, { approvers: ["group:data", "group:platform"] }]
break_glass:
  - { name: on-call, who: { groups: [on-call] }, when: { during: [night] }, reviewers: ["group:leads", "person:bob"] }
"""
NIGHT, NOON = "2026-06-10T01:59:59+02:00", "2026-06-10T12:00:00+02:00"
ON_CALL = {**CALLER, "groups": ["schema-engineers", "on-call"]}


def explain(tmp_path: Path, request: object, *options: str, rules: Path = RULES) -> Result:
    file = tmp_path / "request.json"
    file.write_text(request if isinstance(request, str) else json.dumps(request))
    return CliRunner().invoke(main, ["rules", "explain", str(file), "--rules", str(rules), *options])


def answered(tmp_path: Path, rules: Path = RULES, **changed: Any) -> dict[str, Any]:
    result = explain(tmp_path, {**REQUEST, **changed}, "--json", rules=rules)
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


@pytest.fixture
def own_rules(tmp_path: Path) -> Path:
    """The shipped rules with APPROVAL, and deletes for engineers."""
    directory = Path(shutil.copytree(RULES, tmp_path / "rules", ignore=shutil.ignore_patterns("schemas")))
    (directory / "approval.yaml").write_text(APPROVAL)
    access = directory / "access.yaml"
    access.write_text(access.read_text().replace("[register, update, data]", "[register, update, data, delete]"))
    return directory


def test_needed_signatures(tmp_path: Path, own_rules: Path) -> None:
    """A hold shows each alternative in words, and the right that let the request come so far."""
    answer = answered(tmp_path, own_rules)
    assert answer["needs"] == ["2 of group:leads", "one of group:security and one of group:data or group:platform"]
    assert answer["approvers"] == "group:leads, group:security, group:data, group:platform"
    assert answer["access"] == "the rule 'engineers change schemas' allows it (access.yaml:10)"


@pytest.mark.parametrize(
    ("caller", "at", "opening", "reason"),
    [
        (
            ON_CALL,
            NIGHT,
            "open",
            "the rule 'on-call' (approval.yaml:12) opens it, to be reviewed afterwards by one of group",
        ),
        (ON_CALL, NOON, "closed", "you are not among those"),
        (CALLER, NIGHT, "closed", "you are not among those"),
    ],
)
def test_break_glass(
    tmp_path: Path, own_rules: Path, caller: dict[str, Any], at: str, opening: str, reason: str
) -> None:
    """Whether this caller could pass at once at that time, and who would review it."""
    answer = answered(tmp_path, own_rules, caller=caller, at=at)
    assert (answer["decision"], answer["break_glass"]) == ("hold", opening)
    assert answer["break_glass_reason"].startswith(reason)


def test_time_of_the_request(tmp_path: Path, own_rules: Path) -> None:
    """A rule for a window decides within it: at the time that is given, or now."""
    delete: dict[str, Any] = {"method": "DELETE", "body": None}
    night = answered(tmp_path, own_rules, at=NIGHT, **delete)
    assert (night["decision"], night["at"]) == ("deny", "2026-06-09T23:59:59+00:00")
    assert "break_glass" not in night  # what is denied cannot be broken
    assert answered(tmp_path, own_rules, at=NOON, **delete)["decision"] == "hold"
    now = datetime.fromisoformat(answered(tmp_path, own_rules, **delete)["at"])
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60


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
    assert re.search(r"^decision +allow$", result.output, re.MULTILINE)
    assert "\x1b" not in result.output


def test_columns_line_up(tmp_path: Path) -> None:
    """Whatever the longest label is; what there is not is a dash."""
    result = explain(tmp_path, {**REQUEST, "body": {**OLD, "required": ["id"]}})
    rows = [re.fullmatch(r"([a-z ]+?)  +(\S.*)", line) for line in result.output.splitlines()]
    assert all(rows)
    assert len({row.start(2) for row in rows if row is not None}) == 1
    assert "break glass reason" in {row[1] for row in rows if row is not None}
    denied = explain(tmp_path, {**REQUEST, "caller": {**CALLER, "groups": ["guests"]}})
    assert re.search(r"^rule +-$", denied.output, re.MULTILINE)


@pytest.mark.parametrize(
    ("request_text", "told"),
    [
        ("{", "not JSON"),
        ("[]", "it looks like"),
        (json.dumps({**REQUEST, "connection": "nope"}), "must be one of: example"),
        (json.dumps({**REQUEST, "caller": {"people": "alice"}}), "`caller.people` must be a list"),
        (json.dumps({**REQUEST, "caller": {"claims": []}}), "`caller.claims` must be an object"),
        (json.dumps({**REQUEST, "caller": None}), "`caller` must be an object"),
        (json.dumps({**REQUEST, "at": "2026-06-10T12:00:00"}), "`at` must be a time with its offset"),
        (json.dumps({**REQUEST, "at": "2026-06-31T12:00:00Z"}), "`at` must be a time with its offset"),
        (json.dumps({**REQUEST, "at": 0}), "`at` must be a time with its offset"),
        (json.dumps({**REQUEST, "at": None}), "`at` must be a time with its offset"),
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


_MARKED: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string", "writeOnly": True}}}
_PLAIN: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_MARKED, _PLAIN),
        (_PLAIN, _MARKED),
        (_MARKED, {**_MARKED, "properties": {"id": {"allOf": [_MARKED["properties"]["id"]]}}}),
        (
            {**_PLAIN, "$defs": {"i": _PLAIN["properties"]["id"]}, "properties": {"id": {"$ref": "#/$defs/i", "writeOnly": True}}},
            {**_PLAIN, "$defs": {"i": _PLAIN["properties"]["id"]}, "properties": {"id": {"$ref": "#/$defs/i"}}},
        ),
        ({"properties": {"id": {}, "password": {}}}, {"properties": {"id": {}}}),
        ({"properties": {"id": {}, "iban": {}}}, {"properties": {"id": {}, "account": {}}}),
    ],
    ids=["taken off", "put on", "moved", "beside a reference", "a masked name gone", "a masked name renamed"],
)  # fmt: skip
def test_marks_of_sensitivity_are_never_allowed_as_harmless(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """By the shipped rules: what is valid stays valid, both ways, and still another person is asked."""
    answer = answered(tmp_path, current=before, body=after)
    assert (answer["backward"], answer["forward"]) == ("compatible", "compatible")
    assert answer["decision"] == "hold"
    assert "'sensitivity marks need a second person'" in answer["reason"]


def test_their_twin_without_a_mark_is_allowed(tmp_path: Path) -> None:
    """A member of no masked name that accepts everything may go."""
    answer = answered(tmp_path, current={"properties": {"id": {}, "colour": {}}}, body={"properties": {"id": {}}})
    assert answer["decision"] == "allow"


def test_the_dialect_says_how_schemas_are_read(tmp_path: Path) -> None:
    """A service of Kubernetes schemas drops what is not declared: one member less narrows."""
    rules = Path(shutil.copytree(RULES, tmp_path / "rules", ignore=shutil.ignore_patterns("schemas")))
    plain = answered(tmp_path, rules, current=_PLAIN, body={"type": "object", "properties": {}})
    assert (plain["backward"], plain["forward"]) == ("compatible", "breaking")
    dialect = rules / "dialects" / "rest.yaml"
    dialect.write_text(dialect.read_text().replace("name: rest\n", "name: rest\nschema_language: kubernetes\n"))
    found = answered(tmp_path, rules, current=_PLAIN, body={"type": "object", "properties": {}})
    assert (found["backward"], found["forward"]) == ("breaking", "compatible")
    result = explain(tmp_path, {**REQUEST, "body": {"$ref": "#"}}, rules=rules)
    assert result.exit_code == 2
    assert "/$ref" in result.output
