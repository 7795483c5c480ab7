"""`countersign schema diff`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from countersign.cli.schema import schema

STRING, INTEGER = '{"type": "string"}', '{"type": "integer"}'


def run(*arguments: str, stdin: str | bytes = "", color: bool = False) -> Result:
    return CliRunner().invoke(schema, ["diff", *arguments], input=stdin, color=color)


def written(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / f"{name}.json").write_text(text)
    return [str(folder / f"{name}.json") for name in files]


def test_json_has_the_members_of_the_contract(tmp_path: Path) -> None:
    """`--json` writes changes, both verdicts and reasons."""
    result = run(*written(tmp_path, old='{"required": []}', new='{"required": ["taxId"]}'), "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["changes"] == [
        {
            "kind": "required-added",
            "pointer": "/required",
            "old_pointer": "/required",
            "new_pointer": "/required",
            "property": "taxId",
            "before": None,
            "after": "taxId",
            "effect": "narrows",
            "counterexample": {"direction": "backward", "value": {}},
        }
    ]
    assert answer["counterexamples"] == [{"direction": "backward", "value": {}}]
    assert (answer["backward"], answer["forward"]) == ("breaking", "compatible")
    assert answer["reasons"] == ["backward breaking: required-added at /required (narrows)"]


def test_plain_view_names_verdicts_and_changes(tmp_path: Path) -> None:
    """Without `--json` the verdicts come first, then every change with its pointer."""
    result = run(*written(tmp_path, old=STRING, new=INTEGER))
    assert result.exit_code == 0
    assert result.stdout.startswith("backward  breaking")
    assert "type-changed" in result.stdout
    assert '"string" -> "integer"' in result.stdout
    assert "\x1b" not in result.stdout


def test_plain_view_shows_examples(tmp_path: Path) -> None:
    """A value that would be refused, and one that would be accepted, stand under the verdict and under the change."""
    output = run(*written(tmp_path, old='{"minimum": 1}', new='{"minimum": 5}')).stdout
    assert output.count("for example `1` is valid today and would be refused") == 2
    assert "for example" not in run(*written(tmp_path, old='{"title": "a"}', new='{"title": "b"}')).stdout
    output = run(*written(tmp_path, old='{"const": "a\\u202e"}', new='{"type": "string"}')).stdout
    assert 'for example `""` is refused today and would be valid' in output
    output = run(*written(tmp_path, old='{"type": "string"}', new='{"not": {"const": ""}}')).stdout
    assert 'for example `""` is valid today and would be refused' in output
    assert "`null` is refused today and would be valid" in output


def test_examples_are_escaped(tmp_path: Path) -> None:
    """A value of a schema cannot turn the text around either."""
    output = run(*written(tmp_path, old='{"enum": ["\\u202e"]}', new='{"enum": ["b"]}')).stdout
    assert 'for example `"\\u202e"` is valid today and would be refused' in output
    assert "\u202e" not in output


def test_plain_view_is_coloured_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal a breaking verdict is red."""
    assert "\x1b[31m" in run(*written(tmp_path, old=STRING, new=INTEGER), color=True).stdout


def test_plain_view_of_equal_schemas_says_so(tmp_path: Path) -> None:
    """Two schemas that say the same have no changes."""
    assert "no changes" in run(*written(tmp_path, old=STRING, new=STRING)).stdout


def test_control_characters_are_escaped(tmp_path: Path) -> None:
    """A member name cannot move the cursor or turn the text around."""
    files = written(tmp_path, old="{}", new='{"required": ["a\\u001b[2J\\u202e"]}')
    output = run(*files).stdout
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "a\\u001b[2J\\u202e" in output


def test_standard_input(tmp_path: Path) -> None:
    """`-` reads one of the two schemas from the standard input."""
    (old,) = written(tmp_path, old=STRING)
    result = run(old, "-", "--json", stdin=STRING)
    assert json.loads(result.stdout)["changes"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [('{"a": 1 "b": 2}', "line 1, column 9"), ("[]", "the root of a schema"), ('{"a": 1, "a": 2}', "given twice")],
)
def test_unreadable_input_names_file_and_place(tmp_path: Path, text: str, said: str) -> None:
    """A file that is no schema ends with exit code 2 and its name."""
    old, new = written(tmp_path, old=STRING, new=text)
    result = run(old, new)
    assert result.exit_code == 2
    assert new in result.stderr
    assert said in result.stderr
    assert run(old, old).exit_code == 0


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there ends with exit code 2."""
    (old,) = written(tmp_path, old=STRING)
    result = run(old, str(tmp_path / "absent.json"))
    assert result.exit_code == 2
    assert "absent.json" in result.stderr


def test_batch_answers_every_line_in_order() -> None:
    """A bad line yields an error and the next line is still answered; `old` null is a schema that is created."""
    lines = [
        '{"old": {"type": "string"}, "new": {"type": "string"}}',
        "not json",
        '{"old": {}}',
        '{"old": 1, "new": {}}',
        "",
        '{"old": null, "new": {"type": "string"}}',
        '{"old": {"type": "string"}, "new": {"type": "integer"}}',
    ]
    result = run("--batch", "-", stdin="\n".join(lines))
    assert result.exit_code == 0
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(answers) == 6
    assert answers[0]["backward"] == "compatible"
    assert all("error" in answer for answer in answers[1:4])
    assert answers[4]["changes"][0]["kind"] == "schema-created"
    assert answers[5]["backward"] == "breaking"


def test_batch_and_files_exclude_each_other(tmp_path: Path) -> None:
    """Asking for both is a mistake that is said; so is asking for neither."""
    (old,) = written(tmp_path, old=STRING)
    assert run(old, old, "--batch", "-").exit_code == 2
    assert run(old).exit_code == 2
    assert run("-", "-").exit_code == 2


def test_the_dialect_can_be_said(tmp_path: Path) -> None:
    """For files and for batches; a name that is none is an error."""
    files = written(tmp_path, old='{"type": "string"}', new='{"type": "string", "nullable": true}')
    verdicts = json.loads(run(*files, "--json", "--dialect", "openapi-3.0").stdout)
    assert (verdicts["backward"], verdicts["forward"]) == ("compatible", "breaking")
    assert json.loads(run(*files, "--json").stdout)["backward"] == "unknown"
    line = '{"old": {"type": "string"}, "new": {"type": "string", "nullable": true}}'
    assert json.loads(run("--batch", "-", "--dialect", "kubernetes", stdin=line).stdout)["forward"] == "breaking"
    assert run(*files, "--dialect", "openapi").exit_code == 2
