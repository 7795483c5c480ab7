from __future__ import annotations

from pathlib import Path

import pytest

from countersign.errors import RulesError
from countersign.rulebook.problems import Problems, RulesErrors, Unfit, did_you_mean


def test_nothing_noted_raises_nothing() -> None:
    """A collector without problems is false and lets the load go on."""
    problems = Problems(Path("rules"))
    problems.raise_found()
    assert not problems


def test_all_are_raised_in_the_order_of_files_and_lines() -> None:
    """Every problem comes out, sorted, with the directory in front of the file; the same one once."""
    problems = Problems(Path("rules"))
    problems.add("b.yaml", 3, "late", "mend it")
    problems.add("a.yaml", 12, "second")
    problems.add("a.yaml", 2, "first")
    problems.add("a.yaml", 2, "first")
    with pytest.raises(RulesErrors) as caught:
        problems.raise_found()
    assert [str(error) for error in caught.value.errors] == [
        "rules/a.yaml:2: first",
        "rules/a.yaml:12: second",
        "rules/b.yaml:3: late (mend it)",
    ]
    assert all(isinstance(error, RulesError) for error in caught.value.errors)
    assert str(caught.value).count("\n") == 2


def test_an_unfit_text_is_noted_and_the_work_goes_on() -> None:
    """`checked` turns Unfit into a problem with a place, and hands on what fits."""

    def check(text: str) -> int:
        if text != "7":
            raise Unfit("not seven", "write 7")
        return 7

    problems = Problems(Path("rules"))
    assert problems.checked("a.yaml", 4, check, "7", 0) == 7
    assert not problems
    assert problems.checked("a.yaml", 4, check, "8", 0) == 0
    with pytest.raises(RulesErrors, match=r"a.yaml:4: not seven \(write 7\)"):
        problems.raise_found()


@pytest.mark.parametrize(
    ("word", "known", "remedy"),
    [
        ("audience", ["audiences", "url"], "did you mean 'audiences'?"),
        ("zzz", ["b", "a"], "known here: a, b"),
        ("zzz", [], "there is none yet"),
    ],
)
def test_a_misspelt_word_gets_the_nearest_known_one(word: str, known: list[str], remedy: str) -> None:
    """Near words are named; otherwise all of them are."""
    assert did_you_mean(word, known) == remedy
