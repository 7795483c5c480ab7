from __future__ import annotations

from collections.abc import Callable

import pytest

from countersign.rulebook import templates
from countersign.rulebook.problems import Unfit


@pytest.mark.parametrize(
    ("check", "text", "result"),
    [
        (templates.path_template, "/", ()),
        (templates.path_template, "/subjects/{subject}/versions/{version}", ("subject", "version")),
        (templates.subject_template, "{subject}", ("subject",)),
        (templates.subject_template, "{registry}/{name}", ("registry", "name")),
        (templates.member_path, "$", "$"),
        (templates.member_path, "$.a.b-c", "$.a.b-c"),
        (templates.json_path, "$..password", "$..password"),
        (templates.json_path, "$.items[*].x[?(@.y == 1)]", "$.items[*].x[?(@.y == 1)]"),
        (templates.refusal_template, "{status}00 {detail} {code}", "{status}00 {detail} {code}"),
    ],
)
def test_what_is_well_formed_passes(check: Callable[[str], object], text: str, result: object) -> None:
    """Path and subject templates give their placeholders, the others themselves."""
    assert check(text) == result


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (templates.path_template, "subjects"),
        (templates.path_template, "/a//b"),
        (templates.path_template, "/a/"),
        (templates.path_template, "/a/../b"),
        (templates.path_template, "/a/x{subject}"),
        (templates.path_template, "/a?x=1"),
        (templates.path_template, "/a%20b"),
        (templates.path_template, "/{a}/{a}"),
        (templates.subject_template, "{a"),
        (templates.subject_template, "{a}-{b}"),
        (templates.subject_template, "{a}{b}"),
        (templates.member_path, "a.b"),
        (templates.member_path, "$..a"),
        (templates.member_path, "$.a[0]"),
        (templates.member_path, "$.*"),
        (templates.json_path, "$..["),
        (templates.json_path, "a.b"),
        (templates.json_path, ""),
        (templates.json_path, "$.a + $.b"),
        (templates.json_path, "$.`len`"),
        (templates.json_path, "$.a.`sub(/a/, b)`"),
        (templates.json_path, "$.a[?(@.b =~ 'x')]"),
        (templates.refusal_template, "{stauts}"),
        (templates.refusal_template, "{status"),
        (templates.refusal_template, "{status.real}"),
        (templates.refusal_template, "{status!r}"),
        (templates.refusal_template, "{}"),
    ],
)
def test_what_is_not_well_formed_is_refused(check: Callable[[str], object], text: str) -> None:
    """At load, never at the first request."""
    with pytest.raises(Unfit):
        check(text)


def test_an_unknown_placeholder_gets_the_nearest_one() -> None:
    """The remedy names the placeholder that was meant."""
    templates.known_placeholders(("subject",), ("subject", "version"))
    with pytest.raises(Unfit, match="subjct") as caught:
        templates.known_placeholders(("subjct",), ("subject", "version"))
    assert "'subject'" in caught.value.remedy


@pytest.mark.parametrize(
    ("one", "other", "ambiguous"),
    [
        ("/a/{x}", "/a/{y}", True),
        ("/a/b", "/a/b", True),
        ("/a/{x}/c", "/a/b/{y}", True),
        ("/{x}/b", "/a/{y}", True),
        ("/a/b", "/a/{x}", False),
        ("/a/b/{y}", "/a/{x}/{y}", False),
        ("/a/b", "/a/c", False),
        ("/a/{x}", "/b/{x}", False),
        ("/a/{x}", "/a/{x}/b", False),
    ],
)
def test_two_paths_overlap_unless_one_is_the_more_literal(one: str, other: str, ambiguous: bool) -> None:
    """Literal goes before placeholder; where neither leads everywhere, no order would be obvious."""
    assert templates.overlap(one, other) is ambiguous
    assert templates.overlap(other, one) is ambiguous
