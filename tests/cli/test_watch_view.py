"""What the live list looks like: for each size, in words as in colours, with nothing of others that moves the cursor."""

from __future__ import annotations

from typing import Any

import pytest
from prompt_toolkit.utils import get_cwidth

from countersign import limits
from countersign.cli.cells import wrapped
from countersign.cli.entry import Entry
from countersign.cli.watch_list import Watch, fetched, listed, lost, pressed, typed
from countersign.cli.watch_view import Line, body, footer, page, prompt_lines
from tests.cli.listed import NOW, document, entry

HOSTILE = "\x1b]0;x\x07\x1b[2J\u202e" + "W" * 10_000


def texts(lines: list[Line]) -> list[str]:
    return ["".join(text for _, text in line) for line in lines]


def screen(watch: Watch, width: int = 80, height: int = 23, now: float = NOW) -> str:
    """Body and footer, as text."""
    return "\n".join(texts([*body(watch, width, height, now), *footer(watch, width)]))


def showing(*entries: Entry) -> Watch:
    return listed(Watch(), entries, NOW)[0]


def after(watch: Watch, *keys: str) -> Watch:
    for key in keys:
        watch, _ = pressed(watch, key, page(watch, 80, 23))
    return watch


def reading(text: str) -> Watch:
    return fetched(after(showing(entry()), "enter"), entry(), text)


EVERYTHING: list[tuple[str, Any]] = [
    ("empty", lambda: Watch()),
    ("list", lambda: showing(*(entry(number) for number in range(1, 60)))),
    (
        "hostile",
        lambda: showing(entry(subject=HOSTILE, connection=HOSTILE, caller_people=(HOSTILE,), summary=(HOSTILE,))),
    ),
    ("question", lambda: after(showing(entry(subject=HOSTILE, caller_people=(HOSTILE, "x"))), "a", "enter")),
    ("typing", lambda: typed(after(showing(entry()), "d"), "w" * 3000)),
    ("confirming", lambda: after(typed(after(showing(entry()), "d"), "w" * 3000), "enter")),
    ("reading", lambda: reading("line\n" * 90)),
    ("reading and asked", lambda: after(reading("line\n" * 90), "a")),
    ("help", lambda: after(showing(entry()), "?")),
    ("trouble", lambda: lost(showing(entry()), HOSTILE)),
    ("refusal", lambda: after(showing(entry(reason=("deny",))), "d", "enter")),
]


@pytest.mark.parametrize(("name", "make"), EVERYTHING, ids=[name for name, _ in EVERYTHING])
@pytest.mark.parametrize("size", [(80, 22), (200, 60), (40, 12), (20, 6), (7, 3), (1, 1)])
def test_everything_fits_the_screen(name: str, make: Any, size: tuple[int, int]) -> None:
    """No line is too wide, none too many, and none holds anything but visible text."""
    width, height = size
    lines = texts(body(make(), width, height, NOW))
    assert len(lines) <= height
    for line in [*lines, *texts(footer(make(), width))]:
        assert get_cwidth(line) <= width
        assert line.isprintable()


def test_a_row_says_what_a_person_needs() -> None:
    """Risk, waiting time, what is missing, what one may do, where, who, what; the selected one is marked."""
    low = entry(2, backward="compatible", viewer="token-alice")
    rows = screen(showing(entry(), low), 100, now=NOW + 130).splitlines()[2:4]
    assert rows[0].startswith("> ")
    for part in ("HIGH", "2 min", "1 missing", " ad ", "registry", "alice", 'register of "customer-value"'):
        assert part in rows[0]
    assert rows[1].startswith("  low")
    assert " w " in rows[1]


def test_colours_only_repeat() -> None:
    """Without any style the selection, the risk and what is gone are still told."""
    watch = after(showing(entry(1), entry(2)), "down")
    watch, _ = listed(watch, (entry(1),), NOW)
    rows = screen(watch).splitlines()[2:4]
    assert rows[0].startswith("  HIGH")
    assert rows[1].startswith("> HIGH")
    assert "ended" in rows[1]


def test_the_selection_is_always_on_the_screen() -> None:
    """However far down the list it is."""
    watch = showing(*(entry(number) for number in range(1, 300)))
    for keys in ((), ("G",), ("G", "up"), ("pagedown", "pagedown")):
        moved = after(watch, *keys)
        (row,) = [line for line in screen(moved).splitlines() if line.startswith("> ")]
        assert row
        assert moved.selected in screen(moved)


def test_the_preview_tells_the_change() -> None:
    """The sentence, why it is risky, who is missing, what they say; what does not fit is counted."""
    text = screen(showing(entry(justification="INC-7", summary=tuple(f"change {number}" for number in range(9)))))
    for part in (
        'register of "customer-value" at registry, asked for by alice',
        "HIGH risk: documents that are valid today would be refused",
        "needs 1 person of the group stewards",
        "they say: INC-7",
        "* change 0",
        "and 8 more; Enter shows all",
    ):
        assert part in text


