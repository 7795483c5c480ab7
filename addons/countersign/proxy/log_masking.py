"""Keeps secrets out of what this process says about itself: log lines of every library, tracebacks, warnings, crash reports.

Every text goes through masking's detectors. A traceback names classes, places and lines, and the text of an exception only
where it is ours or the system's: all others may quote what they failed on. Does not see what C code writes by itself.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Final, TextIO

from countersign import limits
from countersign.errors import CountersignError

_CANNOT_BE_WRITTEN: Final = "(a message that cannot be written)"
_NOT_SHOWN: Final = "(text not shown)"
# mitmproxy writes the whole context of what goes wrong in asyncio, with everything that was about to be done.
_ASYNCIO_CONTEXT: Final = re.compile(r"(Unhandled asyncio error: ).*?(?:'message': '([^'\\]*)'.*)?", re.DOTALL)

logger = logging.getLogger(__name__)


class LogMasking:
    """`text` takes secrets out of a text and never raises; it may be replaced by a better one later."""

    _installed: LogMasking | None = None

    def __init__(self, text: Callable[[str], str]) -> None:
        self.text = text

    def install(self) -> None:
        """From now on, in this process, instead of the one before. A hook that somebody else put in place of Python's own
        stays."""
        is_first, LogMasking._installed = LogMasking._installed is None, self
        if not is_first:
            return
        made = logging.getLogRecordFactory()
        logging.setLogRecordFactory(lambda *args, **kwargs: _now().masked(made(*args, **kwargs)))
        if sys.excepthook is sys.__excepthook__:
            sys.excepthook = lambda kind, error, trace: _now()._report("the process ends", error)
        if threading.excepthook is threading.__excepthook__:
            threading.excepthook = lambda args: _now()._report("a thread ends", args.exc_value)
        if sys.unraisablehook is sys.__unraisablehook__:
            sys.unraisablehook = lambda args: _now()._report(f"ignored in {type(args.object).__name__}", args.exc_value)
        if warnings.showwarning.__module__ == "warnings":
            warnings.showwarning = _warn

    def masked(self, record: logging.LogRecord) -> logging.LogRecord:
        """`record` with one text that everybody may see, and nothing that it was made of."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit, or whose own text fails
            message = _CANNOT_BE_WRITTEN
        if found := _ASYNCIO_CONTEXT.fullmatch(message):
            message = f"{found[1]}{found[2] or _NOT_SHOWN}"
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            message = f"{_without_text_of(error, message)}\n{report(error)}"
        record.msg, record.args = self.text(message), ()
        record.exc_info = record.exc_text = None
        return record

    # -- inside -------------------------------------------------------------------------------------------------------

    def _report(self, what: str, error: BaseException | None) -> None:
        if error is None or isinstance(error, SystemExit | KeyboardInterrupt):
            return
        if sys.stderr is not None:  # at the very end of the interpreter
            print(self.text(f"{what}:\n{report(error)}"), file=sys.stderr)


def _now() -> LogMasking:
    assert LogMasking._installed is not None
    return LogMasking._installed


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    logger.warning("%s at %s:%d: %s", category.__name__, filename, lineno, message)


def report(error: BaseException) -> str:
    """What went wrong where, in lines like those of a traceback, the first cause first; without values."""
    return "\n".join(line for each in _chain(error) for line in _lines(each))


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(chain) < limits.MAX_REPORTED_CAUSES:
        each = waiting.pop()
        if each is None or any(each is other for other in chain):
            continue
        chain.append(each)
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)
        waiting.append(each.__cause__ or (None if each.__suppress_context__ else each.__context__))
    return chain[::-1]


def _lines(error: BaseException) -> Iterator[str]:
    frames = [
        f"  {frame.f_code.co_filename}:{line} in {frame.f_code.co_qualname}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    most = limits.MAX_REPORTED_FRAMES
    yield from frames[: most // 2] if len(frames) > most else frames
    if len(frames) > most:
        yield f"  ... {len(frames) - most} more"
        yield from frames[-most // 2 :]
    yield f"{type(error).__module__}.{type(error).__qualname__}{_said(error)}"


def _said(error: BaseException) -> str:
    if isinstance(error, CountersignError):
        return f": {error}"
    if isinstance(error, OSError) and error.strerror:
        return f": {error.strerror}"
    return ""


def _without_text_of(error: BaseException, message: str) -> str:
    """mitmproxy writes the text of an addon's exception into its own line."""
    for each in _chain(error):
        for said in (_text(each, str), _text(each, repr)):
            if said and not isinstance(each, CountersignError):
                message = message.replace(said, _NOT_SHOWN)
    return message


def _text(error: BaseException, how: Callable[[object], str]) -> str:
    try:
        return how(error)
    except Exception:  # noqa: BLE001 - then nobody else could write it either
        return ""
