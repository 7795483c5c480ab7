from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest

from countersign import limits
from countersign.rulebook.loading import digest, load
from countersign.rulebook.problems import RulesErrors
from tests.rulebook.conftest import SHIPPED, RulesDirectory


def test_the_shipped_rules_are_a_safe_starting_point() -> None:
    """They load; nothing is deleted or set, and no unproved change passes, without a second person's signature."""
    rulebook = load(SHIPPED)
    assert [connection.host for connection in rulebook.connections] == ["schemas.example.com"]
    assert rulebook.tunnels == ()
    assert set(rulebook.dialects) == {"rest", "confluent"}
    assert not any(rule.who.everyone for rule in rulebook.access)
    (allow,) = (rule for rule in rulebook.approval if rule.verdict == "allow")
    assert set(allow.when.effects) == {"register", "update"}
    assert (allow.when.backward, allow.when.forward) == (("compatible",), ("compatible",))
    holds = [rule for rule in rulebook.approval if rule is not allow]
    assert all(
        (rule.verdict, rule.quorum, rule.approvers) == ("hold", 1, ("group:schema-approvers",)) for rule in holds
    )
    assert (rulebook.break_glass, rulebook.notify) == ((), ())


def test_the_examples_in_the_comments_of_the_shipped_rules_work(rules: RulesDirectory) -> None:
    """Uncommented as they stand: a freeze in two windows, two teams, break-glass, messages."""
    text = (rules.path / "approval.yaml").read_text(encoding="utf-8")
    rules.write("approval.yaml", re.sub(r"^( *)# ( *(?:- |[a-z_]+: ).*)$", r"\1\2", text, flags=re.MULTILINE))
    rulebook = rules.load()
    freeze = rulebook.approval[0]
    assert [window.name for window in freeze.when.during] == ["year-end freeze"]
    assert (len(freeze.alternatives[0]), freeze.quorum) == (2, 3)
    (opening,) = rulebook.break_glass
    assert [window.name for window in opening.when.during] == ["nights"]
    assert [target.name for target in rulebook.notify] == ["chat", "hook"]


def test_the_examples_in_the_comments_of_the_shipped_masking_work(rules: RulesDirectory) -> None:
    """Uncommented as they stand, with a dialect that has the placeholder: segments, what callers get, what is built in."""
    text = (rules.path / "masking.yaml").read_text(encoding="utf-8")
    rules.write("masking.yaml", re.sub(r"^( *)# ( *(?:- |[a-z_]+:(?: .*)?$).*)$", r"\1\2", text, flags=re.MULTILINE))
    rules.replace("dialects/rest.yaml", "path: /data/{subject}", "path: /data/{customer}/{subject}")
    rulebook = rules.load()
    assert [rule.segments for rule in rulebook.masking if rule.segments] == [("customer",)]
    assert [rule.groups for rule in rulebook.masking if "response-to-client" in rule.directions] == [("support",)]
    assert rulebook.built_in_masking.phone_regions == ("DE", "US")
    assert {"pin"} == set(rulebook.built_in_masking.names_off)


def test_the_shipped_masking_shows_each_selector() -> None:
    """With an example for each, so that nobody changes one without seeing that it still masks."""
    masking = load(SHIPPED).masking
    for selector in ("paths", "headers", "query", "names", "detectors", "marks"):
        assert any(getattr(rule, selector) for rule in masking)
    assert all(rule.examples for rule in masking)


@pytest.mark.parametrize("file", ["identity.yaml", "access.yaml", "approval.yaml", "masking.yaml"])
@pytest.mark.parametrize(("content", "problem"), [(None, "the file is missing"), ("", "the file is empty")])
def test_no_file_may_be_missing_or_empty(rules: RulesDirectory, file: str, content: str | None, problem: str) -> None:
    """An absent file is not an empty set of rules."""
    (rules.path / file).unlink()
    if content is not None:
        rules.write(file, content)
    assert any(one.startswith(f"{file}: {problem}") for one in rules.problems())


@pytest.mark.parametrize("folder", ["connections", "dialects"])
def test_no_folder_may_be_missing_or_empty(rules: RulesDirectory, folder: str) -> None:
    """Nor is an absent folder."""
    shutil.rmtree(rules.path / folder)
    assert f"{folder}: the folder cannot be read" in "\n".join(rules.problems())
    (rules.path / folder).mkdir()
    assert f"{folder}: holds no *.yaml file" in "\n".join(rules.problems())


