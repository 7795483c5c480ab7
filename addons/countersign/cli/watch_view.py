"""What `approvals watch` shows, as lines of styled text for a screen of a given size. Pure.

Colour only repeats what words and marks say. Rows and previews are cut with a mark; the open approval never is.
"""

from __future__ import annotations

from datetime import datetime

from countersign import limits
from countersign.approvals.change_text import moment
from countersign.cli.cells import cut, fill, shortened, wrapped
from countersign.cli.entry import VERBS, Entry
from countersign.cli.watch_list import ACTION_KEYS, REVIEW_KEYS, Page, Question, Watch
from countersign.visible_text import visible_line

type Line = list[tuple[str, str]]  #: (style class, text)

_HEADINGS = ("risk", "waits", "stands", "keys")
_WIDTHS = (7, 7, 11, 5)
_MARK, _NO_MARK = "> ", "  "
_MOST_OF_A_NAME = 120  # cells of one name in a question, so that no name pushes another out of sight
_MOST_PREVIEW, _MOST_STATUS, _MOST_PROMPT = 7, 3, 4
_TITLE_LINES = 2
_STALE_SECONDS = limits.LONG_POLL_SECONDS + limits.CONSOLE_TIMEOUT_SECONDS  # a console that is there has answered
_HELP = """\
Each row is one change: its risk, how long it waits, where it stands, and the
keys of what you may do to it.

  up, down, k, j     another approval         PgUp, PgDn, Home, End   further
  Enter              all of it: every change, both schemas, the request
  Esc, q             back; q in the list ends

  a  approve         let the change through, under your name
  d  deny            refuse it
  v  revoke          take back an approval that is not used yet
  w  withdraw        take back what you asked for yourself
  r  review          accept or object to what passed by break-glass

Each step asks for a reason, and then for a y. It is about the approval that the
question names, wherever its row is by then. What you typed is kept until its
step is recorded. PgUp and PgDn scroll an open approval while you are asked.

Any key goes back."""


def body(watch: Watch, width: int, height: int, now: float) -> list[Line]:
    """The screen above the prompt, at most `height` lines. `now` is seconds since the epoch."""
    question = _question(watch, watch.question, width, height) if watch.question else []
    top = height - len(question)
    if watch.is_helping:
        lines: list[Line] = [_title(watch, "Countersign approvals: help", width, now), []]
        lines += [[("", line)] for line in wrapped(_HELP, width)]
    elif watch.reading is not None:
        lines = _open_approval(watch, page(watch, width, height), width, now)
    else:
        lines = _list(watch, width, top, now)
    lines = lines[:top]
    return [*lines, *([[]] * (top - len(lines)) if question else []), *question][:height]


def footer(watch: Watch, width: int) -> list[Line]:
    """What happened last, and the keys that do something now."""
    said = [[("class:status", line)] for line in _at_most(_MOST_STATUS, watch.status, width)]
    return [*said, [("class:keys", cut(_keys(watch), width))]]


def prompt_lines(watch: Watch, width: int) -> int:
    """How many lines the reason takes; 0 where none is being typed."""
    return min(_MOST_PROMPT, len(wrapped(f"{watch.draft}  ", max(1, width - 2)))) if watch.is_typing else 0


def page(watch: Watch, width: int, height: int) -> Page:
    """How much of an open approval `body` shows at once."""
    question = len(_question(watch, watch.question, width, height)) if watch.question else 0
    return Page(width, max(1, height - _TITLE_LINES - question))


# -- the list ---------------------------------------------------------------------------------------------------------


