"""The state of the live list: what each key and each answer makes of it, and that a step is about an approval, not a row."""

from __future__ import annotations

from typing import Any

import pytest

from countersign.cli.entry import Entry
from countersign.cli.watch_list import (
    Effect,
    Fetch,
    Leave,
    Page,
    Send,
    Watch,
    fetched,
    listed,
    lost,
    not_fetched,
    not_recorded,
    pressed,
    recorded,
    typed,
)
from tests.cli.listed import NOW, entry, whole

PAGE = Page(80, 5)
NEEDED: dict[str, Any] = {"reason": ("approve", "deny")}


def showing(*entries: Entry) -> Watch:
    return listed(Watch(), entries, NOW)[0]


def press(watch: Watch, *keys: str) -> tuple[Watch, Effect]:
    """After all `keys`; with what the last one asks to be done."""
    effect: Effect = None
    for key in keys:
        watch, effect = pressed(watch, key, PAGE)
    return watch, effect


def after(watch: Watch, *keys: str) -> Watch:
    return press(watch, *keys)[0]


def ids(watch: Watch) -> list[str]:
    return [each.id for each in watch.entries]


def test_the_first_is_selected_and_arrows_move() -> None:
    """And they stop at both ends."""
    watch = showing(entry(1), entry(2), entry(3))
    assert watch.selected == entry(1).id
    assert after(watch, "down").selected == after(watch, "j").selected == entry(2).id
    assert after(watch, "down", "down", "down").selected == after(watch, "G").selected == entry(3).id
    assert after(watch, "G", "g", "up").selected == after(watch, "k").selected == entry(1).id


def test_keys_on_an_empty_list_do_nothing() -> None:
    """There is nothing to read, to decide or to move to."""
    watch = showing()
    for key in ("down", "enter", "a", "d", "r", "y"):
        assert press(watch, key) == (watch, None)
    assert press(watch, "q")[1] == Leave()


def test_the_selection_follows_its_approval() -> None:
    """When the list is in another order, the cursor is where the approval is."""
    watch = after(showing(entry(1), entry(2)), "down")
    watch, _ = listed(watch, (entry(3), entry(2), entry(1)), NOW)
    assert watch.selected == entry(2).id
    assert after(watch, "a").question is not None
    assert after(watch, "a").question.entry.id == entry(2).id  # type: ignore[union-attr]


def test_a_question_stays_with_its_approval() -> None:
    """Whatever the list does between `a` and `y`, the step goes to the approval that was asked about."""
    watch = after(showing(entry(1), entry(2)), "a")
    watch, _ = listed(watch, (entry(2), entry(1)), NOW)
    watch = after(watch, "enter")
    watch, _ = listed(watch, (entry(3), entry(2), entry(1)), NOW)
    assert press(watch, "y")[1] == Send(entry(1).id, "approve", "")
    watch, _ = listed(watch, (entry(3), entry(2)), NOW)
    assert press(watch, "y")[1] == Send(entry(1).id, "approve", "")


def test_what_is_gone_stays_under_the_cursor_until_it_is_left() -> None:
    """Otherwise a key pressed a moment later would be about its neighbour."""
    watch = after(showing(entry(1), entry(2), entry(3)), "down")
    watch, _ = listed(watch, (entry(1), entry(3)), NOW)
    assert ids(watch) == [entry(1).id, entry(2).id, entry(3).id]
    assert press(watch, "a") == press(watch, "d") == (watch, None)
    watch, _ = listed(watch, (entry(3), entry(4)), NOW)
    assert (watch.selected, ids(watch)) == (entry(2).id, [entry(2).id, entry(3).id, entry(4).id])
    watch = after(watch, "down")
    assert (watch.selected, ids(watch)) == (entry(3).id, [entry(3).id, entry(4).id])


