from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from countersign import limits
from countersign.rulebook import shapes
from countersign.rulebook.documents import parse
from countersign.rulebook.problems import Problems, RulesErrors

SCHEMAS = Path(shapes.__file__).parent / "schemas"
SHIPPED = Path(__file__).parents[2] / "rules"


def _schema(kind: str) -> Any:
    return json.loads((SCHEMAS / f"{kind}.schema.json").read_bytes())


def _objects(schema: Any) -> list[dict[str, Any]]:
    found = [schema] if isinstance(schema, dict) and "properties" in schema and "type" in schema else []
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    return found + [one for part in parts for one in _objects(part)]


def _problems(kind: str, text: str) -> list[str]:
    problems = Problems(Path())
    if shapes.fits(kind, parse("x.yaml", text.encode()), problems):
        assert not problems
        return []
    with pytest.raises(RulesErrors) as caught:
        problems.raise_found()
    return [str(error) for error in caught.value.errors]


@pytest.mark.parametrize("kind", shapes.KINDS)
def test_each_schema_is_a_strict_and_described_schema(kind: str) -> None:
    """Draft 2020-12; no unknown key anywhere; every key has a description for the editor."""
    schema = _schema(kind)
    Draft202012Validator.check_schema(schema)
    objects = _objects(schema)
    assert objects
    for one in objects:
        assert one["additionalProperties"] is False
        for name, value in one["properties"].items():
            assert "$ref" in value or value["description"], f"{kind}: {name}"


def test_editors_see_the_schemas_that_count() -> None:
    """rules/schemas is the packaged folder itself, so that the two cannot differ."""
    assert (SHIPPED / "schemas").is_symlink()
    assert (SHIPPED / "schemas").resolve() == SCHEMAS.resolve()
    assert {path.name for path in SCHEMAS.iterdir()} == {f"{kind}.schema.json" for kind in shapes.KINDS}


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_file_names_its_schema(path: Path) -> None:
    """The first line is what the YAML language server looks for, and its target exists."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    assert (path.parent / first.removeprefix(prefix)).is_file()


def test_bounds_in_the_schemas_are_the_limits() -> None:
    """JSON cannot import limits.py; this holds the two together."""
    connection = _schema("connections")["properties"]["connections"]["items"]["properties"]
    issuer = _schema("identity")["properties"]["issuers"]["items"]["properties"]
    shapes_of_approval = _schema("approval")["$defs"]
    approval = shapes_of_approval["rule"]["properties"]
    anchors = _schema("evidence")["properties"]["anchors"]["properties"]
    assert anchors["witnesses"]["maxItems"] == anchors["quorum"]["maximum"] == limits.MAX_WITNESSES
    for schema, default, maximum in (
        (connection["hold_seconds"], limits.DEFAULT_HOLD_SECONDS, limits.MAX_HOLD_SECONDS),
        (issuer["leeway_seconds"], limits.DEFAULT_LEEWAY_SECONDS, limits.MAX_LEEWAY_SECONDS),
        (approval["expires_seconds"], limits.DEFAULT_APPROVAL_SECONDS, limits.MAX_APPROVAL_SECONDS),
        (approval["grant_seconds"], limits.DEFAULT_GRANT_SECONDS, limits.MAX_GRANT_SECONDS),
        (shapes_of_approval["quorum"], 1, limits.MAX_QUORUM),
        (anchors["warn_after_seconds"], limits.WARN_UNANCHORED_SECONDS, limits.MAX_UNANCHORED_SECONDS),
        (anchors["refuse_after_seconds"], limits.REFUSE_UNANCHORED_SECONDS, limits.MAX_UNANCHORED_SECONDS),
    ):
        assert (schema["default"], schema["maximum"]) == (default, maximum)
    assert shapes_of_approval["all_of"]["maxItems"] == limits.MAX_REQUIREMENTS
    assert approval["any_of"]["maxItems"] == limits.MAX_ALTERNATIVES


CONNECTION = "connections:\n  - name: a\n    url: https://a.example\n    dialect: rest\n"


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ("    dialekt: x\n", "x.yaml:5: unknown key 'dialekt' (did you mean 'dialect'?)"),
        ("    hold_seconds: 45s\n", "x.yaml:5: connections[1].hold_seconds must be a whole number"),
        ("    hold_seconds: 601\n", "x.yaml:5: connections[1].hold_seconds must be at most 600"),
        ("    hold_seconds: -1\n", "x.yaml:5: connections[1].hold_seconds must be at least 0"),
        ("    hold_seconds: true\n", "x.yaml:5: connections[1].hold_seconds must be a whole number"),
        ("    pending_status: 202\n", "x.yaml:5: connections[1].pending_status cannot be '202'"),
        ("    pass_caller_credentials: yes\n", "pass_caller_credentials must be true or false"),
        (
            "    credential: {header: 'a b', from_env: X}\n",
            "x.yaml:5: connections[1].credential.header is not well formed",
        ),
        ("    credential: {header: A}\n", "x.yaml:5: connections[1].credential must have exactly one of"),
        ("    credential: {header: A, from_env: X, from_file: /x}\n", "credential must have exactly one of"),
        ("    credential: {from_env: X}\n", "x.yaml:5: connections[1].credential needs the key 'header'"),
    ],
)
def test_a_wrong_shape_is_named_with_its_line(extra: str, problem: str) -> None:
    """Each kind of mistake has its words; without it the file fits."""
    assert _problems("connections", CONNECTION) == []
    found = _problems("connections", CONNECTION + extra)
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize("ending", ["\\n", "\\r", "\\n\\n"])
def test_a_name_does_not_end_in_a_line_feed(ending: str) -> None:
    """`$` of a pattern is the very end: a name is one line, in logs and records too."""
    rule = '{{name: "one{}", when: {{}}, verdict: deny}}'
    assert _problems("approval", f"rules: [{rule.format('')}]") == []
    (found,) = _problems("approval", f"rules: [{rule.format(ending)}]")
    assert "rules[1].name is not well formed" in found


def test_a_right_credential_fits() -> None:
    """The twin of the refused credentials."""
    assert _problems("connections", CONNECTION + "    credential: {header: Authorization, from_env: X}\n") == []


def test_all_mistakes_of_a_file_are_found() -> None:
    """A user mends a file once, not once for each mistake."""
    found = _problems("connections", "connections:\n  - nam: a\n    url: ''\n  - name: B\n    url: x\n    dialect: d\n")
    assert [problem.partition(" (")[0] for problem in found] == [
        "x.yaml:2: connections[1] needs the key 'dialect'",
        "x.yaml:2: connections[1] needs the key 'name'",
        "x.yaml:2: unknown key 'nam'",
        "x.yaml:3: connections[1].url is empty",
        "x.yaml:4: connections[2].name is not well formed",
    ]