def test_a_directory_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    """And the remedy says how to name another one."""
    with pytest.raises(RulesErrors, match="no such rules directory") as caught:
        load(tmp_path / "none")
    assert len(caught.value.errors) == 1


def test_a_file_that_is_no_file_is_refused(rules: RulesDirectory) -> None:
    """A pipe would block the start forever."""
    (rules.path / "access.yaml").unlink()
    os.mkfifo(rules.path / "access.yaml")
    assert "access.yaml: the file is missing" in rules.problems()[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_is_refused(rules: RulesDirectory) -> None:
    """The problem says why."""
    (rules.path / "access.yaml").chmod(0)
    assert "access.yaml: cannot be read: Permission denied" in rules.problems()[0]


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("acess.yaml", "acess.yaml: is not a rule file (did you mean 'access.yaml'?)"),
        ("masking.yml", "masking.yml: is not a rule file"),
        ("connections/payments.yml", "connections/payments.yml: would be passed over"),
        ("dialects/grpc.YAML", "dialects/grpc.YAML: would be passed over"),
    ],
)
def test_a_rule_file_under_another_name_is_refused(rules: RulesDirectory, file: str, problem: str) -> None:
    """It would otherwise have no effect, without a word."""
    rules.write(file, "rules: []\n")
    assert rules.problems()[0].startswith(problem)


@pytest.mark.parametrize(
    "file", ["README.md", "access.yaml~", ".hidden.yaml", "connections/.x.yaml", "dialects/notes.txt"]
)
def test_other_files_do_not_matter(rules: RulesDirectory, file: str) -> None:
    """Read-me files, editors' copies and hidden files are left alone, and are not in the digest."""
    before = rules.load().digest
    rules.write(file, "rules: []\n")
    assert rules.load().digest == before


def test_problems_of_all_files_are_found_at_once(rules: RulesDirectory) -> None:
    """Broken YAML, a wrong shape and a wrong name, each in another file."""
    rules.write("masking.yaml", "rules: [\n")
    rules.replace("identity.yaml", "algorithms", "algoritms")
    rules.replace("connections/example.yaml", "dialect: rest #", "dialect: rst #")
    rules.replace("approval.yaml", "verdict: allow", "verdict: alow")
    found = rules.problems()
    for file in ("masking.yaml:", "identity.yaml:5", "connections/example.yaml:4", "approval.yaml:26"):
        assert any(problem.startswith(file) for problem in found), file


def test_too_many_files_are_the_wrong_directory(rules: RulesDirectory) -> None:
    """The folder's size is bounded."""
    for number in range(limits.MAX_RULE_FILES + 1):
        rules.write(f"connections/{number}.yaml", "tunnels: []\n")
    assert f"connections: holds more than {limits.MAX_RULE_FILES} files" in "\n".join(rules.problems())


def test_the_digest_names_exactly_these_bytes(rules: RulesDirectory) -> None:
    """The same bytes give the same digest; a comment or a new name gives another."""
    before = rules.load().digest
    assert load(SHIPPED).digest == before
    rules.replace("masking.yaml", "before anything is kept", "before anything  is kept")
    changed = rules.load().digest
    assert changed != before
    (rules.path / "connections/tunnels.yaml").rename(rules.path / "connections/others.yaml")
    assert rules.load().digest not in (before, changed)


def test_the_digest_can_be_computed_by_hand() -> None:
    """Length-prefixed, so that no two sets of files share their input."""
    expected = hashlib.sha256(
        b"\0\0\0\0\0\0\0\1a" + b"\0\0\0\0\0\0\0\2xy" + b"\0\0\0\0\0\0\0\1b" + b"\0" * 8
    ).hexdigest()
    assert digest({"b": b"", "a": b"xy"}) == expected
    assert digest({"b": b"y", "a": b"x"}) != digest({"b": b"", "a": b"xy"})


def test_a_large_file_is_refused(rules: RulesDirectory) -> None:
    """It is not even read to its end."""
    rules.write("access.yaml", "rules: []\n" + "#" * limits.MAX_RULE_FILE_BYTES)
    assert "access.yaml: larger than" in rules.problems()[0]