def _list(watch: Watch, width: int, height: int, now: float) -> list[Line]:
    count = sum(entry.is_open for entry in watch.entries)
    yours = sum(bool(entry.you_may) for entry in watch.entries)
    said = (
        f"Countersign approvals: {count} open, {yours} for you" if count else "Countersign approvals: nothing is open"
    )
    lines = [_title(watch, said, width, now)]
    selection = watch.selection
    if selection is None:
        wait = "Nothing is held for you. What comes appears here by itself." if watch.answered_at else "Asking ..."
        return [*lines, [], [("", cut(wait, width))]]
    preview = _preview(selection, width)[: max(0, min(_MOST_PREVIEW, height - 6))]
    rows = max(1, height - len(lines) - 1 - len(preview))
    at = watch.entries.index(selection)
    first = max(0, min(at - rows // 2, len(watch.entries) - rows))
    where, who = _columns(watch.entries, width)
    lines.append([("class:heading", fill(_row((*_HEADINGS, "where", "who", "what"), where, who, _NO_MARK), width))])
    for entry in watch.entries[first : first + rows]:
        is_selected = entry.id == watch.selected
        parts = (_risk(entry), entry.waited(now), entry.standing, _letters(entry), entry.where, entry.who, entry.what)
        text = fill(_row(parts, where, who, _MARK if is_selected else _NO_MARK), width)
        style = (
            "class:selected" if is_selected else "class:gone" if not entry.is_open else f"class:risk-{_level(entry)}"
        )
        lines.append([(style, text)])
    lines += [[] for _ in range(rows - len(watch.entries))]
    return [*lines, *preview]


def _row(parts: tuple[str, ...], where: int, who: int, mark: str) -> str:
    columns = [fill(part, width - 1) for part, width in zip(parts, (*_WIDTHS, where, who), strict=False)]
    return mark + " ".join([*columns, parts[-1]])


def _columns(entries: tuple[Entry, ...], width: int) -> tuple[int, int]:
    """The cells of `where` and `who`: as wide as needed, but no more than a quarter each of what is left."""
    room = max(8, (width - sum(_WIDTHS) - len(_MARK)) // 4)
    return (
        max(6, min(room, 1 + max(len(entry.where) for entry in entries))),
        max(4, min(room, 1 + max(len(entry.who) for entry in entries))),
    )


def _preview(entry: Entry, width: int) -> list[Line]:
    """What the selected approval is about, in a few lines."""
    rule = f"-- {entry.id} "
    ends = "" if not entry.is_open or entry.state == "unreviewed" else f", ends {moment(entry.deadline)}"
    glass = "BREAK-GLASS, passed without approval; " if entry.break_glass else ""
    lines: list[Line] = [
        [("class:rule", cut(rule + "-" * max(0, width - len(rule)), width))],
        [("", cut(entry.sentence, width))],
        [(f"class:risk-{_level(entry)}", cut(f"{glass}{_risk(entry)} risk: {entry.risk_why}", width))],
        [("", cut(f"{f'needs {entry.needs}' if entry.needs and entry.is_open else entry.ending}{ends}", width))],
    ]
    if entry.justification:
        lines.append([("", cut(f"they say: {entry.justification}", width))])
    room = _MOST_PREVIEW - len(lines)
    shown = entry.summary if len(entry.summary) <= room else entry.summary[: room - 1]
    lines += [[("", cut(f"* {line}", width))] for line in shown]
    if left := len(entry.summary) - len(shown):
        lines.append([("class:rule", cut(f"  and {left} more; Enter shows all", width))])
    return lines


def _letters(entry: Entry) -> str:
    letters = [key for key, action in ACTION_KEYS.items() if action in entry.you_may]
    return "".join([*letters, *("r" if set(REVIEW_KEYS.values()) & set(entry.you_may) else "")])


def _risk(entry: Entry) -> str:
    """High risk stands out without colours."""
    return "HIGH" if entry.risk == "high" else entry.risk


def _level(entry: Entry) -> str:
    return entry.risk if entry.risk in ("high", "medium", "low") else "high"


# -- one approval -----------------------------------------------------------------------------------------------------


def _open_approval(watch: Watch, shown: Page, width: int, now: float) -> list[Line]:
    reading = watch.reading
    assert reading is not None
    lines = wrapped(reading.text or f"Asking for {reading.id} ...", width)
    top = max(0, min(reading.top, len(lines) - shown.lines))
    last = min(len(lines), top + shown.lines)
    entry = watch.selection
    standing = f", {entry.ending}" if entry is not None else ""
    place = f"-- lines {top + 1} to {last} of {len(lines)} "
    return [
        _title(watch, f"Approval {reading.id}{standing}", width, now),
        [("class:rule", cut(place + "-" * max(0, width - len(place)), width))],
        *[[("", line)] for line in lines[top:last]],
    ]


def _question(watch: Watch, question: Question, width: int, height: int) -> list[Line]:
    """What is being decided: the step, the sentence and the id, and what is asked of the person now."""
    entry = question.entry
    verb = VERBS.get(question.action, "review")
    names = [shortened(name, _MOST_OF_A_NAME) for name in (entry.what, entry.where, entry.who)]
    sentence = "{}: {} at {}, asked for by {}".format(verb.upper(), *names)
    now = watch.selection if watch.selection is not None and watch.selection.id == entry.id else entry
    has_changed = question.action not in now.you_may and bool(question.action)
    changed: tuple[str, ...] = (cut(f"meanwhile it is {now.ending}", width),) if has_changed else ()
    needed = "needed" if watch.must_say_why else "may be left out"
    asks = {
        "verdict": "a = accept: it was right to let it pass; o = object; Esc = back",
        "reason": f"Your reason ({needed}), then Enter; Esc goes back and keeps it:",
        "confirm": f"Really {verb}, under your name? y = yes, any other key = back to the reason",
        "sending": "Sending ...",
    }
    reason: tuple[str, ...] = ()
    if question.stage in ("confirm", "sending"):
        said = f"reason: {visible_line(watch.draft)}" if watch.draft.strip() else "without a reason"
        reason = _at_most(_MOST_PROMPT, said, width)
    room = max(
        1, height - len(reason) - len(changed) - 3
    )  # the rule, the id and what is asked are there on the smallest screen
    return [
        [("class:rule", "-" * width)],
        *[[("class:question", line)] for line in _at_most(room, sentence, width)],
        [("", cut(f"approval {entry.id}", width))],
        *[[("class:question", line)] for line in changed],
        *[[("", line)] for line in reason],
        [("class:question", cut(asks[question.stage], width))],
    ]


# -- edges of the screen ----------------------------------------------------------------------------------------------


def _title(watch: Watch, said: str, width: int, now: float) -> Line:
    """What this is, and whether it is live: also a computer that slept has old news."""
    if not watch.answered_at:
        return [("class:title", fill(said, width))]
    if not watch.trouble and now - watch.answered_at < _STALE_SECONDS:
        return [("class:title", cut(fill(said, max(0, width - 5)) + " live", width))]
    since = datetime.fromtimestamp(watch.answered_at).astimezone().strftime("%H:%M")
    right = f" no answer since {since}, trying again"
    return [("class:title", fill(said, max(0, width - len(right)))), ("class:trouble", cut(right, width))]


def _keys(watch: Watch) -> str:
    if watch.question is not None:
        return ""
    entry = watch.selection
    offered = [f"{key} {action}" for key, action in ACTION_KEYS.items() if entry and action in entry.you_may]
    if entry and set(REVIEW_KEYS.values()) & set(entry.you_may):
        offered.append("r review")
    if watch.is_helping:
        return "any key: back"
    if watch.reading is not None:
        return "   ".join([*offered, "arrows PgUp PgDn scroll", "q back", "? help"])
    return "   ".join([*offered, *(["Enter read"] if entry else []), "? help", "q quit"])


def _at_most(count: int, text: str, width: int) -> tuple[str, ...]:
    """`text` wrapped to `count` lines, the last of which says that there would be more."""
    lines = wrapped(text, width)
    return lines if len(lines) <= count else (*lines[: count - 1], cut(lines[count - 1] + lines[count], width))
