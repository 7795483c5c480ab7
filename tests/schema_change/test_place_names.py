"""Where a change is, in words."""

from __future__ import annotations

import pytest

from countersign.schema_change.place_names import place_name, quoted_name


@pytest.mark.parametrize(
    ("pointer", "subject", "when"),
    [
        ("", "the document", ""),
        ("/minimum", "the document", ""),
        ("/properties/a~1b/minimum", "`a/b`", ""),
        ("/properties/order/properties/id/minimum", "`order.id`", ""),
        ("/properties/properties/properties/items/minimum", "`properties.items`", ""),
        ("/properties/a.b/properties/c d/minimum", '`["a.b"]["c d"]`', ""),
        ("/properties/a/items/minimum", "each item of `a`", ""),
        ("/properties/a/items/properties/b/minimum", "`a[].b`", ""),
        ("/properties/a/items/items/minimum", "each item of `a[]`", ""),
        ("/items/properties/a/minimum", "`[].a`", ""),
        ("/properties/a/prefixItems/1/minimum", "item 2 of `a`", ""),
        ("/properties/a/items/0/minimum", "item 1 of `a`", ""),
        ("/properties/a/prefixItems/1", "`a`", ""),
        ("/properties/a/additionalProperties/minimum", "each undeclared field of `a`", ""),
        ("/properties/a/additionalProperties/properties/b/minimum", "`a.*.b`", ""),
        ("/patternProperties/^x-/minimum", "each field that matches `^x-` of the document", ""),
        ("/properties/a/propertyNames/maxLength", "each field name of `a`", ""),
        ("/properties/a/contains/minimum", "an item of `a`", ""),
        ("/properties/a/allOf/0/minimum", "`a`", ""),
        ("/properties/a/$ref/properties/b/minimum", "`a.b`", ""),
        ("/properties/a/$ref", "`a`", ""),
        ("/anyOf/1/properties/a/minimum", "`a`", "in form 2 of several: "),
        ("/anyOf/1", "the document", ""),
        ("/not/minimum", "the document", "in a form that is refused: "),
        ("/if/minimum", "the document", "in a condition: "),
        ("/then/minimum", "the document", "where a condition holds: "),
        ("/else/minimum", "the document", "where a condition does not hold: "),
        ("/oneOf/0/not/minimum", "the document", "in form 1 of several, in a form that is refused: "),
        ("/dependentSchemas/card/minimum", "the document", "where `card` is given: "),
        ("/$defs/address/minimum", "`address`", "in the shared definition `address`: "),
        ("/$defs/address/items/minimum", "each item of `address`", "in the shared definition `address`: "),
        ("/$defs/address/properties/zip/minimum", "`zip`", "in the shared definition `address`: "),
    ],
)
def test_places(pointer: str, subject: str, when: str) -> None:
    """The way to it in the data, and the cases in which it counts."""
    place = place_name(pointer)
    assert (place.subject, place.when) == (subject, when)


def test_members() -> None:
    """A member of the place is named with the whole way to it."""
    assert place_name("/required").member("id") == "`id`"
    assert place_name("/properties/order/required").member("id") == "`order.id`"
    assert place_name("/properties/lines/items/required").member("id") == "`lines[].id`"
    assert place_name("/additionalProperties/required").member("a b") == '`*["a b"]`'


def test_names_cannot_move_the_text() -> None:
    """What cannot be seen is an escape."""
    assert quoted_name("a\u202e") == "`a\\u202e`"
    assert place_name("/properties/a\x1b/minimum").subject == "`a\\u001b`"
    assert place_name("/$defs/a\0/minimum").when == "in the shared definition `a\\u0000`: "
