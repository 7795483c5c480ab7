"""Content-Type and the parameters of header fields, in one reading."""

from __future__ import annotations

import time

import pytest

from countersign.errors import BadInput
from countersign.masking.carriers.media_types import MediaType, media_type, parameters

FORM = "multipart/form-data"


@pytest.mark.parametrize(
    ("value", "essence", "named"),
    [
        ("application/json", "application/json", {}),
        (" Application/JSON ; Charset=UTF-8 ", "application/json", {"charset": "UTF-8"}),
        ("application/json;", "application/json", {}),
        ("application/json; ;a=b", "application/json", {"a": "b"}),
        (f"{FORM}; boundary=x-y", FORM, {"boundary": "x-y"}),
        (f'{FORM}; boundary="x y"; a=""', FORM, {"boundary": "x y", "a": ""}),
        ('text/plain;a="b;c=d"', "text/plain", {"a": "b;c=d"}),
    ],
)
def test_a_proper_value_is_read(value: str, essence: str, named: dict[str, str]) -> None:
    """Type and subtype in lower case, and the parameters as they are written."""
    found = media_type([value])
    assert found is not None
    assert found == MediaType(essence, found.written, named, True, True)
    assert found.written.lower() == essence


@pytest.mark.parametrize(
    "value",
    [
        f"{FORM}; boundary=x; boundary=y", f"{FORM}; boundary=x; BOUNDARY=x", f'{FORM}; boundary="x\\"y"', f'{FORM}; boundary="x',
        f'{FORM}; boundary="x"y', f"{FORM}; boundary=x y", f"{FORM}; boundary = x", f"{FORM}; boundary", f"{FORM}; boundary=",
        f'{FORM}; boundary="x\\"', f"{FORM}; boundary=x, text/plain", f"{FORM}; bound\x00ary=x", f'{FORM}; boundary="x\n"',
    ],
)  # fmt: skip
def test_parameters_with_a_second_reading_are_none(value: str) -> None:
    """The type is said, but nothing can be read by it; with the boundary alone it can."""
    assert media_type([value]) == MediaType(FORM, FORM, {}, False, True)
    assert media_type([f"{FORM}; boundary=x"]) == MediaType(FORM, FORM, {"boundary": "x"}, True, True)


@pytest.mark.parametrize(
    "values",
    [
        [""], ["json"], ["application/json/x"], ["application/js on"], ["a/b\r\nX: y"], ["<script>/x"], ["hunter2/secret"],
        ["application/" + "x" * 128], ["application/json, text/html"], ["application/json", "application/json"],
    ],
)  # fmt: skip
def test_what_is_no_type_is_unknown(values: list[str]) -> None:
    """What is no pair of names, is said twice, or has no registered kind in front is no type at all."""
    found = media_type(values)
    assert found is not None
    assert (found.essence, found.is_proper) == ("unknown", False)
    assert media_type([]) is None


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"', "us-ascii", "ISO-8859-1"])
def test_usual_character_sets_are_read(charset: str) -> None:
    """Those that agree with UTF-8 on ASCII."""
    found = media_type([f"application/json; charset={charset}"])
    assert found is not None
    assert found.is_utf8


@pytest.mark.parametrize(
    "values",
    [
        ["application/json; charset=utf-16"], ["application/json;x=1; Charset = \"UTF-7\""], ["application/json;charset*=utf-7''x"],
        ["application/json; charset"], ["application/json; charset="], ["text/plain", "text/plain;charset=utf-7"],
        ["application/json; charset=utf-8; charset=utf-7"], ["application/json, text/plain; charset=utf-7"],
        ["application/json; charset='utf-8'"],
    ],
)  # fmt: skip
def test_another_character_set_is_seen_wherever_it_stands(values: list[str]) -> None:
    """Also in a value that is not understood: the same bytes could be another document."""
    found = media_type(values)
    assert found is not None
    assert not found.is_utf8


def test_parameters_of_other_fields() -> None:
    """What stands before them comes as it is; backslashes are left for whoever asks."""
    assert parameters(r'form-data; name="a b"; filename="C:\x"') == ("form-data", {"name": "a b", "filename": r"C:\x"})
    with pytest.raises(BadInput, match="twice"):
        parameters('form-data; name="a"; NAME="b"')


@pytest.mark.parametrize(
    "hostile", [";" * 200_000, "; " * 100_000, ";a=b" * 50_000, ';a="' + "b" * 200_000, "; " + " " * 200_000]
)
def test_reading_is_linear(hostile: str) -> None:
    """A header as long as a body costs no more than reading it."""
    started = time.process_time()
    media_type(["text/plain" + hostile])
    assert time.process_time() - started < 2
