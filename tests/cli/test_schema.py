"""`countersign schema diff`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from countersign.cli.schema import schema

STRING, INTEGER = '{"type": "string"}', '{"type": "integer"}'


def run(*arguments: str, stdin: str | bytes = "", color: bool = False, env: dict[str, str] | None = None) -> Result:
    variables = {"NO_COLOR": "", "TERM": "xterm", **(env or {})}
    return CliRunner().invoke(schema, ["diff", *arguments], input=stdin, color=color, env=variables)


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
    assert re.search('for example `"[^"]*"` is refused today and would be valid', output)
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


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_plain_view_has_no_colours_where_they_are_not_wanted(tmp_path: Path, variable: dict[str, str]) -> None:
    """NO_COLOR (no-color.org), or a terminal that cannot; an empty NO_COLOR asks for nothing."""
    files = written(tmp_path, old=STRING, new=INTEGER)
    assert "\x1b" not in run(*files, color=True, env=variable).stdout
    assert "\x1b" in run(*files, color=True, env={"NO_COLOR": "", "TERM": "xterm"}).stdout


def test_columns_line_up(tmp_path: Path) -> None:
    """However long kinds and places are; what a row is about is the value that came or went, or both."""
    old = '{"additionalProperties": {"type": "string"}, "properties": {"a": {"enum": [null, 1]}, "b": {"minimum": 1}}}'
    new = '{"additionalProperties": {"maxLength": 1}, "properties": {"a": {"enum": [1, 2]}, "b": {"minimum": 2}}}'
    lines = run(*written(tmp_path, old=old, new=new)).stdout.splitlines()
    rows = [line for line in lines if " /" in line]
    assert len(rows) == 5
    assert len({row.index(" /") for row in rows}) == 1
    for value in ("null", "2", "1 -> 2", '"string"'):
        assert any(row.endswith(f"  {value}") for row in rows), value
    ends = [re.match(r".*? /\S+ +", row) for row in rows]
    assert len({end.end() for end in ends if end is not None}) == 1


def test_a_reason_is_said_where_no_change_says_it(tmp_path: Path) -> None:
    """Under its verdict; what a row says is not said again."""
    output = run(*written(tmp_path, old="{}", new='{"$ref": "x.json", "minimum": 1}')).stdout
    assert output.count("the reference at /$ref leads nowhere") == 1
    assert "backward breaking: minimum-added" not in output
    assert "backward unknown: minimum-added" not in output
    assert "minimum-added" in output


def test_what_is_no_valid_schema_is_said(tmp_path: Path) -> None:
    """With its file and the place; it is compared all the same. `--json` stays what it is."""
    files = written(tmp_path, old=STRING, new='{"type": "strin"}')
    result = run(*files)
    assert result.exit_code == 0
    assert f"{files[1]}: not a valid JSON Schema: /type: " in result.stderr
    assert files[0] not in result.stderr
    assert run(*files, "--json").stderr == ""
    assert run(files[0], files[0]).stderr == ""


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
    [
        ('{"a": 1 "b": 2}', "line 1, column 9"),
        ("[]", "the root of a schema"),
        ('{"a": 1, "a": 2}', "given twice"),
        ("", "give one schema, as JSON"),
    ],
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
    assert "give a file that you may read" in result.stderr


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
    assert [answer["line"] for answer in answers[1:4]] == [2, 3, 4]
    assert 'a line looks like {"old": {…}, "new": {…}}' in answers[2]["error"]
    assert answers[3]["error"].startswith("old: ")
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
