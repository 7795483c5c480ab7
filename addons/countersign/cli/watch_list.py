"""The state of `approvals watch`, and what each key and each answer makes of it. Pure: what is to be done is a value.

What is selected, read or decided is an approval, never a row: the list can change under the cursor and a step still goes
to the approval that the question names. Decides nothing about rights: the console says what the viewer may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from countersign.cli.cells import wrapped
from countersign.cli.entry import VERBS, Entry, outcome
from countersign.visible_text import visible_line

ACTION_KEYS = {"a": "approve", "d": "deny", "v": "revoke", "w": "withdraw"}
REVIEW_KEYS = {"a": "accept", "o": "object"}
_SCROLLING = ("up", "down", "pageup", "pagedown")  #: also while a question is open: its answer is in the text
_STEPS = {"up": -1, "k": -1, "down": 1, "j": 1}


@dataclass(frozen=True, slots=True)
class Question:
    """A step that is being decided, about this one approval."""

    entry: Entry
    action: str  #: empty while it is not said which way to review
    stage: Literal["verdict", "reason", "confirm", "sending"]


@dataclass(frozen=True, slots=True)
class Reading:
    """The approval that is open, and the first line shown."""

    id: str
    text: str = ""  #: empty while it is on its way
    top: int = 0


@dataclass(frozen=True, slots=True)
class Fetch:
    """To do: get all of this approval."""

    id: str


@dataclass(frozen=True, slots=True)
class Send:
    """To do: take this step."""

    id: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class Leave:
    """To do: end."""


type Effect = Fetch | Send | Leave | None


@dataclass(frozen=True, slots=True)
class Page:
    """How much text is on the screen at once, in cells and lines."""

    width: int
    lines: int


@dataclass(frozen=True, slots=True)
class Watch:
    """All that the screen shows. `entries` is in the console's order; one that is gone stays while it is selected."""

    entries: tuple[Entry, ...] = ()
    selected: str = ""  #: an id; empty while nothing was ever listed
    reading: Reading | None = None
    question: Question | None = None
    drafts: Mapping[tuple[str, str], str] = field(default_factory=dict)  #: reasons typed so far, by id and action
    is_helping: bool = False
    status: str = ""  #: what happened last
    answered_at: float = 0  #: seconds since the epoch
    trouble: str = ""  #: why there is no answer; empty while there is

    @property
    def selection(self) -> Entry | None:
        return next((entry for entry in self.entries if entry.id == self.selected), None)

    @property
    def is_typing(self) -> bool:
        """Whether keys are letters of a reason."""
        return self.question is not None and self.question.stage == "reason"

    @property
    def draft(self) -> str:
        """The reason typed so far for the question."""
        return self.drafts.get((self.question.entry.id, self.question.action), "") if self.question else ""

    @property
    def must_say_why(self) -> bool:
        return self.question is not None and self.question.action in self.question.entry.needs_reason


# -- answers of the console -------------------------------------------------------------------------------------------


def listed(watch: Watch, entries: tuple[Entry, ...], now: float) -> tuple[Watch, Effect]:
    """After an answer with the whole list."""
    before, kept = watch.selection, list(entries)
    if before is not None and all(entry.id != before.id for entry in entries):
        above = {entry.id for entry in watch.entries[: watch.entries.index(before)]}
        place = max((number for number, entry in enumerate(entries, 1) if entry.id in above), default=0)
        kept.insert(place, before.gone())
    selected = watch.selected or (kept[0].id if kept else "")
    after = replace(watch, entries=tuple(kept), selected=selected, answered_at=now, trouble="")
    is_stale = watch.reading is not None and (not watch.reading.text or before != after.selection)
    is_stale = is_stale or (before is not None and before.is_open and after.selection == before.gone())  # how it ended
    return after, Fetch(selected) if is_stale else None


def lost(watch: Watch, detail: str) -> Watch:
    """After no answer."""
    return replace(watch, trouble=visible_line(detail))


def fetched(watch: Watch, entry: Entry, text: str) -> Watch:
    """After all of one approval came: `text`. Of one that is no longer listed it tells how it ended."""
    if not entry.is_open:
        ended = tuple(entry.gone() if each.id == entry.id and not each.is_open else each for each in watch.entries)
        watch = replace(watch, entries=ended)
    if watch.reading is None or watch.reading.id != entry.id:
        return watch
    return replace(watch, reading=replace(watch.reading, text=text))


def not_fetched(watch: Watch, approval_id: str, detail: str) -> Watch:
    """After one approval could not be had."""
    if watch.reading is None or watch.reading.id != approval_id:
        return watch
    reading = watch.reading if watch.reading.text else None
    return replace(watch, reading=reading, status=visible_line(f"{approval_id} cannot be shown: {detail}"))


