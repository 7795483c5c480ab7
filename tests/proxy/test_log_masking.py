"""What this process says about itself: no secret in a line, a traceback, a warning or a crash report."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import warnings
from typing import Any

import pytest

from countersign import limits
from countersign.errors import CountersignError
from countersign.proxy.log_masking import LogMasking, report
from tests.proxy.rule_files import PROJECT
from tests.proxy.values import masking

_CARD = "4111 1111 1111 1111"
_WORD = "correct-horse-battery"  # nothing that a detector knows: it must not be shown where it may be a value


def _masked(message: str, *args: Any, error: BaseException | None = None) -> str:
    """The line of a record as mitmproxy and Python's own formatter write it."""
    found = None if error is None else (type(error), error, None)
    made = logging.LogRecord("a", logging.ERROR, __file__, 1, message, args, found)
    record = LogMasking(masking().text).masked(made)
    assert (record.args, record.exc_info, record.exc_text) == ((), None, None)
    return logging.Formatter().format(record)


def test_a_line_is_searched_with_its_arguments() -> None:
    """A card number is masked, harmless words are not."""
    assert _masked("paid with %s by %s", _CARD, "alice") == "paid with [masked] by alice"
    assert _masked("client disconnect") == "client disconnect"


def test_a_line_that_cannot_be_written_shows_nothing() -> None:
    """Python would print its arguments."""
    assert _masked("%d bytes", _WORD) == "(a message that cannot be written)"


def test_a_traceback_names_classes_and_places_only() -> None:
    """Also of its causes, of groups, and where mitmproxy writes the exception's text into its own line."""
    try:
        try:
            raise KeyError(_WORD)
        except KeyError as cause:
            raise ExceptionGroup(_WORD, [ValueError(_WORD), TypeError(_WORD)]) from cause
    except ExceptionGroup as error:
        found, text = error, _masked("Addon error: %s", error, error=error)
    assert _WORD not in text
    assert "Addon error: (text not shown)" in text
    for name in ("KeyError", "ValueError", "TypeError", "ExceptionGroup"):
        assert f"builtins.{name}\n" in f"{text}\n"
    assert f"{__file__}:" in report(found)
    assert "test_a_traceback_names_classes_and_places_only" in text


def test_our_own_and_the_systems_texts_are_shown() -> None:
    """They say what to do, and go through the detectors all the same."""
    ours = _masked("it failed", error=CountersignError(f"chmod 600, {_CARD}"))
    assert ours.endswith("CountersignError: chmod 600, [masked]")
    try:
        open(f"/nowhere/{_WORD}").close()
    except OSError as error:
        system = _masked("it failed", error=error)
    assert system.endswith("FileNotFoundError: No such file or directory")


def test_an_exception_without_end_is_cut() -> None:
    """A recursion, and a chain of causes."""

    def deep(count: int) -> None:
        if count == 0:
            raise ValueError
        deep(count - 1)

    error: Exception | None = None
    for _ in range(limits.MAX_REPORTED_CAUSES + 5):
        try:
            raise ValueError from error
        except ValueError as made:
            error = made
    assert error is not None
    assert report(error).count("builtins.ValueError") == limits.MAX_REPORTED_CAUSES
    try:
        deep(100)
    except ValueError as made:
        lines = report(made).splitlines()
    assert len(lines) == limits.MAX_REPORTED_FRAMES + 2


def test_an_exception_whose_text_fails_is_reported_all_the_same() -> None:
    """It must not take the log line with it."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError(_WORD)

    assert _masked("it failed", error=Odd()).endswith("Odd")


def test_what_asyncio_was_about_to_do_is_not_shown() -> None:
    """mitmproxy writes the whole context where there is no exception."""
    context = {"message": "Task was destroyed", "task": f"<Task result={_WORD}>", "handle": _WORD}
    assert _masked(f"Unhandled asyncio error: {context}") == "Unhandled asyncio error: Task was destroyed"
    assert _WORD not in _masked(f"Unhandled asyncio error: {{'x': '{_WORD}'}}")


_CRASH = {
    "the main thread": "raise KeyError(word)",
    "a thread": "import threading; t = threading.Thread(target=lambda: {}[word]); t.start(); t.join()",
    "a finalizer": "class Odd:\n    def __del__(self): raise KeyError(word)\nOdd()",
    "a log line": "logging.getLogger('x').error('paid by %s', card)",
    "a logged exception": "try:\n    {}[word]\nexcept KeyError:\n    logging.exception('it failed')",
    "a warning": "import warnings; warnings.warn(card)",
    "a bad log line": "logging.error('%d', word)",
}


@pytest.mark.parametrize("name", _CRASH)
def test_a_process_says_nothing(name: str) -> None:
    """Whatever happens to it, on both of its streams; and it says that something happened."""
    program = (
        "import logging\nfrom countersign.masking import KeyedDigest, Masker\n"
        "from countersign.proxy.log_masking import LogMasking\n"
        "logging.basicConfig()\nfor _ in range(2):\n"
        "    LogMasking(Masker((), KeyedDigest(b'k' * 32)).text).install()\n"
        f"word, card = {_WORD!r}.upper(), {_CARD!r}\n{_CRASH[name]}\n"
    )
    paths = os.pathsep.join([str(PROJECT / "addons"), str(PROJECT)])
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, env={**os.environ, "PYTHONPATH": paths}, check=False
    )
    said = ended.stdout + ended.stderr
    assert said
    assert _WORD.upper().encode() not in said, said
    assert _CARD.encode() not in said, said
    assert (b"KeyError" in said) == ("KeyError" in _CRASH[name] or "{}[word]" in _CRASH[name])


async def test_the_last_one_that_was_installed_counts(caplog: pytest.LogCaptureFixture) -> None:
    """A gateway masks its log by its rules as soon as it has them; pytest's own hooks stay in their place."""
    hook = sys.unraisablehook
    first, second = LogMasking(lambda text: "first"), LogMasking(lambda text: "second")
    before = LogMasking._installed or LogMasking(masking().text)
    try:
        first.install()
        logging.getLogger("x").warning("words")
        second.install()
        logging.getLogger("x").warning("words")
        second.text = lambda text: "third"
        logging.getLogger("x").warning("words")
        assert caplog.messages == ["first", "second", "third"]
        assert sys.unraisablehook is hook
        assert warnings.showwarning is not None
        await asyncio.sleep(0)
    finally:
        before.install()
