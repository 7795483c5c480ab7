"""`approvals watch` on a terminal: keys and answers to the state (watch_list.py), the state to the screen (watch_view.py).

Threads wait for the console; everything else happens on the loop of the screen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from threading import Thread

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl, ConditionalContainer, HSplit, Layout, UIContent, UIControl, Window
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.styles import Style

from countersign.cli import watch_list, watch_view
from countersign.cli.console_client import ConsoleClient, Refused, Unreachable
from countersign.cli.entry import Entry, whole_text
from countersign.cli.news import News, Trouble, news
from countersign.cli.watch_list import Effect, Fetch, Leave, Send, Watch
from countersign.cli.watch_view import Line

_TICK_SECONDS = 1.0  # the waiting times grow on the screen
_ESCAPE_SECONDS = 0.1  # Esc alone is told from the beginning of an arrow key after this
_STYLE = Style.from_dict(
    {
        "title": "bold",
        "trouble": "bold reverse",
        "heading": "underline",
        "selected": "reverse",
        "gone": "italic ansibrightblack",
        "risk-high": "ansired",
        "risk-medium": "ansiyellow",
        "risk-low": "",
        "rule": "ansibrightblack",
        "question": "bold",
        "status": "bold",
        "keys": "ansibrightblack",
    }
)
_NAMED = {
    Keys.Up: "up",
    Keys.Down: "down",
    Keys.PageUp: "pageup",
    Keys.PageDown: "pagedown",
    Keys.Home: "home",
    Keys.End: "end",
    Keys.Enter: "enter",
    Keys.Escape: "escape",
}


class _Lines(UIControl):
    """Lines that are made for the size of their window."""

    def __init__(self, make: Callable[[int, int], list[Line]]) -> None:
        self._make = make

    def create_content(self, width: int, height: int) -> UIContent:
        lines = self._make(width, height)
        return UIContent(lambda number: [*lines[number]], line_count=len(lines), show_cursor=False)

    def is_focusable(self) -> bool:
        return True


class WatchScreen:
    """A full-screen list of what is held, and the person's steps from it. `clock` gives seconds since the epoch."""

    def __init__(self, client: ConsoleClient, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock
        self._watch = Watch()
        self._reason = Buffer(multiline=False, on_text_changed=lambda buffer: self._type(buffer.text))
        self._body = Window(_Lines(self._lines), always_hide_cursor=True)
        self._prompt = Window(
            BufferControl(self._reason, input_processors=[BeforeInput("> ")]),
            height=lambda: watch_view.prompt_lines(self._watch, self._width),
            wrap_lines=True,
        )
        self._footer = Window(
            _Lines(lambda width, height: watch_view.footer(self._watch, width)),
            height=lambda: len(watch_view.footer(self._watch, self._width)),
        )
        is_typing = Condition(lambda: self._watch.is_typing)
        self._app: Application[None] = Application(
            Layout(HSplit([self._body, ConditionalContainer(self._prompt, is_typing), self._footer]), self._body),
            key_bindings=self._keys(is_typing),
            style=_STYLE,
            full_screen=True,
            refresh_interval=_TICK_SECONDS,
        )
        self._app.ttimeoutlen = self._app.timeoutlen = _ESCAPE_SECONDS

    def run(self) -> None:
        """Until the person leaves. Raises Refused or Unreachable where the list cannot be had (news.py)."""
        self._app.run(pre_run=lambda: self._in_thread(self._listen))

    # -- to and from the console, on threads of their own -------------------------------------------------------------

    def _in_thread(self, work: Callable[[Callable[..., None]], None]) -> None:
        """Run `work`, with a way to call back on the loop. The threads do not keep the process alive."""
        loop = asyncio.get_running_loop()

        def on_loop(step: Callable[..., None], *arguments: object) -> None:
            with suppress(RuntimeError):  # the screen has ended meanwhile, and its loop with it
                loop.call_soon_threadsafe(step, *arguments)

        def run() -> None:
            try:
                work(on_loop)
            except Exception as error:  # noqa: BLE001 - a screen that nobody feeds any more must not look live
                on_loop(self._end, error)

        Thread(target=run, daemon=True).start()

    def _listen(self, on_loop: Callable[..., None]) -> None:
        for item in news(self._client, time.sleep):
            if isinstance(item, News):
                on_loop(self._list, tuple(Entry.of(document) for document in item.approvals))
            else:
                on_loop(self._lose, item)

    def _fetch(self, wanted: Fetch, on_loop: Callable[..., None]) -> None:
        try:
            document = self._client.approval(wanted.id)
            entry, text = Entry.of(document), whole_text(document)
        except (Refused, Unreachable) as error:
            said = str(error)
            on_loop(self._fail, error, lambda watch: watch_list.not_fetched(watch, wanted.id, said))
        else:
            on_loop(self._become, lambda watch: watch_list.fetched(watch, entry, text))

    def _send(self, step: Send, on_loop: Callable[..., None]) -> None:
        try:
            document = self._client.take(step.id, step.action, step.reason)
            entry, text = Entry.of(document), whole_text(document)
        except Refused as error:
            said = f"refused: {error}"
            on_loop(self._fail, error, lambda watch: watch_list.not_recorded(watch, said))
        except Unreachable as error:
            unsure = f"nobody knows yet whether this is recorded, see the list before you send it again: {error}"
            on_loop(self._fail, error, lambda watch: watch_list.not_recorded(watch, unsure))
        else:
            on_loop(self._become, lambda watch: watch_list.recorded(watch, step, entry))
            on_loop(self._become, lambda watch: watch_list.fetched(watch, entry, text))

    # -- on the loop --------------------------------------------------------------------------------------------------

    def _list(self, entries: tuple[Entry, ...]) -> None:
        self._do(*watch_list.listed(self._watch, entries, self._clock()))

    def _lose(self, trouble: Trouble) -> None:
        self._do(watch_list.lost(self._watch, trouble.detail))

    def _become(self, change: Callable[[Watch], Watch]) -> None:
        self._do(change(self._watch))

    def _fail(self, error: Refused | Unreachable, change: Callable[[Watch], Watch]) -> None:
        if isinstance(error, Refused) and error.status == HTTPStatus.UNAUTHORIZED:
            self._end(error)
        else:
            self._become(change)

    def _end(self, error: Exception) -> None:
        if not self._app.is_done:
            self._app.exit(exception=error)

    def _type(self, text: str) -> None:
        self._watch = watch_list.typed(self._watch, text)

    def _press(self, key: str) -> None:
        self._do(*watch_list.pressed(self._watch, key, self._page()))

    def _do(self, watch: Watch, effect: Effect = None) -> None:
        """Show `watch`, and begin what is to be done."""
        begins = watch.is_typing and not self._watch.is_typing
        self._watch = watch
        if begins:
            self._reason.set_document(Document(watch.draft), bypass_readonly=True)
        self._app.layout.focus(self._prompt if watch.is_typing else self._body)
        self._app.invalidate()
        match effect:
            case Fetch() as wanted:
                self._in_thread(lambda on_loop: self._fetch(wanted, on_loop))
            case Send() as step:
                self._in_thread(lambda on_loop: self._send(step, on_loop))
            case Leave():
                self._app.exit()

    def _lines(self, width: int, height: int) -> list[Line]:
        return watch_view.body(self._watch, width, height, self._clock())

    @property
    def _width(self) -> int:
        return self._app.output.get_size().columns

    def _page(self) -> watch_list.Page:
        info = self._body.render_info
        size = (self._width, 1) if info is None else (info.window_width, info.window_height)
        return watch_view.page(self._watch, *size)

    def _keys(self, is_typing: Condition) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("<any>", filter=~is_typing)
        def _letter(event: KeyPressEvent) -> None:
            self._press(event.data)

        @keys.add(Keys.BracketedPaste, filter=is_typing)
        def _paste(event: KeyPressEvent) -> None:
            """On one line; elsewhere a pasted text is no series of keys, and goes nowhere."""
            self._reason.insert_text(" ".join(event.data.split()))

        @keys.add("c-c", eager=True)
        @keys.add(Keys.SIGINT, eager=True)
        def _leave(event: KeyPressEvent) -> None:
            event.app.exit()

        for key, name in _NAMED.items():
            is_ours = ~is_typing if name in ("home", "end") else Condition(lambda: True)
            keys.add(key, filter=is_ours, eager=True)(lambda event, name=name: self._press(name))
        return keys
