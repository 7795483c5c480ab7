"""What mitmproxy could not parse is not quoted in a log or a record."""

from __future__ import annotations

import logging

import pytest

from countersign.proxy.quoted_bytes import keep_out_of_logs, without_bytes, without_quotes

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "text",
    [
        f"Bad HTTP request line: b'GET http://u:{SECRET}@h/'",
        f'Invalid header line: b"X: it\'s {SECRET}"',
        f"illegal chunk header: bytearray(b'{SECRET}')",
        f"Unexpected data from server: b'\\n{SECRET}\n{SECRET}'",
    ],
)
def test_quoted_bytes_are_cut(text: str) -> None:
    """Everything from the first quoted byte on is gone, what comes before stays."""
    cut = without_bytes(text)
    assert SECRET not in cut
    assert cut.startswith(text.partition(": ")[0])


@pytest.mark.parametrize("text", ["client disconnect", "server connect b.example:443 (10.0.0.1)", "it's a grab'bag"])
def test_other_texts_are_kept(text: str) -> None:
    """Words that end in b, and quotes, are no bytes."""
    assert without_bytes(text) == text


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (f"invalid content-length header: '{SECRET}'", "invalid content-length header: (bytes not shown)"),
        (f'unknown header: "it\'s {SECRET}" here', "unknown header: (bytes not shown)"),
        (f"Bad HTTP response line: b'{SECRET}'", "Bad HTTP response line: (bytes not shown)"),
        (f"multiple headers: ['1', '{SECRET}']", "multiple headers: [(bytes not shown)"),
        ("the service's answer did not come", "the service's answer did not come"),
        ("Request body exceeds mitmproxy's body_size_limit.", "Request body exceeds mitmproxy's body_size_limit."),
    ],
)
def test_what_clients_are_told_quotes_no_text_either(text: str, cut: str) -> None:
    """Neither bytes nor texts; an apostrophe begins no quotation."""
    assert without_quotes(text) == cut


def test_mitmproxys_connection_log_quotes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Messages, their arguments and tracebacks; once, however often it is asked for."""
    keep_out_of_logs()
    keep_out_of_logs()
    logger = logging.getLogger("mitmproxy.proxy.server")
    with caplog.at_level(logging.INFO, logger.name):
        logger.info("Bad HTTP request line: %r", SECRET.encode())
        try:
            raise ValueError(f"Invalid header line: {SECRET.encode()!r}")
        except ValueError:
            logger.exception("mitmproxy has crashed!")
    assert SECRET not in caplog.text
    assert "Bad HTTP request line: (bytes not shown)" in caplog.text
    assert "ValueError" in caplog.text