def test_an_open_approval_is_whole() -> None:
    """Page by page every line of it is there, once."""
    text = "\n".join(f"{number} " + "x" * 100 for number in range(60))
    watch, seen = reading(text), list[str]()
    shown = page(watch, 80, 23).lines
    for _ in range(len(wrapped(text, 80)) // shown):
        seen += texts(body(watch, 80, 23, NOW))[2:]
        watch = after(watch, "pagedown")
    seen += texts(body(watch, 80, 23, NOW))[2:][-(len(wrapped(text, 80)) % shown or shown) :]
    assert "".join(seen) == text.replace("\n", "")


def test_a_question_names_the_step_the_sentence_and_the_id() -> None:
    """At every stage of it, with the reason as it will be sent."""
    asked = after(showing(entry(1), entry(2, subject="orders")), "down", "d")
    confirmed = after(typed(asked, "no\u202e"), "enter")
    for watch in (asked, confirmed, after(confirmed, "y")):
        text = screen(watch)
        assert 'DENY: register of "orders" at registry, asked for by alice' in text
        assert f"approval {entry(2).id}" in text
    assert "reason: no\\u202e" in screen(confirmed)
    assert "y = yes" in screen(confirmed)
    assert "y = yes" not in screen(asked)


def test_a_question_says_when_its_approval_has_changed() -> None:
    """Somebody else was faster: said before the person types on."""
    watch = after(showing(entry(1)), "a")
    assert "meanwhile" not in screen(watch)
    gone, _ = listed(watch, (), NOW)
    assert "meanwhile it is ended" in screen(gone)
    assert "meanwhile it is withdrawn by alice" in screen(fetched(gone, ended(), "text"))


def test_how_a_selected_approval_ended_is_told() -> None:
    """By whom and why, in the preview and over the open approval."""
    gone, _ = listed(showing(entry(1)), (), NOW)
    known = fetched(gone, ended(), "text")
    assert "withdrawn by alice" in screen(known)
    assert "withdrawn by alice" in screen(after(known, "enter")).splitlines()[0]
    assert "withdrawn by alice" not in screen(gone)


def ended() -> Entry:
    return Entry.of(document(state="withdrawn") | {"why_ended": "by alice"})


def test_no_name_pushes_another_out_of_a_question() -> None:
    """The step, each name's beginning and the id are there, whatever the names are."""
    watch = after(
        showing(entry(subject="s" * 10_000, connection="c" * 10_000, caller_people=("p" * 10_000,))), "a", "enter"
    )
    text = screen(watch)
    for part in ("APPROVE", "s" * 60, "c" * 60, "p" * 60, "(10000 characters", entry().id, "y = yes"):
        assert part in text


def test_a_question_on_a_small_screen_keeps_its_id_and_what_y_does() -> None:
    """Of the sentence the beginning is there, and a mark that there is more."""
    long = entry(subject="s" * 10_000, connection="c" * 10_000, caller_people=("p" * 10_000,))
    lines = texts(body(after(showing(long), "a", "enter"), 50, 7, NOW))
    assert len(lines) == 7
    assert lines[1].startswith("APPROVE: register of")
    assert lines[3].endswith("…")
    assert lines[4] == f"approval {entry().id}"
    assert "y = yes" in lines[6]


def test_the_prompt_grows_with_the_reason() -> None:
    """To some lines, and is not there where nothing is typed."""
    watch = after(showing(entry()), "a")
    assert prompt_lines(showing(entry()), 80) == 0
    assert prompt_lines(watch, 80) == 1
    assert prompt_lines(typed(watch, "x" * 100), 80) == 2
    assert prompt_lines(typed(watch, "x" * 2000), 80) == 4


def test_no_answer_is_said_in_the_title() -> None:
    """Since when, and that it goes on; also where nobody noticed, because the computer slept."""
    watch = showing(entry())
    assert " live" in screen(watch).splitlines()[0]
    for text in (
        screen(lost(watch, "x")),
        screen(watch, now=NOW + limits.LONG_POLL_SECONDS + limits.CONSOLE_TIMEOUT_SECONDS),
    ):
        assert "no answer since" in text.splitlines()[0]
        assert "live" not in text.splitlines()[0]


def test_an_empty_list_is_said_in_words() -> None:
    """And is not taken for one that has not come yet."""
    assert "Asking" in screen(Watch())
    assert "live" not in screen(Watch())
    assert "Nothing is held for you" in screen(showing())


def test_keys_are_offered_only_where_they_do_something() -> None:
    """By what the console lets the viewer do."""
    assert "a approve   d deny" in screen(showing(entry()))
    assert "w withdraw" in screen(showing(entry(viewer="token-alice")))
    assert "approve" not in texts(footer(showing(entry(viewer="token-alice")), 80))[-1]
    assert "r review" in screen(showing(entry(state="unreviewed")))
    assert "Enter read" not in screen(showing())


def test_a_long_refusal_takes_some_lines_and_no_more() -> None:
    """The list stays in sight."""
    watch = lost(showing(entry()), "x")
    assert len(footer(watch, 80)) == 2
    refused = Watch(entries=watch.entries, selected=watch.selected, status="word " * 400)
    assert len(footer(refused, 80)) == 4
    assert texts(footer(refused, 80))[2].endswith("…")
