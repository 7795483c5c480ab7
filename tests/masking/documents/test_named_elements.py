"""Elements of an array that the element before them names."""

from __future__ import annotations

import pytest

from countersign.masking.documents.named_elements import named_elements
from countersign.masking.fields.built_in_rules import built_in_rule
from countersign.masking.fields.field_rules import FieldRules
from countersign.strict_json import Json
from tests.masking.rules import rule

FIELDS = FieldRules([rule("teams", names=("team",))], built_in_rule("field-name"))


@pytest.mark.parametrize(
    ("items", "masked"),
    [
        (["password", "x"], {1: "built-in:field-name"}),
        (["Team", ["x"]], {1: "teams"}),
        (["password", "-x"], {1: "built-in:field-name"}),
        (["password", 17], {1: "built-in:field-name"}),
        (["password", True], {}),
        (["password", ""], {}),
        (["password", None], {}),
        (["colour", "x"], {}),
        (["password", "email", "name"], {}),
        (["password"], {}),
    ],
)
def test_a_pair_in_an_array_is_a_name_and_its_value(items: list[Json], masked: dict[int, str]) -> None:
    """Where somebody masks the values of that name; alone, two texts are two names."""
    assert {index: by.name for index, by in named_elements(items, FIELDS, is_element=True).items()} == masked
    assert not named_elements(items, FIELDS, is_element=False)


@pytest.mark.parametrize(
    ("items", "masked"),
    [
        (["tool", "--db-password", "x", "--id", "7"], [2]),
        (["-pw", "x", "--team", "y"], [1, 3]),
        (["--password", "--verbose"], []),
        (["--password=x", "y"], []),
        (["tool", "--password"], []),
    ],
)
def test_an_option_names_what_follows_it(items: list[Json], masked: list[int]) -> None:
    """As commands have them; but for the next option, and what is behind one with a value."""
    assert list(named_elements(items, FIELDS, is_element=False)) == masked