def recorded(watch: Watch, sent: Send, entry: Entry) -> Watch:
    """After the console took the step; `entry` is how the approval stands since."""
    now_listed = entry if entry.is_open else entry.gone()
    return replace(
        watch,
        entries=tuple(now_listed if other.id == entry.id else other for other in watch.entries),
        question=None,
        drafts={key: text for key, text in watch.drafts.items() if key != (sent.id, sent.action)},
        status=f"{outcome(entry, sent.action)} ({sent.action} {entry.what}, {entry.id})",
    )


def not_recorded(watch: Watch, detail: str) -> Watch:
    """After the console refused the step, or gave no answer: back to the reason, which is kept."""
    question = replace(watch.question, stage="reason") if watch.question else None
    return replace(watch, question=question, status=visible_line(detail))


# -- keys -------------------------------------------------------------------------------------------------------------


def typed(watch: Watch, text: str) -> Watch:
    """After a letter of the reason."""
    question = watch.question
    if question is None or question.stage != "reason":
        return watch
    return replace(watch, drafts={**watch.drafts, (question.entry.id, question.action): text})


def pressed(watch: Watch, key: str, page: Page) -> tuple[Watch, Effect]:
    """After `key`: a character, or up, down, pageup, pagedown, home, end, enter, escape."""
    if watch.question is not None:
        return _answer(watch, watch.question, key, page)
    watch = replace(watch, status="")
    selection = watch.selection
    if watch.is_helping:
        return replace(watch, is_helping=False), None
    if key == "?":
        return replace(watch, is_helping=True), None
    if selection is not None and (question := _asked(selection, key)):
        return replace(watch, question=question), None
    if watch.reading is not None:
        return _read(watch, watch.reading, key, page), None
    if key == "q":
        return watch, Leave()
    if key == "enter" and selection is not None:
        return replace(watch, reading=Reading(selection.id)), Fetch(selection.id)
    return _move(watch, key, page), None


def _asked(entry: Entry, key: str) -> Question | None:
    """The question that `key` opens, where the viewer may do that."""
    if key == "r" and set(REVIEW_KEYS.values()) & set(entry.you_may):
        return Question(entry, "", "verdict")
    action = ACTION_KEYS.get(key)
    return Question(entry, action, "reason") if action in entry.you_may and action is not None else None


def _answer(watch: Watch, question: Question, key: str, page: Page) -> tuple[Watch, Effect]:
    if key in _SCROLLING and watch.reading is not None:
        return _read(watch, watch.reading, key, page), None
    if question.stage == "sending":
        return replace(watch, status="The answer is on its way; Ctrl-C leaves without it."), None
    watch = replace(watch, status="")
    if question.stage == "verdict":
        action = REVIEW_KEYS.get(key)
        if action in question.entry.you_may and action is not None:
            return replace(watch, question=replace(question, action=action, stage="reason")), None
        return (replace(watch, question=None) if key in ("escape", "q") else watch), None
    if question.stage == "confirm":
        if key != "y":
            return replace(watch, question=replace(question, stage="reason")), None
        send = Send(question.entry.id, question.action, watch.draft)
        return replace(watch, question=replace(question, stage="sending")), send
    if key == "escape":
        return replace(
            watch, question=None, status="Nothing sent; what you typed is kept." if watch.draft else ""
        ), None
    if key != "enter":
        return watch, None
    if watch.must_say_why and not any(character.isalnum() for character in watch.draft):
        return replace(watch, status=f"A reason is needed to {VERBS[question.action]}: type it, then Enter."), None
    return replace(watch, question=replace(question, stage="confirm")), None


def _move(watch: Watch, key: str, page: Page) -> Watch:
    """Select another approval; one that is gone leaves the list then."""
    ids = [entry.id for entry in watch.entries]
    if not ids:
        return watch
    at, last = ids.index(watch.selected), len(ids) - 1
    jumps = {"home": -last, "g": -last, "end": last, "G": last, "pageup": -page.lines, "pagedown": page.lines}
    to = min(max(at + (_STEPS | jumps).get(key, 0), 0), last)
    if to == at:
        return watch
    kept = tuple(entry for entry in watch.entries if entry.is_open)
    return replace(watch, entries=kept, selected=ids[to])


def _read(watch: Watch, reading: Reading, key: str, page: Page) -> Watch:
    if key in ("q", "escape", "enter"):
        return replace(watch, reading=None)
    last = max(0, len(wrapped(reading.text, page.width)) - page.lines)
    steps = {"pageup": -page.lines, "pagedown": page.lines, " ": page.lines, "home": -last, "g": -last}
    steps |= _STEPS | {"end": last, "G": last}
    top = min(max(min(reading.top, last) + steps.get(key, 0), 0), last)
    return replace(watch, reading=replace(reading, top=top))
