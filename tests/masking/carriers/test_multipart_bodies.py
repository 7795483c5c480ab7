"""Multipart bodies in the one reading that all readers agree on."""

from __future__ import annotations

import email.parser
import email.policy
import time

import multipart  # type: ignore[import-untyped]  # ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign import limits
from countersign.errors import BadInput, TooLarge
from countersign.masking.carriers.media_types import MediaType, media_type
from countersign.masking.carriers.multipart_bodies import Part, read_parts


def said(value: str = "multipart/form-data; boundary=b") -> MediaType:
    """What a Content-Type says."""
    found = media_type([value])
    assert found is not None
    return found


MIXED = said("multipart/mixed; boundary=b")


def body(*parts: bytes, boundary: bytes = b"b") -> bytes:
    """`parts`, each with its header and an empty line, between boundaries."""
    return b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts) + b"--%b--\r\n" % boundary


def part(content: bytes = b"x", disposition: str = 'form-data; name="a"', *headers: str) -> bytes:
    """One part of a form."""
    lines = [f"Content-Disposition: {disposition}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def test_parts_come_in_their_order() -> None:
    """Names, file names, other header fields, and contents byte for byte."""
    raw = body(
        part(b"1"),
        part(b"\r\n2\r\n", 'form-data; name="b"; filename="f.json"', "Content-Type: application/json", "X-A:  y "),
        part(b"", "form-data; name=a"),
    )
    assert read_parts(raw, said()) == [
        Part("a", None, (), b"1", False, False, False),
        Part("b", "f.json", (("Content-Type", "application/json"), ("X-A", "y ")), b"\r\n2\r\n", False, False, False),
        Part("a", None, (), b"", False, False, False),
    ]
    assert len(read_parts(raw[:-2], said())) == 3  # the last line needs no end


def test_parts_of_other_bodies_need_no_name() -> None:
    """In multipart/mixed and multipart/related a part may have no header at all."""
    raw = body(b"\r\n1", b"Content-Type: text/plain\r\n\r\n2", part(b"3", 'attachment; filename="f"'))
    assert [(part.name, part.filename, part.content) for part in read_parts(raw, MIXED)] == [
        (None, None, b"1"), (None, None, b"2"), (None, "f", b"3")
    ]  # fmt: skip
    for refused in (raw, body(part(b"3", "x-unknown"))):
        with pytest.raises(BadInput):
            read_parts(refused, said() if refused is raw else MIXED)


GOOD = body(part())


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"x", b"preamble\r\n" + GOOD, b"\r\n" + GOOD, GOOD + b"epilogue", GOOD + b"\r\n", GOOD + GOOD, GOOD[:-6],
        GOOD[:-4], GOOD.replace(b"\r\n", b"\n"), GOOD.replace(b"--b\r\n", b"--b \r\n"), GOOD.replace(b"--b\r\n", b"--b\n"),
        GOOD.replace(b"--b\r\n", b"--bcd"), GOOD.replace(b"--b\r\n", b"--bc\r\n"), GOOD.replace(b"x\r\n--b--", b"x\n--b--"), b"--b--\r\n", b"--b\r\n--b--",
        b"--b\r\n\r\n--b--", GOOD.replace(b"\r\n\r\n", b"\r\n"), GOOD.replace(b"\r\n\r\n", b"\n\n"), GOOD[:-4] + b"-\r\n",
        body(part(b"x\n--b\nContent-Disposition: form-data; name=password\n\nhunter2")), body(part(b"see --b there")),
        body(part(b"x\r\n--bc\r\ny")), body(b"\r\nx"), GOOD.replace(b"\r\n\r\n", b"\r\n \r\n"),
    ],
)  # fmt: skip
def test_what_has_a_second_reading_is_refused(raw: bytes) -> None:
    """Text around the boundaries, a boundary anywhere else, other ends of lines, an end that is missing; without that, a part."""
    with pytest.raises(BadInput):
        read_parts(raw, said())
    assert len(read_parts(GOOD, said())) == 1


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Disposition: form-data; name=a\r\n folded", b"Content-Disposition: form-data;\r\n\tname=a",
        b"Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
        b"Content-Disposition: form-data; name=a\r\nContent-Type: text/plain\r\ncontent-type: application/json",
        b"Content-Disposition : form-data; name=a", b"Content-Disposition: form-data; name=a\r\nno colon",
        b"Content-Disposition: form-data; name=a\nX: y", b"Content-Disposition: form-data; name=a\rX: y",
        b"Content-Disposition: form-data; name=a\r\nX: \x00", b"Content-Disposition: form-data; name=\xff",
        b"Content-Disposition: form-data", b"Content-Disposition: attachment; name=a", b"Content-Disposition: form-data; name=",
        b'Content-Disposition: form-data; name="a"; name="b"', b'Content-Disposition: form-data; name="a"b"',
        b'Content-Disposition: form-data; name="a\\"; name=\\"b"', b"Content-Disposition: form-data; name*=utf-8''a",
        b"Content-Disposition: form-data; name=a; name*=utf-8''password", b"Content-Disposition: form-data; name=a; name*0=b",
        b"Content-Disposition: form-data; name=a; x=y", b"Content-Disposition: form-data, name=a", b"Content-Type: text/plain",
        b"Content-Disposition: form-data; name=a\r\nContent-Length: 2", b"Content-Disposition: form-data; name=a\r\nContent-Length: 01",
    ],
)  # fmt: skip
def test_a_header_with_a_second_reading_is_refused(header: bytes) -> None:
    """Folded, doubled or broken lines, and names that readers could see differently."""
    with pytest.raises(BadInput):
        read_parts(body(header + b"\r\n\r\nx"), said())
    fine = b"Content-Disposition: form-data; name=a\r\nContent-Length: 1"
    assert len(read_parts(body(fine + b"\r\n\r\nx"), said())) == 1


