"""Keys and tokens that services issue in a form of their own."""

from __future__ import annotations

import re

import pytest

from countersign.masking.detectors.key_formats import KEY_FORMATS, MARKED_KEY_FORMATS


@pytest.mark.parametrize("form", [form for forms in KEY_FORMATS.values() for form in forms])
def test_a_form_is_an_expression_that_begins_with_a_character(form: str) -> None:
    """The search goes by it; a form that begins with a choice would be read as another one."""
    re.compile(form)
    assert re.match(r"[A-Za-z0-9_]|\\\$", form)
    assert not re.match(r".[?*{]", form)


@pytest.mark.parametrize("mark", sorted(MARKED_KEY_FORMATS))
def test_a_mark_is_in_its_form(mark: str) -> None:
    """A form whose mark is not in it is never looked for."""
    assert mark in MARKED_KEY_FORMATS[mark].replace("\\", "")
