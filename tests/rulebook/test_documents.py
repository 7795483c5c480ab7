from __future__ import annotations

import time

import pytest

from countersign import limits
from countersign.errors import RulesError
from countersign.rulebook.documents import parse


def test_scalars_follow_the_core_schema_without_floats() -> None:
    """Only true, false, null and whole numbers are not text; YAML 1.1's yes, on and 0x10 stay text."""
    text = 'a: true\nb: yes\nc: 45\nd: "45"\ne: ~\nf: 1.5\ng: 0x10\nh: on\ni: -3\nj: 2026-01-01\n'
    assert parse("x.yaml", text.encode()).root == {
        "a": True, "b": "yes", "c": 45, "d": "45", "e": None, "f": "1.5", "g": "0x10", "h": "on", "i": -3,
        "j": "2026-01-01",
    }  # fmt: skip


def test_every_value_knows_its_line() -> None:
    """A path leads to its line; a path that goes too far leads to the line of its last part."""
    document = parse("x.yaml", b"# comment\nrules:\n  - name: one\n    who:\n      groups: [a]\n  - name: two\n")
    assert document.line_of([]) == 2
    assert document.line_of(["rules", 0, "who", "groups"]) == 5
    assert document.line_of(["rules", 1]) == 6
    assert document.line_of(["rules", 0, "missing"]) == 3


def test_an_alias_stands_for_its_anchor() -> None:
    """Aliases are allowed, so that a dialect need not repeat itself."""
    assert parse("x.yaml", b"a: &one {k: [1]}\nb: *one\n").root == {"a": {"k": [1]}, "b": {"k": [1]}}


def test_a_billion_laughs_stop_at_the_limit() -> None:
    """Aliases are counted as if they were written out, before anything large exists."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    start = time.monotonic()
    with pytest.raises(RulesError, match=f"more than {limits.MAX_RULE_NODES} values"):
        parse("x.yaml", "\n".join(lines).encode())
    assert time.monotonic() - start < 5
    assert len(parse("x.yaml", "\n".join(lines[:3]).encode()).root) == 3


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("", "x.yaml", "the file is empty"),
        ("# only a comment\n", "x.yaml", "the file is empty"),
        ("- a\n", "x.yaml:1", "does not hold keys"),
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3", "'a' is given twice"),
        ("a:\n  b: 1\n  'b': 2\n", "x.yaml:3", "'b' is given twice"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2", "a second document"),
        ("%YAML 1.1\n---\na: yes\n", "x.yaml:2", "directive"),
        ("a: !!python/object:os.system x\n", "x.yaml:1", "the tag"),
        ("a: !mine [1]\n", "x.yaml:1", "the tag"),
        ("a: !!str 5\n", "x.yaml:1", "the tag"),
        ("a: {<<: {b: 1}}\n", "x.yaml:1", "a merge key"),
        ("? [a]\n: 1\n", "x.yaml:1", "not plain text"),
        ("a: *none\n", "x.yaml:1", "no finished anchor"),
        ("a: &x [*x]\n", "x.yaml:1", "no finished anchor"),
        ("a: 1\nb: [1\nc: 2\n", "x.yaml:", "not YAML"),
        ("a: 1\n\tb: 2\n", "x.yaml:2", "not YAML"),
        ("a: \x07\n", "x.yaml", "not YAML"),
        ("\ufeffa: 1\n", "x.yaml:1", "byte order mark"),
        ("a: " + "[" * 30 + "]" * 30, "x.yaml:1", "nested deeper"),
    ],
)
def test_whatever_is_not_plain_yaml_is_refused(text: str, place: str, problem: str) -> None:
    """Each refusal names file, line and what is wrong."""
    with pytest.raises(RulesError) as caught:
        parse("x.yaml", text.encode())
    assert str(caught.value).startswith(place)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["a: 1\n", "a:\n  b: 1\n  'c': 2\n", "---\na: yes\n", "a: [1]\n", "a: &x [1]\nb: *x\n", "a: " + "[" * 9 + "]" * 9],
)
def test_plain_yaml_is_read(text: str) -> None:
    """The twins of the refused texts pass."""
    assert "a" in parse("x.yaml", text.encode()).root


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    """The line of the first bad byte is named."""
    with pytest.raises(RulesError, match=r"x\.yaml:2: not UTF-8"):
        parse("x.yaml", b"a: 1\nb: \xff\n")
    assert parse("x.yaml", "a: 1\nb: \u00ff\n".encode()).root["b"] == "\u00ff"


def test_a_large_file_is_refused_before_it_is_parsed() -> None:
    """The size limit is in bytes and says so."""
    with pytest.raises(RulesError, match=str(limits.MAX_RULE_FILE_BYTES)):
        parse("x.yaml", b"a: 1\n" + b"#" * limits.MAX_RULE_FILE_BYTES)
    assert parse("x.yaml", b"a: 1\n" + b"#" * 1000).root == {"a": 1}
