"""`countersign rules try-mask`: before and after, and which rule did it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from countersign import limits
from countersign.cli import main

SHIPPED = Path(__file__).resolve().parents[2] / "rules"
REQUEST = """\
POST /data/orders HTTP/1.1
X-Build-User: ana
Host: schemas.example.com
Authorization: Bearer hunter2-correct-horse
Content-Type: application/json

{"card": "4111 1111 1111 1111", "items": [{"taxId": "12/345/67890"}], "n": 1}
"""


def _run(*arguments: str, text: str | bytes = "", environment: dict[str, str] | None = None, **more: Any) -> Result:
    runner = CliRunner(
        env={"COUNTERSIGN_RULES": str(SHIPPED), "NO_COLOR": None, "TERM": "xterm", **(environment or {})}
    )
    return runner.invoke(main, ["rules", "try-mask", *arguments], input=text, **more)


@pytest.fixture
def two_connections(tmp_path: Path) -> Path:
    """The shipped rules with a second connection."""
    directory = Path(shutil.copytree(SHIPPED, tmp_path / "rules", ignore=shutil.ignore_patterns("schemas")))
    second = "connections:\n  - { name: second, url: https://second.example.com, dialect: rest }\n"
    (directory / "connections" / "second.yaml").write_text(second, encoding="utf-8")
    return directory


def test_a_whole_request_before_and_after(tmp_path: Path) -> None:
    """Line by line, with the rules that did it and how many values each masked."""
    file = tmp_path / "request.http"
    file.write_text(REQUEST, encoding="utf-8")
    result = _run(str(file))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "request at example, subject orders: send data of the dialect rest"
    for line in (
        "- Authorization: Bearer hunter2-correct-horse",
        "+ Authorization: [masked]",
        "  Host: schemas.example.com",
        '-   "card": "4111 1111 1111 1111",',
        '+   "card": "…1111",',
        '+       "taxId": "[masked]"',
        '    "n": 1',
    ):
        assert line in lines
    rows = [{part.strip() for part in line.split("  ")} for line in lines]
    assert any({"keep-last 4", "account numbers keep their end", "body /card"} <= row for row in rows)
    assert any({"keyed-hash", "who built it", "header X-Build-User"} <= row for row in rows)
    assert "4 values masked." in lines


def test_colours_are_for_terminals_that_want_them() -> None:
    """Not in a file, and not with NO_COLOR."""
    assert "\x1b[31m" in _run("-", text=REQUEST, color=True).stdout
    assert "\x1b[" not in _run("-", text=REQUEST).stdout
    assert "\x1b[" not in _run("-", text=REQUEST, color=True, environment={"NO_COLOR": "1"}).stdout
    assert "\x1b[" not in _run("-", text=REQUEST, color=True, environment={"TERM": "dumb"}).stdout


def test_programs_get_json_without_what_is_masked() -> None:
    """What is kept, and by which rule."""
    result = _run("-", "--json", text=REQUEST)
    answer = json.loads(result.stdout)
    assert "hunter2" not in result.stdout
    assert "4111" not in result.stdout
    assert json.loads(answer["body"])["n"] == 1
    assert {"rule": "tax numbers", "how": "redact", "values": 1, "where": ["body /items/*/taxId"]} in answer["masked"]


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("a.json", '{"password": "hunter2"}', '+   "password": "[masked]"'),
        ("a.jsonl", '{"a": 1}\n{"password": "hunter2"}\n', '+ {"password":"[masked]"}'),
        ("a.ndjson", '{"a": 1}\n{"password": "hunter2"}\n', '+ {"password":"[masked]"}'),
    ],
)
def test_a_body_alone_is_what_its_name_says(tmp_path: Path, name: str, text: str, kept: str) -> None:
    """JSON, or a document on each line."""
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    result = _run(str(file))
    assert kept in result.stdout.splitlines(), result.stdout


def test_a_body_alone_is_what_the_option_says() -> None:
    """A form; without the option nobody knows, and it is not kept."""
    form = "a=b&password=hunter2"
    result = _run("-", "--content-type", "application/x-www-form-urlencoded", text=form)
    assert "- password=hunter2" in result.stdout.splitlines()
    assert "1 value masked." in result.stdout
    result = _run("-", text=form)
    assert result.exit_code == 0
    assert "The body is not kept in readable form" in result.stdout
    assert "hunter2" not in result.stdout


def test_a_schema_says_what_is_sensitive_in_the_data(tmp_path: Path) -> None:
    """Its file is read as schemas are."""
    schema = tmp_path / "schema.json"
    schema.write_text('{"properties": {"margin": {"x-internal": true}}}', encoding="utf-8")
    result = _run("-", "--schema", str(schema), text='{"margin": "30 percent"}')
    assert '+   "margin": "[masked]"' in result.stdout.splitlines()
    assert "Nothing is masked." in _run("-", text='{"margin": "30 percent"}').stdout
    schema.write_text("{", encoding="utf-8")
    assert _run("-", "--schema", str(schema), text="{}").exit_code == 2


def test_what_a_caller_gets_needs_its_groups(two_connections: Path) -> None:
    """One option for each."""
    masking = two_connections / "masking.yaml"
    rule = "rules:\n  - name: r\n    in: [response-to-client]\n    names: [a]\n    groups: [x]\n    how: redact\n"
    masking.write_text(rule, encoding="utf-8")
    asked = ("-", "--rules", str(two_connections), "--connection", "second", "--in", "response-to-client")
    assert "1 value masked." in _run(*asked, "--group", "y", "--group", "x", text='{"a": "b"}').stdout
    assert "Nothing is masked." in _run(*asked, "--group", "y", text='{"a": "b"}').stdout


def test_with_several_connections_one_is_named(two_connections: Path) -> None:
    """Their rules may differ."""
    rules = ("--rules", str(two_connections))
    assert _run("-", *rules, "--connection", "second", text="{}").exit_code == 0
    result = _run("-", *rules, text="{}")
    assert (result.exit_code, result.stderr) == (
        2,
        "say with --connection whose rules hold; known here: example, second\n",
    )
    result = _run("-", *rules, "--connection", "secnod", text="{}")
    assert (result.exit_code, result.stderr) == (2, "there is no connection 'secnod'; did you mean 'second'?\n")


@pytest.mark.parametrize(
    ("arguments", "text", "told"),
    [
        (("nothing-here.json",), "", "nothing-here.json: No such file or directory"),
        (("-", "--in", "response"), REQUEST, "--in response: the file starts as a request"),
        (("-", "--in", "request"), "HTTP/1.1 200 OK\n\n", "--in request: the file starts as a response"),
        (("-", "--content-type", "text/plain"), REQUEST, "--content-type is for a body alone"),
        (("-", "--group", "a"), "{}", "--group speaks of the caller"),
        (("-", "--in", "schema"), "hunter2", "not JSON"),
        (("-",), "GET / HTTP/1.1\nhunter2\n\n", "line 2 is no header field"),
        (("-", "--rules", "nowhere"), "{}", "there is no such rules directory"),
        (("-", "--in", "both"), "{}", "Invalid value for '--in'"),
    ],
)
def test_what_cannot_be_tried_is_told_with_exit_code_2(arguments: tuple[str, ...], text: str, told: str) -> None:
    """On the standard error, without what is in the file; the same with nothing wrong in it is exit code 0."""
    result = _run(*arguments, text=text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert "hunter2" not in result.stderr
    assert _run("-", text="{}").exit_code == 0


def test_what_is_told_moves_no_cursor() -> None:
    """Names come from elsewhere, too."""
    result = _run("\x1b[2Jx.json")
    assert result.exit_code == 2
    assert "\x1b" not in result.stderr
    assert "\\u001b[2Jx.json" in result.stderr


def test_a_file_that_the_gateway_would_not_take_is_not_tried() -> None:
    """It answers 413 to such a message."""
    most = limits.MAX_BODY_BYTES + limits.MAX_UNREAD_BYTES
    result = _run("-", text=b" " * (most + 1))
    assert (result.exit_code, result.stderr) == (
        2,
        f"standard input: longer than {most} bytes, which is more than the gateway takes\n",
    )


def test_rules_whose_examples_are_wrong_can_be_tried(two_connections: Path) -> None:
    """To find out why they mask nothing."""
    masking = two_connections / "masking.yaml"
    text = masking.read_text(encoding="utf-8").replace("$..customer.number", "$.customer.number")
    masking.write_text(text, encoding="utf-8")
    assert _run("-", "--rules", str(two_connections), "--connection", "second", text="{}").exit_code == 0


def test_the_help_says_first_that_it_prints_the_file_unmasked() -> None:
    """Before anybody runs it where others look on."""
    first = _run("--help").stdout.splitlines()[2]
    assert first.strip().startswith("PRINTS FILE UNMASKED")
