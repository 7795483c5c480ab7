"""Bytes from the wire that mitmproxy quotes in its messages: what it could not parse may be a secret, and is cut.

Looks for Python's spelling of bytes and texts, which is how mitmproxy quotes them; other texts of its own are kept whole.
"""

from __future__ import annotations

import logging
import re
import traceback

_QUOTED = re.compile(r"""(?<!\w)(bytearray\(b|memoryview\(b|b)['"].*""", re.DOTALL)
_QUOTED_OR_TEXT = re.compile(r"""(?<!\w)(bytearray\(b|memoryview\(b|b)?['"].*""", re.DOTALL)
_CUT = "(bytes not shown)"

#: mitmproxy's logger of everything that happens on a connection.
_CONNECTIONS = "mitmproxy.proxy.server"


def without_bytes(text: str) -> str:
    """`text` up to the first bytes that it quotes."""
    return _QUOTED.sub(_CUT, text)


def without_quotes(text: str) -> str:
    """`text` up to the first bytes or text that it quotes: for records, and for clients, who must not see by an error of an
    answer what they would not see of the answer."""
    return _QUOTED_OR_TEXT.sub(_CUT, text)


def _cut(record: logging.LogRecord) -> bool:
    record.msg, record.args = without_bytes(record.getMessage()), ()
    if record.exc_info:
        lines = traceback.format_exception(*record.exc_info)
        record.exc_text = "".join(f"{without_bytes(line.rstrip())}\n" for line in lines).rstrip()
    return True


def keep_out_of_logs() -> None:
    """From now on, in this process, mitmproxy's messages about connections quote no bytes. Safe to call twice."""
    logging.getLogger(_CONNECTIONS).addFilter(_cut)