@pytest.mark.parametrize(
    ("key", "viewer", "state", "action"),
    [
        ("a", "token-bob", "pending", "approve"),
        ("d", "token-bob", "pending", "deny"),
        ("w", "token-alice", "pending", "withdraw"),
        ("v", "token-bob", "approved", "revoke"),
    ],
)
def test_a_step_is_offered_only_to_those_who_may(key: str, viewer: str, state: str, action: str) -> None:
    """The console says who may; anybody else's key does nothing."""
    question = after(showing(entry(viewer=viewer, state=state)), key).question
    assert question is not None
    assert question.action == action
    other = "token-alice" if viewer == "token-bob" else "token-bob"
    assert after(showing(entry(viewer=other, state=state)), key).question is None


def test_a_step_takes_a_reason_and_a_yes() -> None:
    """Nothing is sent before the y; any other key goes back to the reason."""
    watch = typed(after(showing(entry()), "d"), "not like this")
    watch, effect = press(watch, "enter")
    assert effect is None
    for key in ("enter", "n", "escape", "d", "q"):
        back, effect = press(watch, key)
        assert (back.is_typing, back.draft, effect) == (True, "not like this", None)
    assert press(watch, "y")[1] == Send(entry().id, "deny", "not like this")


def test_a_needed_reason_is_asked_for_before_anything_is_sent() -> None:
    """Blanks and dots are none; where it is not needed it may be left out."""
    watch = typed(after(showing(entry(**NEEDED)), "d"), " ... ")
    watch, effect = press(watch, "enter")
    assert (watch.is_typing, watch.draft, effect) == (True, " ... ", None)
    assert "reason is needed" in watch.status
    assert not after(typed(watch, "x"), "enter").is_typing
    assert not after(after(showing(entry()), "d"), "enter").is_typing


def test_a_review_asks_which_way() -> None:
    """r, then a or o; nothing else counts."""
    watch = after(showing(entry(state="unreviewed")), "r")
    assert after(watch, "y") == watch
    assert press(typed(after(watch, "o"), "why so late?"), "enter", "y")[1] == Send(
        entry().id, "object", "why so late?"
    )
    assert press(watch, "a", "enter", "y")[1] == Send(entry().id, "accept", "")
    assert after(watch, "escape").question is None


def test_objecting_needs_a_reason() -> None:
    """The console says so, and the screen asks."""
    assert after(showing(entry(state="unreviewed")), "r", "o", "enter").is_typing


def test_a_typed_reason_is_never_lost() -> None:
    """Not by going back, not by a refusal, not by deciding about another approval meanwhile; only by being recorded."""
    watch = after(typed(after(showing(entry(1), entry(2)), "d"), "because"), "escape")
    assert "kept" in watch.status
    watch = after(typed(after(watch, "down", "d"), "other"), "escape", "up", "d")
    assert watch.draft == "because"
    watch, effect = press(watch, "enter", "y")
    assert isinstance(effect, Send)
    watch = not_recorded(watch, "refused: somebody was faster\x1b[2J")
    assert (watch.is_typing, watch.draft) == (True, "because")
    assert watch.status == "refused: somebody was faster\\u001b[2J"
    watch = recorded(after(watch, "enter", "y"), effect, entry(1, state="denied"))
    assert watch.drafts == {(entry(2).id, "deny"): "other"}


def test_while_a_step_is_on_its_way_no_key_counts() -> None:
    """No step twice, and no leaving without knowing, but with Ctrl-C."""
    watch = after(showing(entry()), "a", "enter", "y")
    for key in ("y", "a", "q", "escape", "enter"):
        later, effect = press(watch, key)
        assert (later.question, effect) == (watch.question, None)
        assert "on its way" in later.status


def test_what_was_recorded_is_told_and_seen_at_once() -> None:
    """With what is still missing, and the approval's id."""
    watch, effect = press(showing(entry(1)), "a", "enter", "y")
    assert isinstance(effect, Send)
    watch = recorded(watch, effect, entry(1, state="denied"))
    assert watch.question is None
    assert "Recorded" in watch.status
    assert entry(1).id in watch.status
    assert [each.state for each in watch.entries] == ["denied"]
    watch, _ = listed(watch, (), NOW)
    assert [(each.state, each.you_may) for each in watch.entries] == [("denied", ())]


