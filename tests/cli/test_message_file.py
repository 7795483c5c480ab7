"""A file that holds a message, or a body alone."""

from __future__ import annotations

import pytest

from countersign.cli.message_file import read_message
from countersign.errors import BadInput


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_request_is_told_by_its_first_line(end: str) -> None:
    """Lines end as editors write them, or as HTTP does; the body is what it is."""
    text = end.join(["POST /a?b=c HTTP/1.1", "Host: x", "X-Team:  a b ", "x-team: c", "", '{"d": 1}\n\n'])
    message = read_message(text.encode())
    assert (message.direction, message.method, message.target) == ("request", "POST", "/a?b=c")
    assert message.headers == (("Host", "x"), ("X-Team", "a b"), ("x-team", "c"))
    assert (message.body, message.values("X-TEAM")) == (b'{"d": 1}\n\n', ["a b", "c"])


@pytest.mark.parametrize("line", ["HTTP/1.1 200 OK", "HTTP/2 200 ", "HTTP/2 204", "HTTP/1.0 404 Not Found"])
def test_a_response_is_told_by_its_first_line(line: str) -> None:
    """Also as curl writes those of HTTP/2."""
    message = read_message(f"{line}\nA: b\n\nc".encode())
    assert (message.direction, message.start_line, message.method, message.target) == ("response", line, None, None)
    assert (message.headers, message.body) == ((("A", "b"),), b"c")


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "", "a=b&c=d", "POST a letter", "HTTP/1.1 is old", "\nGET / HTTP/1.1\n", "GET /a b HTTP/1.1"]
)
def test_everything_else_is_a_body(text: str) -> None:
    """What only resembles a first line, too."""
    message = read_message(text.encode())
    assert (message.direction, message.headers, message.body) == (None, (), text.encode())


@pytest.mark.parametrize(
    "text", ["GET / HTTP/1.1", "GET / HTTP/1.1\n", "GET / HTTP/1.1\nA: b", "GET / HTTP/1.1\nA: b\n"]
)
def test_a_head_may_be_all(text: str) -> None:
    """With or without the empty line that ends it."""
    message = read_message(text.encode())
    assert (message.target, message.body) == ("/", b"")
    assert message.headers in ((), (("A", "b"),))


@pytest.mark.parametrize("line", ["hunter2", "A b: hunter2", " folded hunter2", ": hunter2"])
def test_a_head_that_cannot_be_read_is_refused(line: str) -> None:
    """By the number of the line, and without what is in it; a field gets through."""
    with pytest.raises(BadInput, match="line 3 is no header field") as caught:
        read_message(f"GET / HTTP/1.1\nA: b\n{line}\n\n".encode())
    assert "hunter2" not in str(caught.value)
    assert read_message(b"GET / HTTP/1.1\nA: b\nC: hunter2\n\n").values("c") == ["hunter2"]


def test_bytes_that_are_no_text_stay_what_they_are() -> None:
    """Masking decides about them."""
    message = read_message(b"GET / HTTP/1.1\nA: \xff\n\n\xfe")
    assert (message.headers[0][1].encode("utf-8", "surrogateescape"), message.body) == (b"\xff", b"\xfe")
