"""Whose signatures a hold asks for, in words for people."""

from __future__ import annotations

from collections.abc import Sequence

from countersign.rulebook.values import Requirement


def in_words(alternatives: Sequence[Sequence[Requirement]]) -> str:
    """What completes a sentence like "the rule asks for ...": any of `alternatives`, never empty.

    Where there is but one list of approvers, how many other people; their names stand elsewhere.
    """
    if len(alternatives) == 1 and len(alternatives[0]) == 1:
        quorum = alternatives[0][0].quorum
        return "one other person's approval" if quorum == 1 else f"the approval of {quorum} other people"
    return ", or ".join(map(together_in_words, alternatives))


def together_in_words(requirements: Sequence[Requirement]) -> str:
    """One alternative, such as `one of group:security and 2 of group:data or group:platform`."""
    return " and ".join(
        f"{'one' if one.quorum == 1 else one.quorum} of {' or '.join(one.approvers)}" for one in requirements
    )
