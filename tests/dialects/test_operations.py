from __future__ import annotations

import dataclasses

import pytest

from countersign.dialects.operations import Operation, RequestView, UnknownOperation
from countersign.errors import BadInput, CountersignError
from countersign.rulebook.values import Effect, Source


def test_an_unknown_operation_is_a_refusal_of_rights_not_of_form() -> None:
    """403, where input that cannot be read is 400."""
    error = UnknownOperation("no such operation")
    assert (error.status, error.detail, str(error)) == (403, "no such operation", "no such operation")
    assert isinstance(error, CountersignError)
    assert not isinstance(error, BadInput)


def test_a_view_cannot_be_changed() -> None:
    """What was recognised is what is decided upon."""
    view = RequestView("GET", "/", b"", None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        view.method = "DELETE"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("effect", "holds"),
    [("register", "schema"), ("update", "schema"), ("data", "data"), ("read", "unknown"), ("delete", "unknown")],
)
def test_what_the_bodies_of_an_operation_are(effect: Effect, holds: str) -> None:
    """A schema keeps definitions of sensitive fields readable; where nobody knows, both readings hold."""
    made = Operation("rest", "x", effect, "a", None, False, (), None, Source("rest.yaml", 1))
    assert made.holds == holds
