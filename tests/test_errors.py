"""The errors: from general to special, each with its place and its remedy."""

from __future__ import annotations

import inspect

import pytest

from countersign import errors


def test_every_error_is_one_of_ours() -> None:
    """A caller catches CountersignError and has caught everything that is raised on purpose."""
    classes = [value for _, value in inspect.getmembers(errors, inspect.isclass)]
    assert len(classes) > 5
    assert all(issubclass(error, errors.CountersignError) for error in classes)
    assert all(error.__doc__ for error in classes)


@pytest.mark.parametrize(
    ("error", "status"), [(errors.BadInput, 400), (errors.TooLarge, 413), (errors.UnsupportedMedia, 415)]
)
def test_bad_input_knows_its_status(error: type[errors.BadInput], status: int) -> None:
    """What a caller sent is answered with a 4xx of its own, and with the detail as the text."""
    raised = error("line 3: not JSON")
    assert (raised.status, raised.detail, str(raised)) == (status, "line 3: not JSON", "line 3: not JSON")


def test_a_rules_error_names_place_problem_and_remedy() -> None:
    """File and line come first, as an editor and a compiler write them; the remedy comes last."""
    raised = errors.RulesError("rules/access.yaml", 7, "unknown effect 'wirte'", "write one of read, update")
    assert str(raised) == "rules/access.yaml:7: unknown effect 'wirte' (write one of read, update)"
    assert (raised.file, raised.line, raised.remedy) == ("rules/access.yaml", 7, "write one of read, update")


def test_a_rules_error_without_line_or_remedy_is_still_whole() -> None:
    """A file that cannot be opened has no line, and some problems say their own remedy."""
    assert str(errors.RulesError("rules/access.yaml", None, "no such file")) == "rules/access.yaml: no such file"


def test_many_problems_are_told_at_once() -> None:
    """A line for each, in their order."""
    several = (errors.RulesError("a.yaml", 1, "one"), errors.RulesError("b.yaml", 2, "two"))
    raised = errors.RulesErrors(several)
    assert (str(raised), raised.errors) == ("a.yaml:1: one\nb.yaml:2: two", several)
