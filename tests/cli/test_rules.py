from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from countersign.cli.rules import rules

SHIPPED = Path(__file__).parents[2] / "rules"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A changeable copy of the shipped rules."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "rules", ignore=shutil.ignore_patterns("schemas")))


def test_right_rules_are_summed_up(directory: Path) -> None:
    """Exit code 0, and what is in force."""
    result = CliRunner().invoke(rules, ["check", "--rules", str(directory)])
    assert result.exit_code == 0
    assert "example: https://schemas.example.com:443, dialect rest, held up to 45 s, then 503" in result.stdout
    assert "approval     hold  every other change needs a second person" in result.stdout
    assert result.stderr == ""


def test_each_problem_is_shown_with_its_place(directory: Path) -> None:
    """Exit code 1; file, line, problem and remedy, one a line."""
    access = directory / "access.yaml"
    access.write_text(access.read_text(encoding="utf-8").replace("allow: [read]", "alow: [read]"), encoding="utf-8")
    result = CliRunner().invoke(rules, ["check", "--rules", str(directory)])
    assert result.exit_code == 1
    assert f"{access}:5: unknown key 'alow' (did you mean 'allow'?)\n" in result.stderr
    assert result.stderr.endswith("2 problems: the gateway would not start\n")
    assert result.stdout == ""


def test_a_masking_rule_that_masks_nothing_in_its_example_is_a_problem(directory: Path) -> None:
    """With file, line, rule and example, as the gateway would say at its start."""
    masking = directory / "masking.yaml"
    text = masking.read_text(encoding="utf-8")
    line = 1 + text.splitlines().index('    paths: ["$..customer.number"]')
    masking.write_text(text.replace("$..customer.number", "$.customer.number"), encoding="utf-8")
    result = CliRunner().invoke(rules, ["check", "--rules", str(directory)])
    assert result.exit_code == 1
    assert f"{masking}:{line - 1}: the rule 'customers stay comparable' masks nothing in its example 1" in result.stderr
    assert result.stderr.endswith("1 problem: the gateway would not start\n")
    masking.write_text(text, encoding="utf-8")
    assert CliRunner().invoke(rules, ["check", "--rules", str(directory)]).exit_code == 0


def test_masking_is_summed_up(directory: Path) -> None:
    """Each rule with what it does where, and what of the built-in masking is switched off."""
    result = CliRunner().invoke(rules, ["check", "--rules", str(directory)])
    assert "masking      keyed-hash in request, response: customers stay comparable\n" in result.stdout
    assert "masking      built in\n" in result.stdout
    masking = directory / "masking.yaml"
    more = "built_in:\n  names: { off: [pin] }\n  detectors: { off: [email], phone_regions: [DE] }\n"
    masking.write_text(masking.read_text(encoding="utf-8") + more, encoding="utf-8")
    result = CliRunner().invoke(rules, ["check", "--rules", str(directory)])
    assert "masking      built in, with telephone numbers of DE, without pin, email\n" in result.stdout


def test_the_directory_comes_from_the_environment(directory: Path) -> None:
    """COUNTERSIGN_RULES, where no --rules is given; an option beats it."""
    runner = CliRunner(env={"COUNTERSIGN_RULES": str(directory)})
    assert runner.invoke(rules, ["check"]).exit_code == 0
    assert runner.invoke(rules, ["check", "--rules", str(directory / "none")]).exit_code == 1


def test_the_default_is_the_folder_rules(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the working directory."""
    monkeypatch.delenv("COUNTERSIGN_RULES", raising=False)
    monkeypatch.chdir(directory.parent)
    assert CliRunner().invoke(rules, ["check"]).exit_code == 0