def test_enter_opens_all_of_it_and_scrolling_has_ends() -> None:
    """Asked for once; shown when it comes; back with q, escape or Enter."""
    watch, effect = press(showing(entry()), "enter")
    assert effect == Fetch(entry().id)
    watch = fetched(watch, entry(), "\n".join(f"line {number}" for number in range(20)))
    tops = []
    for key in ("up", "down", "pagedown", " ", "G", "down", "pageup", "home"):
        watch = after(watch, key)
        assert watch.reading is not None
        tops.append(watch.reading.top)
    assert tops == [0, 1, 6, 11, 15, 15, 10, 0]
    for key in ("q", "escape", "enter"):
        assert press(watch, key) == (after(watch, key), None)
        assert after(watch, key).reading is None


def test_an_open_approval_scrolls_while_its_question_is_open() -> None:
    """The answer to the question is in the text."""
    watch = fetched(after(showing(entry()), "enter"), entry(), "line\n" * 20)
    watch = after(watch, "a", "pagedown")
    assert (watch.is_typing, watch.reading and watch.reading.top) == (True, 5)


def test_an_open_approval_that_changed_is_asked_for_again() -> None:
    """What is read is how it stands; unchanged news cost nothing, and where one reads does not move."""
    watch = after(fetched(after(showing(entry(1)), "enter"), entry(1), "line\n" * 20), "pagedown")
    assert listed(watch, (entry(1), entry(2)), NOW)[1] is None
    later, effect = listed(watch, (entry(1, state="approved"),), NOW)
    assert effect == Fetch(entry(1).id)
    assert later.reading is not None
    assert fetched(later, entry(1), "other\n" * 20).reading.top == 5  # type: ignore[union-attr]
    assert listed(watch, (), NOW)[1] == Fetch(entry(1).id)


def test_an_answer_about_another_approval_is_not_shown() -> None:
    """It came too late: something else is open by now, or nothing."""
    watch = after(showing(entry(1)), "enter")
    assert fetched(watch, entry(2), "text") == watch
    assert fetched(after(watch, "q"), entry(1), "text") == after(watch, "q")


def test_how_a_selected_approval_ended_is_asked_for_once() -> None:
    """The list does not say it. What is listed still, or again, stays as the list has it."""
    watch, effect = listed(showing(entry(1), entry(2)), (entry(2),), NOW)
    assert effect == Fetch(entry(1).id)
    assert listed(watch, (entry(2),), NOW)[1] is None
    told = fetched(watch, entry(1, state="denied"), "text")
    assert [each.state for each in told.entries] == ["denied", "pending"]
    assert told.entries[0].you_may == ()
    assert listed(told, (entry(2),), NOW) == (told, None)
    assert fetched(watch, entry(2, state="denied"), "text") == watch
    assert listed(showing(entry(1), entry(2)), (entry(1),), NOW)[1] is None


def test_what_cannot_be_opened_is_said() -> None:
    """Back to the list, unless an older text is there."""
    watch = after(showing(entry()), "enter")
    failed = not_fetched(watch, entry().id, "gone\n")
    assert (failed.reading, failed.status) == (None, f"{entry().id} cannot be shown: gone\\u000a")
    old = fetched(watch, entry(), "text")
    assert not_fetched(old, entry().id, "gone").reading == old.reading
    assert not_fetched(old, entry(2).id, "gone") == old


def test_trouble_lasts_until_the_next_answer() -> None:
    """The list stays as it was."""
    watch = lost(showing(entry()), "nobody\x07")
    assert (watch.trouble, watch.answered_at, ids(watch)) == ("nobody\\u0007", NOW, [entry().id])
    assert listed(watch, (entry(),), NOW + 9)[0].trouble == ""


def test_help_goes_with_any_key() -> None:
    """And the key does nothing else."""
    watch = after(showing(entry()), "?")
    assert watch.is_helping
    assert press(watch, "q") == (showing(entry()), None)


def test_letters_count_only_while_a_reason_is_asked_for() -> None:
    """A late letter changes no draft."""
    watch = showing(entry())
    assert typed(watch, "late") == watch
    sending = after(watch, "a", "enter", "y")
    assert typed(sending, "late") == sending


def test_the_whole_document_makes_the_same_entry() -> None:
    """So the answer to a step can take the place of the listed one."""
    assert Entry.of(whole()) == entry()