@pytest.mark.parametrize("name", ["pass%77ord", r"pass\word", "=?utf-8?q?x?=", "a\tb", "a\u200bb", "%22"])
def test_a_name_with_escapes_is_uncertain(name: str) -> None:
    """Readers undo them, or not: nobody knows what the part is called."""
    (found,) = read_parts(body(part(b"x", f'form-data; name="{name}"; filename="{name}"')), said())
    assert (found.is_uncertain, found.is_filename_uncertain) == (True, True)
    (found,) = read_parts(body(part(b"x", 'form-data; name="größe"; filename="größe.txt"')), said())
    assert (found.name, found.is_uncertain, found.is_filename_uncertain) == ("größe", False, False)


def test_a_second_file_name_is_uncertain() -> None:
    """Some readers take `filename*`, some `filename`."""
    (found,) = read_parts(body(part(b"x", "form-data; name=a; filename*=utf-8''b")), said())
    assert (found.filename, found.is_uncertain, found.is_filename_uncertain) == ("", False, True)


@pytest.mark.parametrize("header", ["Content-Transfer-Encoding: base64", "content-transfer-encoding: Quoted-Printable",
                                    "Content-Transfer-Encoding:", "Content-Encoding: gzip", "Content-Encoding: identity"])  # fmt: skip
def test_a_part_in_a_coding_says_so(header: str) -> None:
    """Some readers undo it, others do not."""
    (found,) = read_parts(body(part(b"x", "form-data; name=a", header)), said())
    assert found.is_encoded
    (found,) = read_parts(body(part(b"x", "form-data; name=a", "Content-Transfer-Encoding: 8BIT")), said())
    assert not found.is_encoded


@pytest.mark.parametrize(
    "value",
    ["multipart/form-data", 'multipart/form-data; boundary=""', "multipart/form-data; boundary=b; boundary=c",
     'multipart/form-data; boundary="b "', "multipart/form-data; boundary*=utf-8''b", "multipart/form-data; boundary=" + "b" * 71,
     'multipart/form-data; boundary="b\\b"', "multipart/form-data; boundary=b%62"],
)  # fmt: skip
def test_a_boundary_that_is_missing_or_unclear_is_refused(value: str) -> None:
    """One boundary, of the characters of RFC 2046 without the space."""
    with pytest.raises(BadInput, match="no boundary"):
        read_parts(GOOD, said(value))
    assert len(read_parts(GOOD, said('multipart/form-data; boundary="b"'))) == 1


def test_parts_and_headers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One part, or one byte of a header, more than the limit is refused before it is read."""
    monkeypatch.setattr(limits, "MAX_BODY_PARTS", 3)
    assert len(read_parts(body(*[part()] * 3), said())) == 3
    with pytest.raises(TooLarge):
        read_parts(body(*[part()] * 4), said())
    with pytest.raises(TooLarge):
        read_parts(body(*[b"broken"] * 400), said())
    monkeypatch.setattr(limits, "MAX_PART_HEADER_BYTES", len("Content-Disposition: form-data; name=a"))
    assert len(read_parts(body(part(b"", "form-data; name=a")), said())) == 1
    with pytest.raises(TooLarge):
        read_parts(body(part(b"", "form-data; name=ab")), said())


@pytest.mark.parametrize("unit", [b"--b\r\n", b"--b\r\n\r\n", b"\r\n", b"--", b"-", b"\r\n--", b"a: b\r\n"])
def test_reading_is_linear(unit: bytes) -> None:
    """Whatever is repeated in the largest body."""
    raw = b"--b\r\n" + unit * (limits.MAX_DECODED_BODY_BYTES // len(unit))
    started = time.process_time()
    with pytest.raises(BadInput):
        read_parts(raw, said())
    assert time.process_time() - started < 2


fields = st.lists(
    st.tuples(
        st.text(st.sampled_from("abäß -_[]."), min_size=1, max_size=8),
        st.lists(st.sampled_from([b"a", b"\r\n", b"\n", b"--", b"b", b"\r", b"-", b"\x00", b"\xff"]), max_size=12).map(
            b"".join
        ),
    ),
    min_size=1,
    max_size=4,
)


@given(fields)
def test_other_readers_read_the_same(expected: list[tuple[str, bytes]]) -> None:
    """What is read here is what two other readers understand, a strict and a lenient one: nothing else is hidden in it."""
    raw = body(*(part(content, f'form-data; name="{name}"') for name, content in expected))
    try:
        parts = read_parts(raw, said())
    except BadInput:
        assert any(b"--b" in content or b"-" in content[-1:] or b"\n" in content for _, content in expected)
        return
    assert [(part.name, part.content) for part in parts] == expected
    strict = multipart.MultipartParser(_Stream(raw), "b", strict=True)
    assert [(part.name, part.raw) for part in strict] == expected
    header = b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    lenient = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(header + raw)
    found = list(lenient.iter_parts())
    assert [part.get_param("name", header="content-disposition") for part in found] == [name for name, _ in expected]


class _Stream:
    """What a parser reads from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int) -> bytes:
        """The next bytes."""
        piece, self._data = self._data[:size], self._data[size:]
        return piece
